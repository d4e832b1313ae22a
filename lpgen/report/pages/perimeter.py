"""Deny statements for resource policies as a page: the state of each, then the callers and the reasons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.perimeter.proposals import PerimeterProposal, PerimeterReport, ResourcePerimeter
from lpgen.report.blocks import (
    Block,
    Column,
    Heading,
    Item,
    Line,
    Paragraph,
    Words,
    bullets,
    line,
    more_in_json,
    name,
    names,
    plural,
    problem_list,
    strong,
    table,
)
from lpgen.report.words import label_of, state_and_why, states_in, words_of_reason, words_of_state

_NEXT: Final = (name("--resource ARN"), " shows why, and ", name("--out DIR"), " writes the new policies.")
_CALLERS: Final = (Column("used by", flexible=True), Column("relation"), Column("VPC endpoints"), Column("last"))
_MOST_NAMES: Final = 4
_MOST_CALLERS: Final = 12


def perimeter_page(report: PerimeterReport, most: int | None = None) -> tuple[Block, ...]:
    """The page. With `most`, at most this many resources, and no details unless there is only one."""
    shown = report.resources[:most]
    has_details = most is None or len(report.resources) == 1
    kinds = [found.kind for found in shown[0].proposals] if shown else []
    states = (Column("resource", flexible=True), *(Column(kind.value, flexible=True) for kind in kinds))
    rows: list[list[Words]] = [[name(one.resource.arn), *map(_state_and_why, one.proposals)] for one in shown]
    details = (block for one in shown for block in _resource(one)) if has_details else (Paragraph(line(*_NEXT)),)
    heading, more = Heading(line(_summary(report)), level=1), len(report.resources) - len(shown)
    return heading, table(states, rows), *more_in_json(more), *details, *problem_list(report.problems)


def _summary(report: PerimeterReport) -> str:
    parts = states_in(proposal.state for one in report.resources for proposal in one.proposals)
    return f"{plural(len(report.resources), 'resource')}: proposals for their policies: {parts}."


def _state_and_why(proposal: PerimeterProposal) -> Line:
    return state_and_why(proposal.state, (reason.kind for reason in proposal.reasons))


def _resource(one: ResourcePerimeter) -> Iterable[Block]:
    yield Heading(line(name(one.resource.arn)), level=2)
    rows = [
        (
            name(label_of(used.caller)),
            used.relation.value,
            names([found or "none" for found in used.endpoints], most=_MOST_NAMES),
            str(used.last_used or ""),
        )
        for used in one.used_by[:_MOST_CALLERS]
    ]
    yield from [table(_CALLERS, rows)] if rows else []
    yield from more_in_json(len(one.used_by) - _MOST_CALLERS)
    yield bullets(*map(_proposal, one.proposals))
    yield Paragraph(line("Can still change its policy: ", names(map(label_of, one.editors), most=_MOST_NAMES), "."))


def _proposal(proposal: PerimeterProposal) -> Item:
    notes = [words_of_reason(reason.text, reason.names, most=_MOST_NAMES) for reason in proposal.reasons]
    for one in proposal.exceptions:
        writers = f" ({one.why}), which {plural(len(one.writers), 'principal')} can create or change."
        notes.append(line("It excepts ", name(one.principal), writers))
    if refused := [window.refused for window in proposal.backtest if window.refused]:
        found = f"{len(refused):,} of {len(proposal.backtest):,} statements made from earlier days"
        callers = sorted({caller for some in refused for caller in some})
        notes.append(line(f"Backtest: {found} would have refused ", names(callers, most=_MOST_NAMES), " later."))
    return Item(line(strong(proposal.kind.value), ": ", words_of_state(proposal.state)), tuple(notes))
