"""Answers to questions about the network: who reaches what, over which paths, and what replacements cut."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lpgen.core.graph.choke_points import ChokePoint, choke_points
from lpgen.core.graph.edges import Edge, Edges, EdgeState, admin_of, is_admin
from lpgen.core.graph.paths import Network, Paths
from lpgen.core.graph.use import UseOfEdges
from lpgen.core.graph.ways import Way
from lpgen.core.graph.world import World

ADMIN: Final = "admin"
"""The target that means administrative rights in any account."""


@dataclass(frozen=True, slots=True)
class Question:
    """From which principals to which principals, resources, or `ADMIN`. None means all of them.

    `every`: all simple paths, not only the shortest ones.
    """

    sources: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    every: bool = False


@dataclass(frozen=True, slots=True)
class GraphReport:
    """The answer to a question. `ways` explain the rules by id.

    `outsiders` are the nodes of those who aren't in the snapshot and may assume a role. `after` is the network after
    the replacements and `found_after` its answer, or None if none are compared. `choke_points` are the statements whose
    removal cuts the most never used open paths.
    """

    question: Question
    found: Paths
    network: Network
    use: UseOfEdges
    ways: Mapping[str, Way]
    after: Network | None = None
    found_after: Paths | None = None
    choke_points: tuple[ChokePoint, ...] = ()
    problems: tuple[str, ...] = ()
    outsiders: frozenset[str] = frozenset()

    @property
    def administrators(self) -> tuple[str, ...]:
        """The principals with administrative rights, sorted."""
        return tuple(sorted(self.network.administrators))

    def is_cut(self, edge: Edge) -> bool | None:
        """Whether no way between the two nodes is left after the replacements, or none that is open as this one is.

        None if none are compared.
        """
        if self.after is None:
            return None
        left = self.after.hops.get((edge.source, edge.target))
        return left is None or (edge.state is EdgeState.OPEN and left.edge.state is not EdgeState.OPEN)


def answer_question(
    world: World,
    question: Question,
    use: UseOfEdges,
    *,
    after: World | None = None,
    problems: Sequence[str] = (),
) -> GraphReport:
    """Finds all edges, and the paths that answer the question. `after` is the world after replacements, if any."""
    network = Network(Edges(world).all())
    then = Network(Edges(after).all()) if after else None
    found = _paths(network, world, question)
    return GraphReport(
        question,
        found,
        network,
        use,
        {way.id: way for way in world.ways},
        then,
        _paths(then, after, question) if then and after else None,
        choke_points(world, found.open, use),
        tuple(problems),
        frozenset((*world.outsiders, *(after.outsiders if after else ()))),
    )


def _paths(network: Network, world: World, question: Question) -> Paths:
    everyone = tuple(principal.arn for principal in world.principals)
    accounts = {admin_of(principal.account) for principal in world.principals}
    return network.paths(
        question.sources or (*everyone, *world.outsiders),
        _targets(question, (*everyone, *world.resources), accounts | network.administrators),
        every=question.every,
        nearest=question.targets == (ADMIN,),
    )


def _targets(question: Question, everyone: Collection[str], administrative: Collection[str]) -> Collection[str]:
    if question.targets is None:
        return {*everyone, *filter(is_admin, administrative)}
    named = {target for target in question.targets if target != ADMIN}
    return named | set(administrative if ADMIN in question.targets else ())
