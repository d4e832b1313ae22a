"""The first month through the command line: review, generate, verify and the plan of a rollout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import DETAILS, RECORD
from tests.support.forked_lpgen import run_forked

DAYS = 20
SERVICE = {
    "ServiceName": "Amazon S3",
    "ServiceNamespace": "s3",
    "LastAuthenticated": f"2026-09-{DAYS}T00:00:00Z",
    "TrackedActionsLastAccessed": [{"ActionName": "CreateBucket"}, {"ActionName": "DeleteBucket"}],
}
REPORT = {
    "JobStatus": "COMPLETED",
    "JobCompletionDate": f"2026-09-{DAYS}T12:00:00Z",
    "ServicesLastAccessed": [SERVICE],
    "IsTruncated": False,
}
TRAIL = {
    "Name": "main",
    "HomeRegion": "us-east-1",
    "TrailARN": "arn:aws:cloudtrail:us-east-1:111122223333:trail/main",
    "IsMultiRegionTrail": True,
    "IncludeGlobalServiceEvents": True,
    "IsOrganizationTrail": False,
}
SELECTORS = {
    "TrailARN": TRAIL["TrailARN"],
    "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}],
}


@pytest.fixture
def given(tmp_path: Path) -> list[str | Path]:
    """The inputs of a role with twenty days of logs and a report."""
    times = [f"2026-09-{day:02}T08:00:00Z" for day in range(1, DAYS + 1)]
    records = [RECORD | {"eventID": f"e{number}", "eventTime": time} for number, time in enumerate(times)]
    (tmp_path / "log.json").write_text(json.dumps({"Records": records}), "utf-8")
    (tmp_path / "policies.json").write_text(json.dumps(DETAILS), "utf-8")
    (tmp_path / "trails.json").write_text(f"{json.dumps({'Trail': TRAIL}, indent=4)}\n{json.dumps(SELECTORS)}", "utf-8")
    (tmp_path / "accessed").mkdir()
    (tmp_path / "accessed" / "app.json").write_text(json.dumps(REPORT), "utf-8")
    assert run_forked("ingest", tmp_path / "log.json", "--data", tmp_path / "data").returncode == 0
    inputs: list[str | Path] = ["--data", tmp_path / "data", "--policies", tmp_path / "policies.json"]
    return [*inputs, "--trails", tmp_path / "trails.json", "--last-accessed", tmp_path / "accessed"]


def principal_of(*arguments: str | Path) -> dict[str, Any]:
    done = run_forked("review", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["principals"]
    return dict(found)


def test_review_calls_a_first_month_replacement_safe_and_an_ordinary_one_not(given: list[str | Path]) -> None:
    found = principal_of(*given)
    assert (found["rests_on"], found["safe"], found["tracked_days"]) == ("last-accessed", True, 400)
    for scope in ("exact", "evidence", "granted"):
        ordinary = principal_of(*given, "--scope", scope)
        assert (ordinary["rests_on"], ordinary["safe"], ordinary["tracked_days"]) == ("logs", False, 0)
        assert "short_coverage" in {reason["kind"] for reason in ordinary["not_safe_because"]}


def test_review_says_what_more_logs_will_add(given: list[str | Path]) -> None:
    said = "After 70 more days of logs, lpgen can also narrow resources"
    for more in ([], ["--full"]):
        page = " ".join(run_forked("review", *given, *more).stdout.split())
        assert "First month: 1 replacement rests only on IAM's reports" in page
        assert page.count(said) == 1 + bool(more)
    assert "never tried for 400 days or more, and keeps all resources (no backtest)" in page


def test_generate_verify_and_rollout_accept_it(given: list[str | Path], tmp_path: Path) -> None:
    folder, plan = tmp_path / "out", tmp_path / "plan.json"
    assert run_forked("generate", *given, "-o", folder).returncode == 0
    (written,) = folder.glob("*/*-1.json")
    actions = {action for one in json.loads(written.read_text("utf-8"))["Statement"] for action in one["Action"]}
    assert actions.isdisjoint({"s3:CreateBucket", "s3:DeleteBucket"})
    assert {"s3:GetObject", "s3:PutBucketPolicy"} <= actions
    assert run_forked("verify", folder, *given).returncode == 0
    planned = run_forked("rollout", "plan", folder, *given, "-o", plan)
    assert planned.returncode == 0, planned.stderr
    (principal,) = json.loads(plan.read_text("utf-8"))["principals"]
    assert principal["calls"]
