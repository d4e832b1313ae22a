"""Trail settings and service last accessed, through the command line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import DETAILS, RECORD
from tests.support.forked_lpgen import run_forked

ROLE = "arn:aws:iam::111122223333:role/app"
TRAIL_ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"
TRAIL = {
    "Name": "main",
    "HomeRegion": "us-east-1",
    "TrailARN": TRAIL_ARN,
    "IsMultiRegionTrail": True,
    "IncludeGlobalServiceEvents": True,
    "IsOrganizationTrail": False,
}
SELECTORS = {"TrailARN": TRAIL_ARN, "EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}
REPORT = {
    "JobStatus": "COMPLETED",
    "JobCompletionDate": "2026-09-02T00:00:00Z",
    "ServicesLastAccessed": [
        {"ServiceName": "Amazon S3", "ServiceNamespace": "s3", "LastAuthenticated": "2026-09-01T00:00:00Z"}
    ],
    "IsTruncated": False,
}


def lpgen(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_forked(*arguments)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder with ingested logs, policies, trail settings and a report for a role and for nobody."""
    (tmp_path / "log.json").write_text(json.dumps({"Records": [RECORD]}), "utf-8")
    (tmp_path / "policies.json").write_text(json.dumps(DETAILS), "utf-8")
    (tmp_path / "trails.json").write_text(f"{json.dumps({'Trail': TRAIL}, indent=4)}\n{json.dumps(SELECTORS)}", "utf-8")
    (tmp_path / "accessed").mkdir()
    for name in ("111122223333-role-app", "gone"):
        (tmp_path / "accessed" / f"{name}.json").write_text(json.dumps(REPORT), "utf-8")
    assert lpgen("ingest", tmp_path / "log.json", "--data", tmp_path / "data").returncode == 0
    return tmp_path


def given(world: Path) -> list[str | Path]:
    return ["--data", world / "data", "--policies", world / "policies.json"]


def review_of(world: Path, *more: str | Path) -> dict[str, Any]:
    done = lpgen("review", *given(world), "--format", "json", *more)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def verdict_of(review: dict[str, Any], action: str) -> dict[str, Any]:
    (principal,) = review["principals"]
    (found,) = (one for one in principal["verdicts"] if one["action"] == action)
    return dict(found)


def test_review_decides_by_trail_settings_where_they_are_given(world: Path) -> None:
    by_log, by_trails = review_of(world), review_of(world, "--trails", world / "trails.json")
    assert verdict_of(by_log, "s3:GetBucketPolicy")["verdict"] == "unused"
    assert verdict_of(by_trails, "s3:GetBucketPolicy")["verdict"] == "unobservable"
    assert "readOnly Equals false" in verdict_of(by_trails, "s3:GetBucketPolicy")["reason"]
    assert verdict_of(by_trails, "s3:CreateBucket")["verdict"] == "unused"
    assert [one["coverage"]["accounts"][0]["known_from"] for one in (by_log, by_trails)] == [
        "the log itself",
        "the trail settings",
    ]


def test_review_says_what_decides_which_events_were_recorded(world: Path) -> None:
    by_log = " ".join(lpgen("review", *given(world), "--full").stdout.split())
    by_trails = " ".join(lpgen("review", *given(world), "--full", "--trails", world / "trails.json").stdout.split())
    assert "(inferred from the log itself)" in by_log
    assert "(from the trail settings)" in by_trails
    assert "(inferred from the log itself)" not in by_trails


def test_review_names_reports_that_belong_to_nobody(world: Path) -> None:
    review = review_of(world, "--last-accessed", world / "accessed")
    (problem,) = review["problems"]
    assert "gone.json" in problem


def test_generate_writes_what_the_evidence_rests_on(world: Path) -> None:
    done = lpgen("generate", *given(world), "--trails", world / "trails.json", "--output", world / "out")
    assert done.returncode == 0, done.stderr
    evidence = json.loads((world / "out" / "111122223333-role-app" / "evidence.json").read_text("utf-8"))
    assert evidence["coverage"]["known_from"] == "the trail settings"
    assert evidence["coverage"]["trails"] == [
        f"{TRAIL_ARN} of 111122223333 in all Regions: management events with readOnly Equals false"
    ]


@pytest.mark.parametrize("option", ["--trails", "--last-accessed"])
def test_review_ends_with_3_and_a_sentence_where_an_input_cannot_be_read(option: str, world: Path) -> None:
    done = lpgen("review", *given(world), option, world / "missing")
    assert done.returncode == 3
    assert "missing" in done.stderr
    assert "Traceback" not in done.stderr
