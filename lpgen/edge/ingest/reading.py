"""Collects what an ingest reads, and commits it to the data folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.usage.event_time import NO_TIME, TimeWindow
from lpgen.core.usage.ingest_result import FileProblem, Progress, ProgressReport, SkipSummary, counts_from_usage
from lpgen.core.usage.left_out import take_back
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.tables import EMPTY_USAGE, Usage, UsageSum, merge_usage
from lpgen.edge.data_folder.ledger import Ledger, LedgerFile, LedgerObject
from lpgen.edge.data_folder.usage_files import (
    is_in_parts,
    read_usage_parts,
    remove_stale_usage,
    write_usage,
    write_usage_part,
)
from lpgen.edge.engine import Engine, Lost
from lpgen.edge.ingest.chunk_reader import Chunk, ChunkReader, ChunkResult, ChunkTally, ObjectChunk, ObjectReader
from lpgen.edge.ingest.phase_clock import IngestPhase, PhaseClock
from lpgen.edge.ingest.plan import IngestPlan, IngestRange
from lpgen.edge.logs.log_files import path_text
from lpgen.edge.object_store import StoredObject
from lpgen.edge.objects.finder import FoundObjects
from lpgen.errors import AccessError, AwsError, CredentialsError, DataError, IngestError

if TYPE_CHECKING:
    from lpgen.edge.ingest.event_history import EventHistory, HistoryEvent

CHECKPOINT_FILES: Final = 50_000
"""Commits after this many objects, so a process that dies loses little of a long ingest."""

MAX_REFUSALS: Final = 50
"""An ingest ends after this many refused objects if it could read none. The rest would be refused too."""

_DEADLY: Final = "the process that read it died each time"


@dataclass(slots=True)
class Reading:
    """Counts of the whole run, and the uncommitted usage. Its files are in the ledger, also uncommitted."""

    ledger: Ledger
    data: Path
    clock: PhaseClock = field(default_factory=PhaseClock)
    files_read: int = 0
    objects_read: int = 0
    copies: int = 0
    records: int = 0
    bytes_done: int = 0
    has_logs: bool = False
    is_unread: bool = False
    problems: list[FileProblem] = field(default_factory=list)
    failures: list[FileProblem] = field(default_factory=list)
    refusals: int = 0
    events_read: int = 0
    events_known: int = 0
    days_read: int = 0
    days_known: int = 0
    notes: tuple[str, ...] = ()
    again: dict[str, LedgerFile] = field(default_factory=dict)
    read_again: int = 0
    _usage: UsageSum = field(default_factory=UsageSum)
    _committed: UsageSum = field(default_factory=UsageSum)
    _taken_back: set[str] = field(default_factory=set)
    _waiting_files: int = 0
    _waiting_objects: int = 0

    def take_again(self, files: Iterable[LedgerFile]) -> None:
        """Notes known files that the ledger forgot for now, to read their left-out records."""
        self.again |= {file.sha256: file for file in files}

    def add(self, result: ChunkResult) -> None:
        """Adds a worker's result. None of its files may be known."""
        with self.clock.measure(IngestPhase.MERGING):
            self.ledger.add(result.files, result.objects)
            found = [file.sha256 for file in result.files if file.sha256 in self.again]
            self._taken_back.update(found)
            self.read_again += len(found)
            self._usage.add(result.usage)
        self._waiting_files += len(result.files)
        self._waiting_objects += len(result.objects)
        if result.days:
            self.days_read += len(result.files)
        elif result.events:
            self.events_read += len(result.files)
            self.events_known += len(result.objects) - len(result.files)
        elif result.objects:
            self.objects_read += len(result.files)
            self.copies += len(result.objects) - len(result.files)
        else:
            self.files_read += len(result.files)
        self.records += sum(file.records for file in result.files)
        self.problems += [FileProblem(file.path, file.failure) for file in result.files if file.failure]
        self.has_logs |= any(file.records or not (file.skips or result.days) for file in result.files)
        self.is_unread |= any(file.failure and not file.records for file in result.files)
        self.add_failures(result)

    def add_failures(self, result: ChunkResult) -> None:
        """Adds only the failures of a worker's result."""
        self.failures += result.failures
        self.refusals += sum(isinstance(error, AccessError) for error in result.errors)
        self.bytes_done += result.bytes_read

    def commit(self, *, is_changed: bool = False) -> None:
        """Commits everything read to the data folder in one part, all at once or not at all.

        `is_changed` says that the ledger has other changes to commit.

        Raises:
            IngestError: it can't be written. The old state still counts.
            DataError: the tables of the old state are lost or damaged.
        """
        if is_changed or self._waiting_files or self._waiting_objects or self._is_in_parts():
            self._commit(self._write_whole)

    def is_checkpoint_due(self) -> bool:
        """Whether a checkpoint is worth its cost."""
        return self._waiting_objects >= CHECKPOINT_FILES

    def checkpoint(self) -> None:
        """Commits in the middle of a reading, and takes the lock again. The cost follows the uncommitted records.

        Raises:
            IngestError: as `commit`, or another ingest ran meanwhile.
            DataError: as `commit`.
        """
        self._commit(self._write_whole if self._taken_back else self._write_part)
        self.ledger.lock_again(self.data)
        for file in self.again.values():
            self.ledger.forget(file)

    def _commit(self, write: Callable[[Usage], str]) -> None:
        with self.clock.measure(IngestPhase.MERGING):
            added = self._usage.total()
        with self.clock.measure(IngestPhase.WRITING), self._failures():
            has_news = self._waiting_files or self._is_in_parts()
            generation = write(added) if has_news else self.ledger.generation
            for digest in self._taken_back:
                del self.again[digest]
            self.ledger.add(self.again.values())  # files that couldn't be read again keep their entries
            self.ledger.commit(generation)
            remove_stale_usage(self.data, generation)
        self._committed.add(_without_use(added))
        self._usage, self._waiting_files, self._waiting_objects = UsageSum(), 0, 0
        self._taken_back = set()

    def _write_whole(self, added: Usage) -> str:
        with self.clock.measure(IngestPhase.MERGING):
            known = self.ledger.generation
            parts = (take_back(part, self._taken_back) for part in read_usage_parts(self.data, known))
            whole = merge_usage([*parts, added]) if known else added
        return write_usage(self.data, whole)

    def _write_part(self, added: Usage) -> str:
        return write_usage_part(self.data, self.ledger.generation, added)

    def _is_in_parts(self) -> bool:
        with self._failures():
            return is_in_parts(self.data, self.ledger.generation)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise DataError(f"`{self.data}` has lost its usage tables", hint="ingest into a new folder") from error
        except OSError as error:
            why = error.strerror or error
            raise IngestError(f"`{self.data}` can't be written, and is unchanged: {why}") from error

    def counts(self) -> tuple[int, int, tuple[SkipSummary, ...]]:
        """Records read, usage records, and the skips by reason."""
        self._committed.add(_without_use(self._usage.total()))  # usage without a commit
        counted = self._committed.total()
        sources = set(counted.skips.column("example_source").to_pylist())
        return counts_from_usage(counted, self.ledger.paths(sources))


