"""What a plan of a rollout refuses to change, and what it says of it."""

from __future__ import annotations

import json
from ast import literal_eval
from typing import Any

import boto3
import pytest

from tests.support.rollout_roles import NEW, OLD, empty_account, own_server, role
from tests.support.rollout_worlds import ACCOUNT, TRUST, New, World, allow, deny, document

server = pytest.fixture(scope="module")(own_server)
world = pytest.fixture(empty_account)


def refusals(plan: dict[str, Any]) -> dict[str, list[str]]:
    """The kinds of refusals by principal's name."""
    for one in plan["principals"]:
        assert bool(one["refusals"]) != bool(one["calls"])
        assert all(why["why"] for why in one["refusals"])
    return {one["name"]: [why["kind"] for why in one["refusals"]] for one in plan["principals"]}


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
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    held = {"AwsSSOInlinePolicy": document(allow("s3:*"), deny("s3:*"))}
    arn = world.make_role("AWSReservedSSO_Admin_0123456789abcdef", inline=held, path=path)
    same = {**allow("s3:GetObject"), "Sid": "A"}
    world.plan_of({arn: (New(document(same)), New(document({**deny("s3:*"), "Sid": "A"})))})
    (file,) = (world.home / "plan.json.permission-sets").iterdir()
    assert file.name == "Admin.json"
    statements = json.loads(file.read_text())["Statement"]
    assert statements == [same, deny("s3:*")]


def test_plan_writes_no_permission_set_that_is_in_place(world: World) -> None:
    kept = document(allow("s3:GetObject"))
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    arn = world.make_role("AWSReservedSSO_Admin_0123456789abcdef", inline={"AwsSSOInlinePolicy": kept}, path=path)
    plan = world.plan_of({arn: (New(kept),)})
    assert set(map(tuple, refusals(plan).values())) == {("nothing_to_do",)}
    assert not (world.home / "plan.json.permission-sets").exists()


def test_plan_refuses_what_people_declare(world: World) -> None:
    arns = [role(world, "glass"), role(world, "coded"), role(world, "free")]
    plan = world.plan_of(dict.fromkeys(arns, NEW), "--break-glass", "gl*", "--managed-as-code", "arn:*:role/coded")
    assert refusals(plan) == {"glass": ["break_glass"], "coded": ["managed_as_code"], "free": []}
    (why,) = plan["principals"][0]["refusals"]
    assert "out/coded" in why["why"]


def test_plan_refuses_what_the_decisions_file_names_for_emergencies(world: World) -> None:
    decisions = world.home / "decisions.toml"
    decisions.write_text('break-glass = ["gl*", "role/of-another-account"]')
    arns = [role(world, "glass"), role(world, "urgent"), role(world, "free")]
    plan = world.plan_of(dict.fromkeys(arns, NEW), "--break-glass", "urg*", "--decisions", str(decisions))
    assert refusals(plan) == {"glass": ["break_glass"], "urgent": ["break_glass"], "free": []}


def test_plan_says_which_code_to_change(world: World) -> None:
    tags = {"aws:cloudformation:stack-name": "shop", "aws:cloudformation:logical-id": "Worker"}
    # moto refuses tags that begin with `aws:`, as IAM does of anybody but AWS.
    arn = role(world, "app", tags={f"x{key}": value for key, value in tags.items()})
    world.write_output({arn: NEW})
    policies = world.home / "policies.json"
    policies.write_text(policies.read_text().replace("xaws:cloudformation", "aws:cloudformation"))
    plan = world.home / "plan.json"
    world.run("plan", str(world.home / "out"), "--policies", str(policies), "--trust-output", "-o", str(plan), status=1)
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


def coded_template(world: World) -> dict[str, Any]:
    """The template for a declared role with a Deny that stays inline."""
    own = document(allow("s3:*"), deny("s3:DeleteBucket"))
    arn = world.make_role("coded-app", inline={"own": own}, path="/team/")
    world.plan_of({arn: (*NEW, New(document(deny("s3:DeleteBucket")), inline=True))}, "--managed-as-code", "coded*")
    (file,) = (world.home / "plan.json.code").iterdir()
    template: dict[str, Any] = json.loads(file.read_text())
    return template


def test_code_written_for_a_declared_role_gives_it_the_replacement(world: World) -> None:
    resources = coded_template(world)["Resources"]
    role = resources["CodedApp"]["Properties"]
    assert role["ManagedPolicyArns"] == [{"Ref": "CodedAppPolicy1"}]
    assert resources["CodedAppPolicy1"]["Properties"]["PolicyDocument"] == json.loads(NEW[0].text)
    (inline,) = role["Policies"]
    assert inline["PolicyDocument"] == json.loads(document(deny("s3:DeleteBucket")))


@pytest.mark.slow
def test_code_written_for_a_declared_role_is_a_stack_that_gives_it_the_replacement(world: World) -> None:
    """moto makes the stack, but leaves `ManagedPolicyArns` alone, so that what they name is looked up."""
    template = coded_template(world)
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
    why = plan["principals"][0]["refusals"][0]["why"]
    assert "the group operators" in why
    assert f"first attach the documents in {world.home / 'out' / 'ann'} by hand, then remove it" in why


def test_plan_refuses_policies_other_than_those_of_the_replacement(world: World) -> None:
    arn = role(world)
    output = world.write_output({arn: NEW})
    world.client.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=document(allow("s3:Get*")))
    world.write_policies()
    assert output == world.home / "out"
    world.plan_output(status=1)
    assert json.loads(world.plan.read_text())["principals"][0]["refusals"][0]["kind"] == "other_policies"


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
    assert "another name" in str(getattr(world.plan_output().exception, "hint", ""))
