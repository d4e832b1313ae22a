"""Resource types that code reads from a call, and the tokens that rules and rows use for them.

The resources of a type come from request parameters (`NamedType`), from the record's list (`ListedType`), or from a
function (`ReaderType`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.resources import exact, listed_arns, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, Resource, ResourceKind

_OPEN_END = re.compile(r"\*(?:[/:]\*)+$")


class ResourceType(Protocol):
    """Reads the resources of one type from a call."""

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources named at the paths ("" for the type's own), unordered. Empty if none can be read."""

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type in the call's Region and account."""


ReaderTable = Mapping[str, Mapping[str, ResourceType]]
"""By event source, the types that rows refer to by name (`OperationRow.reads`)."""


@dataclass(frozen=True, slots=True)
class NamedType:
    """A type whose ARN is filled from request parameters.

    `format` is the ARN's last field with `{}` for each name. `paths` are alternatives separated by `|`, each with one
    comma-separated path for each `{}`. A parameter can also have the ARN. A `*` in the format is an id that AWS
    assigns. `in_lower_case`: the service stores the names in lower case.
    """

    service: str
    format: str
    paths: str
    region: bool = True
    account: bool = True
    in_lower_case: bool = False

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources named at the paths ("" for the type's own), unordered. Empty if none can be read."""
        found: list[Resource] = []
        for alternative in (paths or self.paths).split("|"):
            every = product(*(call.texts(*path.split(".")) for path in alternative.split(",")))
            found += [resource for names in every if (resource := self._fill(call, names)) is not None]
        return tuple(found)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type in the call's Region and account."""
        return self._resource(call, _OPEN_END.sub("*", self.format.replace("{}", "*")))

    def _fill(self, call: Call, names: tuple[str, ...]) -> Resource | None:
        if any(map(has_wildcard, names)):
            return None
        if names[-1].startswith("arn:"):
            return self._own_arn(names[-1])
        if len(names) != self.format.count("{}"):  # a path for ARNs with another text
            return None
        own = [_strip_arn(name) for name in names]
        return self._resource(call, self.format.format(*(map(str.lower, own) if self.in_lower_case else own)))

    def _own_arn(self, arn: str) -> Resource | None:
        """The resource with this ARN, or None if the ARN isn't of this type."""
        fields = split_arn(arn)
        start = self.format.partition("{}")[0].partition("*")[0]
        fits = fields.service == self.service and fields.name.startswith(start)
        return Resource(ResourceKind.ARN, arn) if fits else None

    def _resource(self, call: Call, text: str) -> Resource:
        return resource_from_arn(call.arn(self.service, text, region=self.region, account=self.account))


def _strip_arn(name: str) -> str:
    """The last part of an ARN, or the text itself if it isn't an ARN."""
    return name.rpartition("/")[2] if name.startswith("arn:") else name


@dataclass(frozen=True, slots=True)
class ReaderType:
    """A type that a function reads from the call. If it finds nothing: any resource of the service whose ARN ends with
    the pattern `any`, or an unknown resource if there is no pattern."""

    reader: Callable[[Call], Iterable[Resource]]
    service: str = ""
    any: str = ""

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The resources that the reader finds. The paths don't apply."""
        return tuple(self.reader(call))

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type in the call's Region and account, or UNKNOWN_RESOURCE."""
        return resource_from_arn(call.arn(self.service, self.any)) if self.any else UNKNOWN_RESOURCE


@dataclass(frozen=True, slots=True)
class ListedType:
    """A type whose resources data events list in `resources[]`. Other records are read by `other`."""

    service: str
    types: tuple[str, ...]
    other: ResourceType

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The listed resources of the type, or those that the other type reads."""
        return tuple(map(exact, listed_arns(call, self.service, *self.types))) or self.other.read(call, paths)

    def pattern(self, call: Call) -> Resource:
        """The other type's pattern."""
        return self.other.pattern(call)


def read_resources(call: Call, types: Mapping[str, ResourceType], tokens: Iterable[str]) -> tuple[Resource, ...]:
    """The resources that the tokens select from a call, or NO_RESOURCE without tokens.

    A token is the name of a type: the resources of the type that the call names, or any resource of the type if they
    can't be read. With `?` after the name, there are no resources if the call names none. `=path|path` replaces the
    type's own paths. `+` before the name means any resource of the type, because the call creates one with an id that
    AWS assigns. The token `*` is an unknown resource: AWS authorizes the call on a resource that its parameters don't
    name.
    """
    tokens = tuple(tokens)
    if not tokens:
        return (NO_RESOURCE,)
    return tuple(resource for token in tokens for resource in _read_token(call, types, token))


def _read_token(call: Call, types: Mapping[str, ResourceType], token: str) -> tuple[Resource, ...]:
    if token == "*":
        return (UNKNOWN_RESOURCE,)
    kind = types[name_in_token(token)]
    if token.startswith("+"):
        return (kind.pattern(call),)
    name, _, paths = token.partition("=")
    found = kind.read(call, paths)
    if found or (name.endswith("?") and not _is_hidden(call, kind, paths)):
        return found
    return (kind.pattern(call),)


def name_in_token(token: str) -> str:
    """The name of the type in a token."""
    return token.removeprefix("+").partition("=")[0].removesuffix("?")


def _is_hidden(call: Call, kind: ResourceType, paths: str) -> bool:
    """Whether AWS hides a parameter that names a resource of a type."""
    texts = paths or (kind.paths if isinstance(kind, NamedType) else "")
    return any(call.hides(*text.split(".")) for text in re.split("[|,]", texts))
