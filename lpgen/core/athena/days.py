"""Days of records in a table: the days in a data folder, the days to query, and the query.

Each day is ingested once. It is a day of delivery if the table's partitions show it, otherwise a day of events. Its
name in the ledger has all that it depends on: `athena://DATABASE.TABLE/2026-01-31`, with `?accounts=…&regions=…` for a
query of some accounts or Regions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from lpgen.core.athena.table import FIELDS, SCHEME, AthenaTable
from lpgen.core.usage.event_time import TimeWindow
from lpgen.errors import IngestError, InvocationError

_FILING_TIME: Final = timedelta(hours=1)
"""How long after the end of a day its last files may still arrive. Their names may state a time some minutes before
they arrive."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """A span of days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        """Each day of the span."""
        return tuple(self.first + timedelta(number) for number in range((self.last - self.first).days + 1))


@dataclass(frozen=True, slots=True)
class RecordScope:
    """The accounts and Regions to query, sorted; empty means all."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    def covers(self, other: RecordScope) -> bool:
        """Whether this scope contains all records of the other."""
        return all(not mine or (theirs and {*theirs} <= {*mine}) for mine, theirs in self._pairs(other))

    def meets(self, other: RecordScope) -> bool:
        """Whether a record may be in both scopes."""
        return all(not mine or not theirs or {*mine} & {*theirs} for mine, theirs in self._pairs(other))

    def _pairs(self, other: RecordScope) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        return (self.accounts, other.accounts), (self.regions, other.regions)

    def __str__(self) -> str:
        parts = (("accounts", self.accounts), ("regions", self.regions))
        return "&".join(f"{name}={','.join(values)}" for name, values in parts if values)


@dataclass(frozen=True, slots=True)
class IngestedDay:
    """An ingested day. `location` is the table's: two tables with one location hold the same records."""

    table: str
    location: str
    day: date
    wanted: RecordScope

    @property
    def name(self) -> str:
        """Its name in the ledger."""
        scope = str(self.wanted)
        return f"{SCHEME}{self.table}/{self.day.isoformat()}{'?' if scope else ''}{scope}"


def day_from_name(name: str, location: str) -> IngestedDay:
    """The day with a name from `IngestedDay.name`."""
    path, _, scope = name.removeprefix(SCHEME).partition("?")
    table, _, day = path.partition("/")
    parts = {key: tuple(values.split(",")) for key, _, values in (part.partition("=") for part in scope.split("&"))}
    wanted = RecordScope(parts.get("accounts", ()), parts.get("regions", ()))
    return IngestedDay(table, location, date.fromisoformat(day), wanted)


def days_from_window(window: TimeWindow) -> DaySpan:
    """The days of a window.

    Raises:
        InvocationError: the window has no beginning, or doesn't begin and end at midnight.
    """
    if not window.since:
        raise InvocationError(f"`{SCHEME}` needs --since", hint="such as --since 90d")
    if any(end and not end.endswith("T00:00:00") for end in (window.since, window.until)):
        raise InvocationError(f"`{SCHEME}` takes whole days", hint="write --since and --until as `2026-01-31`")
    last = date.fromisoformat(window.until[:10]) - timedelta(1) if window.until else date.max
    return DaySpan(date.fromisoformat(window.since[:10]), last)


def settled_days(table: AthenaTable, asked: DaySpan, now: datetime) -> DaySpan:
    """The days of a span whose records have all arrived.

    These are past days of delivery, because CloudTrail stores records under the day on which it publishes them, and
    days of events before yesterday.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html

    Raises:
        InvocationError: the span has no such day.
    """
    last = (now - _FILING_TIME).date() - timedelta(1 if table.day_keys else 2)
    if asked.first > last:
        raise InvocationError(
            f"the records of {asked.first} haven't all arrived yet", hint=f"ask for days up to {last}"
        )
    return DaySpan(asked.first, min(asked.last, last))


def missing_days(
    table: AthenaTable, wanted: RecordScope, days: DaySpan, ingested: Iterable[IngestedDay]
) -> tuple[date, ...]:
    """The days to query, which aren't ingested yet.

    Another table with the same location doesn't count as this one, because it may have other partitions.

    Raises:
        IngestError: records of a day were ingested in part, or from another table, and would count twice.
    """
    known = set()
    for day in ingested:
        theirs, own = day.location, table.location
        nested = theirs and own and (theirs.startswith(own) or own.startswith(theirs))
        shared = day.table == str(table.name) or nested
        if not shared or not days.first <= day.day <= days.last or not day.wanted.meets(wanted):
            continue
        if (day.table, day.location) != (str(table.name), table.location) or not day.wanted.covers(wanted):
            raise IngestError(
                f"records of {day.day} were ingested as `{day.name}`, and would count twice",
                hint="use the same table and the same (or only other) accounts and Regions, or use another --data",
            )
        known.add(day.day)
    return tuple(day for day in days.days if day not in known)


@dataclass(frozen=True, slots=True)
class TablePlan:
    """The plan for a table: the days of a span that weren't ingested before."""

    table: AthenaTable
    days: DaySpan
    wanted: RecordScope
    missing: tuple[date, ...]

    @property
    def days_known(self) -> int:
        """The number of days that were ingested before."""
        return len(self.days.days) - len(self.missing)


# ---------------------------------------------------------------- the query
#
# https://docs.aws.amazon.com/athena/latest/ug/select.html
# https://docs.aws.amazon.com/athena/latest/ug/converting-native-data-types-to-json.html
# https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html


def columns_of_answer(table: AthenaTable) -> tuple[str, ...]:
    """The columns of a query's answer."""
    return tuple(column for column in FIELDS if column in table.columns)


def build_query(plan: TablePlan, day: date) -> str:
    """The query for the wanted records of a day: the columns of `FIELDS` as text, one row per record."""
    table = plan.table
    shown = ",\n".join(f"  {_as_text(table, column)}" for column in columns_of_answer(table))
    source = f"{_identifier(table.name.database)}.{_identifier(table.name.table)}"
    return f"SELECT\n{shown}\nFROM {source}\nWHERE " + "\n  AND ".join(_conditions(table, day, plan.wanted))


def _as_text(table: AthenaTable, column: str) -> str:
    name = _identifier(column)
    return name if table.is_text(column) else f"json_format(CAST({name} AS json)) AS {name}"


def _conditions(table: AthenaTable, day: date, wanted: RecordScope) -> Iterator[str]:
    """Conditions on partitions, or on the event time if the table has none. A date sorts before all times on it,
    whatever their format."""
    for key, form in table.day_keys.items():
        text = day.strftime(form)
        yield _is_one_of(key, (text, text.lstrip("0")))  # some partitions have month 3 as `3`
    for key, column, values in (
        ("account", "recipientaccountid", wanted.accounts),
        ("region", "awsregion", wanted.regions),
    ):
        if values:
            yield _is_one_of(key if key in table.keys else column, values)
    if not table.day_keys:
        yield f'"eventtime" >= {_literal(str(day))} AND "eventtime" < {_literal(str(day + timedelta(1)))}'


def _is_one_of(column: str, values: Iterable[str]) -> str:
    return f"{_identifier(column)} IN ({', '.join(map(_literal, dict.fromkeys(values)))})"


def _identifier(name: str) -> str:
    """The name of a table or column, quoted, so it is one name whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """A text, quoted, so nothing in it ends the literal. Backslashes have no special meaning."""
    return "'" + text.replace("'", "''") + "'"
