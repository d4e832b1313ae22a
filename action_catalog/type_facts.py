"""What hand-made rows say of a service's resource types, written into the bindings of its operations.

The row `*` in a file of `mapping_rows/` holds for every operation of its event source. `any`: types that a call is
authorized on wherever its action requires one, so a call that names none needs the action on any of the type.
`lower_case`: types whose names the service stores in lower case, however a call spells them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from action_catalog.bindings import LOWER, OPEN, WHOLE, Binding, Item, binding_of_items, items_of
from action_catalog.catalog_actions import Services, types_of

EVERY_OPERATION: Final = "*"
"""The name of the row that holds for every operation."""


def with_type_facts(
    services: Services, facts: Mapping[str, Any], row: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """A row whose bindings say what the service's row says of their types. `names` are the actions that it needs.

    `optional` in a hand-made row are types that a call needs only where it names one.
    """
    required = {kind for name in names for kind, use in types_of(services, name).items() if use.required}
    optional = {*row.get("optional", ()), *row.get("creates", ())}
    fallen_back = required & set(facts.get("any", ())) - optional
    resources = {
        kind: _with_facts(kind, binding, facts, fallen_back) for kind, binding in row.get("resources", {}).items()
    }
    kept = {field: value for field, value in row.items() if field != "optional"}
    return kept | ({"resources": resources} if resources else {})


def _with_facts(kind: str, binding: Binding, facts: Mapping[str, Any], fallen_back: set[str]) -> Binding:
    items = items_of(binding)
    if kind in facts.get("lower_case", ()):
        items = [_in_lower_case(item) for item in items]
    return binding_of_items([*items, OPEN] if kind in fallen_back else items)


def _in_lower_case(item: Item) -> Item:
    if isinstance(item, dict):
        return {name: path if path.startswith(OPEN) else _lower(path) for name, path in item.items()}
    return item if item.startswith((WHOLE, OPEN)) else _lower(item)


def _lower(path: str) -> str:
    return LOWER + path.removeprefix(LOWER)


def without_type_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a built table as it was before the service's facts were written into it."""
    resources = {kind: kept for kind, binding in row.get("resources", {}).items() if (kept := _plain(binding)) != []}
    return {field: value for field, value in row.items() if field != "resources"} | (
        {"resources": resources} if resources else {}
    )


def _plain(binding: Binding) -> Binding:
    items = [_without_case(item) for item in items_of(binding) if item != OPEN]
    return binding_of_items(items) if items else []


def _without_case(item: Item) -> Item:
    if isinstance(item, dict):
        return {name: path.removeprefix(LOWER) for name, path in item.items()}
    return item.removeprefix(LOWER)
