"""Request paths as resources: API Gateway authorizes an HTTP verb on a path, with the ids that the call names in it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from lpgen.core.events.resource_arns import is_literal
from lpgen.core.events.rules.call import Call
from lpgen.core.model import Resource, ResourceKind

_PARAMETER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class RequestPath:
    """A path such as `/restapis/{restApiId}/stages/{stageName}`, with the parameters in its braces."""

    text: str
    parameters: tuple[str, ...]


def request_path_from_text(text: str) -> RequestPath:
    """The path with its parameters found."""
    return RequestPath(text, tuple(_PARAMETER.findall(text)))


def read_request_path(call: Call, paths: Iterable[RequestPath]) -> Resource:
    """The resource of the path whose parameters the call names best; `*` stands where it names none."""
    best: dict[str, str] = {}
    chosen: RequestPath | None = None
    for path in paths:
        values = {name: value for name in path.parameters if (value := call.text(name))}
        if chosen is None or len(values) > len(best):
            chosen, best = path, values
        if len(values) == len(path.parameters):
            chosen, best = path, values
            break
    text = _PARAMETER.sub(lambda match: _path_value(best.get(match[1], "")), chosen.text if chosen else "/*")
    arn = call.arn("apigateway", text, account=False)
    return Resource(ResourceKind.FOLD if "*" in arn else ResourceKind.ARN, arn)


def _path_value(value: str) -> str:
    return quote(value, safe="()@-._~$") if value and is_literal(value) else "*"
