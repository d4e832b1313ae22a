"""Finds the request parameters that name an action's resources, by matching ARN placeholders with parameter names.

Matches are written into the tables for review. Hand-made rows have priority. A part of an ARN without a certain
parameter is left open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from action_catalog.bind_placeholder import NAMED_RESOURCES, endings_of
from action_catalog.bind_type import TypeFormats, bind_parents, bind_type
from action_catalog.bindings import WHOLE, Binding, binding_of_items, items_of, last_path
from action_catalog.created_types import is_named_by_caller, makes_type
from action_catalog.parameter_names import ID_LIKE, OWN_NAMES, ending_of, is_about, last_placeholder, normalise
from action_catalog.request_parameters import Hints, Request, of_new, path_of, request_of_operation
from action_catalog.service_models import Operation


def bind_types(
    operation: Operation, types: Mapping[str, TypeFormats], hints: Hints
) -> tuple[dict[str, Binding], tuple[str, ...]]:
    """For an action's resource types: the bindings that were found, and the types that the call creates."""
    request = request_of_operation(operation, hints, one_type=len(types) == 1)
    bindings: dict[str, Binding] = {}
    creates: list[str] = []
    for kind, use in types.items():
        is_created = makes_type(operation, kind)
        binding = bind_type(of_new(request, kind) if is_created else request, kind, use)
        if is_created and not is_named_by_caller(binding, use.formats):
            creates.append(kind)
            parents = bind_parents(kind, use.formats, request)
            if parents:
                bindings[kind] = parents
        elif binding is not None:
            bindings[kind] = binding
    required = {path_of(item) for item in operation.parameters if item.required}
    for kind in [kind for kind in bindings if not types[kind].required]:
        if any(_is_below(bindings[other], bindings[kind], required) for other in bindings if other != kind):
            del bindings[kind]
    return _keep_apart(operation, bindings, creates, types), tuple(creates)


def bind_made_type(
    operation: Operation, kind: str, use: TypeFormats, hints: Hints
) -> tuple[Binding | None, tuple[str, ...]]:
    """The binding of a type that the call creates and tags although its own action doesn't take it, and the type itself
    if AWS chooses the new name. A name counts only if the ARN has a name and the request requires it."""
    request = of_new(request_of_operation(operation, hints, one_type=True), kind)
    binding = bind_type(request, kind, use)
    parts = binding if isinstance(binding, dict) else {last_placeholder(use.formats): binding}
    required = {path_of(item) for item in operation.parameters if item.required}
    chosen = [isinstance(path, str) and path in required for path in parts.values()]
    last = next(reversed(parts.items()), ("", ""))
    if binding is not None and chosen and all(chosen) and _is_same(request, kind, *last):
        return binding, ()
    return bind_parents(kind, use.formats, request), (kind,)


def _is_same(request: Request, kind: str, placeholder: str, path: object) -> bool:
    """Whether placeholder and parameter mean the same: both a name, or both an id that the caller chooses."""
    name, key = normalise(placeholder), normalise(str(path).rpartition(".")[2])
    if ending_of(key) == "name" and ending_of(key) in endings_of(request, kind, name):
        return ending_of(name) == "name" or request.operation.prefix in NAMED_RESOURCES
    is_chosen_id = request.operation.name.startswith("Create") and key == normalise(kind) + "id"
    return name == key or (is_chosen_id and name.endswith(ID_LIKE))


def _keep_apart(
    operation: Operation, bindings: dict[str, Binding], creates: Iterable[str], types: Mapping[str, TypeFormats]
) -> dict[str, Binding]:
    """The bindings. A parameter that could name resources of several types is read only if it has an ARN.

    An ARN shows its type. An id or name doesn't, unless the operation is about one of the types, or the action requires
    only one of the types.
    """
    kinds: dict[str, set[str]] = {}
    for kind, binding in bindings.items():
        for item in items_of(binding) if kind not in creates and not _is_part(types[kind].formats) else ():
            kinds.setdefault(last_path(item), set()).add(kind)
    shared = {path: named for path, named in kinds.items() if path and len(named) > 1}
    unclear = {
        (path, kind)
        for path, named in shared.items()
        for kind in named
        if not (is_about(operation.name, kind) and normalise(path) in OWN_NAMES)
        and [other for other in sorted(named) if types[other].required] != [kind]
    }
    return {
        kind: binding
        if kind in creates
        else binding_of_items(
            WHOLE + last_path(item) if (last_path(item), kind) in unclear else item for item in items_of(binding)
        )
        for kind, binding in bindings.items()
    }


def _is_part(formats: Sequence[str]) -> bool:
    """Whether the type is part of the resource that its last placeholder names: `apps/${AppId}/otp`."""
    return bool(formats) and all(not text.endswith("}") for text in formats)


def _is_below(child: Binding, parent: Binding, required: set[str]) -> bool:
    """Whether a call that must name the child names the parent only as part of the child."""
    if not isinstance(child, dict) or isinstance(parent, list) or not set(child.values()) <= required:
        return False
    above = set(parent.values()) if isinstance(parent, dict) else {parent}
    return bool(above) and above < set(child.values())
