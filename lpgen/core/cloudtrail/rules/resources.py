"""Resources from the texts and ARNs of a call, and the actions that are needed on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.records import HIDDEN
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.inferences import TAG_ON_CREATE
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import OBSERVED, UNKNOWN_RESOURCE, Action, MappedAction, Resource, ResourceKind


def is_literal(text: str) -> bool:
    """Whether a text has no wildcard or policy variable, and isn't AWS's text for a hidden value.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    return not (has_wildcard(text) or "${" in text or HIDDEN in text)


def resource_from_arn(arn: str) -> Resource:
    """The resource with this ARN: a FOLD if the ARN has a wildcard, or else an ARN."""
    return Resource(ResourceKind.FOLD if has_wildcard(arn) else ResourceKind.ARN, arn)


def mapped(
    action: str, resources: Iterable[Resource], *, how: str = OBSERVED, context: Mapping[str, str] | None = None
) -> MappedAction:
    """A mapped action on distinct, sorted resources, or on an unknown resource if there are none.

    All resources are kept, even if a pattern contains others: the call needs each of them.
    """
    kept = tuple(sorted(set(resources))) or (UNKNOWN_RESOURCE,)
    return MappedAction(Action(action), kept, how, tuple(sorted((context or {}).items())))


def tag_new(call: Call, action: str, made: Iterable[Resource], *path: str) -> tuple[MappedAction, ...]:
    """The tagging action on a new resource, if the request has tags at the path, which is `tags` by default."""
    return (mapped(action, made, how=TAG_ON_CREATE),) if call.has(*(path or ("tags",))) else ()


_SPECIAL = re.compile(r"\*|\$(?=\{)")


def exact(arn: str) -> Resource:
    """The resource with exactly this ARN. Wildcard characters in it are plain text."""
    return Resource(ResourceKind.ARN, arn)


def fold(named: str, tail: str) -> Resource:
    """The resources whose ARN starts with the literal text `named` and ends with a text that the pattern `tail`
    matches."""
    return Resource(ResourceKind.FOLD, as_literal(named) + tail)


def exact_or_any(kind: str, name: str) -> Resource:
    """The resource whose ARN is `kind` followed by the name. Without a name, any resource of the kind."""
    return exact(kind + name) if name else fold(kind, "*")


def as_literal(text: str) -> str:
    """A text for use in a pattern. Each character that IAM would read as a wildcard or variable becomes `?`."""
    return _SPECIAL.sub("?", text)


def is_arn_of(value: str, *services: str) -> bool:
    """Whether a text is a full ARN of one of the services."""
    fields = split_arn(value)
    return fields.service in services and bool(fields.name)


def read_arns(call: Call, service: str, *path: str) -> tuple[Resource, ...]:
    """The resources of a service that the request names by their ARNs at a path."""
    return tuple(exact(arn) for arn in call.texts(*path) if is_arn_of(arn, service))


def listed_arns(call: Call, service: str, *types: str) -> tuple[str, ...]:
    """The ARNs of the service in `resources[]`. If CloudFormation types are given, only ARNs of these types.

    An entry without a type counts, because some services omit it (Systems Manager parameters).
    """
    return tuple(
        entry.ARN
        for entry in call.record.resources or ()
        if entry.ARN and is_arn_of(entry.ARN, service) and (not types or not entry.type or entry.type in types)
    )


def is_on(call: Call, name: str) -> bool:
    """Whether a flag of the request is set; CloudTrail may log it as text."""
    return call.request.get(name) is True or call.text(name).lower() == "true"


def first_text(call: Call, *keys: str) -> str:
    """The first text at one of these paths of the request (`a.b` walks into `a`), or ""."""
    return next((text for key in keys if (text := call.text(*key.split(".")))), "")


# ---------------------------------------------------------------- request paths

# API Gateway authorizes an HTTP verb on a path with the ids that the call names.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_DOMAIN: Final = re.compile(r"/domainnames/\{domainName\}", re.IGNORECASE)


def read_request_path(call: Call, paths: Sequence[str]) -> Resource:
    """The resource of the first path, such as `/restapis/{restApiId}/stages`, whose parameters are all in the call, or
    else of the first path with `*` for missing parameters. `restApiId` means version 1, `apiId` version 2.

    A tagged ARN is URL-encoded in the path. A private domain has an id after its name, and the ARN has the account.
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
