"""Choke points: the statements whose removal cuts the most paths that were never used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.graph.edges import Edge, Edges, EdgeState
from lpgen.core.graph.paths import Hop
from lpgen.core.graph.requests import UsedStatement, name_of_statement
from lpgen.core.graph.use import UseOfEdges, UseState
from lpgen.core.graph.world import World
from lpgen.core.iam.decision import Layer
from lpgen.core.model import AttachedPolicy, Policy, Principal

_MOST: Final = 5
_MOST_TRIED: Final = 200

_Pair = tuple[str, str]
_Place = tuple[str, UsedStatement]
"""A principal, and a statement of its own policies."""


@dataclass(frozen=True, slots=True)
class ChokePoint:
    """A statement in a principal's own policies, and how many never used paths its removal cuts, without those that the
    choke points before it cut."""

    principal: str
    policy: str
    statement: str
    cut: int


def choke_points(world: World, paths: Sequence[Sequence[Hop]], use: UseOfEdges) -> tuple[ChokePoint, ...]:
    """The choke points of some open paths, at most five, chosen one after the other by how much each cuts (so others
    may cut more together).

    lpgen decides all ways again without the statement. It tries the 200 statements on the most paths, and none that
    opens an edge that was used or whose use can't be seen.
    """
    never = {hop: use.of(hop.edge).state is UseState.NEVER for path in paths for hop in path}
    unused = [path for path in paths if any(never[hop] for hop in path)]
    needed = {place for hop, is_never in never.items() if not is_never for place in _places(hop.edge)}
    on_paths = Counter(
        place for path in unused for place in {place for hop in path for place in _places(hop.edge)} - needed
    )
    pairs = {(hop.edge.source, hop.edge.target) for path in unused for hop in path}
    lost = {place: _lost_pairs(world, place, pairs) for place, _ in on_paths.most_common(_MOST_TRIED)}
    left = unused
    found: list[ChokePoint] = []
    while len(found) < _MOST:
        cuts = {place: [path for path in left if _is_cut(path, pairs)] for place, pairs in lost.items()}
        best = max(sorted(cuts, key=str), key=lambda place: len(cuts[place]), default=None)
        if best is None or not cuts[best]:
            break
        principal, used = best
        found.append(ChokePoint(principal, used.policy, used.statement, len(cuts[best])))
        left = [path for path in left if path not in cuts[best]]
    return tuple(found)


def _places(edge: Edge) -> set[_Place]:
    return {(edge.source, used) for used in edge.statements if used.layer is Layer.IDENTITY}


def _is_cut(path: Sequence[Hop], pairs: Collection[_Pair]) -> bool:
    return any((hop.edge.source, hop.edge.target) in pairs for hop in path)


def _lost_pairs(world: World, place: _Place, pairs: Collection[_Pair]) -> frozenset[_Pair]:
    """The pairs of nodes from a principal, out of these, between which no way is open any more without a statement."""
    arn, used = place
    principal = world.by_arn.get(arn)
    if principal is None:
        return frozenset()
    edges = Edges(world).of(_without(principal, used))
    still = {(edge.source, edge.target) for edge in edges if edge.state is EdgeState.OPEN}
    return frozenset(pair for pair in pairs if pair[0] == arn and pair not in still)


def _without(principal: Principal, used: UsedStatement) -> Principal:
    """A principal without a statement of its policies."""
    return replace(principal, policies=tuple(_policy_without(held, used) for held in principal.policies))


def _policy_without(held: AttachedPolicy, used: UsedStatement) -> AttachedPolicy:
    if held.name != used.policy or held.document is None:
        return held
    kept = (
        statement
        for statement in held.document.statements
        if name_of_statement(statement.sid, statement.index) != used.statement
    )
    return replace(held, document=Policy(held.document.version, tuple(kept)))
