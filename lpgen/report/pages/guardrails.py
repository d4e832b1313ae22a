"""Service control policies and permissions boundaries as pages: what they deny, and what objects to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.guardrails.boundary import BoundaryReport
from lpgen.core.guardrails.scp import ScpProposal, ScpReport, UnitGuardrails
from lpgen.report.blocks import (
    Block,
    Column,
    Heading,
    Item,
    Paragraph,
    Words,
    bullets,
    line,
    name,
    names,
    plural,
    problem_list,
    strong,
    table,
)
from lpgen.report.words import label_of, words_of_reason, words_of_state

_MOST: Final = 6
_NEXT: Final = Paragraph(
    line("Next: ", name("--unit ID"), " shows why, and ", name("--out DIR"), " writes the documents.")
)


def scps_page(report: ScpReport) -> tuple[Block, ...]:
    """The page. It has details if there is only one unit."""
    found = report.units
    return (
        Heading(line(f"Service control policies for {plural(len(found), 'unit')}"), level=1),
        _overview(found),
        *(bullets(*map(_proposal, found[0].proposals)),) * (len(found) == 1),
        _NEXT,
        *problem_list(report.problems),
    )


def _overview(found: Iterable[UnitGuardrails]) -> Block:
    rows: list[tuple[Words, ...]] = [
        (
            name(one.unit.name or one.unit.id),
            proposal.kind.value,
            words_of_state(proposal.state),
            f"{len(proposal.denies):,}",
            ", ".join(reason.kind.value for reason in proposal.reasons),
        )
        for one in found
        for proposal in one.proposals
    ]
    columns = (Column("unit", flexible=True), Column("SCP"), Column("state"), Column("denies"), Column("why not"))
    return table(columns, rows)


def _proposal(proposal: ScpProposal) -> Item:
    notes = [words_of_reason(found.text, found.names, most=_MOST) for found in proposal.reasons]
    if proposal.denies:
        notes.append(line("Denies ", names(proposal.denies, most=_MOST), "."))
    if proposal.kept:
        notes.append(line("Keeps ", names([found.name for found in proposal.kept], most=_MOST), "."))
    for one in proposal.exceptions:
        who = plural(len(one.writers), "principal")
        notes.append(line("Excepts ", name(one.principal), f" ({one.why}); {who} can create or change it."))
    return Item(line(strong(proposal.kind.value), ": ", words_of_state(proposal.state)), tuple(notes))


def boundary_page(report: BoundaryReport) -> tuple[Block, ...]:
    """The page."""
    changed = [
        Item(
            line("Replaces ", name(found.statement), " of ", name(found.policy)),
            (line(f"by {plural(len(found.new), 'statement')} within the boundary and the path."),),
        )
        for found in report.creator_statements
    ]
    reasons = [words_of_reason(found.text, found.names, most=_MOST) for found in report.reasons]
    return (
        Heading(line(f"Boundary {report.name}: ", words_of_state(report.state)), level=1),
        Paragraph(line("Creators: ", names(map(label_of, report.creators), most=_MOST), ".")),
        Paragraph(line("Created roles: ", names(map(label_of, report.created), most=_MOST), ".")),
        *(bullets(*reasons),) * bool(reasons),
        *(bullets(*changed),) * bool(changed),
        *(Paragraph(line("Not all use is seen: ", names(report.unseen, most=_MOST), ".")),) * bool(report.unseen),
        *problem_list(report.problems),
    )
