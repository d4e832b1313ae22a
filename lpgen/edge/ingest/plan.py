"""Finds new files by their bytes, whatever their names, and checks that the data folder accepts them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.athena.table import SCHEME
from lpgen.core.usage.event_time import NO_TIME, TimeWindow, latest_time
from lpgen.core.usage.ingest_result import FileProblem
from lpgen.core.usage.left_out import counted_window, cover_window
from lpgen.core.usage.log_layout import account_from_path
from lpgen.edge.data_folder.ledger import Ledger, LedgerFile
from lpgen.edge.files import hash_file
from lpgen.edge.logs.log_files import LogFile, path_text, why_not_opened
from lpgen.edge.logs.log_format import LogFormat
from lpgen.edge.objects.finder import FoundObjects
from lpgen.errors import IngestError

_HASHING_THREADS: Final = 4  # hashing releases the interpreter's lock
_NEW_FOLDER: Final = "use another --data folder, so no record counts twice"


def refuse_mixture(ledger: Ledger, *, athena: bool) -> None:
    """Refuses to mix records from files and from Athena in one folder, because the same calls would count twice.

    Raises:
        IngestError: the folder holds the other kind.
    """
    if athena and ledger.has_file_outside(SCHEME):
        raise IngestError("the data folder holds logs that were read directly", hint=_NEW_FOLDER)
    if not athena and ledger.objects_named(SCHEME):
        raise IngestError("the data folder holds days that were read through Athena", hint=_NEW_FOLDER)


@dataclass(frozen=True, slots=True)
class IngestRange:
    """The records that an ingest reads: those in its window, and no later than its start. Files in another format than
    `only` are failures, so a later ingest reads them."""

    window: TimeWindow
    now: str = NO_TIME
    only: LogFormat | None = None

    def window_for(self, path: str) -> TimeWindow:
        """The window whose records count in a file."""
        return counted_window(self.window, latest_time(path, self.now))

    def may_count_more(self, file: LedgerFile) -> bool:
        """Whether some left-out records of a known file may count."""
        return file.left_out > 0 and not cover_window(file.windows, self.window_for(file.path))


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """The new files, and the ledger's entries of the others. `copies` counts files of this run with the same bytes."""

    new: tuple[LogFile, ...]
    known: tuple[LedgerFile, ...]
    copies: int
    failures: tuple[FileProblem, ...]
    again: tuple[LedgerFile, ...] = ()


def plan_ingest(files: Sequence[LogFile], ledger: Ledger, asked: IngestRange) -> IngestPlan:
    """The plan for the files found. To compare bytes, it reads only files that share their size with another file.

    A known file with left-out records that may count now is new again. The ledger forgets it until it is read.
    """
    sizes = Counter(file.size for file in files)
    known_sizes = ledger.sizes()
    suspects = [file for file in files if sizes[file.size] > 1 or file.size in known_sizes]
    alone = [file for file in files if sizes[file.size] == 1 and file.size not in known_sizes]
    new: dict[str, LogFile] = {}
    known: list[LedgerFile] = []
    again: list[LedgerFile] = []
    failures: list[FileProblem] = []
    copies: dict[str, list[str]] = defaultdict(list)
    for file in _hashed(suspects):
        if isinstance(file, FileProblem):
            failures.append(file)
        elif (entry := ledger.file(file.expected) or ledger.file(_digest_if_misplaced(file))) is not None:
            if asked.may_count_more(entry):
                ledger.forget(entry)
                again.append(entry)
                new[file.expected] = file
            else:
                known.append(entry)
        elif file.expected in new:
            copies[file.expected].append(file.path)
        else:
            new[file.expected] = file
    fresh = (replace(file, copies=tuple(copies[digest])) for digest, file in new.items())
    count = sum(map(len, copies.values()))
    return IngestPlan((*alone, *fresh), tuple(known), count, tuple(failures), tuple(again))


def plan_objects(found: FoundObjects, ledger: Ledger, asked: IngestRange) -> tuple[LedgerFile, ...]:
    """Queues the objects to read. Returns the known files to read again for their left-out records."""
    again = tuple(file for file in found.known_files(ledger) if asked.may_count_more(file))
    for file in again:
        ledger.forget(file)
    found.queue()
    return again


def digest_in_folder(digest: str, account: str) -> str:
    """The digest of a misplaced file in an account's folder, from the digest of its bytes."""
    return hashlib.sha256(f"{digest} {account}".encode()).hexdigest() if account else digest


def _digest_if_misplaced(file: LogFile) -> str:
    return digest_in_folder(file.expected, account_from_path(path_text(file.path)))


def _hashed(files: Sequence[LogFile]) -> Iterator[LogFile | FileProblem]:
    """Each file with its SHA-256, in order."""
    with ThreadPoolExecutor(_HASHING_THREADS) as pool:
        yield from pool.map(_with_hash, files)


def _with_hash(file: LogFile) -> LogFile | FileProblem:
    try:
        return replace(file, expected=hash_file(file.path))
    except OSError as error:
        return FileProblem(path_text(file.path), why_not_opened(error))
