"""Decisions that do nothing, which a report names: a misspelled one would let go in silence what it should hold."""

from __future__ import annotations

import pytest

from lpgen.core.analysis.caveats.decided_lines import decided_lines, idle_decisions
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.model import Action
from lpgen.core.replacements import Decision, DecisionKind
from tests.support.worlds import allow, catalog, deny, grants_of, policy, role

APP = role(
    policy(allow("s3:*", ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]), deny("s3:DeleteBucket", "*")), name="app"
)
JOB = role(policy(allow("sqs:SendMessage", "*")), name="job")


def idle(kind: DecisionKind, **fields: str) -> list[str]:
    blank = dict.fromkeys(("principal", "action", "resource", "item", "since", "until", "expires"), "")
    decision = Decision(kind, **{**blank, "reason": "because", "owner": "team", **fields})
    return list(idle_decisions([decision], [APP, JOB], [grants_of(APP), grants_of(JOB)], catalog()))


@pytest.mark.parametrize("kind", [DecisionKind.KEEP, DecisionKind.DROP])
def test_decision_on_nobody_of_the_policies_is_named(kind: DecisionKind) -> None:
    (said,) = idle(kind, principal="apps", action="s3:GetObject")
    assert f"to {kind} s3:GetObject (team: because) does nothing" in said
    assert "no role or user of the policies is apps" in said
    for name in ("arn:*:role/app", "app", "role/app", "111122223333 role/app"):
        assert idle(kind, principal=name, action="s3:GetObject") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"principal": APP.arn, "action": "s3:GetObjekt"},
        {"principal": APP.arn, "action": "sqs:SendMessage"},
        {"principal": APP.arn, "action": "s3:DeleteBucket"},
        {"principal": APP.arn, "action": "s3:GetObject", "resource": "arn:aws:s3:::other/*"},
        {"action": "ec2:*"},
    ],
)
def test_keep_of_what_is_not_granted_is_named(fields: dict[str, str]) -> None:
    (said,) = idle(DecisionKind.KEEP, **fields)
    assert fields["action"] in said
    assert fields.get("resource", "") in said
    assert "keeps nothing" in said


def test_keep_of_nobody_in_particular_says_so() -> None:
    (said,) = idle(DecisionKind.KEEP, action="ec2:*")
    assert said.endswith("keeps nothing: nobody is granted it, or it is misspelled")


def test_decision_asks_for_the_grants_of_those_it_speaks_of_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    granted = PrincipalGrants.granted

    def note(grants: PrincipalGrants) -> frozenset[Action]:
        asked.append(grants.principal.name)
        return granted(grants)

    monkeypatch.setattr(PrincipalGrants, "granted", note)
    keep = Decision(DecisionKind.KEEP, JOB.arn, "SQS:sendmessage", "", "", "", "", "because", "team", "")
    lines = [line.action for one in (APP, JOB) for line in decided_lines(grants_of(one), [keep], catalog())]
    assert (lines, asked) == (["sqs:SendMessage"], ["job"])


def test_keep_that_one_of_several_is_granted_is_not_named() -> None:
    assert idle(DecisionKind.KEEP, principal="*", action="sqs:sendmessage") == []
    assert idle(DecisionKind.KEEP, action="s3:Get*", resource="arn:aws:s3:::data/a/*") == []


def test_drop_of_ungranted_use_and_accept_of_what_is_gone_are_not_named() -> None:
    assert idle(DecisionKind.DROP, principal=APP.arn, action="sqs:SendMessage") == []
    assert idle(DecisionKind.ACCEPT, principal="arn:aws:iam::111122223333:role/gone", item="gone-principal *") == []
