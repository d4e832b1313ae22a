"""The schedules of a snapshot: followed to the roles that do the work, and held against the covered days."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lpgen.core.snapshots import Subject
from lpgen.core.workloads import FunctionLogs, Schedule
from lpgen.edge.readers.snapshot_files import read_snapshot_list
from lpgen.edge.snapshot.account import SnapshotScope
from tests.support.aws_organization import MANAGEMENT, Organization
from tests.support.aws_proxy import DENIED, Answer, AwsProxy, Failure
from tests.support.aws_schedules import ALSO, DOES, STARTS, YEARLY
from tests.support.snapshot_runs import lpgen, opened, refuse, take

pytestmark = pytest.mark.usefixtures("proxy")

WANTED = SnapshotScope(last_accessed=False, schedules=True, regions=("us-east-1",))


def schedules_of(data: Path) -> dict[str, Schedule]:
    """The schedules of the newest snapshot, by what their names end with."""
    return {
        schedule.name.rpartition("/")[2]: schedule for schedule in read_snapshot_list(opened(data).schedules, Schedule)
    }


def test_schedules_are_followed_to_the_roles_that_do_the_work(tmp_path: Path) -> None:
    assert take(tmp_path, WANTED).gaps == ()
    found = schedules_of(tmp_path)
    assert {name: schedule.roles for name, schedule in found.items()} == {
        "to-lambda": (DOES, STARTS),
        "to-states": (DOES, ALSO, STARTS),  # with the job of Glue that a step starts
        "to-ecs": (DOES, ALSO, STARTS),
        "to-codebuild": (DOES, STARTS),
        "to-batch": (DOES, STARTS),
        "to-codepipeline": (DOES, ALSO, STARTS),
        "to-sagemaker": (DOES, STARTS),
        "to-ssm": (DOES, ALSO, STARTS),
        "weekly": (DOES, STARTS),
        "unclear": (ALSO, STARTS),
        "over": (DOES, STARTS),
        "ended": (DOES, STARTS),
        "quarterly": (DOES, ALSO),
        "shelves": (DOES,),
        "patches": (DOES, ALSO, STARTS),
        "archive": (DOES,),
        "policy-1": (DOES,),
    }


def test_functions_come_with_their_roles_and_log_groups(tmp_path: Path, proxy: AwsProxy) -> None:
    """A function without a log group of its own writes to the one that is named after it."""
    arn = f"arn:aws:lambda:us-east-1:{MANAGEMENT}:function"
    plain = {"FunctionName": "worker", "FunctionArn": f"{arn}:worker", "Role": DOES}
    listed = [plain, {**plain, "FunctionArn": f"{arn}:audit", "LoggingConfig": {"LogGroup": "/shop/audit"}}]
    listing = Answer(200, json.dumps({"Functions": listed}))
    proxy.reply = refuse("ListFunctions", reply=listing, account=MANAGEMENT)
    assert take(tmp_path, WANTED).gaps == ()
    groups = f"arn:aws:logs:us-east-1:{MANAGEMENT}:log-group"
    assert read_snapshot_list(opened(tmp_path).functions, FunctionLogs) == (
        FunctionLogs(f"{arn}:audit", DOES, f"{groups}:/shop/audit"),
        FunctionLogs(f"{arn}:worker", DOES, f"{groups}:/aws/lambda/worker"),
    )


def test_functions_that_may_not_be_listed_are_a_gap(tmp_path: Path, proxy: AwsProxy) -> None:
    proxy.reply = refuse("ListFunctions", account=MANAGEMENT)
    (gap,) = take(tmp_path, WANTED).gaps
    assert (gap.subject, gap.place) == (Subject.FUNCTIONS, "us-east-1")


def test_schedules_stand_with_their_expression_interval_and_state(tmp_path: Path) -> None:
    take(tmp_path, WANTED)
    every = read_snapshot_list(opened(tmp_path).schedules, Schedule)
    assert {schedule.expression: schedule.longest_days for schedule in every} == {
        YEARLY: 366,
        "rate(7 days)": 7,
        "rate(12 hours)": 1,
        "cron(0 0 ? * 2#6 *)": None,
        "at(2020-01-01T00:00:00)": 0,
        "rate(300 days)": 0,  # it has ended
        "cron(0 0 1 */3 ? *)": 92,
        "cron(0 30 23 ? * TUE#3 *)": 35,
        "cron(0 5 1 * ? *)": 31,
    }
    assert [schedule.name.rpartition("/")[2] for schedule in every if not schedule.enabled] == ["to-sagemaker"]
    assert {schedule.source for schedule in every} == {
        "EventBridge rule", "EventBridge schedule", "Glue trigger", "Glue crawler", "maintenance window", "backup plan",
        "lifecycle policy",
    }  # fmt: skip


def test_work_that_may_not_be_read_is_a_gap_and_the_schedule_stays(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("DescribeStateMachine", reply=replace(DENIED, code="AccessDeniedException"))
    (gap,) = take(tmp_path, WANTED).gaps
    assert (gap.subject, gap.place) == (Subject.SCHEDULES, "stepfunctions in us-east-1")
    assert schedules_of(tmp_path)["to-states"].roles == (STARTS,)


def test_work_in_another_account_is_a_gap(organization: Organization, tmp_path: Path) -> None:
    events, far = organization.client("events"), "arn:aws:lambda:us-east-1:444455556666:function:far"
    events.put_rule(Name="far", ScheduleExpression=YEARLY)
    events.put_targets(Rule="far", Targets=[{"Id": "1", "Arn": far, "RoleArn": STARTS}])
    try:
        (gap,) = take(tmp_path, WANTED).gaps
    finally:
        events.remove_targets(Rule="far", Ids=["1"])
        events.delete_rule(Name="far")
    assert (gap.place, gap.reason) == (far, "it runs in another account")
    assert schedules_of(tmp_path)["far"].roles == (STARTS,)


def test_work_that_is_gone_is_no_gap(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("GetFunctionConfiguration", reply=Failure("ResourceNotFoundException", status=404))
    assert take(tmp_path, WANTED).gaps == ()
    assert schedules_of(tmp_path)["to-lambda"].roles == (STARTS,)


def test_a_region_without_a_service_is_a_gap(tmp_path: Path) -> None:
    gaps = take(tmp_path, replace(WANTED, regions=("us-east-1", "xx-nowhere-1"))).gaps
    assert {gap.subject for gap in gaps} == {Subject.SCHEDULES, Subject.FUNCTIONS, Subject.EVENT_SOURCES}
    for gap in gaps:
        assert "xx-nowhere-1" in gap.place
        assert "knows no endpoint" in gap.reason
    assert "weekly" in schedules_of(tmp_path)


def test_without_schedules_none_are_asked_for(proxy: AwsProxy, tmp_path: Path) -> None:
    take(tmp_path, replace(WANTED, schedules=False))
    assert opened(tmp_path).schedules == ()
    assert "ListRules" not in proxy.operations()


def caveats_of(data: Path, *more: str) -> dict[str, list[dict[str, str]]]:
    """The rare schedules that a review names, by role."""
    report = json.loads(lpgen("review", "--data", str(data), "--format", "json", *more).stdout)
    return {
        one["principal"].rpartition("/")[2]: [
            caveat for caveat in one["not_safe_because"] if caveat["kind"] == "rare_schedule"
        ]
        for one in report["principals"]
    }


def test_a_review_names_the_schedules_that_the_logs_cannot_have_shown_twice(tmp_path: Path) -> None:
    data, logs, decisions = tmp_path / "data", tmp_path / "logs.json", tmp_path / "decisions.json"
    logs.write_text(json.dumps({"Records": [record(days_ago) for days_ago in range(70)]}), encoding="utf-8")
    lpgen("ingest", str(logs), "--data", str(data))
    lpgen("snapshot", "--data", str(data), "--no-last-accessed", "--region", "us-east-1")
    found = caveats_of(data)
    quarter = next(one for one in found["app-1"] if "quarterly" in one["message"])
    assert quarter["message"] == (
        "the Glue trigger quarterly starts it up to 92 days apart (`cron(0 0 1 */3 ? *)`), and the logs cover 70 of the"
        " 184 days that show two runs"
    )
    assert quarter["item"] == "rare-schedule quarterly"
    assert any("at times that lpgen can't determine: `cron(0 0 ? * 2#6 *)`" in one["message"] for one in found["app-1"])
    of_work = " ".join(one["item"] for one in found["app-0"])
    assert "rule/to-lambda" in of_work
    for fine in ("weekly", "over", "ended", "archive", "to-sagemaker", "patches"):  # 35 days are seen twice in 70
        assert fine not in of_work
    assert found["ann"] == []
    decisions.write_text(
        json.dumps([{"do": "accept", "item": "rare-schedule quarterly", "reason": "it only adds up", "owner": "ann"}]),
        encoding="utf-8",
    )
    left = [caveat["item"] for caveat in caveats_of(data, "--decisions", str(decisions))["app-1"]]
    assert [one["item"] for one in found["app-1"] if one["item"] not in left] == ["rare-schedule quarterly"]
    assert "rare-schedule" in lpgen("review", "--data", str(data), "--format", "sarif").stdout
    time.sleep(1)  # a snapshot is named after its second
    lpgen("snapshot", "--data", str(data), "--no-last-accessed", "--no-schedules", "--no-compute")
    assert caveats_of(data) == {name: [] for name in found}


def record(days_ago: int) -> dict[str, object]:
    """A record of a role of the management account."""
    issuer = {"type": "Role", "principalId": "AROAOTHER", "arn": ALSO, "accountId": MANAGEMENT}
    return {
        "eventVersion": "1.08",
        "eventID": f"e-{days_ago}",
        "eventTime": (datetime.now(UTC) - timedelta(days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "sqs.amazonaws.com",
        "eventName": "ListQueues",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "awsRegion": "us-east-1",
        "recipientAccountId": MANAGEMENT,
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAOTHER:session",
            "arn": f"arn:aws:sts::{MANAGEMENT}:assumed-role/app-1/session",
            "accountId": MANAGEMENT,
            "sessionContext": {"sessionIssuer": issuer},
        },
    }
