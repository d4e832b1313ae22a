"""`lpgen check`: it finds every kind of damage, names the file, and leaves the folder alone."""

from __future__ import annotations

import errno
import json
import random
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from typer.testing import CliRunner, Result

from lpgen.cli.main import app
from lpgen.core.cloudtrail.records import Record
from lpgen.core.drift.states import Figures, Stamp
from lpgen.core.usage.event_time import TimeWindow
from lpgen.core.usage.tables import Usage
from lpgen.edge.data_folder.baseline_folder import BaselineFiles, save_baseline
from lpgen.edge.data_folder.ledger import LedgerFile, open_ledger
from lpgen.edge.data_folder.ledger_integrity import LedgerSums, read_sums
from lpgen.edge.data_folder.pins import pin_generation
from lpgen.edge.data_folder.snapshot_folder import SnapshotWriter
from lpgen.edge.data_folder.usage_files import remove_stale_usage, write_usage, write_usage_part
from lpgen.errors import DamageError, DataError
from tests.support.law_examples import examples
from tests.support.log_samples import PlainMap, record_json
from tests.support.record_usage import usage_from_records

NOW = datetime(2026, 9, 30, 12, 0, 5, tzinfo=UTC)
STAMP = Stamp("week-1", NOW.date(), "1", "2026-09-01", "", Figures(1, 2, 1, 0, 0, 3))


def usage(count: int) -> Usage:
    return usage_from_records([msgspec.convert(record_json(number), Record) for number in range(count)], PlainMap())


def file(name: str, records: int) -> LedgerFile:
    return LedgerFile(name * 64, f"/logs/{name}.json", 10, records, records, 0, "", (TimeWindow(),), 0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with tables in two parts, a snapshot and a baseline."""
    data = tmp_path / "data"
    with open_ledger(data) as ledger:
        generation = write_usage_part(data, write_usage(data, usage(30)), usage(3))
        ledger.commit(generation, [file("a", 30), file("b", 3)])
    for entry in (data / "usage").iterdir():
        if entry.name != generation:
            shutil.rmtree(entry)
    with SnapshotWriter(data, NOW) as writer:
        writer.write_json("policies/111122223333.json", [{"RoleDetailList": []}])
        writer.finish((), (), about={})
    (tmp_path / "policies.json").write_text("{}", encoding="utf-8")
    files = BaselineFiles((tmp_path / "policies.json",))
    save_baseline(data, STAMP, files, usage=usage(5), known_actions=frozenset(), proposals=(), saved=NOW)
    return data


def check(data: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["check", "--data", str(data), *options])


def test_check_of_a_whole_folder_exits_0_and_changes_nothing(data: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    found = check(data)
    assert (found.exit_code, found.stdout.count("\n")) == (0, 1)
    assert "intact (2 log files, 33 records" in found.stdout
    assert "1 snapshot, 1 baseline" in found.stdout
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before


def test_check_names_every_changed_or_missing_file(data: Path) -> None:
    files = [path for path in data.rglob("*") if path.is_file() and path.name != "ledger.sqlite"]
    assert len(files) > 25
    for path in random.Random(2).sample(files, examples(len(files))):
        content = path.read_bytes()
        path.chmod(0o600)
        for changed in (content[:-1] + bytes([content[-1] ^ 1]), None):
            if changed is None:
                path.unlink()
            else:
                path.write_bytes(changed)
            found = check(data)
            assert found.exit_code == 1, path
            assert path.name in found.stdout, path
            assert "1 damaged item found" in found.stdout, path
        path.write_bytes(content)
    assert check(data).exit_code == 0


def test_check_finds_what_contradicts_itself(data: Path) -> None:
    ledger = data / "ledger.sqlite"
    whole = ledger.read_bytes()
    cases = {
        "UPDATE files SET records = records + 1": "counts 35 records",
        "UPDATE files SET usage_records = 99": "impossible counts",
        "INSERT INTO objects VALUES ('s3://b/k', 1, 'e', 'unknown')": "lacks the file of `s3://b/k`",
        "UPDATE state SET generation = ''": "names no tables",
        "UPDATE state SET generation = 'gone'": "gone` is missing",
        "DELETE FROM files": "counts 0 records",
    }
    for statement, said in cases.items():
        with sqlite3.connect(ledger) as connection:
            connection.execute(statement)
        connection.close()
        found = check(data)
        assert (found.exit_code, said in found.stdout) == (1, True), (statement, found.stdout)
        ledger.write_bytes(whole)
    ledger.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    found = check(data)
    assert found.exit_code == 1
    assert f"the ledger of `{data}` is damaged" in found.stdout
    assert "left over" not in found.stdout


def test_check_finds_tables_that_break_a_law_whatever_their_digests(data: Path) -> None:
    odd = Usage(usage(33).table, usage(33).skips, usage(30).coverage)
    with open_ledger(data) as ledger:
        shutil.rmtree(data / "usage" / ledger.generation)
        ledger.commit(write_usage(data, odd))
    found = check(data)
    assert found.exit_code == 1
    assert "counts 33 records" in found.stdout


def test_check_lists_what_is_left_over_and_exits_0(data: Path) -> None:
    for name in ("usage/unfinished-1", "snapshots/.unfinished-x", "baselines/.unfinished-y", "notes"):
        (data / name).mkdir()
    found = check(data)
    assert (found.exit_code, found.stdout.count("leftover: ")) == (0, 4)


def test_check_follows_an_ingest_that_ends_meanwhile(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_late(folder: Path) -> LedgerSums:
        sums = read_sums(folder)
        if sums.records == 33:
            with open_ledger(folder) as ledger:
                ledger.commit(write_usage(folder, usage(40)), [file("c", 7)])
                remove_stale_usage(folder, ledger.generation)
        return sums

    monkeypatch.setattr("lpgen.app.check.read_sums", read_late)
    found = check(data)
    assert (found.exit_code, "intact (3 log files, 40 records" in found.stdout) == (0, True), found.stdout


def test_check_says_what_it_may_not_read(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr("lpgen.edge.data_folder.table_manifest._names_below", refuse)
    found = check(data)
    assert isinstance(found.exception, DataError)
    assert not isinstance(found.exception, DamageError)
    assert found.exception.message.endswith("can't be read: Permission denied")


def test_check_prints_findings_as_json(data: Path) -> None:
    (data / "snapshots" / "2026-09-30T12-00-05Z" / "more.json").write_text("{}", encoding="utf-8")
    found = check(data, "--format", "json")
    facts = json.loads(found.stdout)
    assert (found.exit_code, facts["schema"], facts["damaged"], facts["records"]) == (1, "lpgen.check/1", True, 33)
    (finding,) = facts["findings"]
    assert finding["kind"] == "damage"
    assert "more.json" in finding["problem"]
    assert "lpgen snapshot" in finding["next_step"]


def test_check_needs_a_data_folder(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        found = check(folder)
        assert isinstance(found.exception, DataError)
        assert "is not a data folder" in found.exception.message


def test_check_takes_pinned_tables_for_no_leftover(data: Path, tmp_path: Path) -> None:
    earlier = write_usage(data, usage(2))
    assert earlier in check(data).stdout
    pin_generation(data, earlier, tmp_path / "out")
    assert "intact" in check(data).stdout
    assert "left over" not in check(data).stdout
