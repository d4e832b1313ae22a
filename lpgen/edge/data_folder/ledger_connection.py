"""Connections to the ledger of a data folder: to read it, and to write it under its lock."""

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
"""What a data folder may hold before the first ingest."""

_LOCK_TIMEOUT_SECONDS: Final = 1.0


@contextlib.contextmanager
def open_to_read(data: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, once what an interrupted commit left is rolled back.

    Raises:
        DataError: there is no ledger, or it can't be read, is damaged or of another schema version, or needs a folder
            that can be written.
    """
    path = data / LEDGER_FILE
    if path.is_symlink():
        raise DamageError(f"the ledger of `{data}` is a link, which somebody else may have put there", hint=RESTORE)
    if not path.is_file():
        what = f"`{data}` holds no ingested logs" if data.is_dir() else f"there is no folder `{data}`"
        raise DataError(what, hint="name the data folder that `lpgen ingest` wrote, or run it first")
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
    """Whether a process died in a commit: its journal has to be rolled back first, and a reader can't do that."""
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
    """Lets SQLite undo an interrupted commit, which it does for the first connection that can write."""
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
        DataError: it has another one.
    """
    if has_no_tables(connection):
        return
    (version,) = connection.execute("SELECT schema_version FROM state").fetchone()
    if version != SCHEMA_VERSION:
        hint = "update lpgen" if version > SCHEMA_VERSION else "ingest the logs again into a new folder"
        what = f"`{data}` has schema version {version}, and this lpgen reads version {SCHEMA_VERSION}"
        raise DataError(what, hint=hint)


def count_commits(connection: sqlite3.Connection) -> int:
    """How many commits made this state."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def connect_to_write(data: Path) -> sqlite3.Connection:
    """A connection to the ledger, which is created if missing, as its folder is.

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
    """The folder that a link in the place of a data folder leads to. People put data folders on larger disks.

    Raises:
        OSError: it leads to what no ingest made, whose permissions aren't lpgen's to change.
    """
    folder = data.resolve()
    if not folder.is_dir() or not ({path.name for path in folder.iterdir()} <= _WITHOUT_LEDGER or _has_ledger(folder)):
        raise OSError(errno.ELOOP, "it is a link, and leads to no data folder and no empty one")
    return folder


def _has_ledger(folder: Path) -> bool:
    path = folder / LEDGER_FILE
    return path.is_file() and not path.is_symlink()


def _make_private_ledger(path: Path) -> None:
    """Creates an empty ledger if there is none. SQLite gives its journal the ledger's own mode."""
    with contextlib.suppress(FileExistsError):
        open_private(path, "xb").close()
    restrict_to_owner(path)


def _not_writable(data: Path, error: OSError | sqlite3.Error) -> IngestError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    full = "full" in reason or "No space" in reason  # in SQLite's words, or the system's
    hint = "make room on its disk, or name a folder elsewhere" if full else "name a folder that you may write to"
    return IngestError(f"`{data}` can't be written: {reason.lower()}", hint=hint)


def lock(connection: sqlite3.Connection, data: Path) -> None:
    """Begins a transaction that locks out other writers.

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
            raise IngestError(f"another ingest into `{data}` is running", hint="wait until it has ended") from error
        raise _not_writable(data, error) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite quotes damaged text
        raise DamageError(f"the ledger of `{data}` is damaged: {error}", hint=RESTORE) from error


@contextlib.contextmanager
def damage_as_data_error(data: Path) -> Iterator[None]:
    """Turns SQLite's errors in reading into lpgen's; only damage asks for a new folder."""
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
