"""Findings by cause: laws of any findings, and what is one cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, DriftKind
from lpgen.core.drift.kinds import causes_of, finding_order
from lpgen.core.drift.policies import PolicyDrift
from lpgen.core.drift.principals import PrincipalDrift
from lpgen.core.drift.proposals import ProposalDrift
from lpgen.core.drift.states import KeptProposal
from lpgen.core.drift.wildcards import WildcardDrift
from lpgen.core.evidence import Use
from lpgen.core.model import Principal
from tests.core.drift.drift_states import APP, State, document, found, later, managed, state
from tests.support.law_examples import examples
from tests.support.worlds import LAST_DAY, allow, policy, role, use

SECOND = role(policy(allow("s3:Get*")), name="second")


@st.composite
def findings(draw: st.DrawFn) -> tuple[DriftFinding, ...]:
    """Findings of few kinds and ties, so that many have one in common."""
    made = []
    for at in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from((PrincipalDrift.GONE_PRINCIPAL, ProposalDrift.NEVER_APPLIED)))
        parameters = {"since": "2026-09-01"} if kind is ProposalDrift.NEVER_APPLIED else {}
        subject = f"arn:aws:iam::111122223333:role/{draw(st.sampled_from('abc'))}{at}"
        made.append(
            DriftFinding(
                kind,
                parameters,
                accepted_by=draw(st.sampled_from(("", "", "ops: meant"))),
                severity=draw(st.sampled_from(tuple(Severity))),
                subject=subject,
                principals=(subject,),
                ties=tuple(draw(st.lists(st.sampled_from("uvwxyz"), max_size=2))),
            )
        )
    return tuple(made)


@settings(max_examples=examples(200), deadline=None)
@given(findings(), st.randoms(use_true_random=False))
def test_every_finding_has_one_cause_whatever_the_order(many: tuple[DriftFinding, ...], random: object) -> None:
    causes = causes_of(many)
    assert sorted((finding for cause in causes for finding in cause.findings), key=finding_order) == sorted(
        many, key=finding_order
    )
    assert len(causes) <= len(many)
    mixed: list[DriftFinding] = list(many)
    shuffle: Callable[[list[DriftFinding]], None] = random.shuffle  # type: ignore[attr-defined]
    shuffle(mixed)
    assert causes_of(mixed) == causes


@settings(max_examples=examples(200), deadline=None)
@given(findings())
def test_a_tie_in_common_is_one_cause_and_nothing_else_is(many: tuple[DriftFinding, ...]) -> None:
    def are_tied(finding: DriftFinding, other: DriftFinding) -> bool:
        alike = (finding.kind, bool(finding.accepted_by)) == (other.kind, bool(other.accepted_by))
        return alike and not {*finding.ties}.isdisjoint(other.ties)

    causes = causes_of(many)
    place = {finding.item: number for number, cause in enumerate(causes) for finding in cause.findings}
    assert all(place[finding.item] == place[two.item] for finding in many for two in many if are_tied(finding, two))
    for cause in causes:
        reached = [cause.findings[0]]
        for finding in reached:
            reached += [two for two in cause.findings if two not in reached and are_tied(finding, two)]
        assert len(reached) == len(cause.findings)


@settings(max_examples=examples(100), deadline=None)
@given(findings())
def test_causes_come_most_severe_first_and_are_as_severe_as_their_worst(many: tuple[DriftFinding, ...]) -> None:
    causes = causes_of(many)
    for cause in causes:
        assert cause.severity == min((finding.severity for finding in cause.findings), key=tuple(Severity).index)
        assert len({finding.kind for finding in cause.findings}) == 1
    ranks = [(bool(cause.findings[0].accepted_by), tuple(Severity).index(cause.severity)) for cause in causes]
    assert ranks == sorted(ranks)


# ---------------------------------------------------------------- what is one cause


def groups(before: State, after: State, kind: DriftKind = ProposalDrift.NEW_USE) -> list[list[str]]:
    """The names of the principals that each cause of a kind concerns."""
    causes = causes_of(found(before, after).findings)
    return [[arn.rpartition("/")[2] for arn in cause.concerned] for cause in causes if cause.kind is kind]


def _sent(queue: str, *, action: str = "sqs:SendMessage") -> tuple[Use, ...]:
    return (use(action, f"arn:aws:sqs:us-east-1:111122223333:{queue}"),)


def _new_use(**uses: tuple[Use, ...]) -> tuple[State, State]:
    """A state in which each role has used the queue `orders`, and one in which they used something else."""
    people = [role(policy(allow("sqs:*")), name=name) for name in uses]
    proposals = [
        KeptProposal(principal.arn, (document(allow("sqs:SendMessage", "arn:aws:sqs:*:*:orders")),), LAST_DAY, 0)
        for principal in people
    ]
    before = state(*people, uses={principal.arn: _sent("orders") for principal in people}, proposals=proposals)
    now = {principal.arn: (*_sent("orders"), *uses[principal.name]) for principal in people}
    return before, later(state(*people, uses=now, proposals=()))


def test_a_new_resource_that_several_roles_use_is_one_cause() -> None:
    made = _new_use(a=_sent("q-17"), b=_sent("q-17", action="sqs:ReceiveMessage"), c=_sent("q-18"))
    assert groups(*made) == [["a", "b"], ["c"]]


def test_resources_with_a_new_word_in_their_names_are_one_cause() -> None:
    made = _new_use(a=_sent("loyalty-17"), b=_sent("prod-LOYALTY"), c=_sent("17-x"))
    assert groups(*made) == [["a", "b"], ["c"]]


def test_a_word_that_names_had_before_ties_nothing() -> None:
    assert groups(*_new_use(a=_sent("orders-17"), b=_sent("orders-18"))) == [["a"], ["b"]]


def test_ids_and_dates_are_no_words() -> None:
    assert groups(*_new_use(a=_sent("q-20260924-1"), b=_sent("q-20260924-2"))) == [["a"], ["b"]]


def test_the_same_action_on_the_same_known_resources_is_one_cause() -> None:
    seen = _sent("orders", action="sqs:PurgeQueue")
    assert groups(*_new_use(a=seen, b=seen, c=_sent("orders", action="sqs:DeleteQueue"))) == [["a", "b"], ["c"]]


def test_principals_made_on_the_same_day_are_one_cause() -> None:
    def made(name: str, day: int) -> Principal:
        return replace(role(name=name), created=datetime(2026, 9, day, tzinfo=UTC))

    before, after = state(APP), later(state(APP, made("a", 3), made("b", 3), made("c", 4)))
    assert groups(before, after, PrincipalDrift.NEW_PRINCIPAL) == [["a", "b"], ["c"]]


def test_a_policy_attached_to_several_is_one_cause() -> None:
    people = [APP, SECOND, role(name="third")]
    shared, other = managed(allow("sqs:*")), managed(allow("sns:*"), name="other")
    attached = [replace(principal, policies=(*principal.policies, shared)) for principal in people[:2]]
    third = replace(people[2], policies=(*people[2].policies, other))
    changed = [
        cause
        for cause in causes_of(found(state(*people), later(state(*attached, third))).findings)
        if cause.kind is PolicyDrift.POLICY_CHANGED
    ]
    assert [len(cause.findings) for cause in changed] == [2, 1]
    assert changed[0].tie.startswith("the managed policy arn:")


def test_wildcards_that_gained_the_same_actions_are_one_cause() -> None:
    people = [role(policy(allow("s3:*")), name="a"), role(policy(allow("s3:Get*")), name="b")]
    (cause,) = causes_of(found(state(*people, unknown=frozenset({"s3:GetObject"})), later(state(*people))).findings)
    assert (cause.kind, len(cause.findings), cause.tie) == (WildcardDrift.INHERITED, 2, "s3:GetObject")


def test_roles_that_fell_silent_on_one_day_and_proposals_of_one_day_are_one_cause() -> None:
    old = LAST_DAY - timedelta(days=25)
    people = [APP, SECOND]
    uses = {principal.arn: (use("s3:GetObject", seen=f"{old.isoformat()}T12:00:00Z"),) for principal in people}
    kept = [KeptProposal(principal.arn, (document(allow("s3:GetObject")),), LAST_DAY, 0) for principal in people]
    before = state(*people, uses=uses, proposals=kept)
    causes = causes_of(found(before, later(before, 31)).findings)
    assert [(cause.kind, len(cause.findings)) for cause in causes if len(cause.findings) > 1] == [
        (ProposalDrift.NEVER_APPLIED, 2)
    ]
