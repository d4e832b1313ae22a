"""Connects to the ledger of a data folder, to read it or to write it under its lock."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from lpgen.core.usage.tables import SCHEMA_VERSION
from lpgen.edge.private_files import open_private, restrict_to_owner, take_folder
from lpgen.errors import DamageError, DataError, IngestError

LEDGER_FILE: Final = "ledger.sqlite"
READ_TIMEOUT_SECONDS: Final = 30.0
RESTORE: Final = "restore the data folder from a backup, or ingest the logs again into a new folder"

_WITHOUT_LEDGER: Final = frozenset(("snapshots",))
"""The entries that a data folder may have before the first ingest."""

_LOCK_TIMEOUT_SECONDS: Final = 1.0


@contextlib.contextmanager
def open_to_read(data: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection. An interrupted commit is rolled back first.

    Raises:
        DataError: the ledger is missing, unreadable, damaged or of another schema version, or rolling back needs write
            access.
    """
    path = data / LEDGER_FILE
    if path.is_symlink():
        raise DamageError(f"the ledger of `{data}` is a link, which somebody else may have put there", hint=RESTORE)
    if not path.is_file():
        what = f"`{data}` holds no ingested logs" if data.is_dir() else f"there is no folder `{data}`"
        raise DataError(what, hint="name the data folder that `lpgen ingest` wrote, or run `lpgen ingest` first")
    with damage_as_data_error(data):
        if _is_interrupted(path):
            _roll_back(data, path)
        with contextlib.closing(_connect(path, "ro")) as connection:
            check_version(connection, data)
            yield connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.resolve()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=READ_TIMEOUT_SECONDS, isolation_level=None)


def _is_interrupted(path: Path) -> bool:
    """Whether a process died in a commit. A writer must roll back its journal first."""
    try:
        with contextlib.closing(_connect(path, "ro")) as connection:
            count_commits(connection)
    except sqlite3.OperationalError as error:
        # https://www.sqlite.org/rescode.html#readonly_rollback
        if error.sqlite_errorcode in (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_CANTOPEN):
            return Path(f"{path}-journal").exists()
        raise
    return False


def _roll_back(data: Path, path: Path) -> None:
    """Rolls back an interrupted commit. SQLite does so for the first connection that can write."""
    try:
        with contextlib.closing(_connect(path, "rw")) as connection:
            count_commits(connection)
    except sqlite3.OperationalError as error:
        raise DataError(
            f"an ingest into `{data}` was interrupted, and its ledger can't be restored: {error}",
            hint=f"nothing is lost; run `lpgen check --data {data}` as a user who can write to the folder",
        ) from error


def has_no_tables(connection: sqlite3.Connection) -> bool:
    """Whether the first ingest has not ended yet."""
    return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])


def generation_of(connection: sqlite3.Connection) -> str:
    """The name of the folder with the usage tables that count, or "" before the first ingest has ended."""
    if has_no_tables(connection):
        return ""
    return str(connection.execute("SELECT generation FROM state").fetchone()[0])


def check_version(connection: sqlite3.Connection, data: Path) -> None:
    """Refuses a ledger of another schema version.

    Raises:
        DataError: the version differs.
    """
    if has_no_tables(connection):
        return
    (version,) = connection.execute("SELECT schema_version FROM state").fetchone()
    if version != SCHEMA_VERSION:
        hint = "update lpgen" if version > SCHEMA_VERSION else "ingest the logs again into a new folder"
        what = f"`{data}` has schema version {version}, and this version of lpgen reads {SCHEMA_VERSION}"
        raise DataError(what, hint=hint)


def count_commits(connection: sqlite3.Connection) -> int:
    """The number of commits so far."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def connect_to_write(data: Path) -> sqlite3.Connection:
    """A connection to write the ledger. The ledger and its folder are created if missing.

    Raises:
        IngestError: they can't be created.
    """
    try:
        take_folder(_folder_of_link(data) if data.is_symlink() else data)
        _make_private_ledger(data / LEDGER_FILE)
        connection = sqlite3.connect(data / LEDGER_FILE, timeout=_LOCK_TIMEOUT_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _not_writable(data, error) from error
    return connection


def _folder_of_link(data: Path) -> Path:
    """The target of a link in the place of a data folder. People put data folders on larger disks.

    Raises:
        OSError: no ingest created the target, so lpgen must not change its permissions.
    """
    folder = data.resolve()
    if not folder.is_dir() or not ({path.name for path in folder.iterdir()} <= _WITHOUT_LEDGER or _has_ledger(folder)):
        raise OSError(errno.ELOOP, "it is a link, and its target is neither a data folder nor empty")
    return folder


def _has_ledger(folder: Path) -> bool:
    path = folder / LEDGER_FILE
    return path.is_file() and not path.is_symlink()


def _make_private_ledger(path: Path) -> None:
    """Creates an empty ledger if missing. SQLite gives its journal the same permissions."""
    with contextlib.suppress(FileExistsError):
        open_private(path, "xb").close()
    restrict_to_owner(path)


def _not_writable(data: Path, error: OSError | sqlite3.Error) -> IngestError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    full = "full" in reason or "No space" in reason  # in SQLite's words, or the system's
    hint = "make room on its disk, or name another folder" if full else "name a folder that you can write to"
    return IngestError(f"`{data}` can't be written: {reason.lower()}", hint=hint)


def lock(connection: sqlite3.Connection, data: Path) -> None:
    """Begins a transaction that excludes other writers.

    Raises:
        IngestError: another ingest holds the lock, or the folder can't be written.
        DataError: the ledger is damaged.
    """
    try:
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA cache_spill = OFF")  # a spill would lock readers out until the commit
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise IngestError(f"another ingest into `{data}` is running", hint="wait until it ends") from error
        raise _not_writable(data, error) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite quotes damaged text
        raise DamageError(f"the ledger of `{data}` is damaged: {error}", hint=RESTORE) from error


@contextlib.contextmanager
def damage_as_data_error(data: Path) -> Iterator[None]:
    """Turns SQLite's errors on reading into lpgen's. Only damage requires a new folder."""
    try:
        yield
    except (sqlite3.Error, TypeError, UnicodeDecodeError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNREADABLE:
            hint = "try again, or check the folder's permissions and its disk"
            raise DataError(f"the ledger of `{data}` can't be read: {error}", hint=hint) from error
        raise DamageError(f"the ledger of `{data}` is damaged: {error}", hint=RESTORE) from error


# https://www.sqlite.org/rescode.html: codes that say nothing about the content
_UNREADABLE: Final = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
)
