"""Baselines: whole or not at all, never changed, and refused where a byte differs."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lpgen.core.drift.states import Figures, KeptProposal, Stamp
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Action
from lpgen.core.trails import TrailSource
from lpgen.core.usage.tables import TABLES
from lpgen.edge.data_folder.baseline_folder import (
    BASELINES,
    BaselineFiles,
    find_baseline,
    list_baselines,
    open_baseline,
    save_baseline,
)
from lpgen.edge.data_folder.immutable_folder import SealedKind, SealedWriter
from lpgen.errors import BaselineError, InvocationError
from tests.support.worlds import allow, usage_of, use

ROLE = "arn:aws:iam::111122223333:role/app"
STAMP = Stamp("week-1", date(2026, 9, 30), "2026.09.26", "2026-09-26", "", Figures(1, 2, 3, 4, 5, 6))
DOCUMENT = policy_from_json({"Version": "2012-10-17", "Statement": [allow("s3:GetObject")]}, place="policy-1")
PROPOSALS = (KeptProposal(ROLE, (DOCUMENT,), date(2026, 9, 1), 7),)
ACTIONS = frozenset({Action("s3:GetObject"), Action("s3:PutObject")})


def save(data: Path, stamp: Stamp = STAMP, *, saved: datetime = datetime(2026, 10, 1, tzinfo=UTC)) -> Path:
    policies, trail, scps = data.parent / "policies.json", data.parent / "trail.json", data.parent / "scps.json"
    for path, text in ((policies, '{"RoleDetailList": []}'), (trail, "{}"), (scps, "[]")):
        path.write_text(text, encoding="utf-8")
    files = BaselineFiles((policies,), (trail,), scps, trail_source=TrailSource.SNAPSHOT)
    usage = usage_of({ROLE: [use("s3:GetObject")]})
    return save_baseline(data, stamp, files, usage=usage, known_actions=ACTIONS, proposals=PROPOSALS, saved=saved)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_baseline_is_read_as_it_was_saved(data: Path) -> None:
    found = open_baseline(save(data))
    assert found.saved.stamp == STAMP
    assert found.known_actions == ACTIONS
    assert found.proposals == {ROLE: PROPOSALS[0]}
    kept, expected = found.usage(), usage_of({ROLE: [use("s3:GetObject")]})
    for name in ("table", "skips", "coverage"):
        assert getattr(kept, name).to_pylist() == getattr(expected, name).to_pylist()
    assert [path.read_text(encoding="utf-8") for path in found.files.policies] == ['{"RoleDetailList": []}']
    assert found.files.scps is not None
    assert found.files.boundary is None
    assert found.files.trail_source is TrailSource.SNAPSHOT


def test_a_baseline_holds_copies_and_outlives_its_sources(data: Path) -> None:
    folder = save(data)
    (data.parent / "policies.json").unlink()
    open_baseline(folder)


def test_a_name_is_taken_once(data: Path) -> None:
    save(data)
    with pytest.raises(BaselineError, match="already exists"):
        save(data)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x", ".hidden", "x" * 65, "a b", "ä", "a\n"])
def test_a_name_that_is_no_folder_of_its_own_is_refused(data: Path, name: str) -> None:
    with pytest.raises(InvocationError):
        save(data, replace(STAMP, name=name))
    assert not (data / BASELINES).exists()


def test_every_changed_lost_or_added_file_is_refused(data: Path) -> None:
    folder = save(data)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 7 + len(TABLES)
    for path in files:
        content = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(content.replace(b"2026", b"2025") if path == folder / "manifest.json" else content + b" ")
        with pytest.raises(BaselineError, match="changed"):
            open_baseline(folder)
        path.unlink()
        with pytest.raises(BaselineError):
            open_baseline(folder)
        path.write_bytes(content)
        open_baseline(folder)
    (folder / "more.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BaselineError, match="an extra file"):
        open_baseline(folder)


def test_files_are_read_only(data: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in save(data).rglob("*") if path.is_file()} == {0o400}


@pytest.mark.parametrize(("version", "next_step"), [(2, "save a new one with `lpgen baseline save`"), (4, "update")])
def test_another_format_is_refused_by_its_number(data: Path, version: int, next_step: str) -> None:
    manifest = save(data) / "manifest.json"
    found = json.loads(manifest.read_bytes())
    manifest.chmod(0o644)
    manifest.write_text(json.dumps({**found, "format_version": version}), encoding="utf-8")
    for read in (lambda: list_baselines(data), lambda: open_baseline(manifest.parent)):
        with pytest.raises(BaselineError) as caught:
            read()
        assert f"the baseline `{manifest.parent}` has format {version}, and" in caught.value.message
        assert next_step in caught.value.hint


@pytest.mark.parametrize("content", ["", "[]", "{", '{"digest": 1}', "null", '"x"', "[" * 100_000])
def test_a_manifest_that_is_none_is_refused(data: Path, content: str) -> None:
    manifest = save(data) / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(content, encoding="utf-8")
    with pytest.raises(BaselineError):
        open_baseline(manifest.parent)


def test_baselines_are_found_by_name_by_day_and_newest(data: Path) -> None:
    for day in (2, 9, 16):
        save(data, replace(STAMP, name=f"week-{day}", as_of=date(2026, 9, day)))
    assert [baseline.stamp.name for baseline in list_baselines(data)] == ["week-2", "week-9", "week-16"]
    for wanted, name in (("", "week-16"), ("week-2", "week-2"), ("2026-09-15", "week-9"), ("2026-09-09", "week-9")):
        assert find_baseline(data, wanted).name == name
    for wanted in ("2026-09-01", "week-3"):
        with pytest.raises(InvocationError, match=wanted):
            find_baseline(data, wanted)


def test_a_baseline_that_is_called_like_a_day_wins(data: Path) -> None:
    save(data, replace(STAMP, name="2026-09-30", as_of=date(2026, 9, 2)))
    save(data, replace(STAMP, name="other", as_of=date(2026, 9, 30)))
    assert find_baseline(data, "2026-09-30").name == "2026-09-30"


def test_without_any_baseline_the_next_step_is_named(data: Path) -> None:
    with pytest.raises(BaselineError) as found:
        find_baseline(data)
    assert "lpgen baseline save" in found.value.hint


def test_a_missing_input_leaves_nothing_behind(data: Path, tmp_path: Path) -> None:
    files = BaselineFiles((tmp_path / "none.json",))
    with pytest.raises(BaselineError, match=r"none\.json"):
        save_baseline(
            data, STAMP, files, usage=usage_of({}), known_actions=ACTIONS, proposals=(), saved=datetime.now(UTC)
        )
    assert list((data / BASELINES).iterdir()) == []


_SLOWLY = """
import sys, time
from pathlib import Path
from lpgen.edge.data_folder.immutable_folder import SealedKind, SealedWriter
from lpgen.errors import BaselineError
kind = SealedKind("baseline", "saved", BaselineError, "", "", 1)
with SealedWriter(Path(sys.argv[1]), "slow", kind) as writer:
    writer.write("a/1.json", b"{}")
    print("written", flush=True)
    time.sleep(60)
    writer.seal({})
