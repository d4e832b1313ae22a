"""Roles of IAM Identity Center, which creates one for each permission set in every account that the set is assigned to.

https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.arns import split_arn
from lpgen.core.model import Principal, PrincipalKind

_PREFIX: Final = "AWSReservedSSO_"
_ROLE: Final = re.compile(rf"role(/aws-reserved/sso\.amazonaws\.com/(?:[^/]+/)?){_PREFIX}([^/]+)_[0-9a-f]{{16}}")


@dataclass(frozen=True, slots=True, order=True)
class PermissionSet:
    """A permission set as its roles show it. `path` has the instance's Region, except us-east-1."""

    path: str
    name: str


def is_of_permission_set(principal: Principal) -> bool:
    """Whether IAM Identity Center owns a role."""
    is_reserved = principal.path.startswith("/aws-reserved/") or principal.name.startswith(_PREFIX)
    return is_reserved and principal.kind is PrincipalKind.ROLE


def permission_set_of(arn: str) -> PermissionSet | None:
    """The permission set of a role, by its ARN; None for other ARNs, or if the role's name doesn't show it."""
    found = _ROLE.fullmatch(split_arn(arn).name) if _PREFIX in arn else None
    return PermissionSet(found[1], found[2]) if found else None


def permission_set_policy(texts: Iterable[str]) -> str:
    """All documents as the one inline policy of a permission set, or "" if their language versions differ.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetcustom.html
    """
    documents: list[dict[str, Any]] = [json.loads(text) for text in texts]
    versions = {document.get("Version", "") for document in documents}
    if len(versions) != 1:
        return ""
    statements = [statement for document in documents for statement in _as_list(document["Statement"])]
    return json.dumps({"Version": versions.pop(), "Statement": _with_own_sids(statements)}, indent=2) + "\n"


def _as_list(value: Any) -> list[dict[str, Any]]:
    return list(value) if isinstance(value, list) else [value]


def _with_own_sids(statements: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """The statements with each Sid only once, as IAM requires. A repeated Sid is left out."""
    seen: set[str] = set()
    kept: list[dict[str, Any]] = []
    for statement in statements:
        sid = statement.get("Sid", "")
        kept.append({key: value for key, value in statement.items() if key != "Sid"} if sid in seen else statement)
        seen |= {sid} - {""}
    return kept
