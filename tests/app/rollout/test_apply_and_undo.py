"""Rollouts over HTTP against moto's server: what is applied is there, and what is undone is as it was, to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_servers import Server, moto_server
from tests.support.rollout_worlds import ACCOUNT, New, World, allow, deny, document

OLD_INLINE = document(allow("s3:*"), allow("sqs:*"), deny("s3:DeleteBucket"), indent=3)
OLD_MANAGED = document(allow("sqs:*"))
NEW_ALLOW = document(allow("s3:GetObject"), allow("sqs:SendMessage"), indent=2)
NEW_DENY = document(deny("s3:DeleteBucket"), indent=2)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


@pytest.fixture
def world(server: Server, tmp_path: Path) -> World:
    """An empty account."""
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{server.url}/moto-api/reset", method="POST")).close()
    return World(server, tmp_path)


def usual(world: World, name: str = "app") -> str:
    """A role with an inline policy that denies, a customer managed and an AWS managed one."""
    return world.make_role(name, inline={"own": OLD_INLINE}, managed={f"queues-{name}": OLD_MANAGED})


NEW = (New(NEW_ALLOW), New(NEW_DENY, inline=True))


def operations(plan: dict[str, Any], key: str = "calls") -> list[str]:
    (one,) = plan["principals"]
    return [call["operation"] for call in one[key]]


# ---------------------------------------------------------------- the way it should go


def test_plan_holds_calls_with_denies_first_to_come_and_last_to_go(world: World) -> None:
    plan = world.plan_of({usual(world): NEW})
    assert operations(plan) == [
        "CreatePolicy", "PutRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "DeleteRolePolicy",
    ]  # fmt: skip
    assert operations(plan, "inverse") == [
        "PutRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "DeleteRolePolicy", "DeletePolicy",
    ]  # fmt: skip
    create = plan["principals"][0]["calls"][0]["parameters"]
    assert create["PolicyDocument"] == NEW_ALLOW
    assert create["Path"] == "/lpgen/"
    assert {tag["Key"] for tag in create["Tags"]} == {"lpgen:principal-id", "lpgen:as-of"}


def test_apply_puts_the_replacement_in_place_and_undo_restores_every_byte(world: World) -> None:
    arn = usual(world)
    before = world.read(arn)
    world.plan_of({arn: NEW})
    world.apply()
    after = world.read(arn)
    (made,) = after.holding.attached
    (inline,) = after.holding.inline
    assert made.startswith(f"arn:aws:iam::{ACCOUNT}:policy/lpgen/lpgen-app-1-")
    assert dict(after.documents)[made] == NEW_ALLOW
    assert inline[1] == NEW_DENY
    assert (after.holding.trust, after.boundary) == (before.holding.trust, before.boundary)
    world.undo()
    assert world.read(arn) == before
    assert not world.made_policies()
    assert f"{arn}: already undone\nnothing to undo\n" in world.undo().output


def test_apply_shows_a_diff_and_changes_nothing_where_nobody_agrees(world: World) -> None:
    arn = usual(world)
    before = world.read(arn)
    world.plan_of({arn: NEW})
    for answer in ("n\n", None):
        result = world.run("apply", str(world.plan), "--all", answer=answer, status=1)
        assert "- Allow s3:* on *" in result.output
        assert "+ Allow s3:GetObject on *" in result.output
        assert "  Deny  s3:DeleteBucket on *" in result.output
    assert world.read(arn) == before
    assert not world.made_policies()


def test_roles_are_chosen_by_name_and_applied_and_undone_one_by_one(world: World) -> None:
    first, second = usual(world, "first"), usual(world, "second")
    before = {arn: world.read(arn) for arn in (first, second)}
    world.plan_of({first: NEW, second: NEW})
    world.apply("--role", "second")
    assert world.read(first) == before[first]
    assert world.read(second) != before[second]
    world.apply()
    assert world.read(first) != before[first]
    world.undo("--role", first)
    assert world.read(first) == before[first]
    assert world.read(second) != before[second]
    world.undo()
    assert {arn: world.read(arn) for arn in (first, second)} == before


def test_users_are_rolled_out_too(world: World) -> None:
    arn = world.make_user("robot", inline={"own": OLD_INLINE})
    before = world.read(arn)
    world.plan_of({arn: NEW})
    world.apply()
    assert world.read(arn) != before
    world.undo()
    assert world.read(arn) == before


def test_a_policy_that_stays_attached_is_neither_detached_nor_attached_again(world: World) -> None:
    """Moto has none of AWS's own policies; what stays is known by its ARN."""
    arn = usual(world)
    world.left = (f"arn:aws:iam::{ACCOUNT}:policy/queues-app",)
    before = world.read(arn)
    plan = world.plan_of({arn: NEW})
    assert plan["principals"][0]["left_attached"] == list(world.left)
    assert operations(plan) == ["CreatePolicy", "PutRolePolicy", "AttachRolePolicy", "DeleteRolePolicy"]
    world.apply()
    assert set(world.left) < set(world.read(arn).holding.attached)
    assert len(world.read(arn).holding.attached) == 2
    world.undo()
    assert world.read(arn) == before


