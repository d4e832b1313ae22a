"""The spine from logs to usage: find, read and add up records. Read it top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from lpgen.edge.ingest.chunk_reader import Chunk, ChunkReader, ObjectReader
from lpgen.edge.ingest.phase_clock import IngestPhase
from lpgen.edge.ingest.plan import IngestPlan, IngestRange, plan_ingest, plan_objects, refuse_mixture
from lpgen.edge.ingest.reading import Reading, amount_to_read, read_events, read_files, read_objects
from lpgen.edge.logs.inflate import DEFAULT_LIMITS, ReadLimits
from lpgen.edge.logs.log_files import LogFile, chunk_files, find_log_files
from lpgen.edge.logs.log_format import LogFormat
from lpgen.edge.objects.finder import BucketLogs, FoundObjects, find_objects
from lpgen.errors import InvocationError, quote_input

if TYPE_CHECKING:
    from lpgen.edge.athena.reading import AthenaLogs
    from lpgen.edge.ingest.event_history import EventHistory

_CHUNK_BYTES: Final = 8 << 20
"""Compressed bytes of the files in one chunk. A larger file is a chunk of its own."""

_MIN_CHUNK_BYTES: Final = 1 << 18
_MIN_CHUNKS: Final = 8
"""The fewest chunks for a small set of logs, if possible, so every worker gets some."""

CHUNK_FILES: Final = 2_000

CHUNK_OBJECTS: Final = 500


@dataclass(frozen=True, slots=True)
class LogSources:
    """Where an ingest reads. No request has gone to AWS yet.

    `limits` bounds how much is read from one file or object. `now` is when the ingest begins, in the form of
    `event_time`. Later records are skipped as future records, unless their file's name states its delivery; with
    `NO_TIME` any time counts. The data folder remembers that `scope` was asked of `addresses`. `kept` is the part of it
    that comes from earlier ingests. `only` refuses files and objects in other formats.
    """

    paths: tuple[Path, ...] = ()
    window: TimeWindow = ALL_TIME
    now: str = NO_TIME
    bucket_logs: BucketLogs | None = None
    event_history: EventHistory | None = None
    athena: AthenaLogs | None = None
    limits: ReadLimits = DEFAULT_LIMITS
    addresses: tuple[str, ...] = ()
    scope: LogScope = ALL_LOGS
    kept: LogScope = ALL_LOGS
    only: LogFormat | None = None

    @property
    def asked(self) -> IngestRange:
        """The times of the records to read."""
        return IngestRange(self.window, self.now, self.only)


def ingest(
    logs: LogSources, catalog: Catalog, *, data: Path, engine: Engine, report_progress: ProgressReport | None = None
) -> IngestResult:
    """Add the records of logs to the usage tables of the data folder, which is created if missing.

    Ingesting a file, object, event or day again changes nothing, even under another name. If the process dies, the data
    folder holds the old state or a new one; a long reading of objects has several. If the sources contain no log, they
    are probably wrong, and no data folder is created. The engine decides where files and objects are read. The tables
    are the same for every engine.

    Raises:
        IngestError: another ingest into the folder is running, the folder can't be written, or the engine's workers
            can't see the files. The tables are unchanged.
        EngineError: the engine's cluster was lost, or can't run lpgen. The tables are unchanged.
        DataError: the folder's tables are damaged, or have another schema version.
        AwsError: AWS can't be reached, or refuses everything.
    """
    with open_ledger(data) as ledger:
        refuse_mixture(ledger, athena=logs.athena is not None)
        remove_stale_usage(data, ledger.generation)
        reading = Reading(ledger, data)
        with reading.clock.measure(IngestPhase.LISTING):
            objects = _find_objects(logs.bucket_logs, logs.asked, ledger, report_progress)
            reading.take_again(plan_objects(objects, ledger, logs.asked))
            found = find_log_files(path.absolute() if engine.is_remote else path for path in logs.paths)
            plan = plan_ingest(found.files, ledger, logs.asked)
            reading.take_again(plan.again)
        with reading.clock.measure(IngestPhase.READING):
            _read_files_and_objects(reading, logs, plan, objects, catalog, engine, report_progress)
            if logs.event_history:
                event_map = EventMap(catalog)
                read_events(reading, logs.event_history, event_map, report_progress=report_progress, now=logs.now)
            if logs.athena:
                from lpgen.edge.athena.reading import read_athena  # here, because other logs don't need the SQL

                read_athena(reading, logs.athena, EventMap(catalog), report_progress=report_progress)
        if ledger.generation or reading.has_logs:
            changes = [ledger.remember_scope(address, logs.scope) for address in logs.addresses]
            reading.commit(is_changed=any(changes))
        return _ingest_result(reading, plan, objects, ignored=found.ignored, failures=found.failures)


def _read_files_and_objects(
    reading: Reading,
    logs: LogSources,
    plan: IngestPlan,
    objects: FoundObjects,
    catalog: Catalog,
    engine: Engine,
    report_progress: ProgressReport | None,
) -> None:
    amount = amount_to_read(plan, objects, report_progress)
    amount.report(reading)
    if plan.new:
        reader = ChunkReader(catalog, logs.asked, again=reading.again, limits=logs.limits)
        read_files(reading, _chunks(plan.new), reader, engine=engine, amount=amount)
    if logs.bucket_logs and objects.new:
        store = logs.bucket_logs.store.elsewhere() if engine.is_remote else logs.bucket_logs.store
        object_reader = ObjectReader(catalog, logs.asked, store, again=reading.again, limits=logs.limits)
        batches = objects.plan.chunks(target_bytes=_CHUNK_BYTES, target_files=CHUNK_OBJECTS)
        read_objects(reading, batches, object_reader, engine=engine, amount=amount)


def _chunks(new: Sequence[LogFile]) -> Iterable[Chunk]:
    """The files in chunks of even size, small enough that each worker gets some."""
    share = sum(file.size for file in new) // _MIN_CHUNKS
    target_bytes = min(_CHUNK_BYTES, max(_MIN_CHUNK_BYTES, share))
    return chunk_files(new, target_bytes=target_bytes, target_files=CHUNK_FILES)


def _find_objects(
    logs: BucketLogs | None, asked: IngestRange, ledger: Ledger, report_progress: ProgressReport | None
) -> FoundObjects:
    """The objects to read. All are found before the first is read: no listing may run while workers are forked."""
    found = FoundObjects(ledger.plan_objects())
    if logs:
        found.add(
            find_objects(logs.store, logs.addresses, LogScope(logs.accounts, logs.regions, asked.window)),
            report_progress,
        )
        _refuse_unmet(logs.accounts | logs.regions, found)
    return found


def _refuse_unmet(wanted: frozenset[str], found: FoundObjects) -> None:
    """Refuse an account or Region without logs before the first object is read: it is probably mistyped.

    Raises:
        InvocationError: one has no logs, although every folder was listed and every object's name states its owner.
    """
    unmet = sorted(wanted - found.owners)
    if unmet and "" not in found.owners and not found.failures:
        what = f"found no logs of {', '.join(map(quote_input, unmet))}"
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
