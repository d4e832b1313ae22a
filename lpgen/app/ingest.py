"""The spine from logs to usage: finding, reading and adding up records. Read it top to bottom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.usage.event_time import ALL_TIME, NO_TIME, TimeWindow
from lpgen.core.usage.ingest_result import FileProblem, IngestResult, ProgressReport
from lpgen.core.usage.log_layout import ALL_LOGS, LogScope
from lpgen.edge.data_folder.ledger import Ledger, open_ledger
from lpgen.edge.data_folder.usage_files import remove_stale_usage
from lpgen.edge.engine import Engine
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.ingest.chunk_reader import Chunk, ChunkReader, ObjectReader
from lpgen.edge.ingest.phase_clock import IngestPhase
from lpgen.edge.ingest.plan import IngestPlan, IngestRange, plan_ingest, plan_objects, refuse_mixture
from lpgen.edge.ingest.reading import Reading, amount_to_read, read_events, read_files, read_objects
from lpgen.edge.logs.inflate import DEFAULT_LIMITS, ReadLimits
from lpgen.edge.logs.log_files import LogFile, chunk_files, find_log_files
from lpgen.edge.objects.finder import BucketLogs, FoundObjects, find_objects
from lpgen.errors import InvocationError, quote_input

if TYPE_CHECKING:
    from lpgen.edge.athena.reading import AthenaLogs
    from lpgen.edge.ingest.event_history import EventHistory

_CHUNK_BYTES: Final = 8 << 20
"""Compressed bytes of the files that a worker reads in one go; a larger file is read by itself."""

_MIN_CHUNK_BYTES: Final = 1 << 18
_MIN_CHUNKS: Final = 8
"""The fewest chunks to cut a small set of logs into, if possible: every worker then has some."""

CHUNK_FILES: Final = 2_000

CHUNK_OBJECTS: Final = 500


def ingest(
    paths: Iterable[Path],
    catalog: Catalog,
    *,
    data: Path,
    window: TimeWindow = ALL_TIME,
    now: str = NO_TIME,
    engine: Engine | None = None,
    report_progress: ProgressReport | None = None,
    bucket_logs: BucketLogs | None = None,
    event_history: EventHistory | None = None,
    athena: AthenaLogs | None = None,
    limits: ReadLimits = DEFAULT_LIMITS,
    sources: Collection[str] = (),
    scope: LogScope = ALL_LOGS,
) -> IngestResult:
    """Add the records of files and folders to the usage tables of the data folder, which is created if missing.

    It does the same with objects in S3, CloudTrail's event history, and tables in Athena. A file, object, event or day
    that was ingested before changes nothing, and neither do its bytes under another name. If the process dies, the data
    folder holds the old state or a new one; a long reading of objects has several. Sources without any log are the
    wrong ones and create no data folder. The folder remembers that `scope` was asked of `sources`, which are addresses.

    `limits` bounds how much is read of one file or object. `now` is when the ingest began, in the form of `event_time`.
    Later records are skips of the future, unless their file's name states its delivery; with `NO_TIME` any time counts.
    The engine decides where files and objects are read, by default in this process; the tables are the same.

    Raises:
        IngestError: another ingest into the folder runs, it can't be written, or the engine's workers can't see the
            files; the tables are as they were.
        EngineError: the engine's cluster was lost, or can't run lpgen; the tables are as they were.
        DataError: the folder's tables are damaged, or of another schema version.
        AwsError: AWS can't be asked, or refuses everything.
    """
    engine = engine or LocalEngine()
    asked = IngestRange(window, now)
    with open_ledger(data) as ledger:
        refuse_mixture(ledger, athena=athena is not None)
        remove_stale_usage(data, ledger.generation)
        reading = Reading(ledger, data)
        with reading.clock.measure(IngestPhase.LISTING):
            objects = _find_objects(bucket_logs, asked, ledger, report_progress)
            reading.take_again(plan_objects(objects, ledger, asked))
            found = find_log_files(path.absolute() if engine.is_remote else path for path in paths)
            plan = plan_ingest(found.files, ledger, asked)
            reading.take_again(plan.again)
        with reading.clock.measure(IngestPhase.READING):
            amount = amount_to_read(plan, objects, report_progress)
            amount.report(reading)
            if plan.new:
                reader = ChunkReader(catalog, asked, again=reading.again, limits=limits)
                read_files(reading, _chunks(plan.new), reader, engine=engine, amount=amount)
            if bucket_logs and objects.new:
                store = bucket_logs.store.elsewhere() if engine.is_remote else bucket_logs.store
                object_reader = ObjectReader(catalog, asked, store, again=reading.again, limits=limits)
                batches = objects.plan.chunks(target_bytes=_CHUNK_BYTES, target_files=CHUNK_OBJECTS)
                read_objects(reading, batches, object_reader, engine=engine, amount=amount)
            if event_history:
                read_events(reading, event_history, EventMap(catalog), report_progress=report_progress, now=now)
            if athena:
                from lpgen.edge.athena.reading import read_athena  # with the SQL, for which other logs needn't wait

                read_athena(reading, athena, EventMap(catalog), report_progress=report_progress)
        if ledger.generation or reading.has_logs:
            changes = [ledger.remember_scope(source, scope) for source in sources]
            reading.commit(is_changed=any(changes))
        return _ingest_result(reading, plan, objects, ignored=found.ignored, failures=found.failures)


def _chunks(new: Sequence[LogFile]) -> Iterable[Chunk]:
    """The files in chunks of even size, small enough that each worker gets some."""
    share = sum(file.size for file in new) // _MIN_CHUNKS
    target_bytes = min(_CHUNK_BYTES, max(_MIN_CHUNK_BYTES, share))
    return chunk_files(new, target_bytes=target_bytes, target_files=CHUNK_FILES)


def _find_objects(
    logs: BucketLogs | None, asked: IngestRange, ledger: Ledger, report_progress: ProgressReport | None
) -> FoundObjects:
    """The objects to read, all found before the first is read: what lists them must not run when workers are forked."""
    found = FoundObjects(ledger.plan_objects())
    if logs:
        found.add(
            find_objects(logs.store, logs.addresses, LogScope(logs.accounts, logs.regions, asked.window)),
            report_progress,
        )
        _refuse_unmet(logs.accounts | logs.regions, found)
    return found


def _refuse_unmet(wanted: frozenset[str], found: FoundObjects) -> None:
    """Ends before the first object is read where a wanted account or Region has no logs: it is mistyped.

    Raises:
        InvocationError: there is such a one; every folder was listed, and every object's name says whose it is.
    """
    unmet = sorted(wanted - found.owners)
    if unmet and "" not in found.owners and not found.failures:
        what = f"there is no log of {', '.join(map(quote_input, unmet))}"
        raise InvocationError(what, hint="check --account and --region")


def _ingest_result(
    reading: Reading,
    plan: IngestPlan,
    objects: FoundObjects,
    *,
    ignored: int,
    failures: Iterable[FileProblem],
) -> IngestResult:
    records, used, skips = reading.counts()
    known = (*plan.known, *objects.known_files(reading.ledger))
    failed = (*failures, *plan.failures, *objects.failures, *reading.failures)
    return IngestResult(
        files_read=reading.files_read,
        files_known=len(plan.known) + plan.copies,
        files_ignored=ignored + objects.ignored,
        records=records,
        usage_records=used,
        skips=skips,
        problems=tuple(sorted(reading.problems, key=lambda problem: problem.path)),
        failures=tuple(sorted(failed, key=lambda failure: failure.path)),
        known_problems=tuple(FileProblem(file.path, file.failure) for file in known if file.failure),
        read_again=reading.read_again,
        objects_read=reading.objects_read,
        objects_known=objects.known + reading.copies,
        events_read=reading.events_read,
        events_known=reading.events_known,
        days_read=reading.days_read,
        days_known=reading.days_known,
        folders_left=tuple(sorted(objects.left.items())),
        notes=reading.notes,
        has_logs=reading.has_logs,
        is_unread=reading.is_unread,
        seconds=reading.clock.seconds(),
    )