def test_second_rollout_keeps_what_is_the_same_and_makes_no_version(world: World) -> None:
    arn = usual(world)
    more = document(deny("s3:DeleteBucket"), allow("s3:PutObject"))
    world.plan_of({arn: (New(NEW_ALLOW), New(more, inline=True))})
    world.apply()
    once = world.read(arn)
    again = World(world.server, world.home / "again")
    again.home.mkdir()
    plan = again.plan_of({arn: NEW})
    assert operations(plan) == ["PutRolePolicy", "DeleteRolePolicy"]
    again.apply()
    assert world.read(arn).holding.attached == once.holding.attached
    again.undo()
    assert world.read(arn) == once


# ---------------------------------------------------------------- what others hold, quotas, other accounts


def versions(world: World, arn: str) -> list[tuple[str, bool]]:
    listed = world.client.list_policy_versions(PolicyArn=arn)["Versions"]
    return sorted((one["VersionId"], one["IsDefaultVersion"]) for one in listed)


def test_policy_with_five_versions_that_others_hold_too_is_left_as_it_is(world: World) -> None:
    """Five are all that IAM keeps of a policy, and another role has it attached, a third one as its boundary."""
    arn = usual(world)
    shared = world.make_policy("queues-app", OLD_MANAGED)
    for number in range(4):
        text = document(allow(f"sqs:Get{number}*"))
        world.client.create_policy_version(PolicyArn=shared, PolicyDocument=text, SetAsDefault=number == 2)
    others = [world.make_role("other", managed={"queues-app": OLD_MANAGED}), world.make_role("third", boundary=shared)]
    before, held, made = world.read(arn), [world.read(other) for other in others], versions(world, shared)
    assert len(made) == 5
    world.plan_of({arn: NEW})
    world.apply()
    assert shared not in world.read(arn).holding.attached
    assert [world.read(other) for other in others] == held
    assert versions(world, shared) == made
    world.undo()
    assert world.read(arn) == before
    assert versions(world, shared) == made


def test_new_policies_become_inline_where_the_quota_of_attached_ones_is_used_up(world: World) -> None:
    arn = world.make_role("app", managed={f"old-{number}": OLD_INLINE for number in range(10)})
    before = world.read(arn)
    plan = world.plan_of({arn: (New(NEW_ALLOW), New(NEW_DENY))})
    (one,) = plan["principals"]
    assert operations(plan)[:2] == ["PutRolePolicy", "PutRolePolicy"]
    assert "exceed the quota of 10 attached policies" in one["notes"][0]
    assert one["peak"]["attached"] == 10
    world.apply()
    after = world.read(arn).holding
    assert (after.attached, {text for _, text in after.inline}) == ((), {NEW_ALLOW, NEW_DENY})
    world.undo()
    assert world.read(arn) == before
    raised = World(world.server, world.home / "raised")
    raised.home.mkdir()
    new = (New(NEW_ALLOW), New(NEW_DENY, inline=True))
    assert operations(raised.plan_of({arn: new}, "--attached-quota", "11"))[0] == "CreatePolicy"


def test_principals_of_another_account_are_rolled_out_through_a_role_there(world: World) -> None:
    session = world.session_of("arn:aws:iam::444455556666:role/lpgen-write")
    own = world.make_role("app", inline={"own": OLD_INLINE})
    member = World(world.server, world.home / "member", session)
    member.home.mkdir()
    arn = member.make_role("app", inline={"own": OLD_INLINE})
    assert ":444455556666:" in arn
    before, untouched = member.read(arn), world.read(own)
    member.plan_of({arn: NEW})
    assert "the credentials are for 123456789012: add --assume-role" in member.apply(status=1).output
    member.apply("--assume-role", "lpgen-write")
    (attached,) = member.read(arn).holding.attached
    assert attached.startswith("arn:aws:iam::444455556666:policy/lpgen/")
    assert not world.made_policies()
    member.undo("--assume-role", "lpgen-write")
    assert (member.read(arn), world.read(own)) == (before, untouched)
