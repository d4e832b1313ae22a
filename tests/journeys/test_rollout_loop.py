"""The whole loop on one account: snapshot, logs, generate, plan, apply, new logs, watch, undo."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lpgen.cli.main import app
from tests.support.aws_servers import Server, moto_server
from tests.support.log_samples import log_bytes, record_json
from tests.support.rollout_worlds import ACCOUNT, World, allow, deny, document, environment

pytestmark = pytest.mark.slow


OLD = document(allow("s3:*"), allow("ec2:*"), deny("ec2:TerminateInstances"), indent=3)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


def lpgen(world: World, *arguments: str, status: int = 0) -> str:
    """Runs lpgen against the world's server, and returns what it prints."""
    with environment(world.server):
        result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == status, (result.output, result.exception)
    return result.output


def write_log(world: World, name: str, records: list[dict[str, Any]]) -> str:
    path = world.home / name
    path.write_bytes(log_bytes(records))
    return str(path)


def record(arn: str, principal_id: str, event: str, when: datetime, **more: Any) -> dict[str, Any]:
    """A management event of a role."""
    issuer = {"type": "Role", "principalId": principal_id, "arn": arn, "accountId": ACCOUNT}
    source, name = event.split(":")
    return record_json(
        int(when.timestamp()) % 10**9,
        eventTime=when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        eventSource=f"{source}.amazonaws.com",
        eventName=name,
        eventCategory="Management",
        managementEvent=True,
        recipientAccountId=ACCOUNT,
        requestParameters={},
        userIdentity={
            "type": "AssumedRole",
            "principalId": f"{principal_id}:s",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s",
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": issuer},
        },
        **more,
    )


def test_loop_from_snapshot_to_undo(server: Server, tmp_path: Path) -> None:
    world = World(server, tmp_path)
    arn = world.make_role("app", inline={"own": OLD}, managed={"queues": document(allow("sqs:*"))})
    before = world.read(arn)
    principal_id = before.principal.principal_id
    now = datetime.now(UTC)
    data, out = str(tmp_path / "data"), str(tmp_path / "out")
    days = [now - timedelta(days=day) for day in range(100, 0, -1)]
    used = [record(arn, principal_id, "ec2:DescribeInstances", day) for day in days]
    lpgen(world, "ingest", write_log(world, "first.json.gz", used), "--data", data)
    lpgen(world, "snapshot", "--data", data, "--no-last-accessed", "--no-schedules", "--no-compute")
    choices = ("--min-days", "0", "--keep-unobservable", "none")
    lpgen(world, "generate", "--data", data, "--output", out, *choices)

    # The role is new.
    world.run("plan", out, "--data", data, *choices, "--principal", "app", "--unsafe", "-o", str(world.plan))
    world.apply()
    after = world.read(arn)
    written = sorted((tmp_path / "out" / f"{ACCOUNT}-role-app").glob("policy-*.json"))
    texts = {text for arn_, text in after.documents} | {text for _, text in after.holding.inline}
    assert texts == {path.read_text() for path in written}
    assert '"ec2:DescribeInstances"' in "".join(texts)
    assert "*" not in [item["Action"] for text in texts for item in json.loads(text)["Statement"]]

    later = datetime.now(UTC) + timedelta(seconds=1)
    denied = {"errorCode": "AccessDenied", "errorMessage": "because no identity-based policy allows it"}
    lost = record(arn, principal_id, "ec2:DescribeVolumes", later, **denied)
    lpgen(world, "ingest", write_log(world, "second.json.gz", [lost]), "--data", data)
    told = lpgen(world, "rollout", "watch", str(world.plan), "--data", data, status=1)
    assert "denied: ec2:DescribeVolumes" in told
    assert 'restore: {"Effect": "Allow", "Action": "ec2:DescribeVolumes", "Resource": "*"}' in told
    assert "removed: own, statement 2" in told
    assert "keep them with --decisions FILE. Otherwise, the next replacement removes them again" in told

    time.sleep(max(0.0, (later - datetime.now(UTC)).total_seconds()))
    again = document(allow("ec2:DescribeVolumes"))
    world.client.put_role_policy(RoleName="app", PolicyName="restored", PolicyDocument=again)
    lpgen(world, "snapshot", "--data", data, "--no-last-accessed", "--no-schedules", "--no-compute")
    told = lpgen(world, "rollout", "watch", str(world.plan), "--data", data)
    assert "allowed again by the policies of snapshot" in told
    assert "restore:" not in told
    assert "--decisions" not in told
    lpgen(world, "rollout", "watch", str(world.plan), "--data", data, "--snapshot", "none", status=1)
    world.client.delete_role_policy(RoleName="app", PolicyName="restored")

    world.undo()
    assert world.read(arn) == before
    result = world.run("watch", str(world.plan), "--data", data, status=1)
    assert "no principal of this plan is applied" in str(result.exception)


def assumed(role: str, role_id: str, caller: str, when: datetime) -> dict[str, Any]:
    """A call of AssumeRole by another role of the account."""
    name = role.rpartition("/")[2]
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/s"
    found = record(
        caller,
        "AROACALLER",
        "sts:AssumeRole",
        when,
        resources=[{"ARN": role, "accountId": ACCOUNT, "type": "AWS::IAM::Role"}],
        responseElements={
            "credentials": {"accessKeyId": "ASIA1", "expiration": "Jan 1, 2027, 1:00:00 PM"},
            "assumedRoleUser": {"assumedRoleId": f"{role_id}:s", "arn": session},
        },
    )
    parameters = {"roleArn": role, "roleSessionName": "s"}
    return {**found, "requestParameters": parameters, "eventID": f"00000000-0000-0000-0001-{int(when.timestamp()):012}"}


def test_loop_narrows_a_trust_policy_to_the_recorded_caller_and_restores_it(server: Server, tmp_path: Path) -> None:
    world = World(server, tmp_path)
    arn = world.make_role("trusting", inline={"own": OLD})
    caller = world.make_role("caller", inline={"own": document(allow("sts:AssumeRole"))})
    before = world.read(arn)
    role_id, now = before.principal.principal_id, datetime.now(UTC)
    data, out = str(tmp_path / "data"), str(tmp_path / "out")
    days = [now - timedelta(days=day) for day in range(100, 0, -1)]
    used = [record(arn, role_id, "ec2:DescribeInstances", day) for day in days]
    used += [assumed(arn, role_id, caller, day) for day in days]
    lpgen(world, "ingest", write_log(world, "trusted.json.gz", used), "--data", data)
    policies = world.write_policies()
    details = json.loads(policies.read_text())
    for role in details["RoleDetailList"]:
        role["CreateDate"] = (now - timedelta(days=300)).isoformat()
    policies.write_text(json.dumps(details))
    chosen = ("--policies", str(policies), "--min-days", "0", "--keep-unobservable", "none", "--trust")
    lpgen(world, "generate", "--data", data, "--output", out, *chosen)
    (file,) = (tmp_path / "out").glob("*/trust-policy.json")
    narrowed = json.loads(file.read_text())
    assert {"ArnEquals": {"aws:PrincipalArn": caller}} in [item.get("Condition") for item in narrowed["Statement"]]
    lpgen(world, "verify", out, "--data", data, "--policies", str(policies))

    plan = ("plan", out, "--data", data, *chosen, "--principal", "trusting", "--unsafe", "-o", str(world.plan))
    told = world.run(*plan).output
    assert "AWSRevokeOlderSessions" in told
    world.apply()
    assert json.loads(world.read(arn).holding.trust) == narrowed
    world.undo()
    assert world.read(arn) == before
