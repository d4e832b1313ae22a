"""Laws of needs and of their division into shared roles."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.model import Action
from lpgen.core.roles.needs import Need, Overlap, Pair, uncovered
from lpgen.core.roles.partitions import MOST_EXACT, Partition, partitions
from tests.support.law_examples import examples

ACTIONS = ("s3:GetObject", "s3:PutObject", "iam:PassRole")
RESOURCES = ("arn:aws:s3:::a/*", "arn:aws:s3:::a/x", "arn:aws:s3:::b/*", "*")
pairs = st.builds(Pair, st.sampled_from(ACTIONS).map(Action), st.sampled_from(RESOURCES))
needs = st.lists(st.frozensets(pairs, min_size=1, max_size=6), min_size=2, max_size=6)
many_needs = st.lists(st.frozensets(pairs, min_size=1, max_size=6), min_size=MOST_EXACT + 1, max_size=MOST_EXACT + 3)


def overlap(found: list[Need]) -> Overlap:
    return Overlap(found, lambda action: action == "iam:PassRole")


def may_merge(measured: Overlap, group: int) -> bool:
    return measured.harmful(group) == 0 and measured.is_near(group)


def cheapest_partitions(measured: Overlap, size: int) -> list[Partition]:
    return partitions(size, measured.over_grant, lambda _group: True)


def best_partition(measured: Overlap, size: int) -> Partition:
    return partitions(size, measured.over_grant, lambda group: may_merge(measured, group))[-1]


@settings(max_examples=examples(60), deadline=None)
@given(st.one_of(needs, many_needs))
def test_over_grant_rises_from_nothing_as_roles_fall(found: list[Need]) -> None:
    measured = overlap(found)
    found_partitions = cheapest_partitions(measured, len(found))
    costs = [sum(map(measured.over_grant, groups)) for groups in found_partitions]
    assert [len(groups) for groups in found_partitions] == list(range(len(found), 0, -1))
    assert costs[0] == 0
    assert costs == sorted(costs)
    assert all(sum(groups) == (1 << len(found)) - 1 for groups in found_partitions)


@settings(max_examples=examples(60), deadline=None)
@given(st.one_of(needs, many_needs))
def test_no_member_of_a_proposed_group_gains_a_dangerous_action_or_much(found: list[Need]) -> None:
    measured = overlap(found)
    for group in best_partition(measured, len(found)):
        members = [need for at, need in enumerate(found) if group >> at & 1]
        shared = frozenset[Pair]().union(*members)
        if len(members) > 1:
            assert measured.harmful(group) == 0
            gained = [uncovered(shared, need) for need in members]
            assert measured.over_grant(group) == sum(map(len, gained))
            for need, extra in zip(members, gained, strict=True):
                is_other = {pair.action for pair in extra}.isdisjoint(pair.action for pair in need)
                is_few = is_other and len(extra) <= min(2, len(shared) / 3)
                assert is_few or max(map(len, gained)) * 5 <= len(shared)


@settings(max_examples=examples(40), deadline=None)
@given(needs)
def test_no_division_has_fewer_groups_than_the_best_one(found: list[Need]) -> None:
    measured = overlap(found)
    best = len(best_partition(measured, len(found)))
    for groups in cheapest_partitions(measured, len(found)):
        if all(group & (group - 1) == 0 or may_merge(measured, group) for group in groups):
            assert best <= len(groups)


@settings(max_examples=examples(40), deadline=None)
@given(needs)
def test_the_order_of_members_changes_no_cost(found: list[Need]) -> None:
    whole = (1 << len(found)) - 1
    assert overlap(found).over_grant(whole) == overlap(found[::-1]).over_grant(whole)


def test_equal_needs_cost_nothing_and_become_one_role() -> None:
    need = frozenset({Pair(Action("iam:PassRole"), "*")})
    measured = overlap([need] * 3)
    assert best_partition(measured, 3) == (0b111,)
    assert measured.over_grant(0b111) == 0


def test_a_wider_scope_of_the_member_is_no_over_grant() -> None:
    wide, narrow = (frozenset({Pair(Action("s3:GetObject"), text)}) for text in ("*", "arn:aws:s3:::a/x"))
    assert overlap([wide, narrow]).over_grant(0b11) == 1
