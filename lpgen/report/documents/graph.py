"""Paths between principals as JSON, schema `lpgen.graph/1`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from lpgen.core.documents import Count, Part, RowPart, means
from lpgen.core.graph.answers import GraphReport
from lpgen.core.graph.edges import EdgeState
from lpgen.core.graph.paths import Hop
from lpgen.core.graph.use import UseState
from lpgen.core.iam.decision import Layer
from lpgen.report.documents.layout import lay_out
from lpgen.report.documents.parts import Texts

Node = Annotated[
    str,
    means(
        "The ARN of a role, user, group or resource, or `admin:ACCOUNT`. An outsider is an account's id, an ARN, "
        "`everyone`, an AWS service, or an identity provider, which a space and a subject may follow."
    ),
]


class EdgeStatementPart(RowPart, kw_only=True):
    """A statement that opens an edge."""

    layer: Annotated[Layer, means("The kind of its policy.")]
    policy: Annotated[str, means("The name of the policy, or the ARN of the resource that has it.")]
    statement: Annotated[str, means("Its Sid, or its number from 1.")]


class EdgePart(Part, kw_only=True, rename={"source": "from", "target": "to"}):
    """A step of a path: the best of the ways between two nodes."""

    source: Node
    target: Node
    rule: Annotated[str, means("The id of the way.")]
    other_rules: Annotated[Texts, means("The ids of the other ways between the two.")]
    state: Annotated[EdgeState, means("Whether it is open, or depends on condition keys.")]
    depends_on: Annotated[Texts, means("The condition keys that still decide.")]
    statements: Annotated[tuple[EdgeStatementPart, ...], means("The statements that open it.")]
    through: Annotated[str, means('The existing resource that runs with the role. "": none is needed, or unknown.')]
    if_exists: Annotated[
        bool, means("Whether it needs compute or a password, and no inventory says whether that exists.")
    ]
    rcp_unknown: Annotated[bool, means("Whether RCPs could close it, and none were given.")]
    use: Annotated[UseState, means("Whether the logs show its use.")]
    last_used: Annotated[date | None, means("The last day of its use; null: none is known.")]
    covered_days: Annotated[Count, means("The number of covered days without its use. 0: used, or use can't be seen.")]
    unseen: Annotated[str, means('Why its use can\'t be seen. "": it can.')]
    cut: Annotated[bool | None, means("Whether it is no longer open after the replacements; null: none are compared.")]


class PathPart(Part, kw_only=True):
    """A path."""

    edges: Annotated[tuple[EdgePart, ...], means("Its edges, in order.")]


class ChokePointPart(RowPart, kw_only=True):
    """A statement whose removal cuts open paths that were never used."""

    principal: Annotated[str, means("The ARN of the principal whose policy has it.")]
    policy: Annotated[str, means("The name of the policy.")]
    statement: Annotated[str, means("Its Sid, or its number from 1.")]
    cut: Annotated[Count, means("How many of these paths it cuts, without those that earlier rows cut.")]


class RulePart(RowPart, kw_only=True):
    """A way to gain rights."""

    id: Annotated[str, means("Its id.")]
    does: Annotated[str, means("What the caller does.")]
    pages: Annotated[Texts, means("The pages of AWS that document it.")]


class GraphDocument(Part, kw_only=True, tag_field="schema", tag="lpgen.graph/1"):
    """Which principal can become which other one, in which documented ways."""

    paths: Annotated[tuple[PathPart, ...], means("The paths whose edges are all open, the shortest first.")]
    possible_paths: Annotated[tuple[PathPart, ...], means("Paths with an edge that depends on condition keys.")]
    paths_after: Annotated[
        tuple[PathPart, ...] | None, means("The open paths after the replacements; null: none are compared.")
    ]
    truncated: Annotated[bool, means("Whether there are more paths than these.")]
    choke_points: Annotated[tuple[ChokePointPart, ...], means("Chosen one after the other by how much each cuts.")]
    administrators: Annotated[Texts, means("The principals with administrative rights.")]
    outsiders: Annotated[
        Texts, means("Outsiders that may assume a role: a trust policy lets them in, and the snapshot lacks them.")
    ]
    rules: Annotated[tuple[RulePart, ...], means("The ways on these paths.")]
    problems: Annotated[Texts, means("Problems in the input files.")]


def graph_json(report: GraphReport) -> str:
    """The report as JSON text."""
    document = GraphDocument(
        paths=_paths(report.found.open, report),
        possible_paths=_paths(report.found.possible, report),
        paths_after=None if report.found_after is None else _paths(report.found_after.open, report),
        truncated=report.found.truncated,
        choke_points=tuple(map(ChokePointPart.from_attributes, report.choke_points)),
        administrators=report.administrators,
        outsiders=tuple(sorted(report.outsiders)),
        rules=tuple(RulePart.from_attributes(report.ways[rule]) for rule in _rules(report)),
        problems=report.problems,
    )
    return lay_out(document)


def _rules(report: GraphReport) -> list[str]:
    """The ids of the ways on the paths, sorted."""
    hops = [hop for path in (*report.found.open, *report.found.possible) for hop in path]
    named = {rule for hop in hops for rule in (hop.edge.rule, *hop.other_rules)}
    return sorted(named & report.ways.keys())


def _paths(paths: Iterable[tuple[Hop, ...]], report: GraphReport) -> tuple[PathPart, ...]:
    return tuple(PathPart(edges=tuple(_edge(hop, report) for hop in path)) for path in paths)


def _edge(hop: Hop, report: GraphReport) -> EdgePart:
    use = report.use.of(hop.edge)
    return EdgePart.from_attributes(
        hop.edge,
        hop,
        use,
        statements=[EdgeStatementPart.from_attributes(statement) for statement in hop.edge.statements],
        use=use.state,
        unseen=use.reason,
        cut=report.is_cut(hop.edge),
    )
