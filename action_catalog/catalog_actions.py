"""The catalog's facts about an action: its resource types, its dependents, and the tags that it checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from action_catalog.bind_type import TypeFormats
from action_catalog.parameter_names import free_placeholders
from action_catalog.service_models import Operation
from lpgen.core.cloudtrail.row_actions import types_in_name

Services = Mapping[str, Mapping[str, Any]]
"""The files of `services/` by IAM prefix."""


def has_action(services: Services, action: str) -> bool:
    """Whether the catalog has the action, in any case."""
    return _entry(services, action) is not None


def dependents_of(services: Services, action: str) -> list[str]:
    """The additional actions that a call of this action may need."""
    found = _entry(services, action)
    return list(found["dependents"] or ()) if found else []


def reads_request_tags(services: Services, action: str) -> bool:
    """Whether the action checks tags in the request, according to the reference."""
    found = _entry(services, action)
    return found is not None and any(key.startswith("aws:RequestTag/") for key in found["conditions"])


def types_of(services: Services, action: str, *, all_types: bool = False) -> dict[str, TypeFormats]:
    """The resource types of an action with their ARN formats. Empty if the catalog lacks the action.

    Optional types without a name in their ARN are left out, unless `all_types`.
    """
    found = _entry(services, action)
    if found is None:
        return {}
    formats = {item["type"]: item["arns"] for item in services[action.partition(":")[0]]["resources"]}
    return {
        use["type"]: TypeFormats(formats.get(use["type"], []), bool(use["required"]))
        for use in found["resources"]
        if all_types or use["required"] or _is_named(formats, use)
    }


def tagged_types(
    services: Services, action: str, operation: Operation, known: Mapping[str, TypeFormats]
) -> dict[str, TypeFormats]:
    """The types that a call creates and tags although its own action doesn't take them."""
    types = types_of(services, action, all_types=True)
    return {kind: types[kind] for kind in types_in_name(operation.name, tuple(types)) if kind not in known}


def _is_named(formats: Mapping[str, list[str]], use: Mapping[str, Any]) -> bool:
    """Whether a type's ARN has a name. Without a name, it is the same for all calls."""
    return any(free_placeholders(text) for text in formats.get(use["type"], ()))


def _entry(services: Services, action: str) -> Mapping[str, Any] | None:
    prefix, _, name = action.partition(":")
    actions = services.get(prefix, {}).get("actions", ())
    return next((item for item in actions if item["name"].lower() == name.lower()), None)
