"""Decisions that do nothing, which a report names: a misspelled one would let go in silence what it should hold."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS
from lpgen.core.analysis.idle_decisions import idle_decisions
from lpgen.core.analysis.synthesis.lines import decided_lines
from lpgen.core.drift.kinds import DRIFT_ITEM_WORDS
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.model import Action, SkipReason
from lpgen.core.registry.row import Caveat, CaveatKind
from lpgen.core.replacements import Decision, DecisionKind
from tests.support.registry_examples import example_parameters
from tests.support.worlds import allow, catalog, deny, grants_of, policy, role

APP = role(
    policy(allow("s3:*", ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]), deny("s3:DeleteBucket", "*")), name="app"
)
JOB = role(policy(allow("sqs:SendMessage", "*")), name="job")


def idle(kind: DecisionKind, **fields: str) -> list[str]:
    blank = dict.fromkeys(("principal", "action", "resource", "item", "since", "until", "expires"), "")
    decision = Decision(kind, **{**blank, "reason": "because", "owner": "team", **fields})
    return [
        idle.text
        for idle in idle_decisions(
            [decision], [APP, JOB], [grants_of(APP), grants_of(JOB)], catalog(), drift_words=DRIFT_ITEM_WORDS
        )
    ]


@pytest.mark.parametrize("kind", [DecisionKind.KEEP, DecisionKind.DROP])
def test_decision_on_nobody_of_the_policies_is_named(kind: DecisionKind) -> None:
    (said,) = idle(kind, principal="apps", action="s3:GetObject")
    assert f"to {kind} s3:GetObject (team: because) does nothing" in said
    assert said.endswith("the policies have no role or user apps; did you mean `role/app`?")
    for name in ("arn:*:role/app", "app", "role/app", "111122223333 role/app"):
        assert idle(kind, principal=name, action="s3:GetObject") == []


@pytest.mark.parametrize(
    "fields",
    [
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
    assert "does nothing" in said


def test_keep_of_nobody_in_particular_says_so() -> None:
    (said,) = idle(DecisionKind.KEEP, action="ec2:*")
    assert said.endswith("does nothing: no principal has it")


@pytest.mark.parametrize("kind", [DecisionKind.KEEP, DecisionKind.DROP])
@pytest.mark.parametrize(
    ("action", "hint"),
    [
        ("s3:GetObjekt", "s3:GetObjekt; did you mean `s3:GetObject`?"),
        ("sqss:SendMessage", "did you mean `sqs:SendMessage`?"),
        ("s3:Zzz*", "AWS has no action s3:Zzz*"),
    ],
)
def test_decision_on_an_action_that_aws_does_not_have_names_the_closest(
    kind: DecisionKind, action: str, hint: str
) -> None:
    (said,) = idle(kind, principal=APP.arn, action=action)
    assert said.endswith(hint)
    assert "does nothing: AWS has no action" in said


@pytest.mark.parametrize(
    ("item", "hint"),
    [
        ("short-coverag", "; did you mean `short-coverage`?"),
        ("young-polcy arn:aws:iam::111122223333:policy/app", "; did you mean `young-policy`?"),
        ("unusual iam:CreateAccessKey", "no item that can be accepted begins with unusual"),
        ("polcy-changed *", "; did you mean `policy-changed`?"),
    ],
)
def test_accept_of_what_no_finding_is_called_names_the_closest(item: str, hint: str) -> None:
    (said,) = idle(DecisionKind.ACCEPT, principal=APP.arn, item=item)
    assert said.startswith(f"the decision to accept {item} (team: because) does nothing: ")
    assert hint in said


def test_accept_for_nobody_of_the_policies_is_named() -> None:
    (said,) = idle(DecisionKind.ACCEPT, principal="role/ap", item="short-coverage")
    assert said.endswith("the policies have no role or user role/ap; did you mean `role/app`?")


@pytest.mark.parametrize("kind", CAVEAT_KINDS, ids=repr)
def test_accept_of_an_item_that_findings_have_is_not_named(kind: CaveatKind) -> None:
    message, known = kind.row.message, example_parameters(kind) | {"event": f"{SkipReason.UNMAPPED} s3.amazonaws.com"}
    known = {name: value for name, value in known.items() if name in kind.row.parameters}
    cases = [{**known, "case": case} for case in message] if isinstance(message, Mapping) else [known]
    for parameters in cases:
        item = Caveat(kind, parameters).item
        assert bool(idle(DecisionKind.ACCEPT, item=item)) is not kind.row.acceptable


@pytest.mark.parametrize("item", ["*", "un*", "young-*", "unexplained*s3:Get*", "outside-trust *", "new-use role/x *"])
def test_accept_of_many_items_is_not_named(item: str) -> None:
    assert idle(DecisionKind.ACCEPT, principal="app", item=item) == []


def test_what_a_decision_may_have_meant_comes_beside_its_sentence() -> None:
    keep = Decision(DecisionKind.KEEP, "ap", "s3:GetObject", reason="because", owner="team")
    found = idle_decisions(
        [keep], [APP, JOB], [grants_of(APP), grants_of(JOB)], catalog(), drift_words=DRIFT_ITEM_WORDS
    )
    assert [idle.closest for idle in found] == ["role/app"]


def test_decision_asks_for_the_grants_of_those_it_speaks_of_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    granted = PrincipalGrants.granted

    def note(grants: PrincipalGrants) -> frozenset[Action]:
        asked.append(grants.principal.name)
        return granted(grants)

    monkeypatch.setattr(PrincipalGrants, "granted", note)
    keep = Decision(DecisionKind.KEEP, JOB.arn, "SQS:sendmessage", "", "", "", "", "because", "team", "")
    lines = [line.action for principal in (APP, JOB) for line in decided_lines(grants_of(principal), [keep], catalog())]
    assert (lines, asked) == (["sqs:SendMessage"], ["job"])


def test_keep_that_one_of_several_is_granted_is_not_named() -> None:
    assert idle(DecisionKind.KEEP, principal="*", action="sqs:sendmessage") == []
    assert idle(DecisionKind.KEEP, action="s3:Get*", resource="arn:aws:s3:::data/a/*") == []


def test_drop_of_ungranted_use_and_accept_of_what_is_gone_are_not_named() -> None:
    assert idle(DecisionKind.DROP, principal=APP.arn, action="sqs:SendMessage") == []
    assert idle(DecisionKind.ACCEPT, principal="arn:aws:iam::111122223333:role/gone", item="gone-principal *") == []
