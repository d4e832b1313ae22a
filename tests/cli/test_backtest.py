"""`lpgen backtest` on the sample organization, as a user runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lpgen.report.documents.schemas import SCHEMAS
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT, role

POLICIES = ("--policies", str(ROOT / "authorization-details"))
DAYS = ("--train", "60d", "--step", "30", "--scope", "exact")
PUBLISHER = role("ci/functions-publisher")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_forked(*arguments)


@pytest.fixture(scope="module")
def data(sample_data: Path) -> str:
    return str(sample_data)


@pytest.fixture(scope="module")
def found(data: str) -> dict[str, Any]:
    done = run("backtest", "--data", data, *POLICIES, *DAYS, "--format", "json", "--workers", "1")
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_json_follows_its_schema_and_adds_up(found: dict[str, Any]) -> None:
    assert [error.message for error in Draft202012Validator(SCHEMAS["backtest"]).iter_errors(found)] == []
    totals, principals = found["totals"], found["principals"]
    assert len(found["windows"]) == 2
    assert totals["replacements"] == len(principals) == 34
    assert totals["pairs"] == sum(len(principal["windows"]) for principal in principals)
    assert (
        totals["denied_needs"]
        == sum(len(principal["denied"]) for principal in principals)
        == sum(totals["causes"].values())
    )
    assert [principal["principal"] for principal in principals] == sorted(
        principal["principal"] for principal in principals
    )
    untouched = found["alternatives"][-1]
    assert untouched == {
        "alternative": "old-policies",
        "denied_needs": 0,
        "denied_principals": 0,
        "removed_share": 0,
        "reach": found["totals"]["reach"]["old"],
    }
    assert [one["days"] for one in found["curve"]] == [15, 30, 45, 60, 90]


def test_one_principal_is_judged_alone_as_among_all(data: str, found: dict[str, Any]) -> None:
    arguments = ("backtest", "--data", data, *POLICIES, *DAYS, "--format", "json", "--principal", PUBLISHER)
    (alone,) = json.loads(run(*arguments).stdout)["principals"]
    among = next(one for one in found["principals"] if one["principal"] == PUBLISHER)
    assert alone == among
    assert among["denied"]


@pytest.mark.slow
def test_several_processes_find_the_same(data: str, found: dict[str, Any]) -> None:
    arguments = ("backtest", "--data", data, *POLICIES, *DAYS, "--format", "json", "--workers", "2")
    assert json.loads(run(*arguments).stdout) == found


def test_text_and_html_start_with_the_outcome(data: str, tmp_path: Path) -> None:
    page = tmp_path / "backtest.html"
    arguments = ("backtest", "--data", data, *POLICIES, "--principal", "*/storefront-api")
    text = " ".join(run(*arguments).stdout.split())
    assert text.startswith(
        "In 1 window of 30 days, no replacement would have denied anything that its principal needed (1 principal)"
    )
    assert run(*arguments, "--output", str(page)).returncode == 0
    assert "<h1>In 1 window of 30 days, no replacement" in page.read_text(encoding="utf-8")


def test_logs_that_are_too_short_are_refused_with_what_they_cover(data: str) -> None:
    done = run("backtest", "--data", data, *POLICIES, "--train", "100d")
    assert done.returncode == 2
    assert "the logs cover 120 days, from 2026-06-03 to 2026-09-30" in done.stderr
    assert "needs 130" in done.stderr
    assert run("backtest", "--data", data, *POLICIES, "--test", "month").returncode == 2
