"""Conditions on tags as a page: the state of each, then the reasons and who can write the tag."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

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
from lpgen.report.words import label_of, state_and_why, states_in, words_of_reason, words_of_state

_NEXT: Final = (name("--principal NAME"), " shows why, and ", name("--out DIR"), " writes the new policies.")
_FLEXIBLE: Final = ("principal", "policy", "tag", "state")
_COLUMNS: Final = tuple(
    Column(title, flexible=title in _FLEXIBLE)
    for title in ("principal", "policy", "type", "tag", "used", "shut out", "state")
)
_MOST_NAMES: Final = 4


def tags_page(report: TagReport, most: int | None = None) -> tuple[Block, ...]:
    """The page. With `most`, at most this many principals, and no details unless there is only one."""
    shown = report.principals[:most]
    rows = [_row(tagged.principal, proposal) for tagged in shown for proposal in tagged.proposals]
    has_details = most is None or len(report.principals) == 1
    details = (block for tagged in shown for block in _principal(tagged)) if has_details else (Paragraph(line(*_NEXT)),)
    heading, more = Heading(line(_summary(report)), level=1), len(report.principals) - len(shown)
    tables = [table(_COLUMNS, rows)] if rows else []
    return heading, *tables, *more_in_json(more), *(details if rows else ()), *problem_list(report.problems)


def _summary(report: TagReport) -> str:
    parts = states_in(proposal.state for tagged in report.principals for proposal in tagged.proposals)
    return f"{plural(len(report.principals), 'principal')}: conditions on tags in place of wildcards: {parts}."


def _row(principal: str, proposal: TagProposal) -> list[Words]:
    return [
        name(label_of(principal)),
        line(name(_policy(proposal)), f" {proposal.statement + 1}"),
        proposal.type,
        _tag(proposal),
        f"{len(proposal.used):,}",
        f"{len(proposal.excluded):,}",
        state_and_why(proposal.state, (reason.kind for reason in proposal.reasons)),
    ]


def _policy(proposal: TagProposal) -> str:
    return proposal.policy.rpartition("/")[2] if proposal.policy.startswith("arn:") else proposal.policy


def _tag(proposal: TagProposal) -> Line:
    if proposal.principal_tag:
        return line(name(proposal.key), " of the principal")
    return names([f"{proposal.key}={value}" for value in proposal.values], most=_MOST_NAMES)


def _principal(tagged: PrincipalTags) -> Iterable[Block]:
    yield Heading(line(name(label_of(tagged.principal))), level=2)
    yield bullets(*map(_proposal, tagged.proposals))


def _proposal(proposal: TagProposal) -> Item:
    refused = sorted({resource for window in proposal.backtest for resource in window.refused})
    managers = sorted({label_of(writer.principal) for writer in proposal.writers if writer.manager})
    notes = [words_of_reason(reason.text, reason.names, most=_MOST_NAMES) for reason in proposal.reasons]
    notes += [
        line(text, names(some, most=_MOST_NAMES), ".")
        for text, some in (
            ("It shuts out ", proposal.excluded),
            ("Not used, but still allowed: ", proposal.still_allowed),
            ("Tag managers: ", managers),
            ("An SCP leaves the tag to tag managers: ", ["scp.json"] if proposal.guard else []),
            ("Backtest: conditions made from earlier days would have refused ", refused),
        )
        if some
    ]
    place = line(name(_policy(proposal)), f", statement {proposal.statement + 1}, {proposal.type}: ")
    return Item(line(strong(proposal.key), " in ", *place, words_of_state(proposal.state)), tuple(notes))
