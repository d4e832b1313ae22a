"""Bindings: the parameters that name the resources of a type, in the notation of `operations/` (SOURCES.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Item = str | dict[str, str]
Binding = Item | list[Item]
OPEN: Final = "*"
WHOLE: Final = "arn:"
LOWER: Final = "lower:"
LAST: Final = "last:"
RESPONSE: Final = "response:"
"""The marks before a path: an open part of the ARN, a parameter that counts only if it has an ARN, a name that the
service stores in lower case, a name at the end of the text, and a path in the response."""


def items_of(binding: Binding) -> list[Item]:
    """The alternatives of a binding."""
    return binding if isinstance(binding, list) else [binding]


def binding_of_items(items: Iterable[Item]) -> Binding:
    """The binding with these alternatives, without duplicates."""
    found: list[Item] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found[0] if len(found) == 1 else found


def last_path(item: Item) -> str:
    """The path that distinguishes the resource from its siblings: the path for the last placeholder of its format."""
    path = item if isinstance(item, str) else next(reversed(item.values()), "")
    return path.removeprefix(WHOLE).removeprefix(LOWER).removeprefix(LAST).removeprefix(RESPONSE).removeprefix(OPEN)
