"""The population: every resource that successful calls of any principal named, as far as the logs show."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from lpgen.core.cloudtrail.not_found import says_not_found
from lpgen.core.keeping import IntArray
from lpgen.core.model import Outcome, ResourceKind
from lpgen.core.packed_texts import PackedTexts
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.tables import Usage

SEPARATORS: Final = "/:-_."
"""The characters that separate parts of resource names."""

_NAMED: Final = (ResourceKind.ARN.value, ResourceKind.FOLD.value)
_WILD: Final = "*?"


class Population:
    """Resources by their ARNs, sorted, each with the day on which a call first named it.

    A fold counts as one resource, by the text before its final wildcards.
    """

    _names: PackedTexts
    _first_days: IntArray
    _children: dict[str, frozenset[str]]
    _latest: dict[str, int]
    _ranges: dict[str, tuple[int, int]]

    def __init__(self, seen: Iterable[tuple[str, date]]) -> None:
        """`seen` are resources with days on which they were named, in any order and more than once each."""
        first: dict[str, int] = {}
        for name, moment in seen:
            day = moment.toordinal()
            first[name] = min(day, first.get(name, day))
        names = sorted(first)
        self._names = PackedTexts(names)
        self._first_days = array("i", map(first.__getitem__, names))
        self._children, self._latest, self._ranges = {}, {}, {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def count(self, prefix: str) -> int:
        """How many resources begin with a prefix."""
        first, last = self._range(prefix)
        return last - first

    def newer(self, prefix: str, limit: date) -> Iterator[str]:
        """The resources that begin with a prefix and were first named after a day, sorted."""
        after = limit.toordinal()
        first, last = self._range(prefix)
        if prefix not in self._latest:
            _make_room(self._latest)
            self._latest[prefix] = max(self._first_days[first:last], default=0)
        if self._latest[prefix] > after:
            names = self._names.between(first, last)
            yield from (name for name, day in zip(names, self._first_days[first:last], strict=True) if day > after)

    def oldest(self, prefix: str) -> date | None:
        """The day on which the first resource that begins with a prefix was named, or None where none does."""
        first, last = self._range(prefix)
        days = self._first_days[first:last]
        return date.fromordinal(min(days)) if days else None

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


def population_from_usage(usage: Usage) -> Population:
    """The existing resources that calls of any principal named, whoever may see them."""
    rows = table_rows(usage.table, _COLUMNS)
    return Population(
        (stem_of(resource), day)
        for resource, kind, outcome, error, day in rows
        if day is not None and kind in _NAMED and outcome != Outcome.DENIED and not (error and says_not_found(error))
    )


_COLUMNS: Final = ("resource", "resource_kind", "outcome", "error_code", "day")
