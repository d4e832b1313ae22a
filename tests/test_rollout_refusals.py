"""What a rollout refuses, and what it says: nothing is called that would change a principal it shouldn't."""

from __future__ import annotations

import json
import urllib.request
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from lpgen.edge.iam_writer import IamWriter, Quotas
from lpgen.edge.rollout_journal import journal_of
from tests.aws_servers import Server, moto_server
from tests.rollout_worlds import ACCOUNT, TRUST, New, World, allow, deny, document

OLD = document(allow("s3:*"))
NEW = (New(document(allow("s3:GetObject"))),)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


@pytest.fixture
def world(server: Server, tmp_path: Path) -> World:
    """An empty account."""
    urllib.request.urlopen(urllib.request.Request(f"{server.url}/moto-api/reset", method="POST")).read()
    return World(server, tmp_path)


def role(world: World, name: str = "app", **more: Any) -> str:
    return world.make_role(name, inline={"own": OLD}, **more)


def refusals(plan: dict[str, Any]) -> dict[str, list[str]]:
    """The kinds of refusals by principal's name."""
    for one in plan["principals"]:
        assert bool(one["refusals"]) != bool(one["calls"])
        assert all(why["why"] for why in one["refusals"])
    return {one["name"]: [why["kind"] for why in one["refusals"]] for one in plan["principals"]}


# ---------------------------------------------------------------- when planning


def test_plan_refuses_what_is_not_ours_to_change(world: World) -> None:
    expected = {
        "OrganizationAccountAccessRole": ("/", "organization_access"),
        "AWSControlTowerExecution": ("/", "control_tower"),
        "aws-controltower-AdministratorExecutionRole": ("/", "control_tower"),
        "AWSAFTExecution": ("/", "control_tower"),
        "AWSCloudFormationStackSetExecutionRole": ("/", "stack_sets"),
        "stacksets-exec-0123456789abcdef": ("/", "stack_sets"),
        "cdk-hnb659fds-deploy-role-1-eu-west-1": ("/", "cdk_bootstrap"),
        "AWSServiceRoleForSupport": ("/aws-service-role/support.amazonaws.com/", "service_linked"),
        "AWSReservedSSO_Admin_0123456789abcdef": ("/aws-reserved/sso.amazonaws.com/", "sso"),
    }
    arns = [role(world, name, path=path) for name, (path, _) in expected.items()]
    plan = world.plan_of(dict.fromkeys(arns, NEW))
    assert refusals(plan) == {name: [kind] for name, (_, kind) in expected.items()}
    assert world.run("apply", str(world.plan), "--all", "--yes", status=1)
    assert all(world.read(arn).holding.inline == (("own", OLD),) for arn in arns)


def test_plan_includes_tooling_that_is_named_by_its_arn_alone(world: World) -> None:
    first, second = role(world, "cdk-one"), role(world, "cdk-two")
    plan = world.plan_of({first: NEW, second: NEW}, "--include", first)
    assert refusals(plan) == {"cdk-one": [], "cdk-two": ["cdk_bootstrap"]}
    assert plan["principals"][1]["refusals"][0]["override"] == f"--include {second}"


def test_plan_writes_the_permission_set_of_a_role_of_identity_center(world: World) -> None:
    arn = role(world, "AWSReservedSSO_Admin_0123456789abcdef", path="/aws-reserved/sso.amazonaws.com/eu-west-1/")
    same = {**allow("s3:GetObject"), "Sid": "A"}
    world.plan_of({arn: (New(document(same)), New(document({**deny("s3:*"), "Sid": "A"})))})
    (file,) = (world.home / "plan.json.permission-sets").iterdir()
    assert file.name == f"{ACCOUNT}-role-AWSReservedSSO_Admin_0123456789abcdef.json"
    statements = json.loads(file.read_text())["Statement"]
    assert statements == [same, deny("s3:*")]


def test_plan_refuses_what_people_declare(world: World) -> None:
    arns = [role(world, "glass"), role(world, "coded"), role(world, "free")]
    plan = world.plan_of(dict.fromkeys(arns, NEW), "--break-glass", "gl*", "--managed-as-code", "arn:*:role/coded")
    assert refusals(plan) == {"glass": ["break_glass"], "coded": ["managed_as_code"], "free": []}
    (why,) = plan["principals"][0]["refusals"]
    assert "out/coded" in why["why"]


def test_plan_says_which_code_to_change(world: World) -> None:
    tags = {"aws:cloudformation:stack-name": "shop", "aws:cloudformation:logical-id": "Worker"}
    # moto refuses tags that begin with `aws:`, as IAM does of anybody but AWS.
    arn = role(world, "app", tags={f"x{key}": value for key, value in tags.items()})
    world.write_output({arn: NEW})
    policies = world.home / "policies.json"
    policies.write_text(policies.read_text().replace("xaws:cloudformation", "aws:cloudformation"))
    plan = world.home / "plan.json"
    world.run("plan", str(world.home / "out"), "--policies", str(policies), "-o", str(plan), status=1)
    (one,) = json.loads(plan.read_text())["principals"]
    (why,) = one["refusals"]
    assert why["kind"] == "managed_as_code"
    assert "resource Worker in the template of the stack shop" in why["why"]
    (file,) = (world.home / "plan.json.code").iterdir()
    resources = json.loads(file.read_text())["Resources"]
    assert file.name == f"{ACCOUNT}-role-app.json"
    assert resources["Worker"] == {
        "Type": "AWS::IAM::Role",
        "Properties": {"ManagedPolicyArns": [{"Ref": "WorkerPolicy1"}], "Policies": []},
    }
    assert resources["WorkerPolicy1"]["Properties"]["PolicyDocument"] == json.loads(NEW[0].text)


