"""Searches for the best ways to divide candidates into shared roles: exactly for few candidates, otherwise greedily."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

MOST_EXACT: Final = 10
"""The most candidates for which all partitions are searched. More would take seconds for each group."""

Partition = tuple[int, ...]
"""Groups of candidates, each as a set of bits."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The cost of a group, and whether it may be merged."""

    cost: Callable[[int], int]
    may_merge: Callable[[int], bool]


def cheapest_partitions(size: int, measures: Measures) -> list[Partition]:
    """The partitions with the least cost, from all separate to one group."""
    whole = (1 << size) - 1
    if size > MOST_EXACT:
        return _greedy(size, measures.cost, lambda _group: True)
    best: list[dict[int, tuple[int, Partition]]] = [{0: (0, ())}]
    for _ in range(size):
        level: dict[int, tuple[int, Partition]] = {}
        for rest, (cost, groups) in best[-1].items():
            free = whole ^ rest
            for group in _groups_with_lowest(free) if free else ():
                found = (cost + measures.cost(group), (*groups, group))
                if rest | group not in level or found < level[rest | group]:
                    level[rest | group] = found
        best.append(level)
    return [best[groups][whole][1] for groups in range(size, 0, -1)]


def best_partition(size: int, measures: Measures) -> Partition:
    """The partition into the fewest groups that may be merged; of these, one with the least cost."""
    if size > MOST_EXACT:
        return _greedy(size, measures.cost, measures.may_merge)[-1]

    @cache
    def best(free: int) -> tuple[int, int, Partition]:
        if not free:
            return 0, 0, ()
        found = []
        for group in _groups_with_lowest(free):
            if group & (group - 1) == 0 or measures.may_merge(group):
                number, cost, groups = best(free ^ group)
                found.append((number + 1, cost + measures.cost(group), (group, *groups)))
        return min(found)

    return best((1 << size) - 1)[2]


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
