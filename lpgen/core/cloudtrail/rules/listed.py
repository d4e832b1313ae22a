"""Resource types that are read with more than a parameter's name: off `resources[]`, or by a service's own reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.types import ResourceType, resource_from_arn
from lpgen.core.model import UNKNOWN_RESOURCE, Resource, ResourceKind

_SPECIAL = re.compile(r"\*|\$(?=\{)")


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


def exact(arn: str) -> Resource:
    """The resource with this one ARN, wildcard characters in it being plain text."""
    return Resource(ResourceKind.ARN, arn)


def fold(named: str, tail: str) -> Resource:
    """The resources whose ARN begins as the record names them and ends in any text that the pattern `tail` matches."""
    return Resource(ResourceKind.FOLD, as_literal(named) + tail)


def exact_or_any(kind: str, name: str) -> Resource:
    """The resource whose ARN is `kind` and then the name; without a name, any of the kind."""
    return exact(kind + name) if name else fold(kind, "*")


def as_literal(text: str) -> str:
    """A text in the form for a pattern: each character that IAM would read as a wildcard or variable becomes `?`."""
    return _SPECIAL.sub("?", text)


def is_arn_of(value: str, *services: str) -> bool:
    """Whether a text is a full ARN of one of the services."""
    fields = split_arn(value)
    return fields.service in services and bool(fields.name)


def listed_arns(call: Call, service: str, *types: str) -> tuple[str, ...]:
    """The ARNs in `resources[]` that are the service's, and of one of the CloudFormation types where any are given.

    An entry without a type counts: some services leave it out (Systems Manager parameters).
    """
    return tuple(
        entry.ARN
        for entry in call.record.resources or ()
        if entry.ARN and is_arn_of(entry.ARN, service) and (not types or not entry.type or entry.type in types)
    )


def first_text(call: Call, *keys: str) -> str:
    """The first text at any of these paths of the request (`a.b` walks into `a`), or ""."""
    return next((text for key in keys if (text := call.text(*key.split(".")))), "")