def test_code_written_for_a_declared_role_is_a_stack_that_gives_it_the_replacement(world: World) -> None:
    """moto makes the stack, but leaves `ManagedPolicyArns` alone, so that what they name is looked up."""
    arn = role(world, "coded-app", path="/team/")
    world.plan_of({arn: (*NEW, New(document(deny("s3:DeleteBucket")), inline=True))}, "--managed-as-code", "coded*")
    (file,) = (world.home / "plan.json.code").iterdir()
    template = json.loads(file.read_text())
    template["Resources"]["CodedApp"]["Properties"] |= {
        "AssumeRolePolicyDocument": json.loads(TRUST),
        "RoleName": "made",
    }
    assert template["Resources"]["CodedApp"]["Properties"]["ManagedPolicyArns"] == [{"Ref": "CodedAppPolicy1"}]
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "us-east-1"}
    stacks = boto3.client("cloudformation", endpoint_url=world.server.url, **keys)
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
    live = world.read(f"arn:aws:iam::{ACCOUNT}:role/made")
    (made,) = world.made_policies()
    assert json.loads(world.writer.read_policy(made) or "") == json.loads(NEW[0].text)
    (inline,) = (literal_eval(text) for _, text in live.holding.inline)  # as moto keeps those of a stack
    assert inline == json.loads(document(deny("s3:DeleteBucket")))


def test_plan_refuses_what_is_not_called_safe_unless_told(world: World) -> None:
    arn = role(world)
    plan = world.plan_of({arn: NEW}, safe=False)
    assert refusals(plan) == {"app": ["not_safe"]}
    assert plan["principals"][0]["refusals"][0] == {
        "kind": "not_safe",
        "why": "the replacement isn't called safe: only 3 covered days",
        "override": "--unsafe",
    }
    again = World(world.server, world.home / "again")
    again.home.mkdir()
    assert refusals(again.plan_of({arn: NEW}, "--unsafe", safe=False)) == {"app": []}
    assert "NOT CALLED SAFE" in again.apply().output


def test_plan_refuses_a_user_whose_groups_would_have_to_be_left(world: World) -> None:
    arn = world.make_user("ann", inline={"own": OLD})
    world.client.create_group(GroupName="operators")
    world.client.add_user_to_group(GroupName="operators", UserName="ann")
    plan = world.plan_of({arn: NEW})
    assert refusals(plan) == {"ann": ["groups"]}
    assert "operators" in plan["principals"][0]["refusals"][0]["why"]


def test_plan_refuses_policies_other_than_those_of_the_replacement(world: World) -> None:
    arn = role(world)
    output = world.write_output({arn: NEW})
    world.client.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=document(allow("s3:Get*")))
    world.write_policies()
    result = world.run("plan", str(output), "--policies", str(world.home / "policies.json"), status=1)
    assert json.loads(result.stdout)["principals"][0]["refusals"][0]["kind"] == "other_policies"


