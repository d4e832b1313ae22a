"""What is published around the package: README on an index, the GitHub Action, the hook, the image and the forms."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from lpgen.cli.main import app
from lpgen.version import __version__
from tests.docs.test_links import links_of
from tests.support.documents import README, ROOT

ACTION = ROOT / "action.yml"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def run_tool(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


# ---------------------------------------------------------------- the package


def test_readme_on_a_package_index_has_no_link_to_a_file() -> None:
    text = README.read_text(encoding="utf-8")
    for one in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(one["pattern"], one["replacement"], text)
    assert [link for link in links_of(text) if not link.startswith("https:")] == []
    assert "![" not in text
    assert "Commands: every command with its help" in " ".join(text.split())


def test_version_has_one_place() -> None:
    files = [*ROOT.glob("*.toml"), ROOT / "Makefile", ROOT / "Dockerfile", ACTION, *(ROOT / "lpgen").rglob("*.py")]
    named = [path.name for path in files if f'"{__version__}"' in path.read_text(encoding="utf-8")]
    assert named == ["version.py"]


# ---------------------------------------------------------------- the GitHub Action


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("github-actions", "action.yml"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
        *(("github-issue-forms", f".github/ISSUE_TEMPLATE/{form}.yml") for form in ("bug", "feature", "mapping")),
    ],
)
def test_files_for_github_follow_its_schemas(schema: str, file: str) -> None:
    run_tool("check_jsonschema", "--builtin-schema", f"vendor.{schema}", file)


def test_action_puts_no_input_into_a_script() -> None:
    steps = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    assert len(steps) == 5
    for step in steps:
        assert "${{" not in step.get("run", "")
    assert all(re.fullmatch(r"\S+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)


def test_page_names_the_inputs_of_the_action() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    inputs = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["inputs"]
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(inputs)


FAKE = """#!/usr/bin/env bash
printf '%s\\n' "$@" >>"$RUNNER_TEMP/calls"
for one; do case $one in --output=*|--also=*) echo report >"${one#*=}" ;; esac; done
if [ "$1" = api ] && [ "$2" = --paginate ]; then echo "$COMMENT"; fi
exit "${CODE:-0}"
"""


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A runner's folder, with programs in place of lpgen and gh that write down what they are given."""
    for program in (tmp_path / "lpgen" / "bin" / "lpgen", tmp_path / "bin" / "gh"):
        program.parent.mkdir(parents=True)
        program.write_text(FAKE, encoding="utf-8")
        program.chmod(0o755)
    return tmp_path


def act(runner: Path, step: str, **settings: str) -> tuple[int, list[str]]:
    """The exit code of a step of the action, and the words that it gave to the programs."""
    asked = {"COMMAND": "drift", "DATA": "data", "POLICIES": "", "DECISIONS": "", "SINCE": "", "FAIL_ON": ""}
    given = {
        "RUNNER_TEMP": str(runner),
        "PATH": f"{runner / 'bin'}:{os.environ['PATH']}",
        **{name: str(runner / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")},
        **asked,
        **settings,
    }
    done = subprocess.run([ROOT / ".ci" / "action", step], env=given, cwd=runner, capture_output=True, check=False)
    calls = runner / "calls"
    return done.returncode, calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []


def test_action_reports_what_lpgen_found(runner: Path) -> None:
    code, calls = act(runner, "report", SINCE="monday", FAIL_ON="high", DECISIONS="d.toml", CODE="1")
    reports = runner / "lpgen-reports"
    assert code == 0
    assert calls == [
        *("drift", "--data=data", "--decisions=d.toml", "--since=monday", "--fail-on=high"),
        *(f"--output={reports}/lpgen.md", f"--also={reports}/lpgen.sarif"),
    ]
    assert "exit-code=1\n" in (runner / "github_output").read_text(encoding="utf-8")
    assert (runner / "github_step_summary").read_text(encoding="utf-8") == "report\n"


def test_action_reviews_into_both_forms(runner: Path) -> None:
    code, calls = act(runner, "report", COMMAND="review", POLICIES="p.json")
    assert (code, calls.count("review"), calls.count("--policies=p.json")) == (0, 2, 2)


@pytest.mark.parametrize("code", ["2", "3", "130"])
def test_action_fails_at_once_if_lpgen_cannot_finish(runner: Path, code: str) -> None:
    assert act(runner, "report", CODE=code)[0] == int(code)
    assert not (runner / "github_output").exists()


@pytest.mark.parametrize("hostile", ["$(touch pwned)", "; touch pwned", "`touch pwned`", "a b\nc", "--format=json"])
def test_action_runs_no_input_as_a_command(runner: Path, hostile: str) -> None:
    code, calls = act(runner, "report", DATA=hostile, SINCE=hostile)
    assert code == 0
    assert f"--data={hostile}\n" in "\n".join(calls)
    assert act(runner, "report", COMMAND=hostile)[0] == 2
    assert not (runner / "pwned").exists()


@pytest.mark.parametrize(("comment", "method"), [("", "POST"), ("17", "PATCH")])
def test_action_keeps_one_comment_up_to_date(runner: Path, comment: str, method: str) -> None:
    (runner / "lpgen-reports").mkdir()
    (runner / "lpgen-reports" / "lpgen.md").write_text("x" * 70_000, encoding="utf-8")
    settings = {"NUMBER": "5", "GITHUB_REPOSITORY": "us/it", "COMMENT": comment}
    code, calls = act(runner, "comment", **settings)
    body = (runner / "lpgen-reports" / "comment.md").read_text(encoding="utf-8")
    assert (code, method in calls) == (0, True)
    assert ("repos/us/it/issues/comments/17" in calls) == bool(comment)
    assert body.startswith("<!-- lpgen -->\n")
    assert len(body) < 65_536


# ---------------------------------------------------------------- commands that start Python


_PYTHON_MODULE = re.compile(r"\bpython[\d.]*[\"']?((?: -\w+)*?) -m ?(venv|virtualenv|pip|build|lpgen)\b")


def test_no_python_that_people_are_told_to_start_imports_from_the_current_folder() -> None:
    """`python -m` does, unless it has `-P` or `-I`."""
    pages = [README, ROOT / "Dockerfile", ACTION, *(ROOT / "docs").rglob("*.md"), *(ROOT / "lpgen").rglob("*.py")]
    pages += [path for path in (ROOT / "examples").rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
    found = [
        (path.name, *match.groups()) for path in pages for match in _PYTHON_MODULE.finditer(path.read_text("utf-8"))
    ]
    assert len(found) > 6
    assert [one for one in found if not {"-P", "-I"} & set(one[1].split())] == []


# ---------------------------------------------------------------- the hook and the image


@pytest.mark.slow
def test_pre_commit_takes_the_hook() -> None:
    run_tool("pre_commit", "validate-manifest", ".pre-commit-hooks.yaml")


def test_hook_is_a_command_that_lpgen_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, *words = hook["entry"].split()
    assert program == "lpgen"
    result = CliRunner().invoke(app, [*words, *hook["args"]])
    assert "lpgen-" in str(result.exception)  # it misses one of the folders, and no option


@pytest.mark.slow
def test_dockerfile_has_no_fault() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "Dockerfile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