def _without_use(usage: Usage) -> Usage:
    return Usage(EMPTY_USAGE.table, usage.skips, usage.coverage)


@dataclass(frozen=True, slots=True)
class _Amount:
    """The amount to read, for the progress."""

    files: int
    bytes: int
    report_progress: ProgressReport | None = None
    unit: str = "files"

    def report(self, reading: Reading) -> None:
        """Reports the progress of the reading."""
        if self.report_progress and self.bytes:
            done = reading.files_read + reading.objects_read + reading.copies + len(reading.failures)
            files = min(done, self.files)
            self.report_progress(
                Progress(files, self.files, reading.bytes_done, self.bytes, reading.records, self.unit)
            )


def amount_to_read(plan: IngestPlan, objects: FoundObjects, report_progress: ProgressReport | None) -> _Amount:
    """The amount of new files and objects together."""
    size = sum(file.size for file in plan.new) + objects.bytes
    units = [unit for unit, count in (("files", len(plan.new)), ("objects", objects.new)) if count]
    return _Amount(len(plan.new) + objects.new, size, report_progress, " and ".join(units) or "files")


def read_files(
    reading: Reading, chunks: Iterable[Chunk], reader: ChunkReader, *, engine: Engine, amount: _Amount
) -> None:
    """Reads files. If a worker dies on a chunk, its files are read again one by one to find the culprit.

    Raises:
        IngestError: a file changed while it was read, or the workers can't see it. Nothing may be committed.
    """
    while chunks:
        lost: list[Chunk] = []
        for result in engine.map(reader, chunks):
            if isinstance(result, Lost):
                lost.append(result.item)
                continue
            if engine.is_remote:
                _check_seen(result)
            for file in result.files:
                if reading.ledger.file(file.sha256):
                    raise IngestError(f"`{file.path}` changed while it was read", hint="run the ingest again")
            reading.add(result)
            amount.report(reading)
        reading.failures += [FileProblem(path_text(chunk[0].path), _DEADLY) for chunk in lost if len(chunk) == 1]
        chunks = [(file,) for chunk in lost if len(chunk) > 1 for file in chunk]


