"""`lpgen wildcards` on the sample organization, as a user runs it."""

from __future__ import annotations

import csv
import json
import subprocess
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from lpgen.report.escaping import spreadsheet_text
from tests.support.documents import DEMO_PAGE, ROOT, check_block
from tests.support.forked_lpgen import run_forked

SAMPLE = ROOT / "sample_logs"
POLICIES = ("--policies", str(SAMPLE / "authorization-details"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_forked("wildcards", *arguments)


@cache
def first(data: Path, form: str) -> subprocess.CompletedProcess[str]:
    """The first run over the whole organization in a format."""
    return run(*POLICIES, "--data", str(data), "--format", form)


def as_json(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_wildcards_finds_the_administrators_and_what_they_never_used(sample_data: Path) -> None:
    found = json.loads(first(sample_data, "json").stdout)
    heaviest = found["wildcards"][0]
    assert (heaviest["parameters"]["wildcard"], heaviest["subject"], heaviest["severity"]) == (
        "*",
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "high",
    )
    assert len(heaviest["principals"]) == 3
    assert found["totals"]["used"] == 0
    assert found["since"] == "2025-09-26"
    pairs = {
        (principal, action)
        for wildcard in found["wildcards"]
        for principal in wildcard["principals"]
        for action in wildcard["parameters"]["new_actions"]
    }
    assert sum(found["totals"]["levels"].values()) == len(pairs)
    assert {action for _, action in pairs} == {facts["action"] for facts in found["actions"]}
    assert all(facts["first_seen"] > found["since"] for facts in found["actions"])


def test_wildcards_needs_no_logs() -> None:
    found = as_json(*POLICIES, "--principal", "storefront-api", "--since", "2025-01-01")
    assert found["totals"]["used"] is None
    owner = "arn:aws:iam::111122223333:role/app/storefront-api"
    assert {wildcard["subject"] for wildcard in found["wildcards"]} == {owner}


def test_wildcards_prints_a_row_per_gained_action_for_spreadsheets(sample_data: Path) -> None:
    rows = list(csv.DictReader(StringIO(first(sample_data, "csv").stdout)))
    found = json.loads(first(sample_data, "json").stdout)
    assert len(rows) == sum(len(wildcard["parameters"]["new_actions"]) for wildcard in found["wildcards"])
    assert {row["used"] for row in rows} == {"false"}


@pytest.mark.parametrize("format", ["text", pytest.param("markdown", marks=pytest.mark.slow)])
def test_wildcards_says_the_sum_and_how_far_dates_reach(sample_data: Path, format: str) -> None:  # noqa: A002
    done = first(sample_data, format)
    assert done.returncode == 0
    assert "silently" in done.stdout
    assert "2020-05-20" in done.stdout
    if format == "text":
        assert max(map(cell_len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("format", ["text", "markdown"])
@pytest.mark.parametrize("whose", ["storefront-api", pytest.param("*", marks=pytest.mark.slow)])
def test_wildcards_says_the_same_twice(sample_data: Path, format: str, whose: str) -> None:  # noqa: A002
    once, again = (
        run(*POLICIES, "--data", str(sample_data), "--format", format, "--principal", whose).stdout for _ in range(2)
    )
    assert once == again != ""


@pytest.mark.parametrize("arguments", [("--since", "someday"), ("--since", "2030-01-01"), ("--principal", "nobody")])
def test_wildcards_refuses_what_makes_no_sense(arguments: tuple[str, ...]) -> None:
    done = run(*POLICIES, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("lpgen: ")
    assert arguments[1] in done.stderr


_SHOWN = 20


def test_demo_page_shows_what_wildcards_prints(sample_data: Path) -> None:
    lines = first(sample_data, "text").stdout.splitlines()[:_SHOWN]
    command = "$ lpgen wildcards --data lpgen-demo/data --policies sample_logs/authorization-details"
    check_block(DEMO_PAGE, "wildcards", "\n".join(["```text", command, *lines, "```"]))


def test_cells_never_become_formulas() -> None:
    assert [spreadsheet_text(text) for text in ("=1+1", "@x", "plain", "-1", "")] == [
        "'=1+1",
        "'@x",
        "plain",
        "'-1",
        "",
    ]
