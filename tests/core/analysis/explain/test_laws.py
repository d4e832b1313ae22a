"""Laws of explanations: they say what the decision says, and nothing that a missing policy can turn is sure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.grants.applicable_policies import policies_met, request_of
from lpgen.core.explanations import Fit, WallState
from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Answer, Result
from lpgen.core.model import AttachedPolicy, PolicyKind
from tests.core.analysis.explain.explained_requests import IMAGES, ask, document
from tests.support.law_examples import examples
from tests.support.worlds import allow, deny, policy, role

_EC2_ONLY = {"NotAction": "ec2:*", "Effect": "Deny", "Resource": "*"}
_ONCE = {"Null": {"aws:SourceVpce": "true"}}
POOL = (
    allow("*"),
    allow("s3:Get*", "arn:aws:s3:::images/*"),
    allow("s3:*", Condition=_ONCE),
    allow("ec2:*"),
    deny("s3:*", "arn:aws:s3:::images/*"),
    deny("s3:DeleteObject"),
    _EC2_ONLY,
)
some = st.lists(st.sampled_from(POOL), max_size=3)


@given(some, some, some, st.sampled_from([IMAGES, "arn:aws:s3:::logs/x"]), st.booleans(), st.booleans())
@settings(max_examples=examples(300), deadline=None)
def test_explain_is_sure_only_of_what_no_missing_policy_can_turn(
    own: list[dict[str, Any]],
    real: list[dict[str, Any]],
    edge: list[dict[str, Any]],
    resource: str,
    bounded: bool,
    known_vpce: bool,
) -> None:
    """Whatever the missing document holds: a sure answer stays true of the policies with it."""
    gone = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "gone", "arn:aws:iam::111122223333:policy/gone", "", None, None)
    boundary = policy(*edge, name="edge") if bounded else None
    context = {"aws:SourceVpce": ("vpce-1",)} if known_vpce else {}
    unsure = ask(role(policy(*own), gone, boundary=boundary), "s3:GetObject", resource, context=context)
    found = replace(gone, document=policy(*real).document)
    sure = ask(role(policy(*own), found, boundary=boundary), "s3:GetObject", resource, context=context)
    assert unsure.result is not Result.ALLOWED
    if unsure.result is Result.EXPLICITLY_DENIED:
        assert sure.result is Result.EXPLICITLY_DENIED
    if unsure.result is Result.IMPLICITLY_DENIED:
        assert sure.result in (Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)


@given(some, some, some, st.sampled_from([IMAGES, "arn:aws:s3:::logs/x", ""]))
@settings(max_examples=examples(300), deadline=None)
def test_explain_says_what_the_decision_says(
    own: list[dict[str, Any]], edge: list[dict[str, Any]], top: list[dict[str, Any]], resource: str
) -> None:
    """The result is the decision's, and the statements that count are the ones that match the request."""
    app = role(policy(*own), boundary=policy(*edge))
    guards = Guards(scps=(AccountLevels("", ((document(*top),),)),))
    found = ask(app, "s3:GetObject", resource, guards=guards)
    question = found.question
    policies = policies_met(app, question.resource.text, guards)
    request = request_of(app, "s3:GetObject", question.resource, context=question.context, guards=guards)
    decision = decide(request, policies)
    assert (found.result, found.depends_on) == (decision.result, decision.depends_on)
    counting = {
        (wall.layer, statement.ref.index)
        for wall in found.walls
        for statement in wall.statements
        if statement.fit is Fit.APPLIES
    }
    certain = {(reason.layer, reason.statement) for reason in decision.reasons if reason.match.answer is Answer.YES}
    assert certain <= counting
    if found.result is not Result.DEPENDS:
        named = [wall.name for wall in found.walls if wall.state is WallState.SHUT]
        assert found.stops == (() if found.result is not Result.IMPLICITLY_DENIED else tuple(named))
