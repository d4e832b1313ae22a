"""No figure of the structure rises above its ceiling unless somebody raises the ceiling by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import bench.structure.__main__ as command
from bench.structure.ceilings import Figures, find_violations, lower_ceilings, read_ceilings, write_ceilings
from bench.structure.figures import capped_figures, measure_code
from bench.structure.sample_calls import TaskCalls

TASK = TaskCalls("a review", files=3, crossings=4)
CEILINGS = Figures({"pkg": 10, "pkg/sub": 20}, {"value types": 5})


def test_figures_at_or_below_their_ceilings_are_fine() -> None:
    assert not find_violations(Figures({"pkg": 10, "pkg/sub": 1}, {"value types": 0}), CEILINGS)


def test_figures_above_their_ceilings_are_named_with_both_numbers() -> None:
    found = find_violations(Figures({"pkg": 11, "pkg/sub": 1_020}, {"value types": 6}), CEILINGS)
    assert found == [
        "code lines of pkg: 11, above the ceiling of 10",
        "code lines of pkg/sub: 1,020, above the ceiling of 20",
        "value types: 6, above the ceiling of 5",
    ]


def test_figures_without_ceiling_and_ceilings_without_figure_are_named() -> None:
    found = find_violations(Figures({"pkg": 1, "pkg/new": 7}, {"files": 2}), CEILINGS)
    assert found == [
        "code lines of pkg/new: 7, but no ceiling",
        "code lines of pkg/sub: a ceiling, but nothing to measure",
        "files: 2, but no ceiling",
        "value types: a ceiling, but nothing to measure",
    ]


def test_lower_ceilings_raises_none_and_adds_none() -> None:
    figures = Figures({"pkg": 11, "pkg/sub": 7, "pkg/new": 3}, {"value types": 4, "files": 2})
    assert lower_ceilings(figures, CEILINGS) == Figures({"pkg": 10, "pkg/sub": 7}, {"value types": 4})


def test_lower_ceilings_drops_those_of_deleted_folders() -> None:
    assert lower_ceilings(Figures({"pkg": 10}, {"value types": 5}), CEILINGS) == Figures(
        {"pkg": 10}, {"value types": 5}
    )


def test_ceilings_are_a_row_each_in_their_file(tmp_path: Path) -> None:
    file = tmp_path / "ceilings.json"
    write_ceilings(file, CEILINGS)
    assert '    "pkg/sub": 20\n' in file.read_text(encoding="utf-8")
    assert read_ceilings(file) == CEILINGS


def test_capped_figures_are_those_of_code_circles_and_tasks(tmp_path: Path) -> None:
    left, right = tmp_path / "pkg" / "left", tmp_path / "pkg" / "right"
    for folder, text in ((left, "import pkg.right.one\n"), (right, "from pkg.left.one import NAME\nLIMIT = 1\n")):
        folder.mkdir(parents=True)
        (folder / "one.py").write_text(text, encoding="utf-8")
    figures = capped_figures(measure_code(tmp_path / "pkg"), [TASK])
    assert figures.lines == {"pkg/left": 1, "pkg/right": 2}
    assert figures.totals == {
        "files": 2,
        "import lines": 2,
        "value types": 0,
        "public functions and classes": 0,
        "functions over 60 lines": 0,
        "files in import circles": 2,
        "parts in import circles": 2,
        "pairs of parts that import each other": 1,
        "files entered by a review": 3,
        "crossings of a review": 4,
    }


@pytest.fixture
def ceilings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of ceilings of a small tree, at its figures."""
    root, file = tmp_path / "pkg", tmp_path / "ceilings.json"
    root.mkdir()
    (root / "one.py").write_text("ONE = 1\nTWO = 2\n", encoding="utf-8")
    monkeypatch.setattr(command, "_LPGEN", root)
    monkeypatch.setattr(command, "_CEILINGS", file)
    monkeypatch.setattr(command, "trace_tasks", lambda: [TASK])
    write_ceilings(file, capped_figures(measure_code(root), [TASK]))
    return file


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["structure", *arguments])
    command.main()


def test_check_fails_on_a_violation(
    ceilings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as passed:
        run(monkeypatch, "--check")
    assert passed.value.code == 0
    found = json.loads(ceilings.read_bytes())
    found["lines"]["pkg"] = 1
    ceilings.write_text(json.dumps(found), encoding="utf-8")
    capsys.readouterr()
    with pytest.raises(SystemExit) as failed:
        run(monkeypatch, "--check")
    assert failed.value.code == 1
    assert capsys.readouterr().out == "code lines of pkg: 2, above the ceiling of 1\n"


def test_update_writes_lower_ceilings(ceilings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ceilings.read_bytes()
    found = json.loads(before)
    found["lines"]["pkg"] = 100
    ceilings.write_text(json.dumps(found), encoding="utf-8")
    run(monkeypatch, "--update")
    assert ceilings.read_bytes() == before


@pytest.mark.usefixtures("ceilings")
def test_report_shows_every_kind_of_figure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch)
    printed = {line.split("  ")[0]: line.split()[-1] for line in capsys.readouterr().out.splitlines() if line}
    assert {"pkg", "total", "files", "parts of a folder"} <= printed.keys()
    assert printed["a review"] == "4"


def test_report_of_another_tree_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "two.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
    monkeypatch.setattr(command, "trace_tasks", lambda: pytest.fail("ran tasks"))
    run(monkeypatch, "--tree", str(tmp_path))
    assert f"\n{'total':36}        1        1" in capsys.readouterr().out


@pytest.mark.usefixtures("ceilings")
def test_circles_are_listed_with_their_members(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pkg" / "one.py").write_text("import pkg.two\n", encoding="utf-8")
    (tmp_path / "pkg" / "two.py").write_text("import pkg.one\n", encoding="utf-8")
    run(monkeypatch, "--circles")
    assert capsys.readouterr().out.startswith("circle of 2 files:\n  pkg.one\n  pkg.two\n")
