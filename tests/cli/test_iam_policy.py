"""What lpgen calls against what `lpgen iam-policy` prints: it calls nothing else, and nothing is printed in vain.

The calls are those that a proxy in front of moto's server sees; lpgen's own evaluator decides them, resources and
conditions included. `tests/edge/snapshot/test_permissions.py` does the same for snapshots.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.choices import Duty
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Resource, ResourceKind
from lpgen.core.required_permissions import own_policies
from lpgen.core.rollout.lock import lock_arn
from lpgen.core.usage.event_time import ALL_TIME
from lpgen.edge.aws_session import Connection, open_session
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.ingest.event_history import EventHistory
from lpgen.edge.rollout.plan_file import read_rollout_plan
from tests.support.aws_proxy import Call, aws_proxy
from tests.support.aws_servers import Server, moto_server
from tests.support.event_history_server import event_history_server
from tests.support.fault_proxy import fault_proxy
from tests.support.ingests import ingest
from tests.support.rollout_worlds import ACCOUNT, NARROWED, New, World, allow, deny, document, environment
from tests.support.s3_buckets import CATALOG, daily_logs, make_bucket, take_from

pytestmark = pytest.mark.slow


CALLER = f"arn:aws:iam::{ACCOUNT}:user/lpgen"
LOOKED_UP = "arn:aws:cloudtrail:us-east-1:123456789012:trail/any"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


def permits(policy: dict[str, Any], action: str, resource: str, **context: str) -> bool:
    """Whether a policy allows a call in a context that is complete."""
    request = Request(
        CALLER, action, Resource(ResourceKind.ARN, resource), {key: (value,) for key, value in context.items()},
        AbsentKeys.MISSING,
    )  # fmt: skip
    held = PolicySet(identity=(policy_from_json(policy, place=""),))
    return decide(request, held).result is Result.ALLOWED


def actions_of(policy: dict[str, Any]) -> set[str]:
    return {action for one in policy["Statement"] for action in one["Action"]}


# ---------------------------------------------------------------- rollouts


NEW = (New(document(allow("s3:GetObject"))), New(document(deny("s3:DeleteBucket")), inline=True))
OLD = document(allow("s3:*"), deny("s3:DeleteBucket"))


def test_what_a_rollout_calls_is_what_is_printed_for_it(server: Server, tmp_path: Path) -> None:
    world = World(server, tmp_path)
    boundary = world.make_policy("fence", document(allow("*")))
    role = world.make_role("app", inline={"own": OLD}, managed={"queues": OLD}, boundary=boundary, path="/team/")
    user = world.make_user("robot", inline={"own": OLD})
    world.client.attach_user_policy(UserName="robot", PolicyArn=world.make_policy("queues", OLD))
    world.trusts[role] = NARROWED
    world.plan_of(dict.fromkeys([role, user], NEW))
    with aws_proxy(server, ACCOUNT) as proxy:
        world.apply(url=proxy.server.url)
        world.undo(url=proxy.server.url)
    needed = set(_needed(proxy.calls))
    for plan in (None, read_rollout_plan(world.plan)):
        printed = own_policies(bundled_catalog(), bucket="logs", role="", caller=CALLER, plan=plan)
        assert printed[Duty.ROLLOUT_APPLY] == printed[Duty.ROLLOUT_UNDO]
        for duty in (Duty.ROLLOUT_APPLY, Duty.MEMBER_ROLLOUT):
            refused = [one for one in needed if not permits(printed[duty], one[0], one[1], **dict(one[2]))]
            assert refused == []
            assert actions_of(printed[duty]) == {action for action, _, _ in needed}


def _needed(calls: Iterable[Call]) -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """The action, resource and context that each call needs: an operation of IAM is an action of its name."""
    for call in calls:
        asked = call.parameters
        if call.service != "iam":
            assert call.operation == "GetCallerIdentity"
            continue
        policy = {"iam:PolicyARN": asked["PolicyArn"]} if "PolicyArn" in asked else {}
        yield f"iam:{call.operation}", _resource(asked), tuple(policy.items())
        if call.operation == "CreatePolicy" and "Tags.member.1.Key" in asked:
            yield "iam:TagPolicy", _resource(asked), ()


def _resource(asked: dict[str, str]) -> str:
    iam = f"arn:aws:iam::{ACCOUNT}"
    if "RoleName" in asked:
        return f"{iam}:role/team/{asked['RoleName']}"
    if "UserName" in asked:
        return f"{iam}:user/{asked['UserName']}"
    if "Path" in asked:
        return f"{iam}:policy{asked['Path']}{asked['PolicyName']}"
    return asked.get("PolicyArn", "arn:aws:x:::any")


def test_permissions_for_one_plan_reach_nothing_else(server: Server, tmp_path: Path) -> None:
    world = World(server, tmp_path)
    role = world.make_role("narrow", managed={"things": OLD})
    world.plan_of({role: NEW})
    printed = json.loads(world_prints(world, "rollout-apply", "--plan", str(world.plan)))
    admin = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}
    things = {"iam:PolicyARN": f"arn:aws:iam::{ACCOUNT}:policy/things"}
    assert permits(printed, "iam:AttachRolePolicy", role, **things)
    assert not permits(printed, "iam:AttachRolePolicy", role, **admin)
    assert not permits(printed, "iam:AttachRolePolicy", f"{role}2", **things)
    assert not permits(printed, "iam:PutRolePolicy", f"{role}2")
    assert not permits(printed, "iam:CreatePolicy", f"arn:aws:iam::{ACCOUNT}:policy/lpgen/other")
    others = {"iam:GetUser", "iam:PutUserPolicy", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole"}
    assert not actions_of(printed) & others
    inline = World(world.server, tmp_path / "inline")
    inline.home.mkdir()
    plain = world.make_role("plain", inline={"own": OLD})
    inline.plan_of({plain: (New(OLD.replace("s3:*", "s3:GetObject"), inline=True),)})
    printed = json.loads(world_prints(world, "rollout-apply", "--plan", str(inline.plan)))
    assert "iam:AttachRolePolicy" not in actions_of(printed)
    lock = lock_arn(plain, inline.read(plain).principal.principal_id)
    assert permits(printed, "iam:CreatePolicy", lock)
    assert not permits(printed, "iam:CreatePolicy", f"{lock}2")
    assert "iam:PutRolePolicy" in actions_of(printed)
    world.plan.write_text(world.plan.read_text().replace('"calls"', '"others"'))
    assert world_prints(world, "rollout-apply", "--plan", str(world.plan), status=1) == ""


def world_prints(world: World, *arguments: str, status: int = 0) -> str:
    from typer.testing import CliRunner

    from lpgen.cli.main import app

    with environment(world.server):
        result = CliRunner().invoke(app, ["iam-policy", *arguments, "--caller", CALLER])
    assert result.exit_code == status
    return str(result.stdout)


def test_only_who_assumes_roles_is_given_leave_to() -> None:
    for role, expected in (("", False), ("lpgen-write", True)):
        printed = own_policies(bundled_catalog(), bucket="logs", role=role, caller=CALLER)
        for duty in (Duty.SNAPSHOT, Duty.ROLLOUT_APPLY):
            arn = "arn:aws:iam::444455556666:role/lpgen-write"
            assert permits(printed[duty], "sts:AssumeRole", arn) is expected
            assert not permits(printed[duty], "sts:AssumeRole", "arn:aws:iam::444455556666:role/admin")


# ---------------------------------------------------------------- ingest


def test_what_an_ingest_of_a_bucket_calls_is_what_is_printed_for_it(moto: Server, tmp_path: Path) -> None:
    """But for the key that may encrypt a log, which no server at hand asks for."""
    bucket = make_bucket(moto)
    bucket.put(daily_logs(range(1, 4)))
    with fault_proxy(moto) as proxy, environment(proxy.server):
        take_from(proxy.server, tmp_path / "data", bucket.address())
    policy = own_policies(bundled_catalog(), bucket=bucket.name, role="", caller=CALLER)[Duty.INGEST_S3]
    used = set()
    for request in proxy.requests:
        assert request.method == "GET"
        action = "s3:ListBucket" if request.is_list else "s3:GetObject"
        used.add(action)
        resource = f"arn:aws:s3:::{bucket.name}" if request.is_list else f"arn:aws:s3:::{request.path.lstrip('/')}"
        assert permits(policy, action, resource)
        assert not permits(policy, action, resource.replace(bucket.name, "another"))
    assert actions_of(policy) == used | {"kms:Decrypt"}
    key = "arn:aws:kms:eu-west-1:444455556666:key/1"
    assert permits(policy, "kms:Decrypt", key, **{"kms:ViaService": "s3.eu-west-1.amazonaws.com"})
    assert not permits(policy, "kms:Decrypt", key)


def test_what_an_ingest_of_the_event_history_calls_is_what_is_printed_for_it(tmp_path: Path) -> None:
    with event_history_server() as history, environment(history.server):
        session = open_session(Connection())
        ingest([], CATALOG, data=tmp_path / "data", event_history=EventHistory(session, ("us-east-1",), ALL_TIME))
        assert len(history.requests) == 1  # the server answers LookupEvents alone
    policy = own_policies(bundled_catalog(), bucket="logs", role="", caller=CALLER)[Duty.INGEST_CLOUDTRAIL]
    assert actions_of(policy) == {"cloudtrail:LookupEvents"}
    assert permits(policy, "cloudtrail:LookupEvents", LOOKED_UP)
