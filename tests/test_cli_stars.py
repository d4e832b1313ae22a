"""`lpgen stars` on the sample organization, as a user runs it."""

from __future__ import annotations

import csv
import json
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from lpgen.report.inert import spreadsheet_text
from tests.support.documents import README, check_block
from tests.support.forked_lpgen import run_forked

SAMPLE = Path(__file__).parent.parent / "sample_logs"
POLICIES = ("--policies", str(SAMPLE / "authorization-details"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_forked("stars", *arguments)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stars") / "data"
    run_forked("ingest", SAMPLE / "AWSLogs", "--data", folder).check_returncode()
    return folder


def as_json(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_stars_finds_the_administrators_and_what_they_never_used(data: Path) -> None:
    found = as_json(*POLICIES, "--data", str(data))
    heaviest = found["wildcards"][0]
    assert (heaviest["wildcard"], heaviest["statement"]["policy"]) == (
        "*",
        "arn:aws:iam::aws:policy/AdministratorAccess",
    )
    assert len(heaviest["held_by"]) == 3
    assert heaviest["levels"]["Permissions management"] > 0
    assert found["totals"]["used"] == 0
    assert found["since"] == "2025-09-26"
    pairs = {
        (principal, one["action"])
        for star in found["wildcards"]
        for principal in star["held_by"]
        for one in star["gained"]
    }
    assert found["totals"]["grants"] == len(pairs)
    assert all(one["first_seen"] > found["since"] for star in found["wildcards"] for one in star["gained"])


def test_stars_needs_no_logs() -> None:
    found = as_json(*POLICIES, "--principal", "storefront-api", "--since", "2025-01-01")
    assert found["totals"]["used"] is None
    assert {star["owner"] for star in found["wildcards"]} == {"arn:aws:iam::111122223333:role/app/storefront-api"}


def test_stars_prints_a_row_per_gained_action_for_spreadsheets(data: Path) -> None:
    arguments = (*POLICIES, "--data", str(data))
    rows = list(csv.DictReader(StringIO(run(*arguments, "--format", "csv").stdout)))
    found = as_json(*arguments)
    assert len(rows) == sum(len(star["gained"]) for star in found["wildcards"])
    assert {row["used"] for row in rows} == {"false"}


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_stars_says_the_sum_and_how_far_dates_reach(data: Path, format: str) -> None:  # noqa: A002
    done = run(*POLICIES, "--data", str(data), "--format", format)
    assert done.returncode == 0
    assert "silently" in done.stdout
    assert "2020-05-20" in done.stdout
    assert run(*POLICIES, "--data", str(data), "--format", format).stdout == done.stdout
    if format == "text":
        assert max(map(cell_len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [("--since", "someday"), ("--since", "2030-01-01"), ("--principal", "nobody")])
def test_stars_refuses_what_makes_no_sense(arguments: tuple[str, ...]) -> None:
    done = run(*POLICIES, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("lpgen: ")
    assert arguments[1] in done.stderr


_SHOWN = 13


def test_readme_shows_what_stars_prints(data: Path) -> None:
    lines = run(*POLICIES, "--data", str(data)).stdout.splitlines()[:_SHOWN]
    command = "$ lpgen stars --data lpgen-demo/data --policies sample_logs/authorization-details"
    check_block(README, "stars", "\n".join(["```text", command, *lines, "```"]))


def test_cells_never_become_formulas() -> None:
    assert [spreadsheet_text(text) for text in ("=1+1", "@x", "plain", "-1", "")] == [
        "'=1+1",
        "'@x",
        "plain",
        "'-1",
        "",
    ]
