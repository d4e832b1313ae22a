"""The output folder: whole or not at all, and never over somebody else's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpgen.edge.output_folder import SUMMARY, OutputFolder
from lpgen.edge.replacement_files import write_text
from lpgen.errors import OutputError


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
