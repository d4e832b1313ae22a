"""The page of a network of principals: a picture that its script lays out, and the paths as text.

Only the script lays out, because a second layout in Python would have to agree with it. Without scripts, the page has
the list of paths. Edges with the same evidence are grouped by source, because an administrator has one to each
principal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.graph.answers import ADMIN, GraphReport
from lpgen.core.graph.edges import EdgeState, is_admin
from lpgen.core.graph.outsiders import OUTSIDE
from lpgen.core.graph.paths import Hop
from lpgen.report.escaping import terminal_text
from lpgen.report.html.data import Data, Interned, gaps_of, ranges_of
from lpgen.report.html.templating import asset, content_security_policy, script_json, template
from lpgen.report.pages.graph import graph_page, words_of_node, words_of_use, words_of_way

_SCRIPTS: Final = ("dom.js", "graph_layout.js", "graph_data.js", "graph.js")
_STYLES: Final = ("colors.css", "layout.css", "graph.css", "print.css")
_MOST_PATHS: Final = 100
_KINDS: Final = (ADMIN, "role", "user", "group", "resource", OUTSIDE)
_STATES: Final = {EdgeState.OPEN: 1, EdgeState.DEPENDS: 2}
_ADMIN_NAME: Final = "administrative rights"


def graph_html(report: GraphReport) -> Iterator[str]:
    """The page as HTML, in parts. The last ends with a line break. Equal values give equal bytes."""
    script, style = "\n".join(map(asset, _SCRIPTS)), "\n".join(map(asset, _STYLES))
    return template("graph.html.j2").generate(
        policy=content_security_policy(script=script, style=style),
        script=script,
        style=style,
        compared=report.after is not None,
        blocks=graph_page(report, _MOST_PATHS),
        links={},
        data=script_json(data_of_graph(report)),
    )


def data_of_graph(report: GraphReport) -> dict[str, object]:
    """The network, in which edges refer to nodes, evidence and ways by number. Every text is escaped."""
    question, today, after = report.question, report.network.hops, report.after.hops if report.after else {}
    asked = {node for node in (*(question.sources or ()), *(question.targets or ())) if node != ADMIN}
    nodes = sorted({node for pair in (*today, *after) for node in pair} | asked)
    places = {node: at for at, node in enumerate(nodes)}
    clusters, ways, evidence = Interned[str](), Interned[tuple[str, tuple[str, ...]]](), Interned[tuple[object, ...]]()
    targets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for pair, hop in {**after, **today}.items():
        known = [ways.place(_way(rule, hop, report)) for rule in (hop.edge.rule, *hop.other_rules)]
        row = (_state(today.get(pair)), _state(after.get(pair)), known[0], tuple(known[1:]), *_evidence(hop, report))
        targets[places[pair[0]], evidence.place(row)].append(places[pair[1]])
    administrators = frozenset(report.administrators)
    return {
        "nodes": [[*_node(node, clusters, node in report.outsiders), int(node in administrators)] for node in nodes],
        "edges": [[*key, gaps_of(ranges_of(found))] for key, found in sorted(targets.items())],
        "clusters": clusters.values,
        "ways": ways.values,
        "evidence": evidence.values,
        "ask": _asked(report, places),
        "compared": report.after is not None,
    }


def _state(hop: Hop | None) -> int:
    """0 for no edge, 1 for an open one, and 2 for one that depends on condition keys."""
    return _STATES[hop.edge.state] if hop else 0


def _way(rule: str, hop: Hop, report: GraphReport) -> tuple[str, tuple[str, ...]]:
    pages = report.ways[rule].pages if rule in report.ways else ()
    return terminal_text(words_of_way(rule, hop.edge.source, report)), tuple(map(terminal_text, pages))


def _evidence(hop: Hop, report: GraphReport) -> tuple[object, ...]:
    """The use and the statements of an edge. The target's own policy has no name: then all targets share a row."""
    edge, use = hop.edge, report.use.of(hop.edge)
    statements = tuple(
        (layer.value, "" if policy == edge.target else terminal_text(policy), terminal_text(statement))
        for layer, policy, statement in edge.statements
    )
    keys, words = tuple(map(terminal_text, edge.depends_on)), terminal_text(words_of_use(use))
    flags = int(edge.if_exists), int(edge.rcp_unknown)
    return (use.state.value, words, keys, statements, terminal_text(edge.through), *flags)


def _node(node: str, clusters: Interned[str], outside: bool) -> Data:
    """The ARN of a node, its name, its kind, and its account and path. Outsiders are together."""
    fields = split_arn(node)
    kind, _, path = fields.name.partition("/")
    account = fields.account or fields.service
    if fields.service != "iam" or kind not in _KINDS:
        kind, path, name = "resource", "", fields.name or node
    else:
        path, _, name = path.rpartition("/")
    if is_admin(node):
        kind, name, account = ADMIN, _ADMIN_NAME, node.removeprefix(f"{ADMIN}:")
    if outside:
        own = node.partition(" ")[2] or fields.name.partition("-provider/")[2]
        kind, path, name, account = OUTSIDE, "", own or words_of_node(node), OUTSIDE
    place = clusters.place(terminal_text(f"{account} /{path}/" if path else account))
    return [terminal_text(node), terminal_text(name), _KINDS.index(kind), place]


def _asked(report: GraphReport, places: Mapping[str, int]) -> dict[str, object]:
    """What the page shows first: who reaches the targets of the question, or what its sources reach."""
    sources = [places[node] for node in report.question.sources or ()]
    admins = [at for node, at in places.items() if is_admin(node)]
    targets = [places[node] for node in report.question.targets or () if node != ADMIN] or admins
    if sources and not report.question.targets:
        return {"kind": "out", "nodes": sources, "only": [], "every": report.question.every}
    return {"kind": "in", "nodes": targets, "only": sources, "every": report.question.every}
