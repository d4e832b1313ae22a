"""Verdicts are held as numbers, and are what a tuple of them would be."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.evidence import Evidence, StatementRef
from lpgen.core.findings import UNSEEN, ActionFact, ActionVerdict, Confidence, Judgement, Verdict, Verdicts
from lpgen.core.model import AccessLevel, Action, PolicyKind
from tests.support.verdicts import verdicts_from

ACTIONS = [Action(f"s3:Get{number}") for number in range(12)]
REFS = [StatementRef(f"policy-{number}", PolicyKind.INLINE, "", number, "") for number in range(2)]
EVIDENCE = Evidence(2, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "event", "arn")

judgements = st.builds(
    Judgement,
    st.sampled_from(Verdict),
    st.sampled_from(["used", "no record"]),
    keep=st.sampled_from(["", "kept"]),
    confidence=st.sampled_from(Confidence),
    grants=st.sampled_from([(), tuple(REFS)]),
    evidence=st.sampled_from([None, EVIDENCE]),
)
facts = st.builds(ActionFact, st.sampled_from(AccessLevel), st.sampled_from(["", "deletes everything"]))


Made = tuple[list[tuple[Action, Judgement]], dict[Action, ActionFact]]
"""What verdicts are made of."""


@st.composite
def judged(draw: st.DrawFn) -> Made:
    """Some actions, several of which share a judgement, and the facts of all."""
    shared = draw(st.lists(judgements, min_size=1, max_size=3))
    actions = draw(st.lists(st.sampled_from(ACTIONS), unique=True).map(sorted))
    return [(action, draw(st.sampled_from(shared))) for action in actions], {action: draw(facts) for action in ACTIONS}


def one_by_one(pairs: list[tuple[Action, Judgement]], known: dict[Action, ActionFact]) -> list[ActionVerdict]:
    """Each verdict, put together from its parts."""
    return [
        ActionVerdict(
            action, known[action].level, by.verdict, by.reason, by.keep, by.confidence, known[action].danger, by.grants,
            by.evidence,
        )
        for action, by in pairs
    ]  # fmt: skip


@given(judged())
def test_verdicts_are_those_of_each_action(made: Made) -> None:
    expected = one_by_one(*made)
    found = Verdicts(*made)
    assert [*found] == expected == [found[at] for at in range(len(found))]
    assert found[1:-1] == tuple(expected[1:-1])
    assert found[-1:] == tuple(expected[-1:])
    assert [*found.judged()] == made[0]
    assert found.statements() == {ref for one in expected for ref in one.grants}
    assert found.by_verdict() == Counter(one.verdict for one in expected)
    assert [*found.dangerous_unseen()] == [one for one in expected if one.danger and one.verdict in UNSEEN]


@given(judged())
def test_equal_verdicts_are_equal_however_they_were_made(made: Made) -> None:
    found, again = Verdicts(*made), verdicts_from(one_by_one(*made))
    assert found == again
    assert hash(found) == hash(again)
    assert (found == verdicts_from([*found][1:])) is (len(found) == 0)
    assert found != tuple(found)
