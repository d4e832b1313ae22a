"""The ledger of a data folder: which files were ingested, which usage tables count, and which scope was read from each
source.

The file is `DIR/ledger.sqlite`. An ingest holds its write lock from start to end. The new tables and files become the
state at its commit. Readers take no write lock.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from lpgen.core.usage.event_time import TimeWindow
from lpgen.core.usage.left_out import Windows
from lpgen.core.usage.log_layout import LogScope
from lpgen.core.usage.tables import SCHEMA_VERSION
from lpgen.edge.data_folder.ledger_connection import (
    LEDGER_FILE,
    READ_TIMEOUT_SECONDS,
    RESTORE,
    check_version,
    connect_to_write,
    count_commits,
    damage_as_data_error,
    generation_of,
    has_no_tables,
    lock,
    open_to_read,
)
from lpgen.edge.data_folder.ledger_integrity import DIGEST_TABLE, is_as_written, sum_ledger, sum_rows, write_digest
from lpgen.edge.data_folder.object_plan import ObjectPlan, failure_as_ingest_error
from lpgen.errors import DamageError, DataError, IngestError

_TABLES: Final = (
    """CREATE TABLE files (
        sha256 TEXT PRIMARY KEY, path TEXT NOT NULL, size INTEGER NOT NULL, records INTEGER NOT NULL,
        usage_records INTEGER NOT NULL, skips INTEGER NOT NULL, failure TEXT NOT NULL,
        since TEXT NOT NULL, until TEXT NOT NULL, out_of_window INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX files_by_size ON files (size)",
    "CREATE TABLE state (only INTEGER PRIMARY KEY CHECK (only = 1), schema_version INTEGER NOT NULL, "
    "generation TEXT NOT NULL)",
    """CREATE TABLE objects (
        name TEXT PRIMARY KEY, size INTEGER NOT NULL, etag TEXT NOT NULL, sha256 TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE scopes (
    source TEXT PRIMARY KEY, since TEXT NOT NULL, accounts TEXT NOT NULL, regions TEXT NOT NULL
) WITHOUT ROWID""",
    DIGEST_TABLE,
)


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """An ingested file, by the SHA-256 of its bytes or the digest of a misplaced file.

    `path` is where it was first found. `failure` says why nothing in it could be read, or is "". `windows` are the
    times whose records count. `left_out` is the number of records outside them. A later ingest with another window may
    count those.
    """

    sha256: str
    path: str
    size: int
    records: int
    usage_records: int
    skips: int
    failure: str
    windows: Windows
    left_out: int


@dataclass(frozen=True, slots=True)
class LedgerObject:
    """An object with the bytes of a known file. It isn't read again while its size and `etag` stay the same."""

    name: str
    size: int
    etag: str
    sha256: str


