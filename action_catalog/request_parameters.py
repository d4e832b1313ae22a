"""An operation's parameters by normalised name, for matching with ARN placeholders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from action_catalog.parameter_names import GENERIC, OWN_NAMES, normalise, singular_of
from action_catalog.service_models import Operation, Parameter

_DEEPEST: Final = 3


@dataclass(frozen=True, slots=True)
class Hints:
    """Parameters from an earlier table or data set, by placeholder and by resource type.

    `own` are the parameters that a service always uses for a placeholder under another name, according to its
    documentation. `ids` are the placeholders for ids in the service's ARNs, normalised.
    """

    placeholders: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Request:
    """An operation's parameters by normalised name. `top` are parameters of the top level, `plain` those that can only
    fill a placeholder with the same name (numbers and enumerations), `nested` deeper parameters whose name has only one
    path. `one_type`: the action takes one resource type."""

    operation: Operation
    top: Mapping[str, Parameter]
    plain: Mapping[str, Parameter]
    nested: Mapping[str, Parameter]
    hints: Hints
    one_type: bool


def request_of_operation(operation: Operation, hints: Hints, *, one_type: bool) -> Request:
    """The parameters of an operation that can name a resource."""
    top = {normalise(item.name): item for item in operation.parameters if len(item.path) == 1 and not item.enumerated}
    plain = {normalise(item.name): item for item in operation.parameters if len(item.path) == 1 and item.plain}
    nested: dict[str, Parameter | None] = {}
    for item in operation.parameters:
        is_deep = 1 < len(item.path) <= _DEEPEST and not item.path[0].lower().startswith("filter")
        name = normalise(item.name)
        if is_deep and name in OWN_NAMES:  # `project.id` is a project's
            name = singular_of(normalise(item.path[-2])) + name
        if is_deep and not item.enumerated and name not in GENERIC:
            nested[name] = _shallower(nested[name], item) if name in nested else item
    alone = {name: item for name, item in nested.items() if item is not None}
    return Request(operation, top, plain, alone, hints, one_type)


def _shallower(first: Parameter | None, second: Parameter) -> Parameter | None:
    """The parameter with the shorter path of two with the same name, or None if both have the same length."""
    if first is None or len(first.path) == len(second.path):
        return None
    return min(first, second, key=lambda item: len(item.path))


def of_new(request: Request, kind: str) -> Request:
    """The request for a new resource of the type. Only nested parameters inside the resource are kept."""
    own = {normalise(kind), normalise(kind) + "s"}
    return replace(
        request, nested={name: item for name, item in request.nested.items() if normalise(item.path[0]) in own}
    )


def path_of(parameter: Parameter) -> str:
    """The path as in the tables."""
    return ".".join(parameter.path)
