"""Builds the row of an operation: the parameters that name resources and pass roles, and the optional actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from action_catalog.bind_parameters import bind_made_type, bind_types
from action_catalog.bind_type import TypeFormats
from action_catalog.bindings import LAST, OPEN, WHOLE, Binding, binding_of_items, items_of
from action_catalog.builder_facts import SUFFIX, Facts
from action_catalog.catalog_actions import Services, dependents_of, tagged_types, types_of
from action_catalog.parameter_names import free_placeholders, normalise
from action_catalog.passed_role_parameters import find_role_parameters
from action_catalog.request_parameters import Hints
from action_catalog.service_models import Operation
from action_catalog.tagging_actions import tagging_actions


def row_of_operation(facts: Facts, operation: Operation) -> dict[str, Any]:
    """The row of an operation, with the fields that `lpgen.core.cloudtrail.operation_rows` documents."""
    if operation.prefix == "apigateway" and not types_of(facts.services, f"apigateway:{operation.name}"):
        return _verb_row(operation)
    hand = facts.rows.get(operation.prefix + SUFFIX, {}).get(operation.name, {})
    names = hand.get("actions") or [f"{operation.prefix}:{operation.name}"]
    also = tagging_actions(facts, operation, names)
    bindings, creates = _bindings(facts, operation, names, also)
    row = {
        "resources": {kind: _with_wire_names(binding, operation.wire) for kind, binding in bindings.items()},
        "creates": list(creates),
        "roles": find_role_parameters(operation, _depends_on_pass_role(facts.services, names)),
        "also": also,
    }
    return {field: value for field, value in row.items() if value}


def _bindings(
    facts: Facts, operation: Operation, names: Iterable[str], also: Iterable[str]
) -> tuple[Mapping[str, Binding], Sequence[str]]:
    """The bindings of an operation and the types that it creates. Without new hints, those in the current tables."""
    before = facts.before.get(operation.prefix + SUFFIX, {}).get(operation.name)
    if before is not None and not facts.hints:
        return before.get("resources", {}), before.get("creates", ())
    types: dict[str, TypeFormats] = {}
    for name in names:
        types.update(types_of(facts.services, name))
    hints = _hints(facts, operation)
    bindings, creates = bind_types(operation, types, hints)
    for action in also:
        for kind, use in tagged_types(facts.services, action, operation, types).items():
            made, new = bind_made_type(operation, kind, use, hints)
            bindings, creates = bindings | ({kind: made} if made else {}), (*creates, *new)
    return bindings, creates


def _verb_row(operation: Operation) -> dict[str, Any]:
    """API Gateway authorizes the HTTP verb on the path, which for HTTP APIs has no `/v2` in IAM.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-create-and-manage-api.html
    """
    path = operation.uri.removeprefix("/v2")
    return {"actions": [f"apigateway:{operation.method}"], "paths": [path], "source": "model: verb and path"}


def _hints(facts: Facts, operation: Operation) -> Hints:
    """The facts about the operation's parameters in addition to their names."""
    own = facts.types.get(operation.prefix + SUFFIX, {}).get("placeholders", {})
    formats = (text for item in facts.services.get(operation.prefix, {}).get("resources", ()) for text in item["arns"])
    names = {normalise(name) for text in formats for name in free_placeholders(text)}
    ids = frozenset(name for name in names if name.endswith("id"))
    return replace(facts.hints.get((operation.service, operation.name), Hints()), own=own, ids=ids)


def _depends_on_pass_role(services: Services, names: Iterable[str]) -> bool:
    return any("iam:PassRole" in dependents_of(services, action) for action in names)


def with_wire_row(row: Mapping[str, Any], wire: Mapping[str, str]) -> dict[str, Any]:
    """The row, with its parameters also by their names on the wire."""
    bound = (field for field in ("resources", "tagged") if isinstance(row.get(field), dict))
    wired = {field: {kind: _with_wire_names(binding, wire) for kind, binding in row[field].items()} for field in bound}
    return {**row, **wired}


def _with_wire_names(binding: Binding, wire: Mapping[str, str]) -> Binding:
    """The binding, followed by the same binding with the wire names of path and query parameters.

    Pinpoint logs `application-id`, but the model has `ApplicationId`:
    https://docs.aws.amazon.com/pinpoint/latest/developerguide/logging-using-cloudtrail.html
    """
    items = items_of(binding)
    again = [
        {name: _wired(path, wire) for name, path in item.items()} if isinstance(item, dict) else _wired(item, wire)
        for item in items
    ]
    return binding if again == items else binding_of_items([*items, *again])


def _wired(path: str, wire: Mapping[str, str]) -> str:
    mark = next((mark for mark in (WHOLE, OPEN, LAST) if path.startswith(mark)), "")
    return mark + wire.get(path.removeprefix(mark), path.removeprefix(mark))


def merge_rows(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    """The merged row of two services that share an event source and an operation name."""
    if not old:
        return new
    merged: dict[str, Any] = {**old, **new}
    if "resources" in old and "resources" in new:
        merged["resources"] = {
            kind: binding_of_items(
                item for row in (old, new) if kind in row["resources"] for item in items_of(row["resources"][kind])
            )
            for kind in {**old["resources"], **new["resources"]}
        }
    if "also" in old or "also" in new:
        merged["also"] = {**old.get("also", {}), **new.get("also", {})}
    for field in ("creates", "roles", "paths"):
        if field in old or field in new:
            merged[field] = list(dict.fromkeys((*old.get(field, ()), *new.get(field, ()))))
    return merged
