"""Paths between principals as a page: each path with the ways that open it, their statements and their use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.core.graph.answers import ADMIN, GraphReport
from lpgen.core.graph.edges import ADMINISTRATOR, is_admin
from lpgen.core.graph.paths import Hop
from lpgen.core.graph.use import EdgeUse, UseState
from lpgen.report.blocks import (
    Block,
    Bullets,
    Column,
    Heading,
    Item,
    Line,
    Paragraph,
    Words,
    bullets,
    count,
    good,
    line,
    more_in_json,
    name,
    plural,
    problem_list,
    quiet,
    strong,
    table,
)
from lpgen.report.words import label_of, label_of_node

_IS_ADMINISTRATOR: Final = "its policies allow everything"
_ANY_IN_ACCOUNT: Final = "an administrator can become every principal of the account"
_NO_PATH: Final = "No path is open, and none depends on condition keys."
_MOST_STATEMENTS: Final = 3


def graph_page(report: GraphReport, most: int | None = None) -> tuple[Block, ...]:
    """The page: open paths, then possible ones. With `most`, at most this many of each."""
    found = report.found
    blocks: list[Block] = [Heading(line(graph_sentence(report)), level=1)]
    if not found.open and not found.possible:
        blocks.append(Paragraph(line(_NO_PATH)))
    for title, paths in (("Open paths", found.open), ("Paths that depend on condition keys", found.possible)):
        if paths:
            shown = paths[:most]
            blocks += [Heading(line(title), level=2), _paths(shown, report), *more_in_json(len(paths) - len(shown))]
    return (*blocks, *_choke_points(report), *problem_list(report.problems))


def _choke_points(report: GraphReport) -> Iterable[Block]:
    """The statements to remove first, if the logs show paths that were never used."""
    if report.choke_points:
        columns = (
            Column("paths", number=True),
            Column("principal", flexible=True),
            Column("policy", flexible=True),
            Column("statement"),
        )
        yield Heading(line("Statements whose removal cuts the most unused paths"), level=2)
        yield table(
            columns,
            [
                (count(point.cut), name(label_of(point.principal)), name(point.policy), name(point.statement))
                for point in report.choke_points
            ],
        )


def graph_sentence(report: GraphReport) -> str:
    """How many paths are open, and how many of them after the replacements."""
    found = report.found
    more = "more than " if found.truncated else ""
    possible = f", {plural(len(found.possible), 'path')} that may be open" if found.possible else ""
    outside = " or outsider" if report.outsiders and report.question.sources is None else ""
    question = f"from {_asked(report.question.sources)}{outside} to {_asked(report.question.targets)}"
    after = f"; after the replacements {len(report.found_after.open):,}" if report.found_after else ""
    return f"{more}{plural(len(found.open), 'open path')} {question}{possible}{after}."


def _asked(nodes: Sequence[str] | None) -> str:
    if nodes is None:
        return "any principal"
    return words_of_node(nodes[0]) if len(nodes) == 1 else plural(len(nodes), "principal")


def words_of_node(node: str) -> str:
    """The name of a node."""
    return "administrative rights" if node == ADMIN else label_of_node(node)


def _paths(paths: Iterable[tuple[Hop, ...]], report: GraphReport) -> Bullets:
    return bullets(*(Item(_title(path), tuple(_hop(hop, report) for hop in path)) for path in paths))


def _title(path: Sequence[Hop]) -> Line:
    nodes = [path[0].edge.source, *(hop.edge.target for hop in path)]
    return line(" → ".join(map(words_of_node, nodes)))


def _hop(hop: Hop, report: GraphReport) -> Line:
    edge = hop.edge
    words: list[Words] = [strong(f"{words_of_node(edge.source)}: "), f"{words_of_way(edge.rule, edge.source, report)}."]
    if edge.through:
        words.append(f" It runs in {edge.through}.")
    if edge.if_exists:
        words.append(" Only if what it needs exists.")
    if edge.depends_on:
        words.append(f" Depends on {', '.join(edge.depends_on)}.")
    if edge.rcp_unknown:
        words.append(" RCPs weren't given.")
    words.append(f" {words_of_use(report.use.of(edge))}")
    found = [f"{statement.policy} {statement.statement}" for statement in edge.statements]
    if found:
        more = f", and {len(found) - _MOST_STATEMENTS} more" if len(found) > _MOST_STATEMENTS else ""
        words += [" Allowed by ", name(", ".join(found[:_MOST_STATEMENTS])), f"{more}."]
    if report.is_cut(edge):
        words.append(good(" The replacements cut it."))
    if hop.other_rules:
        words.append(quiet(f" {plural(len(hop.other_rules), 'other way', 'other ways')}."))
    return line(*words)


def words_of_way(rule: str, source: str, report: GraphReport) -> str:
    """What a way from a node does."""
    if rule != ADMINISTRATOR:
        return report.ways[rule].does
    return _ANY_IN_ACCOUNT if is_admin(source) else _IS_ADMINISTRATOR


def words_of_use(use: EdgeUse) -> str:
    """The use of an edge as a sentence."""
    if use.state is UseState.USED:
        return f"Last used {use.last_used}."
    if use.state is UseState.NEVER:
        return f"Not used in {plural(use.covered_days, 'covered day')}."
    return f"Use can't be seen: {use.reason}."