def _check_seen(result: ChunkResult) -> None:
    """Ends the ingest if a worker can't see a file that exists only on this machine."""
    hidden = next((failure.path for failure in result.failures if os.access(failure.path, os.R_OK)), None)
    if hidden is not None:
        raise IngestError(
            f"a worker can't read `{hidden}`, which exists on this machine",
            hint="put the logs in S3, or in a folder that every machine has under the same path",
        )


def read_objects(
    reading: Reading,
    chunks: Iterable[tuple[StoredObject, ...]],
    reader: ObjectReader,
    *,
    engine: Engine,
    amount: _Amount,
) -> None:
    """Reads objects, and commits now and then.

    Workers get the known files of the same sizes, and leave them out. If another chunk counted the same bytes first, a
    chunk is read again without them. A chunk whose worker died is read again object by object.

    Raises:
        AwsError: the credentials fail, or every object is refused. A commit keeps everything read before.
        IngestError: another ingest ran between two commits.
    """
    ledger = reading.ledger
    work: Iterable[ObjectChunk] = (_chunk_from_objects(ledger, objects) for objects in chunks)
    while work:
        again: list[ObjectChunk] = []
        for result in engine.map(reader, work):
            if isinstance(result, Lost):
                singles = tuple(result.item.singles())
                if len(singles) > 1:
                    again += singles
                else:
                    reading.failures.append(FileProblem(singles[0].objects[0].name, _DEADLY))
            elif any(ledger.file(file.sha256) for file in result.files):
                reading.add_failures(result)
                reading.bytes_done -= result.bytes_read
                objects = tuple(StoredObject(obj.name, obj.size, obj.etag) for obj in result.objects)
                again.append(_chunk_from_objects(ledger, objects))
            else:
                reading.add(result)
            amount.report(reading)
            _stop_if_hopeless(reading, result)
            if reading.is_checkpoint_due():
                reading.checkpoint()
        work = [_chunk_from_objects(ledger, chunk.objects) for chunk in again]


def read_events(
    reading: Reading,
    history: EventHistory,
    event_map: EventMap,
    *,
    report_progress: ProgressReport | None,
    now: str = NO_TIME,
) -> None:
    """Reads CloudTrail's event history. Each event counts as a file of one record, known by its id and its bytes.

    Raises:
        AwsError: CloudTrail can't be read. Events read before are kept.
        IngestError: another ingest ran between two commits.
    """
    ledger = reading.ledger
    contributions = MappingCache(event_map)
    reading.notes = history.notes()
    try:
        for page in history.pages():
            new = {event.source: event for event in page if not ledger.knows_object(*astuple(event.source))}
            reading.events_known += len(page) - len(new)
            reading.add(_read_page(tuple(new.values()), contributions, history.window, ledger, now))
            if report_progress:
                done = reading.events_read + reading.events_known
                report_progress(Progress(done, done, 0, 0, reading.records, "events"))
            if reading.is_checkpoint_due():
                reading.checkpoint()
    except AwsError:
        reading.commit()
        raise


def _read_page(
    events: tuple[HistoryEvent, ...], contributions: MappingCache, window: TimeWindow, ledger: Ledger, now: str
) -> ChunkResult:
    known = ledger.digests({len(event.record) for event in events})
    tally = ChunkTally(contributions, IngestRange(window, now), known=known)
    objects = tuple(
        LedgerObject(
            event.source.name, event.source.size, event.source.etag, tally.add(event.source.name, event.record)
        )
        for event in events
    )
    return ChunkResult(tally.usage(), tally.files(), (), 0, objects, events=True)


def _chunk_from_objects(ledger: Ledger, objects: tuple[StoredObject, ...]) -> ObjectChunk:
    return ObjectChunk(objects, ledger.digests({obj.size for obj in objects}))


def _stop_if_hopeless(reading: Reading, result: ChunkResult | Lost[ObjectChunk]) -> None:
    """Ends the ingest if reading the remaining objects is hopeless. Everything read is kept."""
    if isinstance(result, Lost):
        return
    fatal: AwsError | None = next((error for error in result.errors if isinstance(error, CredentialsError)), None)
    if fatal is None and reading.refusals >= MAX_REFUSALS and not reading.objects_read:
        fatal = next((error for error in result.errors if isinstance(error, AccessError)), None)
    if fatal is not None:
        reading.commit()
        kept = f"; {reading.objects_read:,} objects read before are kept" if reading.objects_read else ""
        raise type(fatal)(f"the objects can't be read: {fatal.message}{kept}", hint=fatal.hint) from None
