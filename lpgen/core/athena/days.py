"""Days of records in a table: which a data folder has, which to ask for, and by which query.

A day is the unit that is ingested once: a day of delivery where the table's partitions tell it, else a day of events.
The ledger knows it by a name that says all it depends on: `athena://DATABASE.TABLE/2026-01-31`, with
`?accounts=…&regions=…` where only some were asked for.
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
"""How long after a day's end its last files may still be on their way into its folder: their names may state a time
minutes before they are there."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Days, both included."""

    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        """Each of them."""
        return tuple(self.first + timedelta(number) for number in range((self.last - self.first).days + 1))


@dataclass(frozen=True, slots=True)
class RecordScope:
    """Which accounts and Regions are asked for, sorted; none means all."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    def covers(self, other: RecordScope) -> bool:
        """Whether all that the other asks for is asked for here."""
        return all(not mine or (theirs and {*theirs} <= {*mine}) for mine, theirs in self._pairs(other))

    def meets(self, other: RecordScope) -> bool:
        """Whether some record may be asked for by both."""
        return all(not mine or not theirs or {*mine} & {*theirs} for mine, theirs in self._pairs(other))

    def _pairs(self, other: RecordScope) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        return (self.accounts, other.accounts), (self.regions, other.regions)

    def __str__(self) -> str:
        parts = (("accounts", self.accounts), ("regions", self.regions))
        return "&".join(f"{name}={','.join(values)}" for name, values in parts if values)


@dataclass(frozen=True, slots=True)
class IngestedDay:
    """A day that was ingested. `location` is the table's: two tables of one location hold the same records."""

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
    """The day of a name that `IngestedDay.name` gave."""
    path, _, scope = name.removeprefix(SCHEME).partition("?")
    table, _, day = path.partition("/")
    parts = {key: tuple(values.split(",")) for key, _, values in (part.partition("=") for part in scope.split("&"))}
    wanted = RecordScope(parts.get("accounts", ()), parts.get("regions", ()))
    return IngestedDay(table, location, date.fromisoformat(day), wanted)


def days_from_window(window: TimeWindow) -> DaySpan:
    """The days of a window.

    Raises:
        InvocationError: the window has no beginning, or begins or ends within a day.
    """
    if not window.since:
        raise InvocationError(f"`{SCHEME}` needs --since", hint="such as --since 90d")
    if any(end and not end.endswith("T00:00:00") for end in (window.since, window.until)):
        raise InvocationError(f"`{SCHEME}` takes whole days", hint="write --since and --until as `2026-01-31`")
    last = date.fromisoformat(window.until[:10]) - timedelta(1) if window.until else date.max
    return DaySpan(date.fromisoformat(window.since[:10]), last)


def settled_days(table: AthenaTable, asked: DaySpan, now: datetime) -> DaySpan:
    """The days of a span whose records have all come: days of delivery that are over, since CloudTrail files records
    under the day on which it publishes them, and days of events where the day after is over too.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html

    Raises:
        InvocationError: there is none.
    """
    last = (now - _FILING_TIME).date() - timedelta(1 if table.day_keys else 2)
    if asked.first > last:
        raise InvocationError(f"the records of {asked.first} haven't all come yet", hint=f"ask for days up to {last}")
    return DaySpan(asked.first, min(asked.last, last))


def missing_days(
    table: AthenaTable, wanted: RecordScope, days: DaySpan, ingested: Iterable[IngestedDay]
) -> tuple[date, ...]:
    """The days to ask for: those that weren't ingested.

    Another table of the same location isn't taken for this one: it may have other partitions.

    Raises:
        IngestError: some day's records were ingested in part, or from another table, and would count twice.
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
                hint="ask the same table for the same accounts and Regions, or for others alone; or use another --data",
            )
        known.add(day.day)
    return tuple(day for day in days.days if day not in known)


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What to ask of a table: the days among those of a span that weren't ingested before."""

    table: AthenaTable
    days: DaySpan
    wanted: RecordScope
    missing: tuple[date, ...]

    @property
    def days_known(self) -> int:
        """How many days were ingested before."""
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
    """The query for the records of a day that are wanted: the columns of `FIELDS` as text, a row per record."""
    table = plan.table
    shown = ",\n".join(f"  {_as_text(table, column)}" for column in columns_of_answer(table))
    source = f"{_identifier(table.name.database)}.{_identifier(table.name.table)}"
    return f"SELECT\n{shown}\nFROM {source}\nWHERE " + "\n  AND ".join(_conditions(table, day, plan.wanted))


def _as_text(table: AthenaTable, column: str) -> str:
    name = _identifier(column)
    return name if table.is_text(column) else f"json_format(CAST({name} AS json)) AS {name}"


def _conditions(table: AthenaTable, day: date, wanted: RecordScope) -> Iterator[str]:
    """Conditions on partitions where there are such, else on the time of the event; bare days sort before all their
    moments, however these are spelled."""
    for key, form in table.day_keys.items():
        text = day.strftime(form)
        yield _is_one_of(key, (text, text.lstrip("0")))  # people also add month 3 as `3`
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
    """The name of a table or column, quoted: it is one name whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """A text, quoted: nothing in it ends it. Backslashes mean nothing special."""
    return "'" + text.replace("'", "''") + "'"
