"""The data of the page of a graph: every edge with its evidence, compact, and every text escaped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.graph.answers import ADMIN, GraphReport, Question
from lpgen.core.graph.edges import EdgeState
from lpgen.report.escaping import terminal_text
from lpgen.report.html.graph import data_of_graph
from lpgen.report.pages.graph import words_of_use
from lpgen.report.render import GRAPH
from tests.report.graphs import BUCKET, organization_of, report_of
from tests.report.hostile import CORPUS

STATES = {EdgeState.OPEN: 1, EdgeState.DEPENDS: 2}


def data_of(report: GraphReport) -> dict[str, Any]:
    """The data as the page has them."""
    html = GRAPH.text(report, "html")
    text = html.partition('<script type="application/json" id="network">')[2].partition("</script>")[0]
    found: dict[str, Any] = json.loads(text)
    assert found == json.loads(json.dumps(data_of_graph(report)))
    return found


def edges_of(data: dict[str, Any]) -> Iterator[tuple[int, int, list[Any]]]:
    for source, evidence, gaps in data["edges"]:
        at = 0
        for run in gaps.split(","):
            gap, _, more = run.partition("-")
            first = at + int(gap, 16)
            at = first + int(more or "0", 16) + 1
            yield from ((source, target, data["evidence"][evidence]) for target in range(first, at))


@pytest.mark.parametrize("roles", [6, 40, 200])
@pytest.mark.parametrize("compared", [True, False])
def test_data_have_every_edge_with_its_evidence(roles: int, compared: bool) -> None:
    report = organization_of(roles, compared=compared)
    data = data_of(report)
    arns = [node[0] for node in data["nodes"]]
    found = {(arns[source], arns[target]): evidence for source, target, evidence in edges_of(data)}
    assert found.keys() == report.network.hops.keys()
    for pair, hop in report.network.hops.items():
        today, after, way, others, use, words, keys, statements, through, if_exists, rcp_unknown = found[pair]
        assert today == STATES[hop.edge.state]
        assert (after == 0) == (not compared or bool(report.after and pair not in report.after.hops))
        assert use == report.use.of(hop.edge).state.value
        assert words == words_of_use(report.use.of(hop.edge))
        assert data["ways"][way][1] == list(report.ways[hop.edge.rule].pages if hop.edge.rule in report.ways else ())
        assert len(others) == len(hop.other_rules)
        assert keys == list(hop.edge.depends_on)
        named = [[layer, policy or pair[1], sid] for layer, policy, sid in statements]
        assert named == [[one.layer.value, one.policy, one.statement] for one in hop.edge.statements]
        assert (through, if_exists, rcp_unknown) == ("", hop.edge.if_exists, hop.edge.rcp_unknown)


def test_administrators_and_the_places_of_nodes_are_named() -> None:
    report = organization_of(40)
    data = data_of(report)
    assert {node[0] for node in data["nodes"] if node[4]} == set(report.administrators)
    places = {node[0]: (node[1], node[2], data["clusters"][node[3]]) for node in data["nodes"]}
    assert places["arn:aws:iam::444455556666:role/app/worker-001"] == ("worker-001", 1, "444455556666 /app/")
    assert places["admin:111122223333"] == ("administrative rights", 0, "111122223333")
    assert places[BUCKET] == ("customer-exports", 4, "s3")


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("999988887777", "account 999988887777"),
        ("everyone", "everyone"),
        ("arn:aws:iam::999988887777:role/partner", "999988887777 role/partner"),
        ("arn:aws:iam::111122223333:saml-provider/corporate", "corporate"),
        ("arn:aws:iam::111122223333:oidc-provider/gitlab.com project_path:acme/app:*", "project_path:acme/app:*"),
        ("lambda.amazonaws.com", "lambda.amazonaws.com"),
    ],
)
def test_outsiders_are_in_a_place_of_their_own(node: str, name: str) -> None:
    report = report_of([node, "arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:role/ops"])
    data = data_of(replace(report, outsiders=frozenset({node})))
    places = {found[0]: (found[1], found[2], data["clusters"][found[3]]) for found in data["nodes"]}
    assert places[node] == (name, 5, "outside")
    assert places["arn:aws:iam::111122223333:role/app"] == ("app", 1, "111122223333")


def test_first_question_is_that_of_the_command() -> None:
    one = organization_of(6).administrators[0]
    kinds = {
        Question(None, (ADMIN,)): ("in", "admin:", 0),
        Question(None, None): ("in", "admin:", 0),
        Question((one,), None): ("out", one, 0),
        Question((one,), (BUCKET,)): ("in", BUCKET, 1),
        Question((one,), (ADMIN,), True): ("in", "admin:", 1),
    }
    for question, (kind, start, only) in kinds.items():
        data = data_of(organization_of(6, question=question))
        asked = data["ask"]
        assert (asked["kind"], len(asked["only"]), asked["every"]) == (kind, only, question.every)
        assert asked["nodes"]
        assert all(data["nodes"][at][0].startswith(start) for at in asked["nodes"])


def test_hostile_texts_are_escaped() -> None:
    names = [text for text in CORPUS if text]
    report = report_of([f"arn:aws:iam::111122223333:role/{name}" for name in names])
    html = GRAPH.text(report, "html")
    assert html.count("<script") == 2
    assert html.count("</script") == 2
    shown = {node[0] for node in data_of(report)["nodes"]}
    assert {terminal_text(f"arn:aws:iam::111122223333:role/{name}") for name in names} <= shown


@pytest.mark.parametrize(("roles", "most"), [(200, 100_000), (1000, 500_000)])
def test_data_are_compact(roles: int, most: int) -> None:
    data = data_of_graph(organization_of(roles, question=Question(("none",), None)))
    assert len(json.dumps(data, separators=(",", ":"))) < most


def test_equal_reports_give_equal_pages() -> None:
    assert GRAPH.text(organization_of(40), "html") == GRAPH.text(organization_of(40), "html")
