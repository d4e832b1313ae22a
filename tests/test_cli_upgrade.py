"""`lpgen upgrade`, on a data folder that the last lpgen with schema version 2 wrote."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from lpgen.cli.main import app
from lpgen.core.model import CallerKind
from lpgen.edge.data_folder.baseline_folder import list_baselines, open_baseline
from lpgen.edge.data_folder.ledger import read_generation, read_schema_version
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.errors import BaselineError, DataError
from tests.support.documents import ROOT
from tests.support.log_samples import record_json, rows

NAMES = ("2026-08-31", "week-2")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with tarfile.open(ROOT / "tests" / "cases" / "schema-2.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "data"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def tables_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {path.stem: rows(pq.read_table(path)) for path in sorted(folder.glob("*.parquet"))}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_commands_on_an_old_folder_name_the_upgrade(data: Path) -> None:
    before = contents(data)
    for command in (["check", "--data"], ["review", "--policies", str(data), "--data"]):
        found = run(*command, str(data))
        assert isinstance(found.exception, DataError)
        assert found.exception.hint == f"run `lpgen upgrade {data}`"
    with pytest.raises(BaselineError, match="format 2") as caught:
        open_baseline(data / "baselines" / NAMES[0])
    assert "lpgen upgrade" in caught.value.hint
    assert contents(data) == before


def test_upgrade_carries_over_usage_skips_coverage_and_baselines(data: Path) -> None:
    (folder,) = (data / "usage").iterdir()
    old = tables_of(folder)
    kept = {name: contents(data / "baselines" / name) for name in NAMES}
    baseline_tables = {name: tables_of(data / "baselines" / name / "usage") for name in NAMES}
    done = run("upgrade", str(data))
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == 31
    assert "logs/broken.json" in done.stdout
    assert "from schema version 2 to 3 and 2 baselines" in done.stderr
    found = read_usage(data)
    assert rows(found.table) == [{**row, "denied_by": ""} for row in old["usage"]]
    assert (rows(found.skips), rows(found.coverage)) == (old["skips"], old["coverage"])
    assert run("check", "--data", str(data)).exit_code == 0
    assert sorted(path.name for path in (data / "baselines").iterdir()) == list(NAMES)
    assert [one.stamp.name for one in list_baselines(data)] == list(NAMES)
    for name in NAMES:
        baseline = open_baseline(data / "baselines" / name)
        assert rows(baseline.usage().skips) == baseline_tables[name]["skips"]
        same = contents(baseline.folder)
        assert all(same[path] == kept[name][path] for path in kept[name] if path.endswith(".json") and "/" in path)
        assert same["proposals.json"] == kept[name]["proposals.json"]


def test_upgrade_derives_no_more_activity_than_there_was(data: Path) -> None:
    run("upgrade", str(data))
    usage = read_usage(data)
    read: Counter[tuple[str, date]] = Counter()
    for row in rows(usage.coverage):
        read[row["account"], row["day"]] += row["records"]
    active: Counter[tuple[str, date]] = Counter()
    for row in rows(usage.activity):
        active[row["account"], row["day"]] += row["records"]
    assert active
    assert all(count <= read[key] for key, count in active.items())
    callers = {row["caller"] for row in rows(usage.activity)}
    principals = {row["principal"] for row in rows(usage.table)}
    named = {one for one in principals if one.startswith("arn:")}
    assert callers == named | ({CallerKind.CROSS_ACCOUNT_ID.value} if named != principals else set())


def test_upgrade_of_an_upgraded_folder_changes_nothing(data: Path) -> None:
    run("upgrade", str(data))
    before = contents(data)
    again = run("upgrade", str(data))
    assert (again.exit_code, again.stdout) == (0, "")
    assert "nothing to upgrade" in again.stderr
    assert contents(data) == before


def test_upgraded_folder_never_counts_a_record_twice(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.json"
    log.write_text(json.dumps({"Records": [record_json(number) for number in range(6)]}), "utf-8")
    with contextlib.closing(sqlite3.connect(data / "ledger.sqlite")) as ledger, ledger:
        changed = ledger.execute(
            "UPDATE files SET sha256 = ?, size = ? WHERE sha256 IN"
            " (SELECT sha256 FROM files WHERE out_of_window = 6 AND records = 6 LIMIT 1)",
            (hashlib.sha256(log.read_bytes()).hexdigest(), log.stat().st_size),
        )
        assert changed.rowcount == 1
    run("upgrade", str(data))
    assert run("ingest", str(log), "--data", str(data)).exit_code == 0
    found = run("check", "--data", str(data))
    assert (found.exit_code, found.stdout.count("\n")) == (0, 1), found.stdout


def test_upgrade_refuses_damage_and_leaves_the_old_folder(data: Path) -> None:
    (folder,) = (data / "usage").iterdir()
    for path in (folder / "skips.parquet", data / "baselines" / NAMES[1] / "usage" / "usage.parquet"):
        content = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        before = contents(data)
        found = run("upgrade", str(data))
        assert isinstance(found.exception, DataError | BaselineError)
        assert read_schema_version(data) == 2
        after = contents(data)
        assert {name: after.get(name) for name in before} == before
        path.write_bytes(content)
    assert run("upgrade", str(data)).exit_code == 0


_KILLED = """
import os, pathlib, signal, sys
from lpgen.edge.data_folder.ledger import Ledger
from lpgen.app.upgrade import upgrade

step, fatal = 0, int(sys.argv[2])

def deadly(function):
    def wrapper(*arguments):
        global step
        result = function(*arguments)
        step += 1
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return wrapper

pathlib.Path.rename = deadly(pathlib.Path.rename)
Ledger.commit = deadly(Ledger.commit)
upgrade(pathlib.Path(sys.argv[1]))
print(step)
"""


@pytest.mark.slow
def test_upgrade_killed_at_any_step_leaves_the_old_or_the_new_folder(data: Path, tmp_path: Path) -> None:
    shutil.rmtree(data / "baselines" / NAMES[1])
    shutil.copytree(data, tmp_path / "whole")
    command = [sys.executable, "-c", _KILLED]
    done = subprocess.run([*command, str(tmp_path / "whole"), "0"], check=True, capture_output=True, text=True)
    versions = []
    for fatal in range(1, int(done.stdout) + 1):
        folder = tmp_path / f"killed-{fatal}"
        shutil.copytree(data, folder)
        assert subprocess.run([*command, str(folder), str(fatal)], check=False).returncode == -signal.SIGKILL
        versions.append(read_schema_version(folder))
        if versions[-1] == 2:
            assert (folder / "usage" / read_old_generation(folder) / "usage.parquet").exists()
            assert contents(folder / "baselines" / NAMES[0]) == contents(data / "baselines" / NAMES[0])
        assert run("upgrade", str(folder)).exit_code == 0
        assert read_generation(folder) == read_generation(tmp_path / "whole")
        assert contents(folder / "baselines") == contents(tmp_path / "whole" / "baselines")
    assert versions == sorted(versions)
    assert set(versions) == {2, 3}


def read_old_generation(data: Path) -> str:
    names = [path.name for path in (data / "usage").iterdir()]
    return next(name for name in names if not (data / "usage" / name / "manifest.json").exists())
