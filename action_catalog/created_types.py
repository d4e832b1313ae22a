"""Decides which resource types a call creates, and whether the caller or AWS names the new resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from action_catalog.bindings import OPEN, WHOLE, Binding, items_of
from action_catalog.parameter_names import ANY_ARN, ID_LIKE, free_placeholders, is_about, normalise
from action_catalog.service_models import Operation

CREATING: Final = ("Create", "Register", "Allocate", "Import", "Copy", "Provision", "Request", "Purchase", "Start")
_USING: Final = ("Provision", "Start")


def makes_type(operation: Operation, kind: str) -> bool:
    """Whether the call creates a resource of the type. A resource that it starts or provisions by id already exists."""
    if not operation.name.startswith(CREATING) or not is_about(operation.name, kind):
        return False
    own = {normalise(kind) + ending for ending in ("arn", "id", "identifier")}
    return not operation.name.startswith(_USING) or not any(
        item.required and len(item.path) == 1 and normalise(item.name) in own for item in operation.parameters
    )


def is_named_by_caller(binding: Binding | None, formats: Sequence[str]) -> bool:
    """Whether the caller chose the name: a format is filled without a generic ARN parameter."""
    if binding is None:
        return False
    free = {len(free_placeholders(text)) for text in formats}
    if len({normalise(names[-1]).endswith(ID_LIKE) for text in formats if (names := free_placeholders(text))}) > 1:
        return False  # one format has an id and another a name: two generations of the service
    for item in items_of(binding):
        if isinstance(item, dict) and len(item) in free and item and all(map(_is_chosen, item.values())):
            return True
        if (
            isinstance(item, str)
            and 1 in free
            and normalise(item) not in ANY_ARN
            and not normalise(item).endswith("arn")
        ):
            return not item.startswith(WHOLE)
    return not any(free) and not any(OPEN in text for text in formats)


def _is_chosen(path: str) -> bool:
    """Whether a parameter of a creation names the new resource, rather than an open part or the source."""
    return not path.startswith(OPEN) and normalise(path) not in ("id", "identifier", "arn")
