"""The ledger: one writer at a time, readers that never wait for it, and a commit that is all or nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest

from lpgen.core.usage.event_time import TimeWindow
from lpgen.edge.data_folder.ledger import (
    LedgerFile,
    count_unread_files,
    open_ledger,
    read_generation,
)
from lpgen.edge.data_folder.ledger_connection import LEDGER_FILE
from lpgen.edge.data_folder.ledger_integrity import find_ledger_faults, read_sums
from lpgen.errors import DataError, IngestError

FILE = LedgerFile(
    "ab" * 32,
    "/logs/a.json.gz",
    10,
    5,
    3,
    2,
    "",
    (TimeWindow("2024-01-01T00:00:00"), TimeWindow("", "2023-01-01T00:00:00")),
    1,
)


def test_ledger_remembers_what_was_committed(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "new" / "folder") as ledger:
        assert ledger.generation == ""
        ledger.commit("gen1", [FILE])
    with open_ledger(tmp_path / "new" / "folder") as ledger:
        assert ledger.generation == "gen1"
        assert ledger.file(FILE.sha256) == FILE
        assert ledger.file("cd" * 32) is None
        assert ledger.sizes() == {10}
    assert read_generation(tmp_path / "new" / "folder") == "gen1"


def test_ledger_forgets_what_was_not_committed(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        pass
    with pytest.raises(RuntimeError), open_ledger(tmp_path):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_open_ledger_removes_only_what_it_made(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()
    with open_ledger(tmp_path / "kept") as ledger:
        ledger.commit("gen1", [FILE])
        ledger.lock_again(tmp_path / "kept")
    assert read_generation(tmp_path / "kept") == "gen1"


def test_a_ledger_that_was_removed_takes_no_writes(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        late = sqlite3.connect(tmp_path / LEDGER_FILE, isolation_level=None)
    with contextlib.closing(late), pytest.raises(sqlite3.OperationalError, match=r"I/O|readonly"):
        late.execute("CREATE TABLE files (name TEXT)")


def test_ledger_commits_nothing_when_one_file_is_refused(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.commit("gen1", [FILE])
    with open_ledger(tmp_path) as ledger, pytest.raises(IngestError, match="is unchanged"):
        ledger.commit("gen2", [FILE])
    assert read_generation(tmp_path) == "gen1"


def test_open_ledger_refuses_a_second_writer(tmp_path: Path) -> None:
    with open_ledger(tmp_path), pytest.raises(IngestError, match="another ingest"), open_ledger(tmp_path):
        pass


def test_read_generation_works_while_an_ingest_runs(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.commit("gen1", [FILE])
    with open_ledger(tmp_path):
        assert read_generation(tmp_path) == "gen1"


def test_read_generation_writes_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.commit("gen1", [FILE])
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    path = tmp_path / LEDGER_FILE
    path.chmod(stat.S_IRUSR)
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert read_generation(tmp_path) == "gen1"
    finally:
        tmp_path.chmod(0o755)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_read_generation_needs_a_data_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no ingested logs"):
        read_generation(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("version", "hint"), [(2, "ingest the logs again into a new folder"), (5, "update lpgen")])
def test_ledger_refuses_another_schema_version(tmp_path: Path, version: int, hint: str) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.commit("gen1", [])
    with sqlite3.connect(tmp_path / LEDGER_FILE) as connection:
        connection.execute("UPDATE state SET schema_version = ?", (version,))
        connection.execute("DROP TABLE digest")  # another version has other tables
    connection.close()
    for read in (
        read_generation,
        read_sums,
        count_unread_files,
        lambda data: list(find_ledger_faults(data)),
        open_once,
    ):
        with pytest.raises(DataError) as found:
            read(tmp_path)
        assert found.value.message == f"`{tmp_path}` has schema version {version}, and this version of lpgen reads 4"
        assert found.value.hint == hint


def open_once(data: Path) -> None:
    with open_ledger(data):
        pass


@pytest.mark.parametrize("content", [b"no database at all " * 100, b"\x00" * 5000])
def test_ledger_refuses_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LEDGER_FILE).write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_generation(tmp_path)
    with pytest.raises(DataError, match="damaged"), open_ledger(tmp_path):
        pass


def test_ledger_refuses_another_database(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / LEDGER_FILE)
    connection.execute("CREATE TABLE other (x)")
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match="damaged"), open_ledger(tmp_path):
        pass


# ---------------------------------------------------------------- interrupted commits

_COMMIT = """
import resource, signal, sys
from pathlib import Path
from lpgen.core.usage.event_time import TimeWindow
from lpgen.edge.data_folder.ledger import LedgerFile, open_ledger

