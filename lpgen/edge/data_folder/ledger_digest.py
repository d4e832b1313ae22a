"""The digest of a ledger's rows: SQLite keeps no checksums, so a flipped bit would read as another file.

The digest is the sum of the SHA-256 of all rows of `files` and `objects`, so an ingest updates it in proportion to what
it adds. It finds damage, and proves nothing against forgers.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from typing import Any, Final

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
    """Whether a sum of rows is the one that the last commit wrote."""
    row = connection.execute("SELECT rows FROM digest").fetchone()
    return row is not None and row[0] == _as_text(total)


def write_digest(connection: sqlite3.Connection, total: int) -> None:
    """Makes a sum of rows the one that counts, from the next commit on."""
    connection.execute("INSERT OR REPLACE INTO digest VALUES (1, ?)", (_as_text(total),))


def _as_text(total: int) -> str:
    return f"{total % _MODULUS:064x}"
