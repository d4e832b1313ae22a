"""Reads tables in Athena into the data folder. Each day is committed as soon as its answer is read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from lpgen.core.athena.days import (
    DaySpan,
    IngestedDay,
    RecordScope,
    TablePlan,
    build_query,
    columns_of_answer,
    day_from_name,
    missing_days,
    settled_days,
)
from lpgen.core.athena.table import SCHEME, AthenaTable, TableName, table_from_definition
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.usage.event_time import ALL_TIME, TimeWindow, latest_of_delivery
from lpgen.core.usage.ingest_result import Progress, ProgressReport
from lpgen.core.usage.log_layout import LogScope
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.tally import UsageTally
from lpgen.edge.athena.answers import Row, item_from_row, rows_of_answer
from lpgen.edge.athena.queries import QueryRunner, request_errors
from lpgen.edge.aws_session import AwsSession
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.ledger import LedgerObject, read_objects_named
from lpgen.edge.ingest.chunk_reader import ChunkResult, file_from_counts
from lpgen.edge.ingest.reading import Reading
from lpgen.edge.logs.record_files import Item
from lpgen.edge.objects.finder import find_objects
from lpgen.edge.objects.s3_store import S3Store
from lpgen.errors import AwsError, IngestError, InvocationError, quote_input

_DAY_OF_OBJECT: Final = re.compile(r"/(\d{4}/\d\d/\d\d)/[^/]*$")


@dataclass(frozen=True, slots=True)
class AthenaLogs:
    """Tables to query for the records of some days, if the days are settled when the ingest begins.

    `reads_whole` allows reading a whole table for each day if no partition gives the day.
    """

    runner: QueryRunner
    names: tuple[TableName, ...]
    days: DaySpan
    wanted: RecordScope
    began: datetime
    reads_whole: bool = False


def read_athena(
    reading: Reading, logs: AthenaLogs, event_map: EventMap, *, report_progress: ProgressReport | None
) -> None:
    """Queries each table for the missing days, and commits day by day.

    A day without records isn't remembered, because its partitions may be missing.

    Raises:
        AwsError: a query can't be run or read. The days before are kept.
        IngestError: a table holds no CloudTrail records, or a part of a day is known.
        InvocationError: no day is settled, or a whole table would be read for each day without `reads_whole`.
    """
    notes: list[str] = []
    contributions = MappingCache(event_map)
    for name in logs.names:
        plan = _plan_table(logs, name, reading.ledger.objects_named(SCHEME))
        if plan.missing and not plan.table.day_keys and not logs.reads_whole:
            raise InvocationError(
                f"no partition of `{name}` gives the day: {_describe_scan(logs, plan)}",
                hint="create a table as in https://docs.aws.amazon.com/athena/latest/ug/"
                "create-cloudtrail-table-partition-projection.html, or give --yes",
            )
        reading.days_known += plan.days_known
        if logs.days.last > plan.days.last:
            why = "today isn't over" if plan.table.day_keys else "records may still arrive late"
            notes.append(f"{why}: days of `{name}` after {plan.days.last} are left for a later run")
        notes += [note for note in plan.table.describe_lacks() if note not in notes]
        empty: list[date] = []
        for number, day in enumerate(plan.missing, 1):
            result = _read_day(plan, day, logs.runner, contributions)
            reading.add(result)
            if result.files:
                reading.checkpoint()
            else:
                empty.append(day)
            if report_progress:
                total = len(plan.missing)
                report_progress(Progress(number, total, number, total, reading.records, "days"))
        if empty:
            shown = f"{empty[0]}" if len(empty) == 1 else f"{len(empty)} days, from {empty[0]} to {empty[-1]}"
            notes.append(f"`{name}` has no record of {shown}; a later run tries again")
    scanned = reading.bytes_done
    reading.notes = (*notes, f"Athena scanned {scanned:,} bytes") if scanned else tuple(notes)


def plan_athena(logs: AthenaLogs, data: Path) -> Iterator[tuple[TablePlan, str]]:
    """The plan for each table, and how much its queries would read. Nothing is run or written.

    Raises:
        AwsError, IngestError, InvocationError: as `_plan_table`.
        DataError: the data folder is damaged.
    """
    known = read_objects_named(data, SCHEME)
    for name in logs.names:
        plan = _plan_table(logs, name, known)
        yield plan, _describe_scan(logs, plan) if plan.missing else ""


def _plan_table(logs: AthenaLogs, name: TableName, known: Iterable[tuple[str, str]]) -> TablePlan:
    """The plan for a table. `known` has the name and `etag` of each known day in the ledger.

    Raises:
        AwsError: Glue can't be reached, or there is no such table.
        IngestError: it holds no CloudTrail records, or a part of a day is known.
        InvocationError: none of the days is settled.
    """
    table = _fetch_table(logs.runner.session, name)
    days = settled_days(table, logs.days, logs.began)
    ingested = (day_from_name(day, location) for day, location in known)
    return TablePlan(table, days, logs.wanted, missing_days(table, logs.wanted, days, ingested))


def _describe_scan(logs: AthenaLogs, plan: TablePlan) -> str:
    """The amount that the queries of a plan would read, by a listing. Athena reports it only afterwards."""
    table, missing = plan.table, plan.missing
    queries = f"{len(missing):,} {'query' if len(missing) == 1 else 'queries'}"
    accounts = frozenset(plan.wanted.accounts if "account" in table.keys else ())
    regions = frozenset(plan.wanted.regions if "region" in table.keys else ())
    ends = f"{missing[0]}T00:00:00", f"{missing[-1] + timedelta(1)}T00:00:00"
    scope = LogScope(accounts, regions, TimeWindow(*ends) if table.day_keys else ALL_TIME)
    store = S3Store(logs.runner.session.connection)
    try:
        found = [obj for step in find_objects(store, (table.location,), scope) for obj in step.objects]
    except AwsError as error:
        return f"{queries}; the amount that they would read is unknown: {error.message}"
    days = {f"{day:%Y/%m/%d}" for day in missing}
    sizes = [obj.size for obj in found if not table.day_keys or days.issuperset(_DAY_OF_OBJECT.findall(obj.name))]
    bound, times = ("about", 1) if table.day_keys else ("at most", len(missing))
    amount = f"{times * sum(sizes):,} bytes in {len(sizes):,} objects"
    return f"{queries} would read {bound} {amount}, by a listing of the table's location"


def _fetch_table(session: AwsSession, name: TableName) -> AthenaTable:
    """The table in the Glue Data Catalog. A link of Lake Formation is followed to its target table.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
    """
    place = {"DatabaseName": name.database, "Name": name.table}
    glue = session.client("glue")
    with request_errors(f"read the definition of `{name}`"):
        definition = glue.get_table(**place)["Table"]
        target = definition.get("TargetTable")
        if target:
            place = {key: target[key] for key in ("CatalogId", "DatabaseName", "Name") if target.get(key)}
            definition = glue.get_table(**place)["Table"]
    return table_from_definition(name, definition)


def _read_day(plan: TablePlan, day: date, runner: QueryRunner, contributions: MappingCache) -> ChunkResult:
    """The records of a day, counted like a file, if there are any. Its bytes are those that Athena scanned."""
    table = plan.table
    answered = runner.run(build_query(plan, day), table.name.database)
    name = IngestedDay(str(table.name), table.location, day, plan.wanted).name
    digest = hashlib.sha256(f"{name}\n{table.location}".encode()).hexdigest()
    tally = UsageTally(contributions)
    rows = rows_of_answer(runner.session, answered, columns_of_answer(table))
    items = map(item_from_row, rows) if table.day_keys else _items_of_events(rows, day)
    latest = latest_of_delivery(datetime.combine(day, time.max))
    with collector_paused():
        counts = tally.add_source(items, digest, latest, is_ordered=False)
    files = (file_from_counts(name, digest, 0, counts, (ALL_TIME,)),) if counts.records else ()
    objects = tuple(LedgerObject(name, 0, table.location, digest) for _ in files)
    return ChunkResult(tally.usage(), files, (), answered.bytes_scanned, objects, days=True)


def _items_of_events(rows: Iterable[Row], day: date) -> Iterator[Item]:
    for row in rows:
        found = (row["eventtime"] or "")[:10]
        if found != day.isoformat():
            raise IngestError(f"Athena's answer holds a day that wasn't requested: {quote_input(found)}")
        yield item_from_row(row)
