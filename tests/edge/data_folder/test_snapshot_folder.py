"""Snapshots on the disk: whole or not at all, found by name or day, and refused once they are changed."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.snapshots import Gap, SnapshotStamp, Subject, TakenAccount
from lpgen.edge.data_folder.snapshot_folder import SnapshotWriter, find_snapshot, open_snapshot
from lpgen.errors import InvocationError, SnapshotError
from tests.support.law_examples import examples

NOW = datetime(2026, 9, 30, 12, 0, 5, tzinfo=UTC)
ACCOUNT = TakenAccount("111122223333", "main", 2, 1)
GAP = Gap("111122223333", Subject.TRAILS, "", "can't list the trails")


def take(data: Path, moment: datetime = NOW) -> SnapshotStamp:
    with SnapshotWriter(data, moment) as writer:
        writer.write_json("policies/111122223333.json", [{"RoleDetailList": [], "When": moment}])
        writer.write_json("scps.json", {"111122223333": []})
        return writer.finish((ACCOUNT,), (GAP,), about={"caller": "arn"})


def folder_of(data: Path, wanted: str = "") -> Path:
    found = find_snapshot(data, wanted)
    assert found is not None
    return found


def test_a_snapshot_reads_back_as_it_was_taken(tmp_path: Path) -> None:
    stamp = take(tmp_path)
    snapshot = open_snapshot(folder_of(tmp_path))
    assert snapshot.stamp == stamp == SnapshotStamp("2026-09-30T12-00-05Z", NOW, (ACCOUNT,), (GAP,))
    assert [path.name for path in snapshot.policies] == ["111122223333.json"]
    assert snapshot.scps == tmp_path / "snapshots" / stamp.name / "scps.json"
    assert (snapshot.trails, snapshot.last_accessed, snapshot.rcps, snapshot.resource_policies) == (
        (),
        None,
        None,
        None,
    )


def test_times_are_written_in_utc(tmp_path: Path) -> None:
    with SnapshotWriter(tmp_path, NOW) as writer:
        writer.write_json("policies/1.json", {"at": datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))})
        writer.finish((), (), about={})
    path = folder_of(tmp_path) / "policies" / "1.json"
    assert json.loads(path.read_text(encoding="utf-8")) == {"at": "2025-12-31T23:00:00+00:00"}


def test_nothing_stays_of_a_snapshot_that_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with SnapshotWriter(tmp_path, NOW) as writer:
            writer.write_json("policies/1.json", {})
            assert find_snapshot(tmp_path) is None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list((tmp_path / "snapshots").iterdir()) == []


def test_what_a_killed_run_left_is_no_snapshot_and_goes_with_the_next(tmp_path: Path) -> None:
    left = tmp_path / "snapshots" / ".unfinished-2026-09-30T12-00-04Z"
    left.mkdir(parents=True)
    (left / "scps.json").write_text("{}", encoding="utf-8")
    assert find_snapshot(tmp_path) is None
    take(tmp_path)
    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == ["2026-09-30T12-00-05Z"]


def test_two_runs_of_one_second_do_not_meet(tmp_path: Path) -> None:
    with SnapshotWriter(tmp_path, NOW), pytest.raises(SnapshotError, match=f"being taken by process {os.getpid()}"):
        take(tmp_path)
    take(tmp_path)
    with pytest.raises(SnapshotError, match="already exists"):
        take(tmp_path)
    assert open_snapshot(folder_of(tmp_path)).stamp.gaps == (GAP,)


def test_files_are_read_only(tmp_path: Path) -> None:
    take(tmp_path)
    modes = {path.stat().st_mode & 0o777 for path in folder_of(tmp_path).rglob("*") if path.is_file()}
    assert modes == {0o400}


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SnapshotError, match="can't be written into"):
        take(tmp_path / "file" / "data")


# ---------------------------------------------------------------- finding


def test_the_newest_counts_unless_told(tmp_path: Path) -> None:
    assert find_snapshot(tmp_path) is None
    for hours in (30, 0, 24):
        take(tmp_path, NOW + timedelta(hours=hours))
    assert folder_of(tmp_path).name == "2026-10-01T18-00-05Z"
    assert folder_of(tmp_path, "2026-10-01T12").name == "2026-10-01T12-00-05Z"
    assert folder_of(tmp_path, "2026-10-01").name == "2026-10-01T18-00-05Z"
    assert folder_of(tmp_path, "2026-09-30").name == "2026-09-30T12-00-05Z"
    with pytest.raises(InvocationError, match="has no snapshot `2027`") as caught:
        find_snapshot(tmp_path, "2027")
    assert "2026-10-01T18-00-05Z" in caught.value.hint


# ---------------------------------------------------------------- damage


def forge(path: Path, content: str) -> None:
    path.chmod(0o644)
    path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize("name", ["scps.json", "policies/111122223333.json", "manifest.json"])
@settings(max_examples=examples(15), deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_noticed(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    root = tmp_path_factory.mktemp("changed")
    take(root)
    path = folder_of(root) / name
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.chmod(0o644)
    path.write_bytes(content)
    try:
        opened = open_snapshot(folder_of(root))
    except SnapshotError:
        return
    # Only white space between the manifest's own elements may change without changing what it says.
    assert name == "manifest.json"
    assert opened.stamp == SnapshotStamp("2026-09-30T12-00-05Z", NOW, (ACCOUNT,), (GAP,))


def test_an_edited_manifest_is_refused(tmp_path: Path) -> None:
    take(tmp_path)
    path = folder_of(tmp_path) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    forge(path, json.dumps(manifest | {"gaps": []}))
    with pytest.raises(SnapshotError, match=r"was changed: `manifest\.json`"):
        open_snapshot(folder_of(tmp_path))


@pytest.mark.parametrize("content", ["", "[]", "null", "3", "{}", '{"format_version": 1}', "[" * 100_000])
def test_a_broken_manifest_is_refused(tmp_path: Path, content: str) -> None:
    take(tmp_path)
    forge(folder_of(tmp_path) / "manifest.json", content)
    with pytest.raises(SnapshotError):
        open_snapshot(folder_of(tmp_path))


@pytest.mark.parametrize(("version", "next_step"), [(0, "take a new one with `lpgen snapshot`"), (2, "update lpgen")])
def test_another_format_is_refused_by_its_number(tmp_path: Path, version: int, next_step: str) -> None:
    take(tmp_path)
    folder = folder_of(tmp_path)
    forge(folder / "manifest.json", f'{{"format_version": {version}, "whatever": 1}}')
    with pytest.raises(SnapshotError) as caught:
        open_snapshot(folder)
    assert caught.value.message == f"the snapshot `{folder}` has format {version}, and this version of lpgen reads 1"
    assert next_step in caught.value.hint


def test_a_lost_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    take(tmp_path)
    folder = folder_of(tmp_path)
    (folder / "policies" / "999999999999.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SnapshotError, match=r"has an extra file: `policies/999999999999\.json`"):
        open_snapshot(folder)
    (folder / "policies" / "999999999999.json").unlink()
    (folder / "scps.json").unlink()
    with pytest.raises(SnapshotError, match=r"has lost a file: `scps\.json`"):
        open_snapshot(folder)
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(SnapshotError, match="manifest"):
        open_snapshot(folder)
