"""Service control policies and permissions boundaries as pages: what they deny, and what objects to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.guardrails.boundary import BoundaryReport
from lpgen.core.guardrails.reasons import ProposalState, Reason
from lpgen.core.guardrails.scp import ScpProposal, ScpReport, UnitGuardrails
from lpgen.report.blocks import (
    Block,
    Column,
    Heading,
    Item,
    Line,
    Paragraph,
    Span,
    Tone,
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
from lpgen.report.words import label_of, sentence

_TONES: Final = {ProposalState.SAFE: Tone.GOOD, ProposalState.UNSAFE: Tone.BAD, ProposalState.REFUSED: Tone.QUIET}
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
            _state(proposal.state),
            f"{len(proposal.denies):,}",
            ", ".join(reason.kind.value for reason in proposal.reasons),
        )
        for one in found
        for proposal in one.proposals
    ]
    columns = (Column("unit", flexible=True), Column("SCP"), Column("state"), Column("denies"), Column("why not"))
    return table(columns, rows)


def _state(state: ProposalState) -> Span:
    return Span(state.value, _TONES[state])


def _proposal(proposal: ScpProposal) -> Item:
    notes = [_reason(found) for found in proposal.reasons]
    if proposal.denies:
        notes.append(line("Denies ", names(proposal.denies, most=_MOST), "."))
    if proposal.kept:
        notes.append(line("Keeps ", names([found.name for found in proposal.kept], most=_MOST), "."))
    for one in proposal.exceptions:
        who = plural(len(one.writers), "principal")
        notes.append(line("Excepts ", name(one.principal), f" ({one.why}); {who} can create or change it."))
    return Item(line(strong(proposal.kind.value), ": ", _state(proposal.state)), tuple(notes))


def _reason(found: Reason) -> Line:
    return line(sentence(found.text), ": " if found.names else "", names(found.names, most=_MOST), ".")


def boundary_page(report: BoundaryReport) -> tuple[Block, ...]:
    """The page."""
    changed = [
        Item(
            line("Replaces ", name(found.statement), " of ", name(found.policy)),
            (line(f"by {plural(len(found.new), 'statement')} within the boundary and the path."),),
        )
        for found in report.creator_statements
    ]
    return (
        Heading(line(f"Boundary {report.name}: ", _state(report.state)), level=1),
        Paragraph(line("Creators: ", names(map(label_of, report.creators), most=_MOST), ".")),
        Paragraph(line("Created roles: ", names(map(label_of, report.created), most=_MOST), ".")),
        *(bullets(*map(_reason, report.reasons)),) * bool(report.reasons),
        *(bullets(*changed),) * bool(changed),
        *(Paragraph(line("Not all use is seen: ", names(report.unseen, most=_MOST), ".")),) * bool(report.unseen),
        *problem_list(report.problems),
    )
