"""The messages of `lpgen generate` about its output: sentences for stderr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lpgen.core.findings import Proposal, Report
from lpgen.report.decisions_note import render_used_decisions
from lpgen.report.documents.parts import part_from_decisions
from lpgen.report.escaping import terminal_text
from lpgen.report.pages.blocks import plural


def render_generated(report: Report, output: str) -> str:
    """How many replacements there are, which aren't called safe and why, and the problems of the files given."""
    return "\n".join(_lines(report, output))


def _lines(report: Report, output: str) -> Iterator[str]:
    made = [one for one in report.proposals if one.replacement is not None]
    written = [one for one in made if one.replacement and not one.replacement.refusal]
    yield f"{plural(len(written), 'replacement')} in {terminal_text(output)}{_how_many(written)}"
    if used := render_used_decisions(part_from_decisions(report.decisions, report.accepted)):
        yield f"  {used}"
    for problem in report.problems:
        yield f"  problem of the files given: {terminal_text(problem)}"
    for one in made:
        if not one.safe and not one.in_place:
            yield from _why_not(one)


def _how_many(written: Sequence[Proposal]) -> str:
    """How many are safe to put in place, and how many are in place."""
    safe, in_place = sum(one.safe and not one.in_place for one in written), sum(one.in_place for one in written)
    if not in_place:
        return f", {safe} called safe"
    if in_place == len(written):
        return ", all in place already"
    return f": {safe} called safe, {in_place} in place already"


def _why_not(proposal: Proposal) -> Iterator[str]:
    refused = proposal.replacement is not None and proposal.replacement.refusal
    first, *others = proposal.caveats
    reason = refused or first.message
    what = "refused" if refused else "not safe yet"
    yield f"  {what}: {terminal_text(proposal.diff.principal.arn)}: {terminal_text(reason)}"
    if others:
        yield f"    and {plural(len(others), 'more reason')}; `lpgen review` has all"
