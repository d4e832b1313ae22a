"""A data folder behind a link: people put it on a larger disk, and others plant links to what isn't one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.attack.fuzz.world import records
from tests.support.forked_lpgen import run_forked


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    path = tmp_path / "logs.json"
    path.write_text(json.dumps({"Records": records()}))
    return path


def ingest(logs: Path) -> tuple[int, str]:
    done = run_forked("ingest", logs, "--data", "data", "--workers", "1", cwd=logs.parent)
    return done.returncode, done.stderr


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_link_may_lead_to_an_empty_folder_and_to_a_data_folder(logs: Path, tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.mkdir(mode=0o755)
    (tmp_path / "data").symlink_to(far)
    assert [ingest(logs)[0] for _ in range(2)] == [0, 0]
    assert (far / "ledger.sqlite").is_file()
    assert mode(far) == 0o700
    assert run_forked("check", "--data", "data", cwd=tmp_path).returncode == 0


def test_a_link_may_lead_to_a_folder_with_snapshots_only(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "far" / "snapshots").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "far")
    assert ingest(logs)[0] == 0


@pytest.mark.parametrize("content", ["file.txt", "usage/file.txt", "ledger.sqlite/file.txt"])
def test_a_link_to_another_folder_is_refused_and_changes_nothing_there(
    content: str, logs: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious" / content
    precious.parent.mkdir(parents=True)
    precious.write_text("precious")
    (tmp_path / "precious").chmod(0o755)
    (tmp_path / "data").symlink_to(tmp_path / "precious")
    status, said = ingest(logs)
    assert status == 3
    assert "is a link, and its target is neither a data folder" in said
    assert [path.name for path in (tmp_path / "precious").iterdir()] == [content.partition("/")[0]]
    assert (mode(tmp_path / "precious"), precious.read_text()) == (0o755, "precious")


def test_a_link_to_nothing_is_refused(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(tmp_path / "missing")
    assert ingest(logs)[0] == 3
    assert not (tmp_path / "missing").exists()
