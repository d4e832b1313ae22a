"""Messages of `lpgen generate` about its output, for stderr."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.report.blocks import plural
from lpgen.report.documents.parts import part_from_decisions
from lpgen.report.escaping import terminal_text
from lpgen.report.pages.inputs import render_used_decisions
from lpgen.report.summary import PrincipalSummary, ReviewSummary


def render_generated(review: ReviewSummary, output: str) -> str:
    """The number of replacements, why some aren't safe, and the problems in the input files."""
    return "\n".join(_lines(review, output))


def _lines(review: ReviewSummary, output: str) -> Iterator[str]:
    written = sum(summary.has_documents for summary in review.replaced)
    yield f"{plural(written, 'replacement')} in {terminal_text(output)}{_how_many(review, written)}"
    if review.trust_only:
        yield f"  only a narrowed trust policy for {plural(review.trust_only, 'role')} without a replacement"
    if used := render_used_decisions(part_from_decisions(review.report.decisions, review.accepted)):
        yield f"  {used}"
    for problem in review.report.problems:
        yield f"  problem in the input files: {terminal_text(problem)}"
    for summary in review.open:
        if not summary.safe:
            yield from _why_not(summary)


def _how_many(review: ReviewSummary, written: int) -> str:
    """The numbers of safe replacements and of replacements in place."""
    safe, in_place = len(review.safe), written - len(review.to_replace)
    if not in_place:
        return f", {safe} safe"
    if in_place == written:
        return ", all already in place"
    return f": {safe} safe, {in_place} already in place"


def _why_not(summary: PrincipalSummary) -> Iterator[str]:
    first, *others = summary.caveats
    what = "refused" if summary.refusal else "not safe yet"
    yield f"  {what}: {terminal_text(summary.arn)}: {terminal_text(summary.refusal or first.message)}"
    if others:
        yield f"    and {plural(len(others), 'more reason')}; `lpgen review` lists all"