def test_plan_refuses_where_nothing_is_to_be_done(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    world.apply()
    again = World(world.server, world.home / "again")
    again.home.mkdir()
    assert refusals(again.plan_of({arn: NEW})) == {"app": ["nothing_to_do"]}


def test_plan_is_not_written_over_one_that_was_applied(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    world.apply()
    arguments = ("plan", str(world.home / "out"), "--policies", str(world.home / "policies.json"))
    assert "another name" in str(
        getattr(world.run(*arguments, "-o", str(world.plan), status=None).exception, "hint", "")
    )


# ---------------------------------------------------------------- when applying


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
    assert ("no role of this name" if change == "gone" else "changed since the plan was made") in result.output
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
    assert result.output.count("lpgen calls as this principal") == 2
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
    assert result.output.count("lpgen calls as this principal") == 2
    assert world.read(hop).holding.inline == (("own", OLD),)


def test_apply_refuses_another_account(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    text = world.plan.read_text().replace(ACCOUNT, "999988887777")
    world.plan.write_text(text)
    result = world.apply(status=1)
    assert "it is in account 999988887777, and the credentials are those of 123456789012" in result.output


@pytest.mark.parametrize(
    ("quotas", "said"),
    [
        (Quotas(1, 10_240, 6_144, 1_500, 0), "2 attached policies at once"),
        (Quotas(10, 10, 6_144, 1_500, 0), "characters of inline policies"),
        (Quotas(10, 10_240, 20, 1_500, 0), "characters in one policy"),
        (Quotas(10, 10_240, 6_144, 7, 6), "8 customer managed policies"),
    ],
    ids=["attached", "inline", "size", "policies"],
)
def test_apply_checks_quotas_before_the_first_call(world: World, quotas: Quotas, said: str) -> None:
    arns = [role(world, name, managed={"m": OLD}) for name in ("a", "b")]
    before = [world.read(arn) for arn in arns]
    world.plan_of(dict.fromkeys(arns, (*NEW, New(document(deny("s3:*")), inline=True))))
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
    assert "is there already" in world.apply(status=1).output
    assert world.read(arn).holding.inline == (("own", OLD),)


def test_apply_wants_to_be_told_which(world: World) -> None:
    world.plan_of({role(world): NEW})
    for options in ((), ("--all", "--role", "app"), ("--role", "nobody")):
        result = world.run("apply", str(world.plan), "--yes", *options, status=1)
        assert type(result.exception).__name__ == "InvocationError"
    assert "names no principal of the plan" in str(result.exception)


def test_undo_of_a_plan_that_is_not_there_is_an_error(world: World) -> None:
    assert "there is no plan" in str(world.run("undo", str(world.home / "other.json"), status=1).exception)


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
    assert "were edited" in edited(world, edit)


def test_undo_refuses_a_plan_that_was_swapped(world: World) -> None:
    world.plan_of({role(world): NEW})
    world.apply()
    world.plan.write_text(world.plan.read_text() + "\n")
    assert "isn't the plan" in str(world.undo(status=1).exception)


def test_journal_is_written_by_one_process_at_a_time(world: World) -> None:
    from lpgen.edge.rollout_journal import Journal

    world.plan_of({role(world): NEW})
    with Journal(world.plan):
        assert "another run uses" in str(world.apply(status=1).exception)
    journal_of(world.plan).write_bytes(b"{}\n")
    assert "no journal" in str(world.apply(status=1).exception)


# ---------------------------------------------------------------- what others did meanwhile


def test_undo_leaves_what_others_changed_and_says_so(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    world.apply()
    (made,) = world.read(arn).holding.attached
    other = role(world, "other")
    world.client.attach_role_policy(RoleName="other", PolicyArn=made)
    world.client.put_role_policy(RoleName="app", PolicyName="theirs", PolicyDocument=OLD)
    result = world.undo(status=3)
    assert f"the policy {made} is attached to other, and is left as it is" in result.output
    world.client.detach_role_policy(RoleName="other", PolicyArn=made)
    result = world.undo(status=1)
    assert "the inline policy theirs was added since" in result.output
    assert not world.made_policies()
    assert world.read(arn).holding.inline == (("own", OLD), ("theirs", OLD))
    assert world.read(other).holding.attached == ()


def test_undo_takes_nothing_away_where_the_old_policy_cannot_come_back(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    world.apply()
    edited_text = document(allow("sns:*"))
    world.client.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=edited_text)
    result = world.undo(status=3)
    assert "the inline policy own was edited since, and is left as it is" in result.output
    assert len(world.read(arn).holding.attached) == 1
    assert dict(world.read(arn).holding.inline)["own"] == edited_text


def test_undo_refuses_a_role_that_was_made_anew(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    world.apply()
    (made,) = world.read(arn).holding.attached
    world.client.detach_role_policy(RoleName="app", PolicyArn=made)
    world.client.delete_role(RoleName="app")
    role(world)
    assert "deleted and made anew" in world.undo(status=1).output


# ---------------------------------------------------------------- hostile text


def test_hostile_text_is_shown_inert(world: World) -> None:
    evil = "arn:aws:s3:::\x1b[2J\u202e/*"
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow("s3:*", evil)]})
    arn = world.make_role("app", inline={"own": text})
    before = world.read(arn)
    world.plan_of({arn: (New(json.dumps({"Version": "2012-10-17", "Statement": [allow("s3:GetObject", evil)]})),)})
    for result in (world.apply(), world.undo()):
        assert "\x1b" not in result.output
        assert "\u202e" not in result.output
    assert world.read(arn) == before


@pytest.mark.parametrize("name", ["a/../b", "x" * 65, "a b", "\x1b[2J", "ünï", "a\n"])
def test_name_that_iam_never_gives_is_refused(world: World, name: str) -> None:
    arn = role(world)
    world.write_output({arn: NEW})
    policies = world.home / "policies.json"
    whole = json.loads(policies.read_text())
    (detail,) = whole["RoleDetailList"]
    detail["RoleName"], detail["Arn"] = name, arn.replace("role/app", f"role/{name}")
    policies.write_text(json.dumps(whole))
    evidence = world.home / "out" / "app" / "evidence.json"
    facts = json.loads(evidence.read_text())
    facts["principal"] = detail["Arn"]
    evidence.write_text(json.dumps(facts))
    result = world.run("plan", str(world.home / "out"), "--policies", str(policies), status=1)
    (one,) = json.loads(result.stdout)["principals"]
    assert "name" in [why["kind"] for why in one["refusals"]]
    assert "\x1b" not in result.output
