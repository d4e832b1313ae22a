"""Reading tables in Athena into the data folder: each query's days are committed as soon as its answer is read."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from lpgen.core.athena.days import halve_spans
from lpgen.core.athena.query import Query, describe_lacks
from lpgen.core.athena.rows import Row, group_from_row
from lpgen.core.athena.scheme import SCHEME
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.usage.event_time import Window
from lpgen.core.usage.group_tally import GroupTally
from lpgen.core.usage.ingest_result import Progress, ProgressReport
from lpgen.edge.athena.answers import rows_of_answer
from lpgen.edge.athena.logs import AthenaLogs, TablePlan, ingested_days, plan_table
from lpgen.edge.collector import collector_paused
from lpgen.edge.data_folder.ledger import LedgerFile, LedgerObject
from lpgen.edge.ingest.chunk_reader import ChunkResult
from lpgen.edge.ingest.reading import Reading
from lpgen.errors import IngestError, QueryTooLargeError, quote_input


def read_athena(
    reading: Reading, logs: AthenaLogs, event_map: EventMap, *, report_progress: ProgressReport | None
) -> None:
    """Asks each table for the days that aren't known.

    A day without any record isn't remembered, since its partitions may be missing. A query that takes more than Athena
    gives it is asked in halves.

    Raises:
        AwsError: a query can't be run or read; the days of those before are kept.
        IngestError: a table holds no CloudTrail records, or a part of a day is known.
    """
    late = f"days after {logs.days.last} may lack records that come late, and are left for a later run"
    notes = [late] if logs.left_days else []
    scanned = 0
    for name in logs.names:
        plan = plan_table(logs, name, ingested_days(reading.ledger.objects_named(SCHEME)))
        reading.days_known += len(logs.days.days) - len(plan.missing)
        notes += [note for note in describe_lacks(plan.table, plan.partitions) if note not in notes]
        empty: list[date] = []
        done, total = 0, len(plan.missing)
        for query, result, read in _answers(plan, event_map):
            _take(reading, result)
            scanned += read
            empty += _days_without(query, result)
            done += len(query.days)
            if report_progress:
                report_progress(Progress(done, total, done, total, reading.records, "days"))
        notes += _note_on_empty(plan, empty)
    reading.notes = (*notes, f"Athena scanned {scanned:,} bytes") if scanned else tuple(notes)


def _answers(plan: TablePlan, event_map: EventMap) -> Iterator[tuple[Query, ChunkResult, int]]:
    """Each query in order, the result of its answer, and how many bytes Athena read for it."""
    waiting = deque(plan.queries)
    while waiting:
        query = waiting.popleft()
        try:
            result, read = _read_query(plan, query, event_map)
        except QueryTooLargeError:
            first, second = halve_spans(query.spans)
            if not first:
                raise
            waiting.extendleft((plan.query(second), plan.query(first)))
        else:
            yield query, result, read


def _take(reading: Reading, result: ChunkResult) -> None:
    reading.add(result)
    if result.files:
        reading.checkpoint()


@dataclass(slots=True)
class _DayCounts:
    records: int = 0
    usage_records: int = 0


def _read_query(plan: TablePlan, query: Query, event_map: EventMap) -> tuple[ChunkResult, int]:
    """The result of a query's answer, and how many bytes it took Athena to read."""
    runner = plan.logs.runner
    answered = runner.run(query.sql, plan.table.name.database)
    with collector_paused():
        result = _count_rows(plan, query, event_map, rows_of_answer(runner.session, answered, query.columns))
    return result, answered.bytes_scanned


def _count_rows(plan: TablePlan, query: Query, event_map: EventMap, rows: Iterable[Row]) -> ChunkResult:
    tally = GroupTally(event_map)
    names = {day.isoformat(): plan.ingested(day).name for day in query.days}
    digests = {
        day: hashlib.sha256(f"{name}\n{plan.table.location}".encode()).hexdigest() for day, name in names.items()
    }
    counts: dict[str, _DayCounts] = {}
    for row in rows:
        group = group_from_row(row)
        day = (group.record.eventTime or "")[:10]
        if day not in names:
            raise IngestError(f"Athena's answer holds a day that wasn't asked for: {quote_input(day)}")
        skip = tally.add_group(group, digests[day])
        count = counts.setdefault(day, _DayCounts())
        count.records += group.records
        count.usage_records += group.records if skip is None else 0
    files = tuple(_file(digests[day], names[day], counts[day]) for day in sorted(counts))
    objects = tuple(LedgerObject(one.path, 0, plan.table.location, one.sha256) for one in files)
    return ChunkResult(tally.usage(), files, (), 0, objects, days=True)


def _file(digest: str, name: str, count: _DayCounts) -> LedgerFile:
    return LedgerFile(
        sha256=digest,
        path=name,
        size=0,
        records=count.records,
        usage_records=count.usage_records,
        skips=count.records - count.usage_records,
        failure="",
        windows=(Window(),),
        left_out=0,
    )


def _days_without(query: Query, result: ChunkResult) -> list[date]:
    read = {file.path.partition("?")[0].rpartition("/")[2] for file in result.files}
    return [day for day in query.days if day.isoformat() not in read]


def _note_on_empty(plan: TablePlan, days: list[date]) -> list[str]:
    if not days:
        return []
    shown = f"{days[0]}" if len(days) == 1 else f"{len(days)} days, from {days[0]} to {days[-1]}"
    return [f"`{plan.table.name}` holds no record of {shown}; a later run asks again"]
