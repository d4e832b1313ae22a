"""Resource types that code reads off a call, and how rules and rows ask for them.

A type is filled from request parameters (`NamedType`), listed by the record itself (`ListedType`), or read by a
service's own function (`ReaderType`).
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
    """How the resources of one type are read off a call."""

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources named at the paths ("" for the type's own), in no order; empty where none can be read."""

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type where the call was made."""


ReaderTable = Mapping[str, Mapping[str, ResourceType]]
"""The types that the rows of an event source read by name (`OperationRow.reads`)."""


@dataclass(frozen=True, slots=True)
class NamedType:
    """A type whose ARN is filled from request parameters.

    `format` is the ARN's last field with `{}` for each name. `paths` are alternatives separated by `|`, each with as
    many comma-separated paths as the format has holes. A parameter may hold the ARN itself. A `*` in the format is an
    id that AWS assigns. `in_lower_case`: the service stores the names in lower case, however the call spells them.
    """

    service: str
    format: str
    paths: str
    region: bool = True
    account: bool = True
    in_lower_case: bool = False

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources named at the paths ("" for the type's own), in no order; empty where none can be read."""
        found: list[Resource] = []
        for alternative in (paths or self.paths).split("|"):
            every = product(*(call.texts(*path.split(".")) for path in alternative.split(",")))
            found += [resource for names in every if (resource := self._fill(call, names)) is not None]
        return tuple(found)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type where the call was made."""
        return self._resource(call, _OPEN_END.sub("*", self.format.replace("{}", "*")))

    def _fill(self, call: Call, names: tuple[str, ...]) -> Resource | None:
        if any(map(has_wildcard, names)):
            return None
        if names[-1].startswith("arn:"):
            return self._own_arn(names[-1])
        if len(names) != self.format.count("{}"):  # a path for ARNs that holds something else
            return None
        own = [_strip_arn(name) for name in names]
        return self._resource(call, self.format.format(*(map(str.lower, own) if self.in_lower_case else own)))

    def _own_arn(self, arn: str) -> Resource | None:
        """The ARN as a resource where it is one of this type."""
        fields = split_arn(arn)
        start = self.format.partition("{}")[0].partition("*")[0]
        fits = fields.service == self.service and fields.name.startswith(start)
        return Resource(ResourceKind.ARN, arn) if fits else None

    def _resource(self, call: Call, text: str) -> Resource:
        return resource_from_arn(call.arn(self.service, text, region=self.region, account=self.account))


def _strip_arn(name: str) -> str:
    """The name that an ARN ends with, if the text is an ARN, else the text."""
    return name.rpartition("/")[2] if name.startswith("arn:") else name


@dataclass(frozen=True, slots=True)
class ReaderType:
    """A type that a function reads off the call; where it finds nothing, any resource of the service whose ARN ends in
    the pattern `any`, or without one the resource is unknown."""

    reader: Callable[[Call], Iterable[Resource]]
    service: str = ""
    any: str = ""

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The resources that the reader finds; the paths of a declaration don't apply to it."""
        return tuple(self.reader(call))

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type where the call was made, as far as that is known."""
        return resource_from_arn(call.arn(self.service, self.any)) if self.any else UNKNOWN_RESOURCE


@dataclass(frozen=True, slots=True)
class ListedType:
    """A type whose resources the record lists in `resources[]`, as data events do; else as `other` reads them."""

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
    """The resources that some of the types give for a call; NO_RESOURCE without tokens.

    A token is the name of a type: the resources of the type that the call names, or any of it where they can't be read.
    After the name, `?` leaves out resources that the call doesn't name, and `=path|path` gives paths to read instead of
    the type's own; `+` before it is any of the type, as the call creates it under an id that AWS assigns. `*` by itself
    is unknown: AWS checks the call on something else than what its parameters name.
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
    """The name of the type that a token asks for."""
    return token.removeprefix("+").partition("=")[0].removesuffix("?")


def _is_hidden(call: Call, kind: ResourceType, paths: str) -> bool:
    """Whether AWS hides a parameter that would name a resource of a type."""
    texts = paths or (kind.paths if isinstance(kind, NamedType) else "")
    return any(call.hides(*text.split(".")) for text in re.split("[|,]", texts))