data, most_bytes = Path(sys.argv[1]), int(sys.argv[2])
with open_ledger(data) as ledger:
    ledger.add(LedgerFile(f"{n:064}", "/logs/" + "x" * 200, n, 1, 1, 0, "", (TimeWindow(),), 0) for n in range(400))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    ledger.commit("gen2")
"""

_SPILL = """
import os, signal, sqlite3, sys

connection = sqlite3.connect(os.path.join(sys.argv[1], "ledger.sqlite"), isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE state SET generation = 'gen2'")
rows = ((f"{n:064}", "x" * 200, n, 1, 1, 0, "", "", "", 0) for n in range(400))
connection.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
os.kill(os.getpid(), signal.SIGKILL)
"""
"""SQLite writes pages that don't fit in its cache before the commit."""


def killed(data: Path, script: str, *arguments: str) -> None:
    """Runs a script that dies in a commit to a ledger in which `gen1` counts."""
    with open_ledger(data) as ledger:
        if not ledger.generation:
            ledger.commit("gen1", [FILE])
    done = subprocess.run([sys.executable, "-c", script, str(data), *arguments], check=False, capture_output=True)
    assert done.returncode in (-signal.SIGKILL, -signal.SIGXFSZ), done.stderr


def is_interrupted(data: Path) -> bool:
    """Whether there is a journal to roll back: before its first write to the ledger, SQLite fills in its header."""
    journal = data / f"{LEDGER_FILE}-journal"
    return journal.exists() and journal.read_bytes()[:1] not in (b"", b"\0")


@pytest.mark.slow
def test_readers_read_on_after_a_kill_at_any_point_of_a_commit(tmp_path: Path) -> None:
    """A write beyond the limit kills the process, so each limit is another page of the commit."""
    interrupted = 0
    for pages in (2, 5, 6, 9, 14, 20):
        data = tmp_path / str(pages)
        killed(data, _COMMIT, str(pages * 4096))
        interrupted += is_interrupted(data)
        assert read_generation(data) == "gen1"
        assert read_sums(data).files == 1
        assert not is_interrupted(data)
    assert interrupted > 2


@pytest.mark.slow
def test_readers_read_on_after_sigkill(tmp_path: Path) -> None:
    killed(tmp_path, _SPILL)
    assert is_interrupted(tmp_path)
    assert count_unread_files(tmp_path) == 0
    killed(tmp_path, _SPILL)
    with open_ledger(tmp_path) as ledger:
        assert ledger.generation == "gen1"
        assert ledger.sizes() == {FILE.size}


def test_readers_say_when_an_interrupted_commit_needs_a_folder_that_can_be_written() -> None:
    with TemporaryDirectory() as name:
        data = Path(name)
        killed(data, _SPILL)
        for path in (*data.iterdir(), data):
            path.chmod(0o500 if path == data else 0o400)
        with bound_by_modes(data), pytest.raises(DataError, match="can't be restored") as found:
            read_generation(data)
        assert "nothing is lost" in found.value.hint
        assert is_interrupted(data)
        data.chmod(0o700)
        (data / LEDGER_FILE).chmod(0o600)
        assert read_generation(data) == "gen1"


@contextmanager
def bound_by_modes(folder: Path) -> Iterator[None]:
    """Root may write whatever the mode says, so the owner of the folder becomes someone else for a while."""
    user = os.geteuid()
    if user:
        yield
        return
    for path in (*folder.iterdir(), folder):
        os.chown(path, _NOBODY, -1)
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


_NOBODY = 65534


class FailingCommit:
    """A connection whose commit reports a failure, after it was done or in its place."""

    def __init__(self, connection: sqlite3.Connection, *, is_done: bool) -> None:
        self._connection = connection
        self._is_done = is_done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *rest: Any) -> sqlite3.Cursor:
        if statement == "COMMIT":
            if self._is_done:
                self._connection.execute(statement)
            raise sqlite3.OperationalError("disk I/O error")
        return self._connection.execute(statement, *rest)


@pytest.mark.parametrize(
    ("is_done", "state", "said"), [(True, "gen2", "has the new state"), (False, "gen1", "is unchanged")]
)
def test_a_failed_flush_reports_the_state_that_counts(tmp_path: Path, is_done: bool, state: str, said: str) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.commit("gen1", [FILE])
    with open_ledger(tmp_path) as ledger:
        ledger._connection = cast("sqlite3.Connection", FailingCommit(ledger._connection, is_done=is_done))
        with pytest.raises(IngestError, match=rf"{said}.*disk I/O error"):
            ledger.commit("gen2")
    assert read_generation(tmp_path) == state