class Ledger:
    """An open ledger under its write lock. Never use it in a forked child, because SQLite forbids that."""

    def __init__(self, connection: sqlite3.Connection, data: Path, total: int) -> None:
        self._connection = connection
        self._data = data
        self._total = total
        self._committed = ""

    @property
    def generation(self) -> str:
        """The name of the folder with the usage tables that count, or "" before the first ingest."""
        return generation_of(self._connection)

    def sizes(self) -> frozenset[int]:
        """The sizes of all known files. A file of another size is new."""
        return frozenset(size for (size,) in self._connection.execute("SELECT DISTINCT size FROM files"))

    def file(self, sha256: str) -> LedgerFile | None:
        """The file with this digest, or None."""
        row = self._connection.execute("SELECT * FROM files WHERE sha256 = ?", (sha256,)).fetchone()
        return None if row is None else _file_from_row(row)

    def paths(self, digests: Iterable[str]) -> dict[str, str]:
        """The paths of the files with these digests."""
        found = ((digest, self.file(digest)) for digest in digests)
        return {digest: file.path for digest, file in found if file is not None}

    def digests(self, sizes: Iterable[int]) -> frozenset[str]:
        """The SHA-256 of all known files of these sizes."""
        query = "SELECT sha256 FROM files WHERE size = ?"
        return frozenset(digest for size in sizes for (digest,) in self._connection.execute(query, (size,)))

    def knows_object(self, name: str, size: int, etag: str) -> bool:
        """Whether the object was read with this size and `etag`, or had the bytes of a known file."""
        query = "SELECT 1 FROM objects WHERE name = ? AND size = ? AND etag = ?"
        return self._connection.execute(query, (name, size, etag)).fetchone() is not None

    def objects_named(self, prefix: str) -> list[tuple[str, str]]:
        """The name and `etag` of each object whose name begins with `prefix`."""
        return _objects_named(self._connection, prefix)

    def has_file_outside(self, prefix: str) -> bool:
        """Whether a file was ingested whose path doesn't begin with `prefix`."""
        query = "SELECT 1 FROM files WHERE path < ? OR path >= ? LIMIT 1"
        return self._connection.execute(query, (prefix, _end_of_prefix(prefix))).fetchone() is not None

    def remember_scope(self, source: str, scope: LogScope) -> bool:
        """Adds the current scope to the known scope of a source with the next commit. Returns whether it changed."""
        with failure_as_ingest_error():
            known = _scope_of(self._connection, source)
            wider = scope.united(known or scope)
            if wider == known:
                return False
            row = (source, wider.window.since, " ".join(sorted(wider.accounts)), " ".join(sorted(wider.regions)))
            self._connection.execute("INSERT OR REPLACE INTO scopes VALUES (?, ?, ?, ?)", row)
            return True

    def plan_objects(self) -> ObjectPlan:
        """A new and empty plan of the objects to read."""
        return ObjectPlan(self._connection)

    def add(self, files: Iterable[LedgerFile], objects: Iterable[LedgerObject] = ()) -> None:
        """Adds files and objects, which count from the next commit on.

        Raises:
            IngestError: a file is already known, or the disk is full. The old state still counts.
        """
        rows = [_row_from_file(file) for file in files]
        names = {obj.name: (obj.name, obj.size, obj.etag, obj.sha256) for obj in objects}
        with failure_as_ingest_error():
            known = (self._connection.execute("SELECT * FROM objects WHERE name = ?", (name,)) for name in names)
            self._total += sum_rows(rows) + sum_rows(names.values()) - sum_rows(row for found in known for row in found)
            self._connection.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            self._connection.executemany("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", names.values())

    def forget(self, file: LedgerFile) -> None:
        """Removes a file, so it can be read again. Its objects are unknown until the file is added again."""
        gone = self._connection.execute("DELETE FROM files WHERE sha256 = ? RETURNING *", (file.sha256,))
        self._total -= sum_rows(gone)

    def commit(self, generation: str, files: Iterable[LedgerFile] = ()) -> None:
        """Commits the new tables, files and objects to the disk, all at once or not at all.

        Raises:
            IngestError: the disk is full or fails, or readers keep the ledger locked. The message says which state
                counts.
        """
        self.add(files)
        with failure_as_ingest_error():
            number = count_commits(self._connection) + 1
            self._connection.execute("UPDATE state SET generation = ?", (generation,))
            write_digest(self._connection, self._total)
            self._connection.execute(f"PRAGMA user_version = {number}")
            self._connection.execute(f"PRAGMA busy_timeout = {int(READ_TIMEOUT_SECONDS * 1000)}")
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failure_of_commit(number, error) from error
        self._committed = generation

    def _failure_of_commit(self, number: int, error: sqlite3.Error) -> IngestError:
        """The outcome of a failed commit. SQLite reports a failed flush even if the new state was written."""
        self._connection.close()
        hint = f"check the disk, then run `lpgen check --data {self._data}`"
        try:
            with open_to_read(self._data) as connection:
                found = count_commits(connection)
        except DataError:
            return IngestError(f"the commit of `{self._data}` failed, and its ledger can't be read: {error}", hint=hint)
        if found == number:
            what = f"`{self._data}` has the new state, but the disk failed while writing it"
            return IngestError(f"{what}: {error}", hint=hint)
        return IngestError(f"`{self._data}` can't be written, and is unchanged: {error}", hint=hint)

    def lock_again(self, data: Path) -> None:
        """Takes the write lock again after a commit, to continue.

        Raises:
            IngestError: another ingest ran meanwhile.
        """
        lock(self._connection, data)
        if self.generation != self._committed:
            raise IngestError(
                f"another ingest into `{data}` ran in the meantime", hint="records read so far are kept; run it again"
            )


_OPEN: Final = "*"
"""An open end of a window."""


def _row_from_file(file: LedgerFile) -> tuple[str | int, ...]:
    return (
        file.sha256,
        file.path,
        file.size,
        file.records,
        file.usage_records,
        file.skips,
        file.failure,
        " ".join(window.since or _OPEN for window in file.windows),
        " ".join(window.until or _OPEN for window in file.windows),
        file.left_out,
    )


def _file_from_row(row: tuple[Any, ...]) -> LedgerFile:
    digest, path, size, records, usage_records, skips, failure, since, until, left_out = row
    ends = zip(since.split(), until.split(), strict=True)
    windows = tuple(TimeWindow(*(end.replace(_OPEN, "") for end in pair)) for pair in ends)
    return LedgerFile(digest, path, size, records, usage_records, skips, failure, windows, left_out)


