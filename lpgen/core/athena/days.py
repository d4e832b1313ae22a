"""Days of records in a table: which to ask for, and which a data folder has.

A day of events is the unit that is ingested once. The ledger knows it by a name that says all it depends on:
`athena://DATABASE.TABLE/2026-01-31`, with `?accounts=…&regions=…` where only some were asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from lpgen.core.athena.query import DaySpan
from lpgen.core.athena.scheme import SCHEME
from lpgen.core.athena.table import AthenaTable
from lpgen.errors import IngestError

_SETTLED_DAYS: Final = 2
"""How many days old a day of events must be: the day after it is over too, so late deliveries have arrived."""

DAYS_PER_QUERY: Final = 31
"""Each query also reads the partitions of the days after its own, which would cost as much again in a query a day."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts and Regions are asked for, sorted; none means all."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    def covers(self, other: Wanted) -> bool:
        """Whether all that the other asks for is asked for here."""
        return _covers(self.accounts, other.accounts) and _covers(self.regions, other.regions)

    def meets(self, other: Wanted) -> bool:
        """Whether some record may be asked for by both."""
        return _meet(self.accounts, other.accounts) and _meet(self.regions, other.regions)

    def __str__(self) -> str:
        parts = (("accounts", self.accounts), ("regions", self.regions))
        return "&".join(f"{name}={','.join(values)}" for name, values in parts if values)


ALL: Final = Wanted()
"""All accounts and Regions."""


@dataclass(frozen=True, slots=True)
class IngestedDay:
    """A day that was ingested. `location` is the table's: two tables of one location hold the same records."""

    table: str
    location: str
    day: date
    wanted: Wanted

    @property
    def name(self) -> str:
        """Its name in the ledger."""
        scope = str(self.wanted)
        return f"{SCHEME}{self.table}/{self.day.isoformat()}{'?' if scope else ''}{scope}"


def day_from_name(name: str, location: str) -> IngestedDay:
    """The day of a name that `IngestedDay.name` gave."""
    path, _, scope = name.removeprefix(SCHEME).partition("?")
    table, _, day = path.partition("/")
    parts = {key: tuple(values.split(",")) for key, _, values in (part.partition("=") for part in scope.split("&"))}
    return IngestedDay(
        table, location, date.fromisoformat(day), Wanted(parts.get("accounts", ()), parts.get("regions", ()))
    )


def last_settled_day(today: date) -> date:
    """The last day whose events have all come."""
    return today - timedelta(_SETTLED_DAYS)


def missing_days(
    table: AthenaTable, wanted: Wanted, days: DaySpan, ingested: Iterable[IngestedDay]
) -> tuple[date, ...]:
    """The days to ask for: those that weren't ingested.

    Another table of the same location isn't taken for this one: it may have other partitions.

    Raises:
        IngestError: some day's records were ingested in part, or from another table, and would count twice.
    """
    known = set()
    for one in ingested:
        shared = one.table == str(table.name) or _nested(one.location, table.location)
        if not shared or not days.first <= one.day <= days.last or not one.wanted.meets(wanted):
            continue
        if (one.table, one.location) != (str(table.name), table.location) or not one.wanted.covers(wanted):
            raise IngestError(
                f"records of {one.day} were ingested as `{one.name}`, and would count twice",
                hint="ask the same table for the same accounts and Regions, or for others alone; or use another --data",
            )
        known.add(one.day)
    return tuple(day for day in days.days if day not in known)


def spans_from_days(days: Sequence[date]) -> Iterator[DaySpan]:
    """Runs of days, none longer than `DAYS_PER_QUERY`."""
    first = last = None
    for day in days:
        if first is None or last is None or day - last > timedelta(1) or (day - first).days >= DAYS_PER_QUERY:
            if first is not None and last is not None:
                yield DaySpan(first, last)
            first = day
        last = day
    if first is not None and last is not None:
        yield DaySpan(first, last)


def halve_spans(spans: Sequence[DaySpan]) -> tuple[tuple[DaySpan, ...], tuple[DaySpan, ...]]:
    """The same days in two halves; the first is empty where there is but one day."""
    days = [day for span in spans for day in span.days]
    half = len(days) // 2
    return tuple(spans_from_days(days[:half])), tuple(spans_from_days(days[half:]))


def _covers(mine: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not mine or (bool(other) and set(other) <= set(mine))


def _meet(mine: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not mine or not other or bool(set(mine) & set(other))


def _nested(one: str, other: str) -> bool:
    return bool(one and other) and (one.startswith(other) or other.startswith(one))
