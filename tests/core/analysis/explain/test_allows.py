"""How an explanation names the statements that let a request through: their patterns, resources and policies."""

from __future__ import annotations

from dataclasses import replace

from lpgen.core.explanations import Fit, WallState
from lpgen.core.iam.decision import Layer, Result
from lpgen.core.model import PolicyKind
from tests.core.analysis.explain.explained_requests import IMAGES, ask, statements, wall
from tests.support.worlds import ACCOUNT, allow, catalog, policy, role


def test_explain_names_the_hole_with_its_pattern_and_wildcard() -> None:
    app = role(policy(allow("ec2:Describe*"), allow(["S3:GET*", "s3:PutObject"], "arn:aws:s3:::images/*", Sid="Read")))
    found = ask(app, "s3:getobject", IMAGES)
    assert (found.result, found.sentence) == (Result.ALLOWED, "Allowed by S3:GET* in own, statement 2 (Read).")
    (hole,) = statements(found)
    assert (hole.fit, hole.actions, hole.resources) == (Fit.APPLIES, ("S3:GET*",), ("arn:aws:s3:::images/*",))
    assert (
        hole.actions_today
        == len([action for action in catalog().service_actions("s3") if action.startswith("s3:Get")])
        > 50
    )
    assert wall(found, Layer.IDENTITY).state is WallState.OPEN


def test_explain_counts_an_exact_action_as_one_and_not_action_as_all_others() -> None:
    app = role(policy(allow("s3:GetObject"), {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}))
    exact, other = statements(ask(app, "s3:GetObject", IMAGES))
    assert (exact.actions_today, exact.not_action) == (1, False)
    left = len(catalog().actions()) - len(catalog().service_actions("iam"))
    assert (other.actions, other.not_action, other.actions_today) == (("iam:*",), True, left)


def test_explain_names_only_the_resource_patterns_that_match() -> None:
    app = role(policy(allow("s3:*", ["arn:aws:s3:::images/*", "arn:aws:s3:::logs/*", "arn:aws:s3:::images"])))
    assert statements(ask(app, "s3:GetObject", IMAGES))[0].resources == ("arn:aws:s3:::images/*",)


def test_explain_keeps_all_of_not_resource() -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::secret/*", "arn:aws:s3:::logs/*"]}
    found = ask(role(policy(statement)), "s3:GetObject", IMAGES)
    assert found.result is Result.ALLOWED
    (hole,) = statements(found)
    assert hole.not_resource
    assert hole.resources == ("arn:aws:s3:::secret/*", "arn:aws:s3:::logs/*")


def test_explain_names_the_group_that_brings_a_policy_and_the_arn_of_a_managed_one() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/shared"
    of_group = replace(policy(allow("s3:*"), name="team"), group="developers")
    managed = replace(policy(allow("s3:*")), kind=PolicyKind.CUSTOMER_MANAGED, name="shared", arn=arn)
    found = ask(role(of_group, managed), "s3:GetObject", IMAGES)
    assert [(statement.ref.policy, statement.ref.group) for statement in statements(found)] == [
        ("team", "developers"),
        (arn, ""),
    ]
    assert found.sentence == f"Allowed by s3:* in team of group developers, statement 1 and s3:* in {arn}, statement 1."
