"""The order of what comes and goes: at no moment are quotas broken, or rights missing that both sides need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.rollout.order import NewPolicy, OldPolicy, Order, QuotaHeadroom, Step, order_steps

ROOMY = QuotaHeadroom(10, 10_240)


def new(file: str, *, inline: bool = False, size: int = 100, denies: bool = False) -> NewPolicy:
    return NewPolicy(file, inline, "{}", size, denies)


def old(policy: str, *narrowed_by: str, inline: bool = False, size: int = 100, denies: bool = False) -> OldPolicy:
    return OldPolicy(policy, inline, size, denies, frozenset(narrowed_by))


def names(order: Order | str) -> list[str]:
    assert isinstance(order, Order), order
    return [step.file if isinstance(step, NewPolicy) else step.policy for step in order.steps]


def test_new_comes_before_old_goes_with_denies_first_and_last() -> None:
    order = order_steps([new("n1"), new("n2", denies=True)], [old("o1", denies=True), old("o2", inline=True)], ROOMY)
    assert names(order) == ["n2", "n1", "o2", "o1"]
    assert isinstance(order, Order)
    assert not order.note
    assert (order.peak.attached, order.peak.inline_characters) == (3, 100)


def test_smallest_new_policies_become_inline_where_slots_are_short() -> None:
    order = order_steps([new("big", size=6000), new("small", size=50)], [old(f"o{at}") for at in range(9)], ROOMY)
    assert isinstance(order, Order)
    assert [step.inline for step in order.steps if isinstance(step, NewPolicy)] == [False, True]
    assert order.peak.attached == 10
    assert "small become inline" in order.note


def test_old_policy_goes_early_only_once_all_that_narrows_it_is_in_place() -> None:
    olds = [old("whole", "n1", "n2"), old("part", "n1"), *(old(f"o{at}", "n3") for at in range(7))]
    order = order_steps([new(f"n{at}", size=6000) for at in (1, 2, 3)], olds, QuotaHeadroom(10, 100))
    assert names(order)[:5] == ["n1", "part", "n2", "whole", "n3"]
    assert isinstance(order, Order)
    assert "as soon as its new policies are in place" in order.note


def test_no_order_is_found_where_every_old_policy_is_still_needed() -> None:
    olds = [old(f"o{at}", "n2") for at in range(10)]
    refusal = order_steps([new("n1", size=6000), new("n2", size=6000)], olds, ROOMY)
    assert isinstance(refusal, str)
    assert "12 attached policies" in refusal


def test_old_policy_with_a_deny_never_goes_early() -> None:
    olds = [old(f"o{at}", denies=True) for at in range(10)]
    assert isinstance(order_steps([new("n", size=20_000)], olds, ROOMY), str)


def test_full_inline_space_is_freed_by_what_is_narrowed_already() -> None:
    order = order_steps(
        [new("n1", inline=True, size=900), new("n2", inline=True, size=900)],
        [old("a", "n1", inline=True, size=9000), old("b", inline=True, size=1000)],
        QuotaHeadroom(10, 10_240),
    )
    assert names(order) == ["b", "n1", "a", "n2"]


NEWS = st.lists(st.tuples(st.booleans(), st.integers(50, 3000), st.booleans()), min_size=1, max_size=6).map(
    lambda some: [new(f"n{at}", inline=i, size=s, denies=d) for at, (i, s, d) in enumerate(some)]
)
OLDS = st.lists(st.tuples(st.booleans(), st.integers(50, 3000), st.booleans(), st.sets(st.integers(0, 5))), max_size=12)


@given(news=NEWS, olds=OLDS, attached=st.integers(1, 12), inline=st.integers(500, 12_000))
def test_every_order_keeps_quotas_rights_and_denies(
    news: list[NewPolicy], olds: list[tuple[bool, int, bool, set[int]]], attached: int, inline: int
) -> None:
    files = {new.file for new in news}
    before = [
        old(f"o{at}", *sorted({f"n{n}" for n in narrowed} & files), inline=i, size=s, denies=d)
        for at, (i, s, d, narrowed) in enumerate(olds)
    ]
    room = QuotaHeadroom(attached, inline)
    order = order_steps(news, before, room)
    if isinstance(order, str):
        return
    held: list[Step] = list(before)
    placed: set[str] = set()
    for step in order.steps:
        if isinstance(step, NewPolicy):
            held.append(step)
            placed.add(step.file)
            assert sum(not one.inline for one in held) <= room.attached
            assert sum(one.size for one in held if one.inline) <= room.inline_characters
        else:
            assert step.narrowed_by <= placed
            assert not step.denies or placed == files
            held.remove(step)
    assert {policy.file for policy in held if isinstance(policy, NewPolicy)} == files
    assert not any(isinstance(one, OldPolicy) for one in held)
    already = sum(not policy.inline for policy in before)  # more than the quota given, where the account's is higher
    assert not order.note or order.peak.attached <= max(room.attached, already)
    news_in_order = [policy.denies for policy in order.steps if isinstance(policy, NewPolicy)]
    assert news_in_order == sorted(news_in_order, reverse=True)
    olds_in_order = [policy.denies for policy in order.steps if isinstance(policy, OldPolicy)]
    assert olds_in_order == sorted(olds_in_order)
