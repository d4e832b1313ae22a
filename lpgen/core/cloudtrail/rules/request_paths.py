"""Request paths as resources: API Gateway authorizes an HTTP verb on a path, with the ids that the call names in it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import as_literal
from lpgen.core.cloudtrail.rules.types import resource_from_arn
from lpgen.core.model import Resource

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_DOMAIN: Final = re.compile(r"/domainnames/\{domainName\}", re.IGNORECASE)


def read_request_path(call: Call, paths: Sequence[str]) -> Resource:
    """The resource of the first path, such as `/restapis/{restApiId}/stages`, whose parameters the call names, else of
    the first path, with `*` for missing parameters: `restApiId` means version 1, `apiId` version 2.

    A tagged ARN is URL-encoded in the path. A private domain has an id after its name, and an account of its own in the
    ARN.
    """
    path = next((path for path in paths if all(call.text(name) for name in _PARAMETER.findall(path))), paths[0])
    is_private = bool(_DOMAIN.match(path)) and call.has("domainNameId")
    owned = path.startswith("/domainnameaccessassociations") or (is_private and bool(_DOMAIN.fullmatch(path)))
    if is_private:
        path = _DOMAIN.sub(lambda found: found[0] + "+{domainNameId}", path, count=1)

    def fill(match: re.Match[str]) -> str:
        value = call.text(match[1])
        return (quote(value, safe="") if match[1].lower() == "resourcearn" else as_literal(value)) or "*"

    return resource_from_arn(call.arn("apigateway", _PARAMETER.sub(fill, path), account=owned))
