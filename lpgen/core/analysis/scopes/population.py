"""The population: every resource that successful calls of any principal named, as far as the logs show."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from typing import Final

from lpgen.core.events.not_found import says_not_found
from lpgen.core.model import Outcome, ResourceKind
from lpgen.core.usage.columns import column_values
from lpgen.core.usage.tables import Usage

SEPARATORS: Final = "/:-_."
"""Where names of resources are parted."""

_NAMED: Final = (ResourceKind.ARN.value, ResourceKind.FOLD.value)
_WILD: Final = "*?"


class Population:
    """Resources by their ARNs, sorted, each with the day on which a call first named it.

    A fold counts as one resource, by the text before its final wildcards.
    """

    def __init__(self, seen: Iterable[tuple[str, date]]) -> None:
        """`seen` are resources with days on which they were named, in any order and more than once each."""
        first: dict[str, date] = {}
        for name, day in seen:
            first[name] = min(day, first.get(name, day))
        self._names = sorted(first)
        self._first_days = [first[name] for name in self._names]
        self._children: dict[str, frozenset[str]] = {}
        self._newer: dict[tuple[str, date], frozenset[str]] = {}

    def __contains__(self, name: str) -> bool:
        at = bisect_left(self._names, name)
        return at < len(self._names) and self._names[at] == name

    def count(self, prefix: str) -> int:
        """How many resources begin with a prefix."""
        first, last = self._range(prefix)
        return last - first

    def newer(self, prefix: str, limit: date) -> frozenset[str]:
        """The resources that begin with a prefix and were first named after a day."""
        known = self._newer.get((prefix, limit))
        if known is None:
            first, last = self._range(prefix)
            found = (
                name
                for name, day in zip(self._names[first:last], self._first_days[first:last], strict=True)
                if day > limit
            )
            known = self._newer[prefix, limit] = frozenset(found)
        return known

    def oldest(self, prefix: str) -> date | None:
        """The day on which the first resource that begins with a prefix was named, or None where none does."""
        first, last = self._range(prefix)
        return min(self._first_days[first:last], default=None)

    def children(self, prefix: str) -> frozenset[str]:
        """What follows a prefix up to the next separator, of every resource that begins with it."""
        if prefix not in self._children:
            first, last = self._range(prefix)
            self._children[prefix] = frozenset(_first_part(name, len(prefix)) for name in self._names[first:last])
        return self._children[prefix]

    def _range(self, prefix: str) -> tuple[int, int]:
        return bisect_left(self._names, prefix), bisect_left(self._names, prefix + "\U0010ffff")


def _first_part(name: str, start: int) -> str:
    end = next((at for at in range(start, len(name)) if name[at] in SEPARATORS), len(name))
    return name[start:end]


def stem_of(text: str) -> str:
    """An ARN, or what comes before the final wildcards of a fold."""
    return text.rstrip(_WILD)


def population_from_usage(usage: Usage) -> Population:
    """The resources that calls of any principal named and that were there, whoever may see them."""
    columns = (column_values(usage.table.column(name)) for name in _COLUMNS)
    return Population(
        (stem_of(resource), day)
        for resource, kind, outcome, error, day in zip(*columns, strict=True)
        if day is not None and kind in _NAMED and outcome != Outcome.DENIED and not (error and says_not_found(error))
    )


_COLUMNS: Final = ("resource", "resource_kind", "outcome", "error_code", "day")
