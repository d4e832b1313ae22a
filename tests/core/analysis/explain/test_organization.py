"""Explanations with what an organization knows: its RCPs, and where the principal's account is in it."""

from __future__ import annotations

from typing import Any

from lpgen.core.explanations import WallState
from lpgen.core.guards import AccountLevels, Guards, ResourcePolicy
from lpgen.core.iam.decision import Layer, Result
from tests.core.analysis.explain.explained_requests import IMAGES, ask, document, wall
from tests.support.worlds import ACCOUNT, allow, deny, policy, role

OTHER = "444455556666"
PATHS = {ACCOUNT: "o-shop/r-1/ou-1/"}
NOT_GIVEN = "the organization's RCPs on the resource could deny the request: give them with --rcps"

EVERYTHING = allow("*", Principal="*")
"""What AWS attaches to each level, and nobody can detach."""


def perimeter(**condition: Any) -> Any:
    """The statement that keeps everyone else than the organization's principals from its buckets."""
    return deny("s3:*", Principal="*", Condition=condition or {"StringNotEquals": {"aws:PrincipalOrgID": "o-shop"}})


def rcps(*levels: Any, account: str = "") -> Guards:
    """RCPs with the default of AWS at each level."""
    return Guards(rcps=(AccountLevels(account, tuple((document(EVERYTHING), *level) for level in levels)),))


def test_explain_says_that_rcps_are_not_known_until_they_are_given() -> None:
    app = role(policy(allow("s3:*")))
    assert NOT_GIVEN in ask(app, "s3:GetObject", IMAGES).unread
    assert NOT_GIVEN in ask(app, "s3:GetObject", IMAGES, guards=rcps((), account=OTHER)).unread
    for guards in (rcps((), account=ACCOUNT), rcps(account=ACCOUNT), rcps(())):
        found = ask(app, "s3:GetObject", IMAGES, guards=guards)
        assert found.result is Result.ALLOWED
        assert NOT_GIVEN not in found.unread
        assert (
            found.unread[-1]
            == "session policies and VPC endpoint policies could deny the request: lpgen doesn't read them here"
        )


def test_explain_turns_on_the_organization_of_an_rcp_until_that_is_known() -> None:
    app, guards = role(policy(allow("s3:*"))), rcps((), (document(perimeter()),))
    unknown = ask(app, "s3:GetObject", IMAGES, guards=guards)
    assert (unknown.result, unknown.depends_on) == (Result.DEPENDS, ("aws:PrincipalOrgID",))
    assert (
        unknown.sentence == "Depends on aws:PrincipalOrgID. It is allowed unless RCP 2 of level 2, statement 1 applies."
    )
    known = ask(app, "s3:GetObject", IMAGES, guards=guards, organization=PATHS)
    assert known.question.context["aws:PrincipalOrgID"] == ("o-shop",)
    assert known.question.context["aws:PrincipalOrgPaths"] == ("o-shop/r-1/ou-1/",)
    assert known.sentence == (
        "Allowed by s3:* in own, statement 1, and level 1 of the RCPs and level 2 of the RCPs allow it."
    )
    stranger = ask(app, "s3:GetObject", IMAGES, guards=guards, organization={ACCOUNT: "o-other/r-2/"})
    assert stranger.sentence == "Explicitly denied by RCP 2 of level 2, statement 1."
    assert wall(stranger, Layer.RCP, 1).state is WallState.DENIES
    assert wall(stranger, Layer.RCP, 1).statements[0].ref.policy == "RCP 2 of level 2"


def test_explain_lets_what_is_given_outweigh_the_organization() -> None:
    app, guards = role(policy(allow("s3:*"))), rcps((document(perimeter()),))
    context = {"aws:principalorgid": ("o-else",)}
    found = ask(app, "s3:GetObject", IMAGES, guards=guards, organization=PATHS, context=context)
    assert found.result is Result.EXPLICITLY_DENIED


def test_explain_takes_the_rcps_of_the_account_that_owns_the_resource() -> None:
    app, queue = role(policy(allow("sqs:*"))), f"arn:aws:sqs:us-east-1:{OTHER}:jobs"
    refusing = document(deny("sqs:*", Principal="*"))
    assert (
        ask(app, "sqs:SendMessage", queue, guards=rcps((refusing,), account=OTHER)).result is Result.EXPLICITLY_DENIED
    )
    own = ask(app, "sqs:SendMessage", queue, guards=rcps((refusing,), account=ACCOUNT))
    assert own.result is not Result.EXPLICITLY_DENIED
    assert not [wall for wall in own.walls if wall.layer is Layer.RCP]
    # A bucket's ARN doesn't show its account; its policy, where it is known, does.
    bucket = ResourcePolicy("arn:aws:s3:::images", OTHER, document(allow("s3:*", Principal={"AWS": ACCOUNT})))
    guards = Guards(rcps=rcps((document(perimeter()),), account=OTHER).rcps, resource_policies=(bucket,))
    reader = role(policy(allow("s3:*")))
    assert ask(reader, "s3:GetObject", IMAGES, guards=guards, organization=PATHS).result is Result.ALLOWED
    stranger = ask(reader, "s3:GetObject", IMAGES, guards=guards, organization={ACCOUNT: "o-other/r-2/"})
    assert stranger.result is Result.EXPLICITLY_DENIED


def test_explain_uses_the_unit_of_the_principal_in_other_conditions_too() -> None:
    unit = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-shop/r-1/ou-1/*"}}
    app = role(policy(allow("s3:*", Condition=unit)))
    assert ask(app, "s3:GetObject", IMAGES).result is Result.DEPENDS
    assert ask(app, "s3:GetObject", IMAGES, organization=PATHS).result is Result.ALLOWED
    assert ask(app, "s3:GetObject", IMAGES, organization={ACCOUNT: "o-shop/r-1/ou-2/"}).result is not Result.ALLOWED
