"""The order in which to add and remove policies. A principal never lacks permissions that it keeps, and quotas hold at
every step.

All new policies are added before an old one is removed. New policies with a Deny are added first, and old policies with
a Deny are removed last. If the quotas don't allow old and new policies at the same time, new managed policies become
inline policies if they fit. Otherwise an old policy may be removed as soon as all new policies that narrow it are in
place. If that doesn't work, there is no safe order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.rollout.plan import Peak

_MADE_INLINE: Final = (
    "old and new policies together exceed the quota of {attached} attached policies, so {moved} become inline policies"
)
_GOES_EARLY: Final = (
    "old and new policies together exceed the quotas, so an old policy is removed as soon as its new policies are in"
    " place"
)
_NO_ORDER: Final = (
    "old and new policies together are {together.attached} attached policies and {together.inline_characters:,} inline"
    " characters, the quotas are {room.attached} and {room.inline_characters:,}, and no order of calls keeps all used"
    " permissions: raise the quota of attached policies and set --attached-quota"
)


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """A policy to add. `size` is in IAM characters."""

    file: str
    inline: bool
    text: str
    size: int
    denies: bool


@dataclass(frozen=True, slots=True)
class OldPolicy:
    """A policy to remove. `narrowed_by` are the files of the new policies that take over its used permissions."""

    policy: str
    inline: bool
    size: int
    denies: bool
    narrowed_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class QuotaHeadroom:
    """How many policies may be attached, and how many characters the inline policies may have in total."""

    attached: int
    inline_characters: int


Step = NewPolicy | OldPolicy


@dataclass(frozen=True, slots=True)
class Order:
    """The steps with their peak, and a note if the quotas affected the order."""

    steps: tuple[Step, ...]
    peak: Peak
    note: str = ""


def order_steps(new: Iterable[NewPolicy], old: Iterable[OldPolicy], room: QuotaHeadroom) -> Order | str:
    """The order, or a sentence on why no order is safe."""
    coming = sorted(new, key=lambda policy: not policy.denies)
    going = sorted(old, key=lambda policy: policy.denies)
    steps = _interleave(coming, going, room, early=False)
    if steps is not None:
        return Order(steps, _peak(steps, going))
    inline = _with_inline(coming, going, room)
    if inline is not None:
        moved = [policy.file for policy, was in zip(inline, coming, strict=True) if policy.inline and not was.inline]
        steps = _interleave(inline, going, room, early=False)
        if steps is not None:
            return Order(
                steps, _peak(steps, going), _MADE_INLINE.format(attached=room.attached, moved=", ".join(moved))
            )
    steps = _interleave(coming, going, room, early=True)
    if steps is not None:
        return Order(steps, _peak(steps, going), _GOES_EARLY)
    return _NO_ORDER.format(together=_sum([*coming, *going]), room=room)


def _with_inline(new: Sequence[NewPolicy], old: Sequence[OldPolicy], room: QuotaHeadroom) -> list[NewPolicy] | None:
    """The new policies with just enough of the smallest made inline for the quota of attached policies, if they fit."""
    excess = _sum([*new, *old]).attached - room.attached
    smallest = sorted((policy for policy in new if not policy.inline), key=lambda policy: (policy.size, policy.file))
    if excess <= 0 or excess > len(smallest):
        return None
    moved = {policy.file for policy in smallest[:excess]}
    changed = [replace(policy, inline=True) if policy.file in moved else policy for policy in new]
    return changed if _sum([*changed, *old]).inline_characters <= room.inline_characters else None


def _interleave(
    new: Sequence[NewPolicy], old: Sequence[OldPolicy], room: QuotaHeadroom, *, early: bool
) -> tuple[Step, ...] | None:
    """The steps; None if they don't fit. If `early`, old policies may be removed to make room for the next new one."""
    held: list[Step] = list(old)
    steps: list[Step] = []
    placed: set[str] = set()
    for policy in new:
        while not _fits([*held, policy], room):
            ready = next((o for o in held if isinstance(o, OldPolicy) and _may_go(o, policy, placed)), None)
            if not early or ready is None:
                return None
            held.remove(ready)
            steps.append(ready)
        held.append(policy)
        steps.append(policy)
        placed.add(policy.file)
    gone = {id(step) for step in steps}
    return (*steps, *(policy for policy in old if id(policy) not in gone))


def _may_go(old: OldPolicy, coming: NewPolicy, placed: set[str]) -> bool:
    """Whether an old policy makes room of the right kind, and all policies that replace it are in place."""
    return old.inline is coming.inline and not old.denies and old.narrowed_by <= placed


def _fits(held: Iterable[Step], room: QuotaHeadroom) -> bool:
    peak = _sum(held)
    return peak.attached <= room.attached and peak.inline_characters <= room.inline_characters


def _sum(held: Iterable[Step]) -> Peak:
    steps = list(held)
    managed = [step.size for step in steps if not step.inline and isinstance(step, NewPolicy)]
    return Peak(
        sum(not step.inline for step in steps), sum(step.size for step in steps if step.inline), max(managed, default=0)
    )


def _peak(steps: Iterable[Step], old: Iterable[OldPolicy]) -> Peak:
    held: list[Step] = list(old)
    peaks = [_sum(held)]
    for step in steps:
        if isinstance(step, NewPolicy):
            held.append(step)
        else:
            held.remove(step)
        peaks.append(_sum(held))
    return Peak(
        max(peak.attached for peak in peaks),
        max(peak.inline_characters for peak in peaks),
        max(peak.largest_policy for peak in peaks),
    )
