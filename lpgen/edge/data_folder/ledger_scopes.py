"""What ingests asked of each source: since when, and of which accounts and Regions. Later ingests ask for the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import reduce
from pathlib import Path
from typing import Final

from lpgen.core.usage.event_time import TimeWindow
from lpgen.core.usage.log_layout import LogScope
from lpgen.edge.data_folder.ledger_connection import LEDGER_FILE, has_no_tables, open_to_read

SCOPES_TABLE: Final = """CREATE TABLE scopes (
    source TEXT PRIMARY KEY, since TEXT NOT NULL, accounts TEXT NOT NULL, regions TEXT NOT NULL
) WITHOUT ROWID"""


def widen_scope(connection: sqlite3.Connection, source: str, scope: LogScope) -> bool:
    """Widens what was asked of a source by what is asked now; says whether it changed."""
    known = _scope_of(connection, source)
    wider = scope.united(known or scope)
    if wider == known:
        return False
    row = (source, wider.window.since, " ".join(sorted(wider.accounts)), " ".join(sorted(wider.regions)))
    connection.execute("INSERT OR REPLACE INTO scopes VALUES (?, ?, ?, ?)", row)
    return True


def read_scope(data: Path, sources: Iterable[str]) -> LogScope | None:
    """All that was asked of the sources in earlier ingests, without an end; None where one of them is new.

    Raises:
        DataError: the folder is damaged.
    """
    if not (data / LEDGER_FILE).exists():
        return None
    with open_to_read(data) as connection:
        if has_no_tables(connection):
            return None
        found = [_scope_of(connection, source) for source in sources]
    known = [one for one in found if one is not None]
    return reduce(LogScope.united, known) if known and len(known) == len(found) else None


def _scope_of(connection: sqlite3.Connection, source: str) -> LogScope | None:
    row = connection.execute("SELECT since, accounts, regions FROM scopes WHERE source = ?", (source,)).fetchone()
    return LogScope(frozenset(row[1].split()), frozenset(row[2].split()), TimeWindow(row[0])) if row else None
