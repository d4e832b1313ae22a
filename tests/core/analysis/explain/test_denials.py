"""How an explanation names what stops a request: a Deny, walls without an Allow, and rules of AWS."""

from __future__ import annotations

from lpgen.core.explanations import Fit, WallState
from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.iam.decision import Answer, Layer, Result
from tests.core.analysis.explain.explained_requests import IMAGES, ask, document, statements, wall, whole_catalog
from tests.support.worlds import allow, deny, policy, role


def test_explain_says_why_statements_of_the_action_do_not_count() -> None:
    mine = {"StringEquals": {"aws:PrincipalAccount": "999999999999"}}
    app = role(policy(allow("s3:*", "arn:aws:s3:::logs/*"), allow("s3:Get*", Condition=mine), allow("ec2:*")))
    found = ask(app, "s3:GetObject", IMAGES)
    assert found.result is Result.IMPLICITLY_DENIED
    assert found.stops == ("its own policies",)
    assert found.sentence.startswith("Implicitly denied: no Allow in its own policies matches.")
    other, failing = statements(found)
    assert (other.fit, other.resources) == (Fit.OTHER_RESOURCE, ("arn:aws:s3:::logs/*",))
    assert (failing.fit, [state.met for state in failing.conditions]) == (Fit.CONDITION, [Answer.NO])


def test_explain_puts_the_deny_before_the_allow_that_it_beats() -> None:
    app = role(policy(allow("*"), deny("s3:Delete*", "arn:aws:s3:::images/*", Sid="Keep")))
    found = ask(app, "s3:DeleteObject", IMAGES)
    assert (found.result, found.sentence) == (Result.EXPLICITLY_DENIED, "Explicitly denied by own, statement 2 (Keep).")
    assert [statement.effect for statement in statements(found)] == ["Deny", "Allow"]
    assert wall(found, Layer.IDENTITY).state is WallState.DENIES
    assert found.unread == ()


def test_explain_names_every_wall_without_an_allow() -> None:
    app = role(policy(allow("s3:*")), boundary=policy(allow("ec2:*"), name="edge"))
    levels = ((document(allow("*")),), (document(allow("ec2:*")), document(allow("iam:*"))))
    found = ask(app, "s3:GetObject", IMAGES, guards=Guards(scps=(AccountLevels("", levels),)))
    assert found.result is Result.IMPLICITLY_DENIED
    assert found.stops == ("its permissions boundary", "level 2 of the SCPs")
    assert "no Allow in its permissions boundary or level 2 of the SCPs matches" in found.sentence
    assert [wall.state for wall in found.walls] == [WallState.OPEN, WallState.SHUT, WallState.OPEN, WallState.SHUT]
    assert wall(found, Layer.SCP, 1).policies == 2


def test_explain_names_an_scp_by_its_place_and_says_that_other_walls_let_it_pass() -> None:
    levels = ((document(allow("*"), deny("s3:*", "arn:aws:s3:::vault/*")),),)
    guards = Guards(scps=(AccountLevels("", levels),))
    app = role(policy(allow("s3:*")))
    assert ask(app, "s3:GetObject", "arn:aws:s3:::vault/x", guards=guards).sentence == (
        "Explicitly denied by SCP 1 of level 1, statement 2."
    )
    assert ask(app, "s3:GetObject", IMAGES, guards=guards).sentence == (
        "Allowed by s3:* in own, statement 1, and level 1 of the SCPs allows it."
    )


def test_explain_names_the_rule_by_which_aws_decides() -> None:
    administrator = role(policy(allow("*")))
    refused = ask(administrator, "iam:DeletePolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert (refused.result, refused.rule) == (Result.IMPLICITLY_DENIED, "AWS managed policies can't be changed")
    assert refused.sentence == "Denied regardless of the policies: AWS managed policies can't be changed."
    free = ask(role(policy(deny("*"))), "sts:GetCallerIdentity", actions=whole_catalog())
    assert (free.result, free.walls, free.unread) == (Result.ALLOWED, (), ())
    assert "no permission" in free.sentence
