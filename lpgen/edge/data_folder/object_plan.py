"""Which of the objects found are new: told by name, size and `etag`, without reading them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from lpgen.edge.object_store import StoredObject, chunk_items
from lpgen.errors import IngestError

_LARGE_BYTES: Final = 8 << 20
"""Objects beyond this are read first, so that none of them is what is waited for at the end."""

# Equal objects lie side by side, where the one of them that is named first has its place.
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
    """Turns SQLite's errors in writing, such as a full disk, into lpgen's."""
    try:
        yield
    except sqlite3.Error as error:
        hint = "check that you may write to the data folder, and that its disk has room"
        raise IngestError(f"the ledger can't be written, and the data is as it was: {error}", hint=hint) from error


class ObjectPlan:
    """The objects found and which of them are new, in tables that SQLite drops with the connection.

    It holds millions of names without holding them in memory.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for table in ("found", "queue"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
        connection.execute("CREATE TEMP TABLE found (name TEXT PRIMARY KEY, size INTEGER, etag TEXT) WITHOUT ROWID")

    def add(self, objects: Iterable[StoredObject]) -> None:
        """Adds objects that were found; one that is found twice counts once."""
        rows = ((obj.name, obj.size, obj.etag) for obj in objects)
        with failure_as_ingest_error():
            self._connection.executemany("INSERT OR IGNORE INTO temp.found VALUES (?, ?, ?)", rows)

    def queue_new(self) -> tuple[int, int, int]:
        """Queues the objects that the ledger doesn't know: how many are new, their bytes, and how many are known."""
        with failure_as_ingest_error():
            self._connection.execute(_QUEUE.format(large=_LARGE_BYTES))
        new, size = self._connection.execute("SELECT count(*), total(size) FROM temp.queue").fetchone()
        (found,) = self._connection.execute("SELECT count(*) FROM temp.found").fetchone()
        return new, int(size), found - new

    def known_digests(self) -> list[str]:
        """The known objects' files of which something couldn't be read, or whose window left something out."""
        rows = self._connection.execute(
            "SELECT DISTINCT files.sha256 FROM temp.found f JOIN objects o ON o.name = f.name AND o.size = f.size "
            "AND o.etag = f.etag JOIN files ON files.sha256 = o.sha256 WHERE files.failure != '' OR out_of_window > 0"
        )
        return [digest for (digest,) in rows]

    def chunks(self, *, target_bytes: int, target_files: int) -> Iterator[tuple[StoredObject, ...]]:
        """The queued objects: first the large ones, then by name, since neighbours are of one account, Region and day,
        and so have most of their rows in common; but equal ones, of one size and `etag`, side by side."""
        return chunk_items(self._queued(), target_bytes=target_bytes, target_files=target_files, belong=_are_alike)

    def _queued(self) -> Iterator[StoredObject]:
        """Page by page: between pages the ledger may be committed."""
        last = 0
        query = "SELECT rowid, name, size, etag FROM temp.queue WHERE rowid > ? ORDER BY rowid LIMIT 2000"
        while rows := self._connection.execute(query, (last,)).fetchall():
            last = rows[-1][0]
            yield from (StoredObject(name, size, etag) for _, name, size, etag in rows)


def _are_alike(obj: StoredObject, other: StoredObject) -> bool:
    return (obj.size, obj.etag) == (other.size, other.etag)
