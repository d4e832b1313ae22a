"""Finds the additional tagging actions of a call, and the parameter that sets the tags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from action_catalog.builder_facts import Facts
from action_catalog.catalog_actions import dependents_of, reads_request_tags
from action_catalog.service_models import Operation

_TAG_PARAMETERS: Final = frozenset(
    {
        "backupplantags",
        "backupvaulttags",
        "identitypooltags",
        "recoverypointtags",
        "resourcetags",
        "taglist",
        "tags",
        "tagset",
        "tagspecifications",
        "userpooltags",
    }
)
_TAGGING: Final = ("Tag", "AddTags", "CreateTags")
_MAKING: Final = (
    "Accept",
    "Activate",
    "Allocate",
    "Associate",
    "Claim",
    "Connect",
    "Copy",
    "Create",
    "Enable",
    "Import",
    "Instantiate",
    "Invoke",
    "Provision",
    "Purchase",
    "Put",
    "Register",
    "Request",
    "Reserve",
    "Restore",
    "Run",
    "Start",
)


def tagging_actions(facts: Facts, operation: Operation, names: Iterable[str]) -> dict[str, str]:
    """The tagging actions that a call needs if it sets tags, each with the parameter that sets them.

    These are the dependents that the reference lists or, if `tag_on_create.json` has the service, its tagging action.
    """
    parameter = _tag_parameter(facts, operation, names)
    if parameter is None or not operation.name.startswith(_MAKING):
        return {}
    dependents = (name for action in names for name in dependents_of(facts.services, action))
    found = {
        name: parameter
        for name in dependents
        if name.partition(":")[0] == operation.prefix and name.partition(":")[2].startswith(_TAGGING)
    }
    service = facts.tagging.get(operation.prefix, {})
    if service and not found and operation.name not in service.get("except", ()):
        found[f"{operation.prefix}:{service['action']}"] = parameter
    return found


def _tag_parameter(facts: Facts, operation: Operation, names: Iterable[str]) -> str | None:
    """The parameter that sets tags: at the top level, or else inside another parameter (`EmailTemplateRequest.tags`),
    if an action of the call checks tags in the request according to the reference."""
    found = [name for name in operation.members if name.rpartition(".")[2].lower() in _TAG_PARAMETERS]
    top = next((name for name in found if "." not in name), None)
    return top or (found[0] if found and any(reads_request_tags(facts.services, name) for name in names) else None)
