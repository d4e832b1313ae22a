"""Adds facts about resource types from hand-made rows to the bindings of a service's operations.

The row `*` in a file of `mapping_rows/` applies to all operations of its event source. `any`: types that a call is
always authorized on if its action requires them, so a call that names none needs the action on any resource of the
type. `lower_case`: types whose names the service stores in lower case. `owner`: the parameter that can name another
account as the owner of the named resources. `placeholders` are for `operation_row`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from action_catalog.bindings import LOWER, OPEN, RESPONSE, WHOLE, Binding, Item, binding_of_items, items_of
from action_catalog.catalog_actions import Services, types_of
from action_catalog.parameter_names import free_placeholders

_ACCOUNT: Final = "Account"
EVERY_OPERATION: Final = "*"
"""The name of the row for all operations."""


def with_reads(
    services: Services, facts: Mapping[str, Any], row: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """The row. If code reads its service's types, `reads` has the types of its actions. If no parameter names a type
    that the action requires, but one names another type, `reads` is an unknown resource."""
    if "reads" in row:
        return dict(row)
    types = {kind: use for name in names for kind, use in types_of(services, name, all_types=True).items()}
    reads = [kind if types[kind].required else f"{kind}?" for kind in sorted(types)] if facts.get("reads") else []
    bound = {*row.get("resources", ()), *row.get("creates", ())} & types.keys()
    required = {kind for kind, use in types.items() if use.required}
    if not facts.get("reads") and bound and required and not bound & required and not row.get("paths"):
        reads = [OPEN]
    return {**row, **({"reads": reads} if reads else {})}


def with_type_facts(
    services: Services, facts: Mapping[str, Any], row: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """The row with its service's facts added to its bindings. `names` are its actions.

    `optional` in a hand-made row are types that a call needs only if it names one.
    """
    names = tuple(names)
    required = {kind for name in names for kind, use in types_of(services, name).items() if use.required}
    optional = {*row.get("optional", ()), *row.get("creates", ())}
    fallen_back = required & set(facts.get("any", ())) - optional
    resources = {
        kind: _with_facts(kind, binding, facts, fallen_back) for kind, binding in row.get("resources", {}).items()
    }
    if "owner" in facts:
        taken = [types_of(services, name, all_types=True) for name in (*names, *row.get("also", ()))]
        formats = {kind: use.formats for types in taken for kind, use in types.items()}
        resources = {kind: _owned(binding, formats[kind], facts["owner"]) for kind, binding in resources.items()}
    kept = {field: value for field, value in row.items() if field != "optional"}
    return kept | ({"resources": resources} if resources else {})


def _with_facts(kind: str, binding: Binding, facts: Mapping[str, Any], fallen_back: set[str]) -> Binding:
    items = items_of(binding)
    if kind in facts.get("lower_case", ()):
        items = [_in_lower_case(item) for item in items]
    return binding_of_items([*items, _any_of_type(items)] if kind in fallen_back else items)


def _any_of_type(items: Iterable[Item]) -> Item:
    """Any resource of a type. If a named resource can belong to any account, so can this one."""
    shared = (item for item in items if isinstance(item, dict) and item.get(_ACCOUNT) == OPEN)
    return next((dict.fromkeys(item, OPEN) for item in shared), OPEN)


def _owned(binding: Binding, formats: Sequence[str], owner: str) -> Binding:
    """The binding with the parameter that can name another owner. Full ARNs have their own owner."""
    return binding_of_items(_owned_item(item, formats, owner) for item in items_of(binding))


def _owned_item(item: Item, formats: Sequence[str], owner: str) -> Item:
    if isinstance(item, dict):
        return {_ACCOUNT: owner, **item}
    if item.startswith(WHOLE):
        return item
    free = next(names for text in formats if (names := free_placeholders(text)))
    return {_ACCOUNT: owner, **dict.fromkeys(free, item)} if item == OPEN else {_ACCOUNT: owner, free[0]: item}


def _in_lower_case(item: Item) -> Item:
    if isinstance(item, dict):
        return {name: path if path.startswith((OPEN, RESPONSE)) else _lower(path) for name, path in item.items()}
    return item if item.startswith((WHOLE, OPEN, RESPONSE)) else _lower(item)


def _lower(path: str) -> str:
    return LOWER + path.removeprefix(LOWER)


def without_type_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a built table without the facts that were added."""
    resources = {kind: kept for kind, binding in row.get("resources", {}).items() if (kept := _plain(binding)) != []}
    return {field: value for field, value in row.items() if field != "resources"} | (
        {"resources": resources} if resources else {}
    )


def _plain(binding: Binding) -> Binding:
    items = [_without_case(item) for item in items_of(binding) if item != OPEN and not _is_any_owned(item)]
    return binding_of_items(items) if items else []


def _is_any_owned(item: Item) -> bool:
    """Whether it is any resource of the type, in the account that a parameter can name."""
    return isinstance(item, dict) and _ACCOUNT in item and {*item.values()} == {item[_ACCOUNT], OPEN}


def _without_case(item: Item) -> Item:
    if isinstance(item, dict):
        return {name: path.removeprefix(LOWER) for name, path in item.items() if name != _ACCOUNT or path == OPEN}
    return item.removeprefix(LOWER)
