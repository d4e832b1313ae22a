"""Laws of drift: nothing from nothing, and no order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.drift.drift_states import TRAIL, State, found, later, managed, proposal, seen, state
from tests.support.law_examples import examples
from tests.support.worlds import LAST_DAY, allow, deny, policy, role

STATEMENTS = st.lists(
    st.sampled_from(
        (
            allow("*"),
            allow("s3:*"),
            allow(["sqs:SendMessage", "iam:Put*"]),
            allow("s3:GetObject", "arn:aws:s3:::data/*"),
            deny("iam:*"),
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        )
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def states(draw: st.DrawFn) -> State:
    people = []
    for name in draw(st.sets(st.sampled_from(("a", "app", "b")), min_size=1)):
        shared = [managed(*draw(STATEMENTS))] if draw(st.booleans()) else []
        principal = role(policy(*draw(STATEMENTS)), *shared, name=name)
        people.append(replace(principal, principal_id=draw(st.sampled_from(("AROAA", "AROAB", "")))))
    actions = draw(st.sets(st.sampled_from(("s3:GetBucketPolicy", "sqs:SendMessage", "iam:PutRolePolicy"))))
    day = LAST_DAY - timedelta(days=draw(st.integers(0, 60)))
    made = state(
        *people,
        uses={principal.arn: seen(*sorted(actions), day=day) for principal in people},
        proposals=[proposal(*draw(STATEMENTS), since=day)] if draw(st.booleans()) else [],
        trails=(replace(TRAIL, logging=draw(st.booleans())),) if draw(st.booleans()) else (),
        unknown=frozenset(draw(st.sets(st.sampled_from(("s3:GetObject", "iam:PutRolePolicy"))))),
    )
    return later(made, draw(st.integers(0, 40)))


@settings(max_examples=examples(40), deadline=None)
@given(states())
def test_a_state_and_itself_have_no_drift(state: State) -> None:
    drift = found(state, state)
    assert (drift.findings, drift.applied) == ((), ())


@settings(max_examples=examples(40), deadline=None)
@given(states(), states(), st.randoms(use_true_random=False))
def test_findings_depend_on_no_order_and_no_batches(before: State, after: State, random: object) -> None:
    shuffle: Callable[[list[object]], None] = random.shuffle  # type: ignore[attr-defined]

    def mixed(state: State) -> State:
        grants, trails = list(state.grants), list(state.trails)
        shuffle(grants)  # type: ignore[arg-type]
        shuffle(trails)  # type: ignore[arg-type]
        return replace(state, grants=tuple(grants), trails=tuple(trails))

    straight, crooked = found(before, after), found(mixed(before), mixed(after), size=1)
    assert (straight.findings, straight.applied) == (crooked.findings, crooked.applied)
    assert len({finding.item for finding in straight.findings}) == len(straight.findings)
