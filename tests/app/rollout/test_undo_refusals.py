"""What undo refuses, and what others did meanwhile that it leaves as it is."""

from __future__ import annotations

import pytest

from tests.support.rollout_roles import NEW, OLD, empty_account, own_server, role
from tests.support.rollout_worlds import World, allow, document

server = pytest.fixture(scope="module")(own_server)
world = pytest.fixture(empty_account)


def test_undo_of_a_plan_that_is_not_there_is_an_error(world: World) -> None:
    assert "can't read" in str(world.run("undo", str(world.home / "other.json"), status=1).exception)


def test_undo_refuses_a_plan_that_was_swapped(world: World) -> None:
    world.plan_of({role(world): NEW})
    world.apply()
    world.plan.write_text(world.plan.read_text() + "\n")
    assert "isn't the plan" in str(world.undo(status=1).exception)


def test_undo_leaves_what_others_changed_and_says_so(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    world.apply()
    (made,) = world.read(arn).holding.attached
    other = role(world, "other")
    world.client.attach_role_policy(RoleName="other", PolicyArn=made)
    world.client.put_role_policy(RoleName="app", PolicyName="theirs", PolicyDocument=OLD)
    result = world.undo(status=3)
    assert f"the policy {made} is attached to other, and is kept" in result.output
    world.client.detach_role_policy(RoleName="other", PolicyArn=made)
    result = world.undo(status=1)
    assert "the inline policy theirs was added since" in result.output
    assert not world.made_policies()
    assert world.read(arn).holding.inline == (("own", OLD), ("theirs", OLD))
    assert world.read(other).holding.attached == ()


def test_undo_says_what_to_settle_where_what_it_made_was_edited(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    before = world.read(arn)
    world.apply()
    (made,) = world.read(arn).holding.attached
    wider = document(allow("sns:*"))
    edited = world.client.create_policy_version(PolicyArn=made, PolicyDocument=wider, SetAsDefault=True)
    for _ in range(2):
        said = world.undo(status=3).output
        assert f"the policy {made} has another version since, and is kept" in said
        assert "app: undone except for the following: fix it by hand, then run `lpgen rollout undo` again" in said
    assert before == world.read(arn)
    world.client.set_default_policy_version(PolicyArn=made, VersionId="v1")
    world.client.delete_policy_version(PolicyArn=made, VersionId=edited["PolicyVersion"]["VersionId"])
    world.undo()
    assert not world.made_policies()


def test_undo_takes_nothing_away_where_the_old_policy_cannot_come_back(world: World) -> None:
    arn = role(world)
    world.plan_of({arn: NEW})
    world.apply()
    edited_text = document(allow("sns:*"))
    world.client.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=edited_text)
    result = world.undo(status=3)
    assert "the inline policy own was edited since, and is kept" in result.output
    assert "NOT RESTORED: fix the following by hand, then run `lpgen rollout undo` again" in result.output
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
    assert "deleted and created again" in world.undo(status=1).output
