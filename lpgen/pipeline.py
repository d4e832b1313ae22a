"""The spine: the only module that joins the pure core and the world at its edge. Read it top to bottom."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lpgen.core.catalog import Catalog
from lpgen.core.event_map import EventMap
from lpgen.core.event_time import ALL_TIME, Window
from lpgen.core.ingest_result import FileProblem, IngestResult, Progress, counts_from_usage
from lpgen.core.map_line import map_line
from lpgen.core.records import Record
from lpgen.core.usage import Usage, UsageSum, merge_usage
from lpgen.edge.chunk_reader import Chunk, ChunkReader, ChunkResult
from lpgen.edge.engine import Engine, LocalEngine, Lost
from lpgen.edge.ingest_plan import IngestPlan, narrower_files, plan_ingest
from lpgen.edge.ledger import Ledger, LedgerFile, open_ledger
from lpgen.edge.log_files import LogFile, chunk_files, find_log_files
from lpgen.edge.record_files import records_from_bytes
from lpgen.edge.usage_files import read_generation_usage, remove_stale_usage, write_usage
from lpgen.errors import DataError, IngestError

CHUNK_BYTES: Final = 4 << 20
"""Compressed bytes of the files that a worker reads in one go; a larger file is read alone."""

CHUNK_FILES: Final = 2_000

ProgressReport = Callable[[Progress], None]


# ---------------------------------------------------------------- logs to usage


def ingest(
    paths: Iterable[Path],
    catalog: Catalog,
    *,
    data: Path,
    window: Window = ALL_TIME,
    engine: Engine | None = None,
    report_progress: ProgressReport | None = None,
) -> IngestResult:
    """Adds the records of files and folders to the usage tables of the data folder, which is made if need be.

    A file whose bytes were ingested before changes nothing, under any name. The new state counts as a whole or not at
    all, at whatever moment the process dies.

    Raises:
        IngestError: another ingest into the folder runs, or it can't be written; the tables are as they were.
        DataError: the folder's tables are damaged, or of another schema version.
    """
    with open_ledger(data) as ledger:
        remove_stale_usage(data, ledger.generation)
        found = find_log_files(paths)
        plan = plan_ingest(found.files, ledger)
        reading = _read_files(plan.new, ChunkReader(catalog, window=window), engine or LocalEngine(), report_progress)
        added = reading.usage.total()
        generation = _commit(ledger, data, added, reading.files.values()) if reading.files else ledger.generation
    remove_stale_usage(data, generation)
    failures = (*found.failures, *plan.failures, *reading.failures)
    return _ingest_result(plan, reading, added, window=window, ignored=found.ignored, failures=failures)


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    usage: UsageSum = field(default_factory=UsageSum)
    files: dict[str, LedgerFile] = field(default_factory=dict)
    failures: list[FileProblem] = field(default_factory=list)
    records: int = 0
    bytes_done: int = 0


def _read_files(
    files: tuple[LogFile, ...], reader: ChunkReader, engine: Engine, report_progress: ProgressReport | None
) -> _Reading:
    """Reads the files, and those of a chunk that a worker died on again one by one, so that only the culprit is left."""
    reading = _Reading()
    total = sum(file.size for file in files)
    chunks: Iterable[Chunk] = chunk_files(files, target_bytes=CHUNK_BYTES, target_files=CHUNK_FILES)
    while chunks:
        lost: list[Chunk] = []
        for result in engine.map(reader, chunks):
            if isinstance(result, Lost):
                lost.append(result.item)
                continue
            _add_chunk(reading, result)
            if report_progress:
                done = len(reading.files) + len(reading.failures)
                report_progress(Progress(done, len(files), reading.bytes_done, total, reading.records))
        reading.failures += [FileProblem(chunk[0].path, _DEADLY) for chunk in lost if len(chunk) == 1]
        chunks = [(file,) for chunk in lost if len(chunk) > 1 for file in chunk]
    return reading


_DEADLY: Final = "the process that read it died, each time"


def _add_chunk(reading: _Reading, result: ChunkResult) -> None:
    for file in result.files:
        if file.sha256 in reading.files:
            raise IngestError(f"`{file.path}` changed while it was read", hint="run the ingest again")
        reading.files[file.sha256] = file
        reading.records += file.records
    reading.usage.add(result.usage)
    reading.failures += result.failures
    reading.bytes_done += result.bytes_read


def _commit(ledger: Ledger, data: Path, added: Usage, files: Iterable[LedgerFile]) -> str:
    """Makes the tables with what was added, and the files, the state of the data folder; returns the tables' name."""
    try:
        usage = merge_usage([read_generation_usage(data, ledger.generation), added])
        generation = write_usage(data, usage)
    except FileNotFoundError as error:
        raise DataError(f"`{data}` has lost its usage tables", hint="ingest into a new folder") from error
    except OSError as error:
        raise IngestError(f"`{data}` can't be written, and is as it was: {error.strerror or error}") from error
    ledger.commit(generation, sorted(files, key=lambda file: file.sha256))
    return generation


def _ingest_result(
    plan: IngestPlan,
    reading: _Reading,
    added: Usage,
    *,
    window: Window,
    ignored: int,
    failures: tuple[FileProblem, ...],
) -> IngestResult:
    files = sorted(reading.files.values(), key=lambda file: file.path)
    records, used, skips = counts_from_usage(added, {file.sha256: file.path for file in files})
    return IngestResult(
        files_read=len(files),
        files_known=len(plan.known) + plan.copies,
        files_ignored=ignored,
        records=records,
        usage_records=used,
        skips=skips,
        problems=tuple(FileProblem(file.path, file.failure) for file in files if file.failure),
        failures=tuple(sorted(failures, key=lambda failure: failure.path)),
        known_problems=tuple(FileProblem(file.path, file.failure) for file in plan.known if file.failure),
        narrower=narrower_files(plan.known, window),
    )


def map_records(path: Path, catalog: Catalog) -> Iterator[dict[str, object]]:
    """What the event map makes of each record of a file (`-`: standard input), in input order, one line each.

    What can't be read gives a line too, without actions and with its skip reason.

    Raises:
        IngestError: the file can't be opened.
    """
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise IngestError(f"`{path}` can't be opened: {(error.strerror or str(error)).lower()}") from error
    event_map = EventMap(catalog)
    for item in records_from_bytes(data):
        if isinstance(item, Record):
            yield map_line(item, event_map)
        else:
            known = item.record or _NO_RECORD
            yield {**map_line(known, event_map), "actions": [], "skip": item.reason.value}


_NO_RECORD: Final = Record(eventSource="", eventName="")