@contextlib.contextmanager
def open_ledger(data: Path) -> Iterator[Ledger]:
    """The ledger of a data folder, created if missing, under its write lock until the context ends.

    If nothing is committed, everything created is removed again.

    Raises:
        IngestError: another ingest holds the lock, or the folder can't be created.
        DataError: the ledger is damaged, or has another schema version.
    """
    is_new_folder = not data.exists()
    connection = connect_to_write(data)
    try:
        lock(connection, data)
        with damage_as_data_error(data):
            total = _create_or_check(connection, data)
        yield Ledger(connection, data, total)
    finally:
        with contextlib.suppress(sqlite3.Error, OSError):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
                _remove_empty(connection, data)
        connection.close()
        if is_new_folder:
            with contextlib.suppress(OSError):
                data.rmdir()


def _remove_empty(connection: sqlite3.Connection, data: Path) -> None:
    """Removes a ledger without tables under its lock. SQLite lets nobody write who opened it meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    if has_no_tables(connection):
        (data / LEDGER_FILE).unlink()
    connection.execute("ROLLBACK")


def has_ledger(data: Path) -> bool:
    """Whether anything was ever ingested into a data folder. It may hold only snapshots."""
    return (data / LEDGER_FILE).exists()


def read_generation(data: Path) -> str:
    """The name of the folder with the usage tables that count, or "" before the first ingest has ended.

    Raises:
        DataError: there is no data folder, it is damaged, or of another schema version.
    """
    with open_to_read(data) as connection:
        return generation_of(connection)


def count_unread_files(data: Path) -> int:
    """How many files couldn't be read completely. Files that were later replaced by a readable one don't count.

    Raises:
        DataError: there is no data folder, or it is damaged.
    """
    query = (
        "SELECT count(DISTINCT path) FROM files WHERE failure <> '' AND path NOT IN"
        " (SELECT path FROM files WHERE failure = '' AND path IN (SELECT path FROM files WHERE failure <> ''))"
    )
    with open_to_read(data) as connection:
        return int(connection.execute(query).fetchone()[0])


def find_log_place(data: Path) -> str:
    """The existing folder, or the address in S3, that contains all files of the ledger; "" if there is none.

    Raises:
        DataError: there is no data folder, or it is damaged.
    """
    with open_to_read(data) as connection:
        first, last = connection.execute("SELECT min(path), max(path) FROM files").fetchone()
    parts = zip((first or "").split("/")[:-1], (last or "").split("/")[:-1], strict=False)
    place = "/".join(folder for folder, _ in takewhile(lambda pair: pair[0] == pair[1], parts))
    if place.startswith("s3://"):
        return place if place.removeprefix("s3://") else ""
    return place if place and Path(place).is_dir() else ""


def read_objects_named(data: Path, prefix: str) -> list[tuple[str, str]]:
    """The name and `etag` of the objects whose name begins with `prefix`; none if there is no data folder yet.

    Raises:
        DataError: the folder is damaged, or of another schema version.
    """
    if not (data / LEDGER_FILE).is_file():
        return []
    with open_to_read(data) as connection:
        if has_no_tables(connection):
            return []
        return _objects_named(connection, prefix)


def _objects_named(connection: sqlite3.Connection, prefix: str) -> list[tuple[str, str]]:
    query = "SELECT name, etag FROM objects WHERE name >= ? AND name < ? ORDER BY name"
    return list(connection.execute(query, (prefix, _end_of_prefix(prefix))))


def _end_of_prefix(prefix: str) -> str:
    """The first text that sorts after all texts with a prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _create_or_check(connection: sqlite3.Connection, data: Path) -> int:
    """Creates the tables if missing. Returns the checked sum of the rows."""
    if has_no_tables(connection):
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO state VALUES (1, ?, '')", (SCHEMA_VERSION,))
        return 0
    check_version(connection, data)
    total = sum_ledger(connection)
    if not is_as_written(connection, total):
        raise DamageError(
            f"the ledger of `{data}` was changed: its list of files doesn't match its digest", hint=RESTORE
        )
    return total


def read_scope(data: Path, sources: Iterable[str]) -> LogScope | None:
    """The times, accounts and Regions that earlier ingests read from the sources; None if a source is new.

    Raises:
        DataError: the folder is damaged.
    """
    if not (data / LEDGER_FILE).exists():
        return None
    with open_to_read(data) as connection:
        if has_no_tables(connection):
            return None
        found = [_scope_of(connection, source) for source in sources]
    known = [scope for scope in found if scope is not None]
    return reduce(LogScope.united, known) if known and len(known) == len(found) else None


def _scope_of(connection: sqlite3.Connection, source: str) -> LogScope | None:
    row = connection.execute("SELECT since, accounts, regions FROM scopes WHERE source = ?", (source,)).fetchone()
    return LogScope(frozenset(row[1].split()), frozenset(row[2].split()), TimeWindow(row[0])) if row else None
