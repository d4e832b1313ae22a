"""What a worker does: reads some log files and returns a small partial usage, with what to remember of each file."""

from __future__ import annotations

import contextlib
import gc
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from lpgen.core.actions.catalog import Catalog
from lpgen.core.events.event_map import EventMap
from lpgen.core.model import SkipReason
from lpgen.core.usage.contribution_memo import ContributionMemo
from lpgen.core.usage.event_time import NO_TIME, Window
from lpgen.core.usage.ingest_result import FileProblem
from lpgen.core.usage.latest_time import latest_time
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.tally import SourceCounts, UsageTally
from lpgen.edge.data_folder.ledger import LedgerFile, LedgerObject
from lpgen.edge.logs.log_files import LogFile, path_text, why_not_opened
from lpgen.edge.logs.read_limits import DEFAULT_LIMITS, ReadLimits
from lpgen.edge.logs.record_files import records_from_bytes
from lpgen.errors import AwsError

Chunk = tuple[LogFile, ...]


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The usage of a chunk, its files as the ledger will know them, and the files that couldn't be opened."""

    usage: Usage
    files: tuple[LedgerFile, ...]
    failures: tuple[FileProblem, ...]
    bytes_read: int
    objects: tuple[LedgerObject, ...] = ()
    errors: tuple[AwsError, ...] = ()
    """Why objects could not be read, beside `failures`."""
    events: bool = False
    """The objects are events of CloudTrail's history."""
    days: bool = False
    """The objects are days of a table in Athena."""


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Reading makes no reference cycles, and looking for some among all the rows takes a seventh of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class ChunkReader:
    """Reads chunks of files. It pickles as its catalog; each process makes the event map once."""

    def __init__(
        self, catalog: Catalog, *, window: Window, now: str = NO_TIME, limits: ReadLimits = DEFAULT_LIMITS
    ) -> None:
        self._catalog = catalog
        self._window = window
        self._now = now
        self._limits = limits
        self._contributions = ContributionMemo(EventMap(catalog))

    def __getstate__(self) -> dict[str, Any]:
        return {"catalog": self._catalog, "window": self._window, "now": self._now, "limits": self._limits}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __call__(self, chunk: Chunk) -> ChunkResult:
        """The usage of the files of a chunk; two files of the same bytes count once."""
        with collector_paused():
            return self._read(chunk)

    def _read(self, chunk: Chunk) -> ChunkResult:
        tally = ChunkTally(self._contributions, self._window, self._limits, now=self._now)
        failures: list[FileProblem] = []
        for file in chunk:
            try:
                with open(file.path, "rb") as stream:
                    data = stream.read()
            except OSError as error:
                failures.append(FileProblem(path_text(file.path), why_not_opened(error)))
                continue
            tally.add(path_text(file.path), data)
        sizes = sum(file.size for file in chunk)
        return ChunkResult(tally.usage(), tally.files(), tuple(failures), sizes)


class ChunkTally:
    """The usage of the files of a chunk in the making. Files of bytes in `known` don't count, nor do second copies.

    `now` is when the ingest began, in the form of `event_time`; with `NO_TIME` any time counts.
    """

    def __init__(
        self,
        contributions: ContributionMemo,
        window: Window,
        limits: ReadLimits = DEFAULT_LIMITS,
        known: Collection[str] = (),
        now: str = NO_TIME,
    ) -> None:
        self._tally = UsageTally(contributions, window=window)
        self._window = window
        self._limits = limits
        self._known = known
        self._now = now
        self._files: dict[str, LedgerFile] = {}

    def add(self, path: str, data: bytes) -> str:
        """Counts a file, and returns the SHA-256 of its bytes."""
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self._files and digest not in self._known:
            counts = self._tally.add_source(
                records_from_bytes(data, limits=self._limits), digest, latest_time(path, self._now)
            )
            self._files[digest] = self._ledger_file(path, digest, len(data), counts)
        return digest

    def usage(self) -> Usage:
        """The usage of what was counted."""
        return self._tally.usage()

    def files(self) -> tuple[LedgerFile, ...]:
        """What was counted, as the ledger will know it."""
        return tuple(self._files.values())

    def _ledger_file(self, path: str, digest: str, size: int, counts: SourceCounts) -> LedgerFile:
        skips = dict(counts.skips)
        return LedgerFile(
            sha256=digest,
            path=path,
            size=size,
            records=counts.records,
            usage_records=counts.usage_records,
            skips=sum(skips.values()),
            failure=counts.problem,
            window=self._window,
            out_of_window=skips.get(SkipReason.OUT_OF_WINDOW, 0),
        )
