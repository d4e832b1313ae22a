"""The edges of an answer in the formats of other graph programs: GraphML and DOT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import networkx as nx

from lpgen.core.graph.answers import GraphReport
from lpgen.core.graph.edges import Edge, is_admin
from lpgen.core.graph.use import UseState
from lpgen.report.escaping import terminal_text
from lpgen.report.pages.graph import words_of_node

_STYLES: Final = {UseState.USED: "solid", UseState.NEVER: "dashed", UseState.UNSEEN: "dotted"}


def graph_graphml(report: GraphReport) -> str:
    """The nodes and edges as GraphML. http://graphml.graphdrawing.org/"""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for edge in _edges(report):
        use = report.use.of(edge)
        for node in (edge.source, edge.target):
            graph.add_node(
                terminal_text(node),
                label=_label(node),
                administrator=_is_administrator(node, report),
                outside=node in report.outsiders,
            )
        graph.add_edge(
            terminal_text(edge.source),
            terminal_text(edge.target),
            rule=edge.rule,
            state=edge.state.value,
            depends_on=terminal_text(" ".join(edge.depends_on)),
            use=use.state.value,
            last_used=f"{use.last_used or ''}",
            if_exists=edge.if_exists,
        )
    return "\n".join([*nx.generate_graphml(graph), ""])


def graph_dot(report: GraphReport) -> str:
    """The nodes and edges for Graphviz. https://graphviz.org/doc/info/lang.html"""
    lines = ["digraph lpgen {", "  rankdir=LR;"]
    for node in sorted({node for edge in _edges(report) for node in (edge.source, edge.target)}):
        outer = "ellipse" if node in report.outsiders else "box"
        shape = "doubleoctagon" if _is_administrator(node, report) else outer
        lines.append(f"  {_quoted(node)} [label={_quoted(_label(node))}, shape={shape}];")
    for edge in _edges(report):
        style = _STYLES[report.use.of(edge).state]
        ends = f"{_quoted(edge.source)} -> {_quoted(edge.target)}"
        lines.append(f"  {ends} [label={_quoted(edge.rule)}, style={style}];")
    return "\n".join([*lines, "}", ""])


def _edges(report: GraphReport) -> Iterator[Edge]:
    """The edges on the paths, each once."""
    paths = (*report.found.open, *report.found.possible)
    found = {(hop.edge.source, hop.edge.target): hop.edge for path in paths for hop in path}
    return iter(edge for _, edge in sorted(found.items()))


def _label(node: str) -> str:
    return terminal_text(words_of_node(node))


def _is_administrator(node: str, report: GraphReport) -> bool:
    return node in report.administrators or is_admin(node)


def _quoted(text: str) -> str:
    escaped = terminal_text(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
