"""What apply refuses: nothing is called that would change a principal it shouldn't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from lpgen.edge.rollout.iam_writer import IamWriter, Quotas
from lpgen.edge.rollout.journal import journal_of
from tests.support.rollout_roles import NEW, OLD, empty_account, own_server, role
from tests.support.rollout_worlds import New, World, allow, document

server = pytest.fixture(scope="module")(own_server)
world = pytest.fixture(empty_account)


@pytest.mark.parametrize("change", ["inline", "attached", "document", "trust", "boundary", "gone", "recreated"])
def test_apply_refuses_policies_that_have_changed_since(world: World, change: str) -> None:
    arn = role(world, managed={"m": OLD})
    world.plan_of({arn: NEW})
    client = world.client
    other = document(allow("sqs:*"))
    if change == "inline":
        client.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=other)
    elif change == "attached":
        client.attach_role_policy(RoleName="app", PolicyArn=world.make_policy("more", other))
    elif change == "document":
        client.create_policy_version(PolicyArn=world.make_policy("m", OLD), PolicyDocument=other, SetAsDefault=True)
    elif change == "trust":
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        client.update_assume_role_policy(RoleName="app", PolicyDocument=document(trust))
    elif change == "boundary":
        client.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=world.make_policy("b", other))
    else:
        client.delete_role_policy(RoleName="app", PolicyName="own")
        client.detach_role_policy(RoleName="app", PolicyArn=world.make_policy("m", OLD))
        client.delete_role(RoleName="app")
        if change == "recreated":
            role(world, managed={"m": OLD})
    before = None if change == "gone" else world.read(arn)
    result = world.apply(status=1)
    assert ("the role no longer exists" if change == "gone" else "changed since the plan was made") in result.output
    assert before is None or world.read(arn) == before
    assert not world.made_policies()


def test_apply_does_not_mind_white_space(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    spread = json.dumps(json.loads(OLD), indent=7)
    world.client.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=spread)
    world.apply()
    world.undo()
    assert world.read(arn).holding.inline == (("own", spread),)


def test_apply_refuses_its_own_caller_and_its_way_in(world: World) -> None:
    arns = [role(world, "lpgen-writer"), role(world, "LPGEN-other")]
    user = world.make_user("moto", inline={"own": OLD})
    world.plan_of(dict.fromkeys([*arns, user], NEW))
    result = world.apply("--assume-role", "lpgen-writer", status=1)
    assert result.output.count("lpgen runs as this principal") == 2
    assert "role/LPGEN-other: applied" in result.output
    assert world.read(arns[0]).holding.inline == (("own", OLD),)
    assert world.read(user).holding.inline == (("own", OLD),)


def test_apply_refuses_the_roles_of_its_profile(world: World, tmp_path: Path) -> None:
    hop, end = role(world, "hop"), role(world, "end")
    config = tmp_path / "config"
    keys = "aws_access_key_id = AKIALPGENTEST0000000\naws_secret_access_key = x\n"
    config.write_text(
        f"[profile end]\nrole_arn = {end}\nsource_profile = mid\n"
        f"[profile mid]\nrole_arn = {hop}\nsource_profile = base\n[profile base]\n{keys}"
    )
    world.plan_of(dict.fromkeys([hop, end], NEW))
    world.config = str(config)
    result = world.apply("--profile", "end", status=1)
    assert result.output.count("lpgen runs as this principal") == 2
    assert world.read(hop).holding.inline == (("own", OLD),)


@pytest.mark.parametrize(
    ("quotas", "said"),
    [
        (Quotas(1, 10_240, 6_144, 1_500, 0, 2_048), "2 attached policies at once"),
        (Quotas(10, 10, 6_144, 1_500, 0, 2_048), "characters of inline policies"),
        (Quotas(10, 10_240, 20, 1_500, 0, 2_048), "characters in one policy"),
        (Quotas(10, 10_240, 6_144, 7, 6, 2_048), "8 customer managed policies"),
    ],
    ids=["attached", "inline", "size", "policies"],
)
def test_apply_checks_quotas_before_the_first_call(world: World, quotas: Quotas, said: str) -> None:
    arns = [role(world, name, managed={"m": OLD}) for name in ("a", "b")]
    before = [world.read(arn) for arn in arns]
    world.plan_of(dict.fromkeys(arns, (*NEW, New(document(allow("s3:PutObject")), inline=True))))
    with patch.object(IamWriter, "read_quotas", return_value=quotas):
        result = world.apply("--role", "b", "--role", "a", status=1)
    assert said in result.output
    assert "and the account's quota is" in result.output
    assert world.read(arns[1]) == before[1]


def test_apply_refuses_a_name_that_is_taken(world: World) -> None:
    arn = role(world)
    plan = world.plan_of({arn: NEW})
    name = plan["principals"][0]["calls"][0]["policy"].rpartition("/")[2]
    world.client.create_policy(PolicyName=name, Path="/lpgen/", PolicyDocument=OLD)
    assert "already exists" in world.apply(status=1).output
    assert world.read(arn).holding.inline == (("own", OLD),)


def test_apply_wants_to_be_told_which(world: World) -> None:
    world.plan_of({role(world): NEW})
    for options in ((), ("--all", "--role", "app"), ("--role", "nobody")):
        result = world.run("apply", str(world.plan), "--yes", *options, status=1)
        assert type(result.exception).__name__ == "InvocationError"
    assert "matches no principal of the plan" in str(result.exception)
    assert result.exception.hint == "give a name or an ARN: app"


# ---------------------------------------------------------------- plans that lpgen didn't write


def edited(world: World, edit: Any) -> str:
    """What apply says of a plan that was edited."""
    arn = role(world)
    before = world.read(arn)
    plan = world.plan_of({arn: NEW})
    edit(plan["principals"][0])
    world.plan.write_text(json.dumps(plan))
    result = world.apply(status=1)
    assert world.read(arn) == before
    return str(result.exception)


def _attach_admin(one: dict[str, Any]) -> None:
    call = next(call for call in one["calls"] if call["operation"] == "AttachRolePolicy")
    call["policy"] = call["parameters"]["PolicyArn"] = "arn:aws:iam::aws:policy/AdministratorAccess"


def _other_role(one: dict[str, Any]) -> None:
    for call in one["calls"]:
        if "RoleName" in call["parameters"]:
            call["parameters"]["RoleName"] = "other"


def _other_operation(one: dict[str, Any]) -> None:
    one["calls"][0]["operation"] = "CreatePolicyVersion"


def _no_way_back(one: dict[str, Any]) -> None:
    one["inverse"].pop()


def _calls_despite_refusal(one: dict[str, Any]) -> None:
    one["refusals"] = [{"kind": "caller", "why": "x", "override": None}]


@pytest.mark.parametrize("edit", [_attach_admin, _other_role, _other_operation, _no_way_back, _calls_despite_refusal])
def test_edited_plan_is_refused(world: World, edit: Any) -> None:
    assert "was edited" in edited(world, edit)


def test_journal_is_written_by_one_process_at_a_time(world: World) -> None:
    from lpgen.edge.rollout.journal import Journal
    from lpgen.edge.rollout.plan_file import read_rollout_plan

    world.plan_of({role(world): NEW})
    with Journal(world.plan, read_rollout_plan(world.plan)):
        assert "another run uses" in str(world.apply(status=1).exception)
    journal_of(world.plan).write_bytes(b"{}\n")
    assert "not a journal" in str(world.apply(status=1).exception)
