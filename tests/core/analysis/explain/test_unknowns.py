"""What explanations say where a key of the request, the resource or the document of a policy isn't known."""

from __future__ import annotations

from typing import Any

import pytest

from lpgen.core.explanations import Fit, WallState
from lpgen.core.iam.decision import Answer, Layer, Result
from lpgen.core.model import AttachedPolicy, PolicyKind, ResourceKind
from tests.core.analysis.explain.explained_requests import IMAGES, ask, statements, wall
from tests.support.worlds import ACCOUNT, allow, deny, policy, role


def test_explain_depends_on_a_key_until_it_is_given() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    app = role(policy(allow("s3:*", Condition=mfa)))
    found = ask(app, "s3:GetObject", IMAGES)
    assert (found.result, found.depends_on) == (Result.DEPENDS, ("aws:MultiFactorAuthPresent",))
    assert found.sentence == ("Depends on aws:MultiFactorAuthPresent. It is allowed only if own, statement 1 applies.")
    (hole,) = statements(found)
    assert (hole.fit, hole.depends_on, hole.conditions[0].met) == (
        Fit.MAY_APPLY,
        ("aws:MultiFactorAuthPresent",),
        Answer.MAYBE,
    )
    key = "AWS:multifactorauthpresent"
    assert ask(app, "s3:GetObject", IMAGES, context={key: ("true",)}).result is Result.ALLOWED
    assert ask(app, "s3:GetObject", IMAGES, context={key: ("false",)}).result is Result.IMPLICITLY_DENIED
    assert ask(app, "s3:GetObject", IMAGES, context={key: ()}).result is Result.IMPLICITLY_DENIED


def test_explain_says_that_a_deny_may_apply() -> None:
    away = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    found = ask(role(policy(allow("s3:*"), deny("*", Condition=away))), "s3:GetObject", IMAGES)
    assert found.sentence == "Depends on aws:SourceIp. It is allowed unless own, statement 2 applies."
    assert wall(found, Layer.IDENTITY).state is WallState.DEPENDS


def test_explain_says_neither_where_an_allow_and_a_deny_may_apply() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    away = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    found = ask(role(policy(allow("s3:*", Condition=mfa), deny("*", Condition=away))), "s3:GetObject", IMAGES)
    assert found.sentence == "Depends on aws:MultiFactorAuthPresent and aws:SourceIp."


def test_explain_puts_in_what_is_certain_of_the_principal_unless_told_otherwise() -> None:
    me = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/app"}}
    app = role(policy(allow("s3:*", Condition=me)))
    assert ask(app, "s3:GetObject", IMAGES).result is Result.ALLOWED
    other = {"aws:principalarn": ("arn:aws:iam::111122223333:role/other",)}
    found = ask(app, "s3:GetObject", IMAGES, context=other)
    assert found.result is Result.IMPLICITLY_DENIED
    assert "aws:PrincipalArn" not in found.question.context


def test_explain_of_any_resource_depends_on_it_where_patterns_limit_it() -> None:
    app = role(policy(allow("s3:*", "arn:aws:s3:::images/*"), allow("sqs:*")))
    some = ask(app, "s3:GetObject")
    assert (some.result, some.depends_on) == (Result.DEPENDS, ("resource",))
    assert some.question.resource.kind is ResourceKind.UNKNOWN
    assert ask(app, "sqs:SendMessage").result is Result.ALLOWED
    assert ask(app, "sqs:SendMessage", "*").result is Result.ALLOWED


def test_explain_of_any_resource_leaves_out_what_the_action_cannot_be_done_to() -> None:
    app = role(policy(allow("s3:*", "arn:aws:s3:::images"), allow("s3:*", "arn:aws:s3:::images/*")))
    found = ask(app, "s3:GetObject")
    assert [(statement.ref.index, statement.fit) for statement in statements(found)] == [
        (1, Fit.MAY_APPLY),
        (0, Fit.OTHER_RESOURCE),
    ]
    only_bucket = role(policy(allow("s3:*", "arn:aws:s3:::images")))
    assert ask(only_bucket, "s3:GetObject").result is Result.IMPLICITLY_DENIED
    assert statements(ask(only_bucket, "s3:GetObject"))[0].resources == ("arn:aws:s3:::images",)


@pytest.mark.parametrize(
    ("statement", "result"),
    [(allow("s3:*"), Result.DEPENDS), (allow("ec2:*"), Result.DEPENDS), (deny("s3:*"), Result.EXPLICITLY_DENIED)],
)
def test_explain_decides_nothing_that_a_missing_policy_could_turn(statement: dict[str, Any], result: Result) -> None:
    gone = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "gone", "arn:aws:iam::111122223333:policy/gone", "", None, None)
    found = ask(role(policy(statement), gone), "s3:GetObject", IMAGES)
    assert found.result is result
    assert wall(found, Layer.IDENTITY).missing == (gone.arn,)
    if result is Result.DEPENDS:
        assert found.depends_on == (gone.arn,)
        assert f"{gone.arn}, whose document is missing" in found.sentence
        assert wall(found, Layer.IDENTITY).state is WallState.UNKNOWN


def test_explain_decides_what_a_missing_policy_could_not_turn() -> None:
    gone = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "gone", "arn:aws:iam::111122223333:policy/gone", "", None, None)
    bounded = role(policy(allow("s3:*")), gone, boundary=policy(allow("ec2:*")))
    found = ask(bounded, "s3:GetObject", IMAGES)
    assert (found.result, found.stops) == (Result.IMPLICITLY_DENIED, ("its permissions boundary",))
    assert ask(role(policy(allow("ec2:*")), boundary=gone), "s3:GetObject", IMAGES).result is Result.IMPLICITLY_DENIED
    unsure = ask(role(policy(allow("s3:*")), boundary=gone), "s3:GetObject", IMAGES)
    assert (unsure.result, unsure.depends_on) == (Result.DEPENDS, (gone.arn,))
    assert wall(unsure, Layer.BOUNDARY).state is WallState.UNKNOWN
