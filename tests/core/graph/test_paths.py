"""Paths over edges: their order and limits, and that they are those of a plain search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.graph.edges import Edge
from lpgen.core.graph.paths import MOST_HOPS, MOST_PATHS, Hop, Network

KEY = ("aws:MultiFactorAuthPresent",)


def edge(pair: str, rule: str = "sts-assume-role", *, keys: tuple[str, ...] = (), if_exists: bool = False) -> Edge:
    return Edge(pair[0], pair[1], rule, keys, if_exists=if_exists)


def network(*pairs: str, depends: Iterable[str] = ()) -> Network:
    return Network([*map(edge, pairs), *(edge(pair, keys=KEY) for pair in depends)])


def names(paths: Iterable[tuple[Hop, ...]]) -> list[str]:
    """Each path as the names of its nodes, after a check that its steps meet."""
    found = []
    for path in paths:
        assert all(a.edge.target == b.edge.source for a, b in pairwise(path))
        found.append(path[0].edge.source + "".join(hop.edge.target for hop in path))
    return found


def test_shorter_paths_come_first_then_those_that_sort_first() -> None:
    found = network("ab", "bd", "ac", "cd", "ad", "xd").paths("ax", "d", every=True)
    assert names(found.open) == ["ad", "xd", "abd", "acd"]


def test_without_every_each_pair_has_its_shortest_path() -> None:
    found = network("ab", "bc", "ac", "cd").paths("ab", "cd")
    assert names(found.open) == ["ac", "bc", "acd", "bcd"]


def test_nearest_gives_each_source_one_path() -> None:
    found = network("ab", "bc", "ad", "xb").paths("ax", "bcd", nearest=True)
    assert names(found.open) == ["ab", "xb"]


def test_possible_path_has_an_edge_that_depends() -> None:
    found = network("ab", "cd", depends=("bc",)).paths("a", "bd")
    assert (names(found.open), names(found.possible)) == (["ab"], ["abcd"])


def test_possible_path_is_given_only_where_no_open_one_leads() -> None:
    both = network("ab", "bc", depends=("ac",))
    assert names(both.paths("a", "c").open) == ["abc"]
    assert both.paths("a", "c").possible == ()
    assert names(both.paths("a", "c", every=True).possible) == ["ac"]
    assert both.paths("a", "bc", nearest=True).possible == ()


def test_all_paths_have_at_most_six_steps() -> None:
    line = network("ab", "bc", "cd", "de", "ef", "fg", "gh")
    assert names(line.paths("a", "gh", every=True).open) == ["abcdefg"]
    assert len(names(line.paths("a", "g", every=True).open)[0]) == MOST_HOPS + 1
    assert names(line.paths("a", "h").open) == ["abcdefgh"]


def test_at_most_a_thousand_paths_are_given_and_more_are_said_to_exist() -> None:
    nodes = [f"n{number:04}" for number in range(MOST_PATHS + 1)]
    edges = [Edge("a", node, "sts-assume-role") for node in nodes]
    whole, cut = (Network(some).paths(["a"], nodes) for some in (edges[:-1], edges))
    assert [(len(found.open), found.truncated) for found in (whole, cut)] == [(MOST_PATHS, False), (MOST_PATHS, True)]


def test_target_ends_a_path() -> None:
    assert names(network("ab", "bc").paths("a", "bc", every=True).open) == ["ab"]


def test_best_edge_between_two_nodes_is_shown_with_the_rules_of_the_others() -> None:
    hop = Network([edge("ab", "1", keys=KEY), edge("ab", "2", if_exists=True), edge("ab", "4"), edge("ab", "3")]).hops[
        "a", "b"
    ]
    assert (hop.edge.rule, hop.other_rules) == ("3", ("1", "2", "4"))


# ---------------------------------------------------------------- laws

NODES = "abcdef"
PAIRS = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)).filter(lambda pair: pair[0] != pair[1]).map("".join),
    max_size=14,
    unique=True,
)
SOME = st.sets(st.sampled_from(NODES), min_size=1, max_size=3)


def walks(pairs: Iterable[str], sources: Iterable[str], targets: Iterable[str]) -> Iterator[str]:
    """All simple paths that end at the first target they meet, by trying every order of nodes."""
    known, ends = set(pairs), set(targets)
    for length in range(2, len(NODES) + 1):
        for walk in map("".join, permutations(NODES, length)):
            ends_once = walk[-1] in ends and not set(walk[1:-1]) & ends
            if walk[0] in set(sources) and ends_once and all(walk[at : at + 2] in known for at in range(length - 1)):
                yield walk


@given(PAIRS, PAIRS, SOME, SOME)
def test_all_paths_are_those_of_a_plain_search(
    opened: list[str], depends: list[str], sources: set[str], targets: set[str]
) -> None:
    found = network(*opened, depends=depends).paths(sources, targets, every=True)
    whole, certain = (list(walks(pairs, sources, targets)) for pairs in ({*opened, *depends}, opened))
    assert not found.truncated
    assert names(found.open) == certain
    assert names(found.possible) == [walk for walk in whole if walk not in certain]


@given(PAIRS, PAIRS, SOME, SOME)
def test_shortest_paths_are_those_of_a_plain_search(
    opened: list[str], depends: list[str], sources: set[str], targets: set[str]
) -> None:
    found = network(*opened, depends=depends).paths(sources, targets)

    def shortest(pairs: Iterable[str]) -> dict[tuple[str, str], int]:
        pairs = list(pairs)
        walked = [walk for target in targets for walk in walks(pairs, sources, target)]
        return {(walk[0], walk[-1]): len(walk) for walk in sorted(walked, key=len, reverse=True)}

    certain, possible = shortest(opened), shortest([*opened, *depends])
    assert {(walk[0], walk[-1]): len(walk) for walk in names(found.open)} == certain
    others = {pair: length for pair, length in possible.items() if pair not in certain}
    assert {(walk[0], walk[-1]): len(walk) for walk in names(found.possible)} == others


@given(PAIRS.filter(bool), SOME, SOME, st.integers(min_value=0))
def test_fewer_edges_give_no_more_paths(pairs: list[str], sources: set[str], targets: set[str], number: int) -> None:
    gone = pairs[number % len(pairs)]
    left = [pair for pair in pairs if pair != gone]
    for every in (False, True):
        before, after = (network(*some).paths(sources, targets, every=every) for some in (pairs, left))
        if every:
            assert set(names(after.open)) <= set(names(before.open))
        reached = [{(walk[0], walk[-1]) for walk in names(found.open)} for found in (before, after)]
        assert reached[1] <= reached[0]
