"""What a principal can become over open edges: today, and after its own replacement."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from lpgen.core.findings import Becoming, OpenWay, Reachable
from lpgen.core.graph.edges import ADMINISTRATOR, Edge, Edges, EdgeState, is_admin
from lpgen.core.graph.world import World
from lpgen.core.model import Action, Principal


class _Gain(NamedTuple):
    """The nodes that an open way gains, sorted, and whether it needs compute that may not exist."""

    nodes: tuple[str, ...]
    if_exists: bool


_Ways = Mapping[str, _Gain]
"""What each open way of one principal gains, by the way's id, sorted."""

_NO_WAYS: Final[_Ways] = {}
_NOTHING: Final = _Gain((), if_exists=False)


class Becomings:
    """What each principal of a world can become over open edges.

    It keeps names instead of edges, because the edges of thousands of principals would take most of the memory.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._edges = Edges(world)
        by_source = groupby(self._edges.all(), key=lambda edge: edge.source)
        self._ways: Mapping[str, _Ways] = {source: ways for source, edges in by_source if (ways := _open_ways(edges))}
        self._rows = {way.id: way for way in world.ways}

    def of(self, principal: Principal, replaced: Principal | None) -> Becoming:
        """What a principal can become today, and as `replaced`, which has the policies of its replacement.

        All other principals have the policies of today. A replacement allows nothing new, so who can't become anyone
        today can't afterwards.
        """
        today = self._ways.get(principal.arn, _NO_WAYS)
        after = _open_ways(self._edges.of(replaced)) if today and replaced else _NO_WAYS
        return Becoming(
            self._reachable(principal.arn, today),
            self._reachable(principal.arn, after) if replaced else None,
            () if ADMINISTRATOR in today else tuple(self._open_way(rule, today, after) for rule in today),
        )

    def _open_way(self, rule: str, today: _Ways, after: _Ways) -> OpenWay:
        way = self._rows[rule]
        actions = tuple(Action(action) for action in dict.fromkeys(step.action for step in way.steps))
        nodes, if_exists = today[rule]
        left = len(after.get(rule, _NOTHING).nodes)
        return OpenWay(rule, way.does, actions, len(nodes), nodes[0], left, if_exists)

    def _reachable(self, source: str, ways: _Ways) -> Reachable:
        """What a principal with these ways reaches. It visits each node once, the nearest first."""
        before: dict[str, str] = {source: ""}
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            for target in _targets(ways if node == source else self._ways.get(node, _NO_WAYS)):
                if target not in before:
                    before[target] = node
                    waiting.append(target)
        principals = sum(node in self._world.by_arn for node in before) - (source in self._world.by_arn)
        admin = next(filter(is_admin, before), "")
        return Reachable(principals, tuple(_back(admin, before))[::-1])


def _open_ways(edges: Iterable[Edge]) -> _Ways:
    found: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        if edge.state is EdgeState.OPEN and edge.target != edge.source:
            found[edge.rule].append(edge)
    return {rule: _gain(found[rule]) for rule in sorted(found)}


def _gain(edges: Sequence[Edge]) -> _Gain:
    return _Gain(tuple(sorted({edge.target for edge in edges})), any(edge.if_exists for edge in edges))


def _targets(ways: _Ways) -> list[str]:
    return sorted({node for gain in ways.values() for node in gain.nodes})


def _back(node: str, before: Mapping[str, str]) -> Iterator[str]:
    while node:
        yield node
        node = before[node]
