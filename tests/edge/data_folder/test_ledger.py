"""The ledger: one writer at a time, readers that never wait for it, and a commit that is all or nothing."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from lpgen.core.usage.event_time import Window
from lpgen.edge.data_folder.ledger import LEDGER_FILE, LedgerFile, open_ledger, read_generation, read_paths
from lpgen.errors import DataError, IngestError

FILE = LedgerFile("ab" * 32, "/logs/a.json.gz", 10, 5, 3, 2, "", Window("2024-01-01T00:00:00"), 1)


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
    assert read_paths(tmp_path / "new" / "folder") == {FILE.sha256: FILE.path}


def test_ledger_forgets_what_was_not_committed(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        pass
    with pytest.raises(RuntimeError), open_ledger(tmp_path):
        raise RuntimeError
    assert read_generation(tmp_path) == ""


def test_ledger_commits_nothing_when_one_file_is_refused(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.commit("gen1", [FILE])
    with open_ledger(tmp_path) as ledger, pytest.raises(IngestError, match="as it was"):
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


def test_ledger_refuses_another_schema_version(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.commit("gen1", [])
    with sqlite3.connect(tmp_path / LEDGER_FILE) as connection:
        connection.execute("UPDATE state SET schema_version = 99")
    connection.close()
    with pytest.raises(DataError, match="schema version 99"):
        read_generation(tmp_path)
    with pytest.raises(DataError, match="schema version 99"), open_ledger(tmp_path):
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
