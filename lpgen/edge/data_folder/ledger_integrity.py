"""Checks a ledger: the digest of its rows, their sums, and contradictions.

SQLite keeps no checksums, so without a digest a flipped bit would look like another file. The digest is the sum of the
SHA-256 of all rows of `files` and `objects`, so the cost of an update follows the added rows. It detects damage, but
not forgery.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lpgen.edge.data_folder.ledger_connection import generation_of, has_no_tables, open_to_read
from lpgen.errors import quote_input

DIGEST_TABLE: Final = "CREATE TABLE digest (only INTEGER PRIMARY KEY CHECK (only = 1), rows TEXT NOT NULL)"
_MODULUS: Final = 1 << 256


def sum_rows(rows: Iterable[tuple[Any, ...]]) -> int:
    """The sum of the digests of rows."""
    return sum(int.from_bytes(hashlib.sha256("\0".join(map(str, row)).encode()).digest()) for row in rows) % _MODULUS


def sum_ledger(connection: sqlite3.Connection) -> int:
    """The sum of the digests of all rows of a ledger."""
    return (
        sum_rows(connection.execute("SELECT * FROM files")) + sum_rows(connection.execute("SELECT * FROM objects"))
    ) % _MODULUS


def is_as_written(connection: sqlite3.Connection, total: int) -> bool:
    """Whether the last commit wrote this sum of rows."""
    row = connection.execute("SELECT rows FROM digest").fetchone()
    return row is not None and row[0] == _as_text(total)


def write_digest(connection: sqlite3.Connection, total: int) -> None:
    """Stores a sum of rows with the next commit."""
    connection.execute("INSERT OR REPLACE INTO digest VALUES (1, ?)", (_as_text(total),))


def _as_text(total: int) -> str:
    return f"{total % _MODULUS:064x}"


_STRAY_OBJECTS: Final = "SELECT name FROM objects WHERE sha256 NOT IN (SELECT sha256 FROM files) ORDER BY name"
_ODD_FILES: Final = (
    "SELECT path FROM files WHERE size < 0 OR records < 0 OR usage_records < 0 OR skips < 0 OR out_of_window < 0"
    " OR usage_records > records OR out_of_window > skips OR length(sha256) <> 64 ORDER BY path"
)
_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class LedgerSums:
    """The totals over all files, and the current tables."""

    generation: str
    files: int
    records: int
    usage_records: int
    skips: int


def read_sums(data: Path) -> LedgerSums:
    """The sums over all files.

    Raises:
        DataError: the ledger can't be read, is damaged, or of another schema version.
    """
    with open_to_read(data) as connection:
        generation = generation_of(connection)
        if has_no_tables(connection):
            return LedgerSums(generation, 0, 0, 0, 0)
        query = "SELECT count(*), total(records), total(usage_records), total(skips) FROM files"
        files, *sums = connection.execute(query).fetchone()
        return LedgerSums(generation, files, *map(int, sums))


def find_ledger_faults(data: Path) -> Iterator[str]:
    """The faults in the ledger: damage that SQLite finds, and rows that contradict each other.

    Raises:
        DataError: the ledger can't be read.
    """
    with open_to_read(data) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            yield quote_input(found.splitlines()[-1])
            return
        if has_no_tables(connection):
            return
        if not is_as_written(connection, sum_ledger(connection)):
            yield "its list of files doesn't match its digest"
        for query, what in ((_ODD_FILES, "has impossible counts for the file"), (_STRAY_OBJECTS, "lacks the file of")):
            yield from (f"it {what} `{name}`" for (name,) in connection.execute(query).fetchmany(_MOST))
        generation = generation_of(connection)
        if not generation and connection.execute("SELECT 1 FROM files LIMIT 1").fetchone():
            yield "it has files, but names no tables"
