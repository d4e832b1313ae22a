"""Records from tables in Athena: the queries, their days, and the days that are already ingested."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from lpgen.core.athena.days import (
    ALL,
    IngestedDay,
    Wanted,
    day_from_name,
    last_settled_day,
    missing_days,
    spans_from_days,
)
from lpgen.core.athena.partitions import Partitions, partitions_from_table
from lpgen.core.athena.query import DaySpan, Query, build_query, describe_lacks
from lpgen.core.athena.query_plan import QueryPlan
from lpgen.core.athena.scheme import SCHEME
from lpgen.core.athena.table import AthenaTable, TableName
from lpgen.core.cloudtrail.protected_data import data_keys
from lpgen.core.usage.event_time import Window
from lpgen.core.usage.log_layout import Scope
from lpgen.edge.athena.run import QueryRunner
from lpgen.edge.athena.table import fetch_table
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.objects.finder import find_objects
from lpgen.edge.objects.store import ObjectStore
from lpgen.errors import AwsError, InvocationError


@dataclass(frozen=True, slots=True)
class AthenaLogs:
    """Tables to ask for the events of some days. `left_days`: later days, not yet settled, were asked for too."""

    runner: QueryRunner
    names: tuple[TableName, ...]
    days: DaySpan
    wanted: Wanted = ALL
    left_days: bool = False


@dataclass(frozen=True, slots=True)
class TablePlan:
    """The plan for a table: its days that aren't known yet, in a query or several."""

    logs: AthenaLogs
    table: AthenaTable
    partitions: Partitions
    missing: tuple[date, ...]

    @property
    def queries(self) -> tuple[Query, ...]:
        """The queries, each for a run of days; one for all where no partition has the day."""
        spans = tuple(spans_from_days(self.missing))
        if self.partitions.tell_days:
            return tuple(self.query((span,)) for span in spans)
        return (self.query(spans),) if spans else ()

    def query(self, spans: tuple[DaySpan, ...]) -> Query:
        """The query for some days."""
        wanted = self.logs.wanted
        keys = bundled_catalog().facts(data_keys)
        return build_query(
            self.table, self.partitions, spans, accounts=wanted.accounts, regions=wanted.regions, contexts=keys
        )

    def ingested(self, day: date) -> IngestedDay:
        """A day of the table as the ledger will know it."""
        return IngestedDay(str(self.table.name), self.table.location, day, self.logs.wanted)


def days_from_window(window: Window, today: date) -> tuple[DaySpan, bool]:
    """The settled days of a window, and whether it has later ones.

    Raises:
        InvocationError: the window has no beginning, ends within a day, or holds no settled day.
    """
    if not window.since:
        raise InvocationError(f"`{SCHEME}` needs --since", hint="such as --since 90d")
    if any(end and not end.endswith("T00:00:00") for end in (window.since, window.until)):
        raise InvocationError(f"`{SCHEME}` takes whole days", hint="write --since and --until as `2026-01-31`")
    first, settled = date.fromisoformat(window.since[:10]), last_settled_day(today)
    last = date.fromisoformat(window.until[:10]) - timedelta(1) if window.until else today
    if first > min(last, settled):
        raise InvocationError(
            f"the events of {first} haven't all come yet", hint=f"from Athena, days up to {settled} can be ingested"
        )
    return DaySpan(first, min(last, settled)), last > settled


def plan_table(logs: AthenaLogs, name: TableName, ingested: Iterable[IngestedDay]) -> TablePlan:
    """The plan for a table, given the days that a data folder has.

    Raises:
        AwsError: Glue can't be asked, or there is no such table.
        IngestError: it holds no CloudTrail records, wants accounts or Regions named, or a part of a day is known.
    """
    table = fetch_table(logs.runner.session, name)
    partitions = partitions_from_table(table)
    plan = TablePlan(logs, table, partitions, missing_days(table, logs.wanted, logs.days, ingested))
    plan.query((logs.days,))  # settings that the table lacks are noticed here and not after the first hour
    return plan


def ingested_days(names: Iterable[tuple[str, str]]) -> tuple[IngestedDay, ...]:
    """The days among a ledger's objects, given as pairs of name and `etag`."""
    return tuple(day_from_name(name, etag) for name, etag in names)


def plan_queries(logs: AthenaLogs, name: TableName, ingested: Iterable[IngestedDay], store: ObjectStore) -> QueryPlan:
    """The queries of an ingest from a table. Only its definition is read, and its objects are listed.

    Raises:
        AwsError, IngestError: as `plan_table`.
    """
    plan = plan_table(logs, name, ingested)
    known = len(logs.days.days) - len(plan.missing)
    found = QueryPlan(str(name), logs.days, known, plan.queries, describe_lacks(plan.table, plan.partitions))
    if not plan.queries:
        return found
    if not plan.table.location:
        return replace(found, unlisted="the table's definition names no location")
    try:
        objects, size = _count_objects(plan, store)
    except AwsError as error:
        return replace(found, unlisted=error.message)
    return replace(found, objects=objects, bytes=size)


def _count_objects(plan: TablePlan, store: ObjectStore) -> tuple[int, int]:
    """How many objects the queries would read, and their sizes; Athena itself reports this only afterwards."""
    parts = plan.partitions
    first, last = plan.missing[0], plan.missing[-1]
    window = Window(f"{first}T00:00:00", f"{last + timedelta(1)}T00:00:00") if parts.tell_days else Window()
    accounts = frozenset(plan.logs.wanted.accounts if parts.account else ())
    regions = frozenset(plan.logs.wanted.regions if parts.region else ())
    found = size = 0
    for step in find_objects(store, (plan.table.location,), Scope(accounts, regions, window)):
        found += len(step.objects)
        size += sum(one.size for one in step.objects)
    return found, size
