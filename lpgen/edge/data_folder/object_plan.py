"""Finds new objects by name, size and `etag`, without reading them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from lpgen.edge.object_store import StoredObject, chunk_items
from lpgen.errors import IngestError

_LARGE_BYTES: Final = 8 << 20
"""Larger objects are read first, so no large object is left for the end."""

# Equal objects are adjacent, at the place of the first name.
_QUEUE: Final = """
CREATE TEMP TABLE queue AS
SELECT name, size, etag FROM (
    SELECT f.name, f.size, f.etag, min(f.name) OVER (PARTITION BY f.size, f.etag) AS first_name
    FROM temp.found f LEFT JOIN objects o ON o.name = f.name AND o.size = f.size AND o.etag = f.etag
    LEFT JOIN files ON files.sha256 = o.sha256
    WHERE files.sha256 IS NULL
)
ORDER BY CASE WHEN size > {large} THEN -size ELSE 0 END, first_name, name
"""


@contextlib.contextmanager
def failure_as_ingest_error() -> Iterator[None]:
    """Turns SQLite's errors on writing, such as a full disk, into lpgen's."""
    try:
        yield
    except sqlite3.Error as error:
        hint = "check that you can write to the data folder and that its disk has room"
        raise IngestError(f"the ledger can't be written, and the data is unchanged: {error}", hint=hint) from error


class ObjectPlan:
    """The objects found and the new ones, in tables that SQLite drops with the connection.

    It holds millions of names outside of memory.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for table in ("found", "queue"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
        connection.execute("CREATE TEMP TABLE found (name TEXT PRIMARY KEY, size INTEGER, etag TEXT) WITHOUT ROWID")

    def add(self, objects: Iterable[StoredObject]) -> None:
        """Adds objects. An object that is added twice counts once."""
        rows = ((obj.name, obj.size, obj.etag) for obj in objects)
        with failure_as_ingest_error():
            self._connection.executemany("INSERT OR IGNORE INTO temp.found VALUES (?, ?, ?)", rows)

    def queue_new(self) -> tuple[int, int, int]:
        """Queues the new objects. Returns how many are new, their bytes, and how many are known."""
        with failure_as_ingest_error():
            self._connection.execute(_QUEUE.format(large=_LARGE_BYTES))
        new, size = self._connection.execute("SELECT count(*), total(size) FROM temp.queue").fetchone()
        (found,) = self._connection.execute("SELECT count(*) FROM temp.found").fetchone()
        return new, int(size), found - new

    def known_digests(self) -> list[str]:
        """The digests of known objects' files that couldn't be read completely, or with records outside the window."""
        rows = self._connection.execute(
            "SELECT DISTINCT files.sha256 FROM temp.found f JOIN objects o ON o.name = f.name AND o.size = f.size "
            "AND o.etag = f.etag JOIN files ON files.sha256 = o.sha256 WHERE files.failure != '' OR out_of_window > 0"
        )
        return [digest for (digest,) in rows]

    def chunks(self, *, target_bytes: int, target_files: int) -> Iterator[tuple[StoredObject, ...]]:
        """The queued objects in chunks: first the large ones, then by name. Equal objects are adjacent.

        Neighbors usually belong to one account, Region and day, so they share most of their rows.
        """
        return chunk_items(self._queued(), target_bytes=target_bytes, target_files=target_files, belong=_are_alike)

    def _queued(self) -> Iterator[StoredObject]:
        """The queued objects, read in pages. The ledger may be committed between pages."""
        last = 0
        query = "SELECT rowid, name, size, etag FROM temp.queue WHERE rowid > ? ORDER BY rowid LIMIT 2000"
        while rows := self._connection.execute(query, (last,)).fetchall():
            last = rows[-1][0]
            yield from (StoredObject(name, size, etag) for _, name, size, etag in rows)


def _are_alike(obj: StoredObject, other: StoredObject) -> bool:
    return (obj.size, obj.etag) == (other.size, other.etag)
