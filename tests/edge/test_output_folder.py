"""The output folder: whole or not at all, and never over somebody else's files."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lpgen.edge.output_folder import SUMMARY, OutputFolder, recover_output
from lpgen.edge.replacement_files import find_replacements, read_output, write_text
from lpgen.errors import OutputError
from tests.support.kill_steps import write_output_folder


def written(folder: Path) -> Path:
    write_text(folder / SUMMARY, "{}")
    write_text(folder / "app" / "policy-1.json", "{}")
    return folder


def test_output_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with OutputFolder(target) as folder:
        write_text(folder.path / SUMMARY, "{}")
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == [SUMMARY]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_output_folder_keeps_the_old_one_when_writing_fails(tmp_path: Path) -> None:
    target = written(tmp_path / "out")

    def fail_midway() -> None:
        with OutputFolder(target) as folder:
            write_text(folder.path / SUMMARY, "new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()
    assert (target / SUMMARY).read_text(encoding="utf-8") == "{}"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_output_folder_leaves_alone_what_it_cannot_open(tmp_path: Path) -> None:
    other = tmp_path / ".out.lpgen-new-other"
    other.symlink_to(tmp_path / "vanished")
    with OutputFolder(tmp_path / "out") as folder:
        write_text(folder.path / SUMMARY, "{}")
    assert (tmp_path / "out" / SUMMARY).is_file()
    assert other.is_symlink()


def test_output_folder_replaces_its_own_but_nobody_elses(tmp_path: Path) -> None:
    target = written(tmp_path / "out")
    with OutputFolder(target) as folder:
        write_text(folder.path / SUMMARY, "new")
    assert [path.name for path in target.iterdir()] == [SUMMARY]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(OutputError, match="was not written by lpgen"), OutputFolder(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine" / "thesis.txt").exists()


# ---------------------------------------------------------------- kills


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Output folders, each as a run left it that was killed one step later than the one before."""
    home = tmp_path_factory.mktemp("kills")
    root = Path(__file__).parent.parent.parent
    subprocess.run([sys.executable, "-m", "tests.support.kill_steps", str(home)], check=True, cwd=root)
    return [home / str(number) / "out" for number in range(1, 1 + len(list(home.iterdir())))]


def content(target: Path) -> set[str]:
    """The different contents of the files of an output folder, after checking that all files are there."""
    files = {path.relative_to(target).as_posix(): path for path in target.rglob("*") if path.is_file()}
    assert sorted(files) == ["role/evidence.json", "role/policy-1.json", "summary.json"]
    return {path.read_text(encoding="utf-8") for path in files.values()}


def test_killed_run_leaves_the_old_folder_or_the_new_one(killed: list[Path], tmp_path: Path) -> None:
    found = []
    for number, target in enumerate(killed):
        home = shutil.copytree(target.parent, tmp_path / str(number))
        lost = not (home / "out").exists()
        assert not lost or content(home / ".out.lpgen-old") == {"old"}
        recover_output(home / "out")
        (now,) = content(home / "out")
        found.append(("lost", now) if lost else ("there", now))
    assert found == sorted(found, key=[("there", "old"), ("lost", "old"), ("there", "new")].index)
    assert set(found) == {("there", "old"), ("lost", "old"), ("there", "new")}


def test_next_run_cleans_up_after_a_killed_one(killed: list[Path], tmp_path: Path) -> None:
    for number, target in enumerate(killed):
        home = shutil.copytree(target.parent, tmp_path / str(number))
        write_output_folder(home / "out", "newer")
        assert content(home / "out") == {"newer"}
        assert [path.name for path in home.iterdir()] == ["out"]


def test_every_command_that_reads_the_folder_restores_it(killed: list[Path], tmp_path: Path) -> None:
    lost = next(target for target in killed if not target.exists())
    for number, read in enumerate((read_output, find_replacements)):
        home = shutil.copytree(lost.parent, tmp_path / str(number))
        read(home / "out")
        assert content(home / "out") == {"old"}


def test_run_leaves_the_unfinished_folder_of_a_living_run_alone(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with OutputFolder(target) as first:
        write_text(first.path / SUMMARY, "first")
        write_output_folder(target, "second")
        assert (first.path / SUMMARY).exists()
    assert (target / SUMMARY).read_text(encoding="utf-8") == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_output_folder_that_cannot_be_put_in_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = written(tmp_path / "out")
    rename = Path.rename

    def refuse(self: Path, goal: Path) -> Path:
        if goal == target and "new" in self.name:
            raise OSError(28, "No space left on device")
        return rename(self, goal)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="No space left"):
        write_output_folder(target, "new")
    assert (target / SUMMARY).read_text(encoding="utf-8") == "{}"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_output_folder_is_its_owners_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_output_folder(tmp_path / "deep" / "out", "new")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep", *(tmp_path / "deep").rglob("*"))}
    assert modes == {0o700, 0o600}


def test_output_folder_may_be_named_by_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write_output_folder(Path(), "new")
    assert content(tmp_path / "here") == {"new"}
