"""Prefixes of resource names: the ladder of one resource's prefixes, and the population, which counts resources below
each."""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.keeping import IntArray
from lpgen.core.model import Action, Outcome, ResourceKind
from lpgen.core.packed_texts import PackedTexts, pack_texts
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.principal_usage import BeliefTest
from lpgen.core.usage.tables import Usage

_SEPARATORS: Final = "/:-_."
"""The characters that separate parts of resource names."""

_NAMED: Final = (ResourceKind.ARN.value, ResourceKind.FOLD.value)
_WILD: Final = "*?"


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """The resources that successful, unsuspected calls of any principal named: their ARNs and the days of the first
    calls.

    The ARNs are sorted. A fold counts as one resource, by the text before its final wildcards.
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
        """The day on which the first resource that begins with a prefix was named, or None."""
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
    """The population of resources with the days on which they were named, in any order and with repetitions."""
    first: dict[str, int] = {}
    for name, moment in seen:
        day = moment.toordinal()
        first[name] = min(day, first.get(name, day))
    names = sorted(first)
    return Population(pack_texts(names), array("i", map(first.__getitem__, names)))


def _make_room(remembered: dict[str, Any]) -> None:
    """Clears a cache that is full. Answers about one account are requested in order."""
    if len(remembered) >= _MOST_REMEMBERED:
        remembered.clear()


_MOST_REMEMBERED: Final = 512


def _first_part(name: str, start: int) -> str:
    end = next((at for at in range(start, len(name)) if name[at] in _SEPARATORS), len(name))
    return name[start:end]


def stem_of(text: str) -> str:
    """An ARN, or what comes before the final wildcards of a fold."""
    return text.rstrip(_WILD)


def population_from_usage(usage: Usage, believed: BeliefTest, lenient: Collection[str]) -> Population:
    """The resources that calls of any principal show to exist, by believed rows. `lenient` calls show none."""
    rows = table_rows(usage.table, _COLUMNS)
    return population_from_days(
        (stem_of(resource), day)
        for principal, unique, action, resource, kind, outcome, error, example, day in rows
        if day is not None and kind in _NAMED and outcome == Outcome.ALLOWED and not error and action not in lenient
        if believed(principal, unique, action, resource, example, day)
    )


_COLUMNS: Final = (
    *("principal", "principal_id", "action", "resource", "resource_kind"),
    *("outcome", "error_code", "example_resource", "day"),
)

# ---------------------------------------------------------------- the ladder of one resource

_TYPE: Final = re.compile(r"[/:]?[^/:]*[/:]")
_PLACEHOLDER: Final = "${"


def ladder_of(text: str, action: Action, catalog: Catalog) -> tuple[str, ...]:
    """The prefixes of an ARN or a fold at the separators of its name, the longest first.

    The last prefix is that of the resource type in the account and Region. A name with a wildcard in its middle has
    none.
    """
    stem = stem_of(text)
    start = _type_start(stem, action, catalog)
    if "*" in stem[start:] or "?" in stem[start:]:
        return ()
    return tuple(_prefixes(stem, start))


def is_whole_type(text: str, action: Action, catalog: Catalog) -> bool:
    """Whether a fold matches every resource of its type, so the call named none."""
    stem = stem_of(text)
    return _type_start(stem, action, catalog) >= len(stem)


def _prefixes(stem: str, start: int) -> Iterator[str]:
    for end in range(len(stem) - 1, start, -1):
        if stem[end - 1] in _SEPARATORS:
            yield stem[:end]
    if start < len(stem):
        yield stem[:start]


def _type_start(stem: str, action: Action, catalog: Catalog) -> int:
    """The index of a resource's name in its ARN: after the text that all resources of its type begin with."""
    name = split_arn(stem).name
    before = len(stem) - len(name)
    formats = catalog.arn_formats(action.partition(":")[0], catalog.resource_type(action, stem))
    heads = {split_arn(form).name.partition(_PLACEHOLDER)[0] for form in formats}
    fitting = [head for head in heads if name.startswith(head)]
    if fitting:
        return before + len(max(fitting, key=len))
    found = _TYPE.match(name)
    return before + (found.end() if found else 0)
