"""Searches for the best ways to divide candidates into shared roles: exactly for few candidates, otherwise greedily."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

MOST_EXACT: Final = 10
"""The most candidates for which all partitions are searched. More would take seconds for each group."""

Partition = tuple[int, ...]
"""Groups of candidates, each as a set of bits."""


def partitions(size: int, cost: Callable[[int], int], may_merge: Callable[[int], bool]) -> list[Partition]:
    """The partitions with the least cost, from all separate to the fewest groups that may be merged."""
    if size > MOST_EXACT:
        return _greedy(size, cost, may_merge)
    whole = (1 << size) - 1
    level: dict[int, tuple[int, Partition]] = {0: (0, ())}
    found = []
    for _ in range(size):
        before, level = level, {}
        for rest, (costs, groups) in before.items():
            for group in _groups_with_lowest(whole ^ rest):
                if group & (group - 1) == 0 or may_merge(group):
                    one = (costs + cost(group), (*groups, group))
                    level[rest | group] = min(one, level.get(rest | group, one))
        if whole in level:
            found.append(level.pop(whole)[1])
    return found[::-1]


def _groups_with_lowest(free: int) -> Iterator[int]:
    """The subsets that have the lowest bit."""
    lowest = free & -free
    others = free ^ lowest
    subset = others
    while True:
        yield subset | lowest
        if not subset:
            return
        subset = (subset - 1) & others


def _greedy(size: int, cost: Callable[[int], int], may_merge: Callable[[int], bool]) -> list[Partition]:
    """The partitions from all separate on. Each step merges the two groups that add the least cost."""
    groups = [1 << at for at in range(size)]
    found = [tuple(groups)]
    added = {
        (one, two): cost(one | two) - cost(one) - cost(two)
        for at, one in enumerate(groups)
        for two in groups[at + 1 :]
        if may_merge(one | two)
    }
    while added:
        one, two = min(added, key=lambda pair: (added[pair], pair))
        groups = [*(group for group in groups if group not in (one, two)), one | two]
        added = {pair: more for pair, more in added.items() if not {one, two} & {*pair}}
        for other in groups[:-1]:
            if may_merge(other | one | two):
                added[other, one | two] = cost(other | one | two) - cost(other) - cost(one | two)
        found.append(tuple(groups))
    return found