"""


@contextlib.contextmanager
def slow_save(root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of saving `slow`."""
    with subprocess.Popen([sys.executable, "-c", _SLOWLY, str(root)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "written\n"
        try:
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize("name", ["slow", "other"])
def test_a_killed_save_leaves_no_baseline_and_blocks_no_name(name: str, data: Path) -> None:
    root = data / BASELINES
    with slow_save(root) as child:
        child.send_signal(signal.SIGKILL)
    assert list_baselines(data) == ()
    assert sorted(path.name for path in root.iterdir()) == [".lock-slow", ".unfinished-slow"]
    save(data, replace(STAMP, name=name))
    assert [path.name for path in root.iterdir()] == [name]
    open_baseline(root / name)


def test_a_save_under_way_is_named_and_left_alone(data: Path) -> None:
    root = data / BASELINES
    with slow_save(root) as child:
        owner = f"process {child.pid} on host {socket.gethostname()} since 2"
        with pytest.raises(BaselineError, match=f"`slow` is being saved by {owner}"):
            save(data, replace(STAMP, name="slow"))
        save(data, replace(STAMP, name="other"))
        assert (root / ".unfinished-slow" / "a" / "1.json").exists()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_said(code: int, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(BaselineError, match="its file system has no locks") as caught:
        save(data)
    assert "NFS" in caught.value.hint


def test_baselines_are_their_owners(data: Path) -> None:
    before = os.umask(0)
    try:
        save(data)
    finally:
        os.umask(before)
    found = [data, *data.rglob("*")]
    assert {path.stat().st_mode & 0o077 for path in found} == {0}


def test_two_at_once_give_one(tmp_path: Path) -> None:
    kind = SealedKind("baseline", "saved", BaselineError, "", "", 1)
    with SealedWriter(tmp_path, "same", kind) as writer:
        with pytest.raises(BaselineError, match="being saved"), SealedWriter(tmp_path, "same", kind):
            pass
        writer.write("one.json", b"1")
        writer.seal({})
    assert (tmp_path / "same" / "one.json").read_bytes() == b"1"
