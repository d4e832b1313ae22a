"""Paths over edges: from one principal to another, to administrative rights, or to a resource."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

import networkx as nx

from lpgen.core.graph.edges import ADMINISTRATOR, Edge, EdgeState, is_admin

MOST_HOPS: Final = 6
MOST_PATHS: Final = 1000


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path: the best edge between two nodes, and the rules of the other ones."""

    edge: Edge
    other_rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paths:
    """The answer to a question. `possible` are paths with an edge that depends on condition keys."""

    open: tuple[tuple[Hop, ...], ...]
    possible: tuple[tuple[Hop, ...], ...]
    truncated: bool = False


class Network:
    """The network of all edges. Between two nodes, open edges come before others, and edges that don't need unknown
    compute before those that do."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        best: dict[tuple[str, str], Edge] = {}
        rules: dict[tuple[str, str], list[str]] = defaultdict(list)
        for edge in edges:
            pair = (edge.source, edge.target)
            rules[pair].append(edge.rule)
            if pair not in best or _preference(edge) < _preference(best[pair]):
                best[pair] = edge
        self.hops: Mapping[tuple[str, str], Hop] = {
            pair: Hop(edge, tuple(sorted({*rules[pair]} - {edge.rule}))) for pair, edge in sorted(best.items())
        }
        self._open: nx.DiGraph[str] = nx.DiGraph()
        self._possible: nx.DiGraph[str] = nx.DiGraph()
        for (source, target), hop in self.hops.items():
            self._possible.add_edge(source, target)
            if hop.edge.state is EdgeState.OPEN:
                self._open.add_edge(source, target)

    @property
    def administrators(self) -> frozenset[str]:
        """The principals that have administrative rights."""
        return frozenset(
            source
            for (source, target), hop in self.hops.items()
            if is_admin(target) and ADMINISTRATOR in (hop.edge.rule, *hop.other_rules)
        )

    def is_open(self, source: str, target: str) -> bool:
        """Whether a way between two nodes is open."""
        hop = self.hops.get((source, target))
        return hop is not None and hop.edge.state is EdgeState.OPEN

    def paths(
        self, sources: Collection[str], targets: Collection[str], *, every: bool = False, nearest: bool = False
    ) -> Paths:
        """The shortest path from each source to each target, or with `every` all simple paths of at most `MOST_HOPS`
        edges, and at most `MOST_PATHS` of them. Shorter paths come first, then by name.

        `nearest`: the targets are one, so the shortest path from each source to any of them is enough. A possible path
        is given where no open one exists, or with `every` wherever there is one.
        """
        find = _all if every else _nearest if nearest else _shortest
        opened, cut = _limited(find(self._open, sources, targets))
        reached = {(path[0], "" if nearest else path[-1]) for path in opened}
        others, cut_too = _limited(
            path
            for path in find(self._possible, sources, targets)
            if (every or (path[0], "" if nearest else path[-1]) not in reached) and not self._is_open(path)
        )
        return Paths(tuple(map(self._hops, opened)), tuple(map(self._hops, others)), cut or cut_too)

    def _is_open(self, path: Sequence[str]) -> bool:
        return all(self.is_open(source, target) for source, target in pairwise(path))

    def _hops(self, path: Sequence[str]) -> tuple[Hop, ...]:
        return tuple(self.hops[pair] for pair in pairwise(path))


def _shortest(graph: nx.DiGraph[str], sources: Collection[str], targets: Collection[str]) -> Iterator[list[str]]:
    """The shortest path of each pair of a source and a target."""
    for source in sorted(sources):
        if source in graph:
            reached = nx.single_source_shortest_path(graph, source)
            yield from (reached[target] for target in sorted(targets) if target in reached and target != source)


def _nearest(graph: nx.DiGraph[str], sources: Collection[str], targets: Collection[str]) -> Iterator[list[str]]:
    """The shortest path of each source to any of the targets."""
    for source in sorted(sources):
        found = list(_shortest(graph, [source], targets))
        if found:
            yield min(found, key=lambda path: (len(path), path))


def _all(graph: nx.DiGraph[str], sources: Collection[str], targets: Collection[str]) -> Iterator[list[str]]:
    """All simple paths, the shortest of each source first. A target ends a path."""
    ends = {target for target in targets if target in graph}
    for source in sorted({source for source in sources if source in graph}):
        for target in sorted(ends - {source}):
            inner = graph.subgraph({*graph, target} - (ends - {source, target}))
            try:
                for path in nx.shortest_simple_paths(inner, source, target):
                    if len(path) > MOST_HOPS + 1:
                        break
                    yield path
            except nx.NetworkXNoPath:
                continue


def _preference(edge: Edge) -> tuple[bool, bool, str]:
    return bool(edge.depends_on), edge.if_exists, edge.rule


def _limited(paths: Iterator[list[str]]) -> tuple[list[list[str]], bool]:
    found = list(islice(paths, MOST_PATHS + 1))
    return sorted(found[:MOST_PATHS], key=lambda path: (len(path), path)), len(found) > MOST_PATHS
