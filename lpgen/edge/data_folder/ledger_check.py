"""Whether a ledger is whole in itself, and what it says that its tables hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lpgen.edge.data_folder.ledger import generation_of
from lpgen.edge.data_folder.ledger_connection import has_no_tables, open_to_read
from lpgen.edge.data_folder.ledger_digest import is_as_written, sum_ledger
from lpgen.errors import quote_input

_STRAY_OBJECTS: Final = "SELECT name FROM objects WHERE sha256 NOT IN (SELECT sha256 FROM files) ORDER BY name"
_ODD_FILES: Final = (
    "SELECT path FROM files WHERE size < 0 OR records < 0 OR usage_records < 0 OR skips < 0 OR out_of_window < 0"
    " OR usage_records > records OR out_of_window > skips OR length(sha256) <> 64 ORDER BY path"
)
_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class LedgerSums:
    """What the ledger says of all files together, and which tables count."""

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
    """What is wrong inside the ledger: damage that SQLite finds, and rows that contradict each other.

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
            yield "its list of files doesn't fit its digest"
        for query, what in ((_ODD_FILES, "has impossible counts for the file"), (_STRAY_OBJECTS, "lacks the file of")):
            yield from (f"it {what} `{name}`" for (name,) in connection.execute(query).fetchmany(_MOST))
        generation = generation_of(connection)
        if not generation and connection.execute("SELECT 1 FROM files LIMIT 1").fetchone():
            yield "it has files, but names no tables"
