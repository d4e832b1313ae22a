"""`lpgen review --format` for programs, through the command line."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from lpgen.cli.main import app
from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.report.html import data_files
from tests.report.documents.test_schemas import faults
from tests.report.test_render import check_put_together
from tests.support.forked_lpgen import run_forked, run_forked_bytes

REVIEW = [sys.executable, "-m", "lpgen", "review", "--principal", "storefront-api"]


@pytest.fixture(scope="module")
def inputs(sample_data: Path) -> list[str]:
    """The options that name the data and the policies of the sample organization."""
    return ["--data", str(sample_data), "--policies", str(bundled_sample_logs().policies)]


def review(inputs: list[str], *options: str) -> bytes:
    done = run_forked_bytes("review", "--principal", "storefront-api", *inputs, *options)
    done.check_returncode()
    return done.stdout


def test_review_prints_json_that_follows_its_schema(inputs: list[str]) -> None:
    assert faults("review", json.loads(review(inputs, "--format", "json"))) == []


@pytest.mark.slow
def test_review_writes_json_lines_that_are_the_json_put_together(inputs: list[str], tmp_path: Path) -> None:
    file = tmp_path / "review.jsonl"
    run_forked("review", *inputs, "--output", file).check_returncode()
    lines = file.read_text(encoding="utf-8")
    check_put_together(lines, run_forked("review", *inputs, "--format", "json").stdout)
    assert [fault for text in lines.splitlines() for fault in faults("review-lines", json.loads(text))] == []


def test_review_of_many_is_a_page_with_a_folder_beside_it(
    inputs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_files, "MOST_IN_ONE_FILE", 0)
    page, few = tmp_path / "review.html", ["review", "--principal", "storefront-api", *inputs]
    done = CliRunner().invoke(app, [*few, "-o", str(page)])
    assert done.exit_code == 0, done.output
    (folder,) = (tmp_path / "review-files").iterdir()
    assert [path.name for path in folder.iterdir()] == ["0001.html"]
    assert f"review-files/{folder.name}" in page.read_text(encoding="utf-8")
    decisions = tmp_path / "decisions.json"
    again = CliRunner().invoke(app, [*few, "-o", str(tmp_path / "b.html"), "--write-decisions", str(decisions)])
    assert again.exit_code == 0, again.output
    assert (tmp_path / "b-files" / folder.name / "0001.html").read_bytes() == (folder / "0001.html").read_bytes()
    for output in ([], ["-o", "-"], ["-o", "/dev/stdout"]):
        refused = CliRunner().invoke(app, [*few, "--format", "html", *output])
        assert refused.exit_code != 0
        assert "a page and a folder of files" in str(refused.exception)
        assert "<html" not in refused.output
    monkeypatch.undo()
    done = CliRunner().invoke(app, [*few, "-o", str(page)])
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "review-files").exists()


def test_review_prints_sarif_that_points_below_the_root(inputs: list[str]) -> None:
    (run,) = json.loads(review(inputs, "--format", "sarif", "--sarif-root", "iam"))["runs"]
    places = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]}
    assert "iam/111122223333-role-storefront-api/policy-1.json" in places


@pytest.mark.parametrize("form", ["parquet", *(pytest.param(one, marks=pytest.mark.slow) for one in ("csv", "html"))])
def test_review_prints_the_same_bytes_to_a_pipe_and_to_a_file(form: str, inputs: list[str], tmp_path: Path) -> None:
    file = tmp_path / "review"
    assert review(inputs, "--format", form, "--output", str(file)) == b""
    assert review(inputs, "--format", form) == file.read_bytes() != b""
    if form == "parquet":
        assert pq.read_table(file).num_rows > 100


def test_review_prints_no_parquet_to_a_terminal(inputs: list[str]) -> None:
    ours, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [*REVIEW, *inputs, "--format", "parquet"], stdout=terminal, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(terminal)
        os.close(ours)
    assert done.returncode == 2
    assert "--output" in done.stderr


SLOW_ENDINGS = (("html", "html"), ("HTM", "html"), ("json", "json"), ("log", "text"))


@pytest.mark.parametrize(
    ("ending", "form"),
    [("md", "markdown"), *(pytest.param(*ending, marks=pytest.mark.slow) for ending in SLOW_ENDINGS)],
)
def test_review_takes_the_form_that_the_name_of_the_file_tells(
    inputs: list[str], tmp_path: Path, ending: str, form: str
) -> None:
    file = tmp_path / f"review.{ending}"
    review(inputs, "--output", str(file))
    assert file.read_bytes() == review(inputs, "--format", form)


def test_a_reader_of_dev_stdout_may_go_as_one_of_stdout_may(inputs: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*REVIEW, *inputs, "-o", "/dev/stdout"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, "can't write" in done.stderr) == (141, False)


def test_a_format_that_is_given_counts_more_than_the_name(inputs: list[str], tmp_path: Path) -> None:
    review(inputs, "--output", str(tmp_path / "results.json"), "--format", "sarif")
    assert json.loads((tmp_path / "results.json").read_bytes())["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (["verify", "none", "--data", "none"], ".txt or .md or .json"),
        (["wildcards", "--policies", "none"], ".txt or .md or .json or .csv"),
        (["baseline", "list", "--data", "none"], ".txt or .json"),
        (["baseline", "show", "--data", "none"], ".txt or .json"),
        (["rollout", "watch", "none", "--data", "none"], ".txt or .json"),
    ],
)
def test_a_name_that_tells_a_form_which_the_command_lacks_is_refused_at_once(
    command: list[str], names: str, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    done = run_forked(*command, "-o", file)
    assert done.returncode == 2
    assert f"this command can't write html to `{file}`" in done.stderr
    assert f"end the name in {names}" in done.stderr
    assert not file.exists()
