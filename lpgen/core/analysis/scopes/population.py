"""The population: every resource that successful, unsuspected calls of any principal named."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from lpgen.core.keeping import IntArray
from lpgen.core.model import Outcome, ResourceKind
from lpgen.core.packed_texts import PackedTexts, pack_texts
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.principal_usage import BeliefTest
from lpgen.core.usage.tables import Usage

SEPARATORS: Final = "/:-_."
"""The characters that separate parts of resource names."""

_NAMED: Final = (ResourceKind.ARN.value, ResourceKind.FOLD.value)
_WILD: Final = "*?"


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Resources by their ARNs, sorted, each with the day on which a call first named it.

    A fold counts as one resource, by the text before its final wildcards.
    """

    _names: PackedTexts
    _first_days: IntArray
    _children: dict[str, frozenset[str]] = field(default_factory=dict)
    _days: dict[str, frozenset[date]] = field(default_factory=dict)
    _ranges: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def count(self, prefix: str) -> int:
        """How many resources begin with a prefix."""
        first, last = self._range(prefix)
        return last - first

    def newer(self, prefix: str, limit: date) -> Iterator[str]:
        """The resources that begin with a prefix and were first named after a day, sorted."""
        after = limit.toordinal()
        if any(day > limit for day in self.first_days(prefix)):
            first, last = self._range(prefix)
            names = self._names.between(first, last)
            yield from (name for name, day in zip(names, self._first_days[first:last], strict=True) if day > after)

    def first_days(self, prefix: str) -> frozenset[date]:
        """The days on which resources that begin with a prefix were first named."""
        if prefix not in self._days:
            _make_room(self._days)
            first, last = self._range(prefix)
            self._days[prefix] = frozenset(map(date.fromordinal, set(self._first_days[first:last])))
        return self._days[prefix]

    def oldest(self, prefix: str) -> date | None:
        """The day on which the first resource that begins with a prefix was named, or None where none does."""
        return min(self.first_days(prefix), default=None)

    def children(self, prefix: str) -> frozenset[str]:
        """The part after a prefix up to the next separator, for every resource that begins with it."""
        if prefix not in self._children:
            _make_room(self._children)
            first, last = self._range(prefix)
            self._children[prefix] = frozenset(
                _first_part(name, len(prefix)) for name in self._names.between(first, last)
            )
        return self._children[prefix]

    def _range(self, prefix: str) -> tuple[int, int]:
        found = self._ranges.get(prefix)
        if found is None:
            _make_room(self._ranges)
            found = self._names.place_of(prefix), self._names.place_of(prefix + "\U0010ffff")
            self._ranges[prefix] = found
        return found


def population_from_days(seen: Iterable[tuple[str, date]]) -> Population:
    """The population of resources with days on which they were named, in any order and more than once each."""
    first: dict[str, int] = {}
    for name, moment in seen:
        day = moment.toordinal()
        first[name] = min(day, first.get(name, day))
    names = sorted(first)
    return Population(pack_texts(names), array("i", map(first.__getitem__, names)))


def _make_room(remembered: dict[str, Any]) -> None:
    """Forgets answers before they are too many; those about one account are asked one after the other."""
    if len(remembered) >= _MOST_REMEMBERED:
        remembered.clear()


_MOST_REMEMBERED: Final = 512


def _first_part(name: str, start: int) -> str:
    end = next((at for at in range(start, len(name)) if name[at] in SEPARATORS), len(name))
    return name[start:end]


def stem_of(text: str) -> str:
    """An ARN, or what comes before the final wildcards of a fold."""
    return text.rstrip(_WILD)


def population_from_usage(usage: Usage, believed: BeliefTest, lenient: Collection[str]) -> Population:
    """The resources that calls of any principal show to exist, in rows that are believed; `lenient` calls show none."""
    rows = table_rows(usage.table, _COLUMNS)
    return population_from_days(
        (stem_of(resource), day)
        for principal, unique, action, resource, kind, outcome, error, example, day in rows
        if day is not None and kind in _NAMED and outcome == Outcome.ALLOWED and not error and action not in lenient
        if believed(principal, unique, action, resource, example, day)
    )


_COLUMNS: Final = (
    "principal",
    "principal_id",
    "action",
    "resource",
    "resource_kind",
    "outcome",
    "error_code",
    "example_resource",
    "day",
)
