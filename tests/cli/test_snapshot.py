"""The command `lpgen snapshot`, and the commands that stand on the snapshot that it took."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_organization import MANAGEMENT, Organization
from tests.support.aws_proxy import DENIED, AwsProxy
from tests.support.snapshot_runs import EVERYTHING, lpgen, refuse, take


def test_the_command_says_its_gaps_and_fails_on_them_only_when_strict(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("ListTrails", reply=replace(DENIED, code="AccessDeniedException"))
    wanted = ("snapshot", "--data", str(tmp_path), "--no-last-accessed", "--no-compute", "--region", "us-east-1")
    done = lpgen(*wanted)
    assert done.stdout == ""
    assert f"trails ({MANAGEMENT}): can't list the trails: `AccessDeniedException: User: someone" in done.stderr
    time.sleep(1)  # a snapshot is named after its second
    assert "can't list the trails" in lpgen(*wanted, "--strict", status=3).stderr
    assert len(list((tmp_path / "snapshots").iterdir())) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--accounts", "111122223333"], "--accounts needs --assume-role"),
        (["--assume-role", "x", "--accounts", "all,12"], "`all` is not a valid account ID"),
    ],
)
def test_accounts_that_make_no_sense_exit_with_2(proxy: AwsProxy, tmp_path: Path, more: list[str], said: str) -> None:
    assert said in lpgen("snapshot", "--data", str(tmp_path), *more, status=2).stderr
    assert proxy.calls == []


def test_a_review_stands_on_the_newest_snapshot_and_names_its_date_and_gaps(
    organization: Organization, proxy: AwsProxy, tmp_path: Path
) -> None:
    data, logs = tmp_path / "data", tmp_path / "logs.json"
    logs.write_text(json.dumps({"Records": [record(organization)]}), encoding="utf-8")
    lpgen("ingest", str(logs), "--data", str(data))
    assert "No policies to compare use with." in lpgen("review", "--data", str(data)).stdout
    proxy.reply = refuse(
        "ListTrails", reply=replace(DENIED, code="AccessDeniedException"), account=organization.in_unit
    )
    stamp = take(data, replace(EVERYTHING, regions=("us-east-1", "eu-west-1")))
    (gap,) = stamp.gaps
    proxy.calls.clear()
    done = lpgen("review", "--data", str(data), "--format", "json")
    report = json.loads(done.stdout)
    assert report["snapshot"]["name"] == stamp.name == "2026-09-30T12-00-05Z"
    assert report["snapshot"]["taken"] == "2026-09-30T12:00:05+00:00"
    assert report["snapshot"]["used"] == [
        "policies",
        "trails",
        "last accessed",
        "scps",
        "resource policies",
        "schedules",
        "versioned buckets",
        "abac buckets",
        "functions",
        "event sources",
    ]
    assert [one["reason"] for one in report["snapshot"]["gaps"]] == [gap.reason]
    assert report["problems"] == [f"snapshot {stamp.name}: {gap}"]
    assert report["guards"]["scp_levels"] == {MANAGEMENT: 0, organization.in_unit: 3, organization.below_root: 2}
    assert len(report["principals"]) == 14
    assert stamp.name in done.stderr
    assert gap.reason in done.stderr
    text = lpgen("review", "--data", str(data), "--full").stdout
    assert "taken 2026-09-30 12:00 UTC, 3 accounts" in " ".join(text.split())
    out = tmp_path / "out"
    lpgen("generate", "--data", str(data), "--output", str(out))
    lpgen("verify", str(out), "--data", str(data))
    asked = (
        "explain",
        f"arn:aws:iam::{organization.in_unit}:role/team/app-0",
        "ec2:DescribeInstances",
        "--data",
        str(data),
    )
    assert json.loads(lpgen(*asked, "--format", "json").stdout)["result"] == "ImplicitlyDenied"
    lpgen(*asked, "--snapshot", "2026-09-30")
    assert "has no snapshot" in lpgen(*asked, "--snapshot", "2025", status=2).stderr
    assert "--policies" in lpgen(*asked, "--snapshot", "none", status=2).stderr
    assert proxy.calls == []  # only a snapshot asks AWS


def record(organization: Organization) -> dict[str, Any]:
    """One record of a role of the member in the unit, made after the role."""
    account = organization.in_unit
    role = organization.client("iam", account).get_role(RoleName="app-0")["Role"]
    issuer = {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"], "accountId": account}
    return {
        "eventVersion": "1.08",
        "eventID": "e-1",
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "sqs.amazonaws.com",
        "eventName": "ListQueues",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "awsRegion": "us-east-1",
        "recipientAccountId": account,
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"{role['RoleId']}:session",
            "arn": f"arn:aws:sts::{account}:assumed-role/app-0/session",
            "accountId": account,
            "sessionContext": {"sessionIssuer": issuer},
        },
    }
