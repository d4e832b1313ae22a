"""Choke points: the statements whose removal cuts the most paths that were never used."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.graph.choke_points import choke_points
from lpgen.core.graph.edges import Edge, Edges
from lpgen.core.graph.paths import Network
from lpgen.core.graph.use import EdgeUse, UseOfEdges, UseState
from lpgen.core.graph.world import World
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import ACCOUNT_TRUST, arn_of, principal, world
from tests.support.worlds import allow

A, B, C, D = (arn_of(f"role/{name}") for name in "abcd")


class KnownUse(UseOfEdges):
    """The use of edges: some pairs were used, the others weren't."""

    def __init__(self, *used: tuple[str, str]) -> None:
        super().__init__((), bundled_catalog())
        self.used = used

    def of(self, edge: Edge) -> EdgeUse:
        is_used = (edge.source, edge.target) in self.used
        return EdgeUse(UseState.USED if is_used else UseState.NEVER, covered_days=100)


def points(found: World, use: UseOfEdges, sources: Iterable[str]) -> list[tuple[str, str, int]]:
    paths = Network(Edges(found).all()).paths([*sources], [A, B, C, D]).open
    return [(point.principal, point.statement, point.cut) for point in choke_points(found, paths, use)]


def assumes(*targets: str, sid: str) -> dict[str, object]:
    return {**allow("sts:AssumeRole", *targets), "Sid": sid}


CHAIN = world(
    principal("role/a", assumes(B, sid="ToB")),
    principal("role/b", assumes(C, sid="ToC"), assumes(D, sid="ToD"), trusts=ACCOUNT_TRUST),
    principal("role/c", trusts=ACCOUNT_TRUST),
    principal("role/d", trusts=ACCOUNT_TRUST),
)


def test_statement_on_the_most_paths_comes_first_and_takes_its_paths_along() -> None:
    assert points(CHAIN, KnownUse(), [A]) == [(A, "ToB", 3)]
    assert points(CHAIN, KnownUse(), [A, B]) == [(A, "ToB", 3), (B, "ToC", 1), (B, "ToD", 1)]


def test_paths_that_were_used_do_not_count() -> None:
    assert points(CHAIN, KnownUse((A, B), (B, C)), [A]) == [(B, "ToD", 1)]
    assert points(CHAIN, KnownUse((A, B), (B, C), (B, D)), [A]) == []


def test_statement_that_another_one_doubles_cuts_nothing() -> None:
    doubled = world(
        principal("role/a", assumes(B, sid="First"), assumes(B, sid="Second")),
        principal("role/b", trusts=ACCOUNT_TRUST),
    )
    assert points(doubled, KnownUse(), [A]) == []
