"""What all services with tables of calls share: the pages and the fields of their answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lpgen.edge.aws_session import page_contents

GONE: Final = re.compile("NotFound(Exception)?$|DoesNotExist|InvalidDocument$")
"""The error codes for a resource that no longer exists."""


def answer_pages(client: Any, operation: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All pages of an answer. boto3 lacks paginators for a few operations with pages."""
    if client.can_paginate(operation):
        return list(map(page_contents, client.get_paginator(operation).paginate(**arguments)))
    pages = [page_contents(getattr(client, operation)(**arguments))]
    while token := pages[-1].get("NextToken"):
        pages.append(page_contents(getattr(client, operation)(**arguments, NextToken=token)))
    return pages


def values_at(document: object, path: str) -> list[Any]:
    """The values at a path of names. Lists on the way give the values of all their objects."""
    found = [document]
    for name in path.split("."):
        values = [obj[name] for obj in found if isinstance(obj, dict) and name in obj]
        found = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return found


def role_in(text: str, account: str, roles: Mapping[str, str]) -> str:
    """The ARN of a role from its ARN or, as in AWS Glue, from its name, maybe without the path. "" if it doesn't exist.

    `roles` are the ARNs of the account's roles by name.
    """
    is_others = text.startswith("arn:") and f":{account}:" not in text
    arn = text if is_others else roles.get(text.rpartition("/")[2], "")
    return arn if ":role/" in arn else ""
