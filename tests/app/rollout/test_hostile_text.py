"""Hostile text in policies and names of a rollout is shown inert or refused."""

from __future__ import annotations

import json

import pytest

from tests.support.rollout_roles import NEW, empty_account, own_server, role
from tests.support.rollout_worlds import New, World, allow, write_summary

server = pytest.fixture(scope="module")(own_server)
world = pytest.fixture(empty_account)


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
    write_summary(world.home / "out")
    result = world.run("plan", str(world.home / "out"), "--policies", str(policies), "--trust-output", status=1)
    (one,) = json.loads(result.stdout)["principals"]
    assert "name" in [why["kind"] for why in one["refusals"]]
    assert "\x1b" not in result.output
