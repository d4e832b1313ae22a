"""Conditions on tags as a page: the state of each, then the reasons and who can write the tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.model import PrincipalTags, TagProposal, TagReport
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
from lpgen.report.words import label_of, words_of_reason, words_of_state

_NEXT: Final = (name("--principal NAME"), " shows why, and ", name("--out DIR"), " writes the new policies.")
_COLUMNS: Final = (
    *(
        Column("principal", flexible=True),
        Column("policy", flexible=True),
        Column("type"),
        Column("tag", flexible=True),
    ),
    *(Column("used"), Column("shut out"), Column("state", flexible=True)),
)
_MOST_NAMES: Final = 4


def tags_page(report: TagReport, most: int | None = None) -> tuple[Block, ...]:
    """The page. With `most`, at most this many principals, and no details unless there is only one."""
    shown = report.principals[:most]
    rows = [_row(one.principal, proposal) for one in shown for proposal in one.proposals]
    has_details = most is None or len(report.principals) == 1
    details = (block for one in shown for block in _principal(one)) if has_details else (Paragraph(line(*_NEXT)),)
    heading, more = Heading(line(_summary(report)), level=1), len(report.principals) - len(shown)
    tables = [table(_COLUMNS, rows)] if rows else []
    return heading, *tables, *more_in_json(more), *(details if rows else ()), *problem_list(report.problems)


def _summary(report: TagReport) -> str:
    states = Counter(proposal.state for one in report.principals for proposal in one.proposals)
    parts = ", ".join(f"{states[state]:,} {state}" for state in ProposalState)
    return f"{plural(len(report.principals), 'principal')}: conditions on tags in place of wildcards: {parts}."


def _row(principal: str, proposal: TagProposal) -> list[Words]:
    why = ", ".join(reason.kind for reason in proposal.reasons)
    return [
        name(label_of(principal)),
        line(name(_policy(proposal)), f" {proposal.statement + 1}"),
        proposal.type,
        _tag(proposal),
        f"{len(proposal.used):,}",
        f"{len(proposal.excluded):,}",
        line(words_of_state(proposal.state), f": {why}" if why else ""),
    ]


def _policy(proposal: TagProposal) -> str:
    return proposal.policy.rpartition("/")[2] if proposal.policy.startswith("arn:") else proposal.policy


def _tag(proposal: TagProposal) -> Line:
    if proposal.principal_tag:
        return line(name(proposal.key), " of the principal")
    return names([f"{proposal.key}={value}" for value in proposal.values], most=_MOST_NAMES)


def _principal(one: PrincipalTags) -> Iterable[Block]:
    yield Heading(line(name(label_of(one.principal))), level=2)
    yield bullets(*map(_proposal, one.proposals))


def _proposal(proposal: TagProposal) -> Item:
    notes = [words_of_reason(reason.text, reason.names, most=_MOST_NAMES) for reason in proposal.reasons]
    notes.append(line("It shuts out ", names(proposal.excluded, most=_MOST_NAMES), "."))
    if proposal.still_allowed:
        notes.append(line("Not used, but still allowed: ", names(proposal.still_allowed, most=_MOST_NAMES), "."))
    managers = sorted({label_of(one.principal) for one in proposal.writers if one.manager})
    if managers:
        notes.append(line("Tag managers: ", names(managers, most=_MOST_NAMES), "."))
    if proposal.guard:
        notes.append(line("An SCP leaves the tag to tag managers: ", name("scp.json"), "."))
    if refused := sorted({one for window in proposal.backtest for one in window.refused}):
        notes.append(
            line(
                "Backtest: conditions made from earlier days would have refused ", names(refused, most=_MOST_NAMES), "."
            )
        )
    place = line(name(_policy(proposal)), f", statement {proposal.statement + 1}, {proposal.type}: ")
    return Item(line(strong(proposal.key), " in ", *place, words_of_state(proposal.state)), tuple(notes))
