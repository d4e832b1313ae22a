"""Who can do something, as a page: those to look at first, with what lets them through and when they used it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from lpgen.core.analysis.explain.answers import deciding_facts, holes_of
from lpgen.core.explanations import Explanation, Used, WhoCan
from lpgen.core.iam.decision import RESOURCE, Result
from lpgen.core.model import ResourceKind
from lpgen.report.blocks import (
    REVIEW_ROWS,
    Block,
    Bullets,
    Heading,
    Item,
    Line,
    Paragraph,
    Span,
    bad,
    count,
    line,
    more_note,
    name,
    names,
    plural,
    quiet,
    strong,
)
from lpgen.report.pages.explain import question_blocks, remark_notes
from lpgen.report.words import label_of, short_label_of


def who_can_page(found: WhoCan, most: int = REVIEW_ROWS) -> Iterator[Block]:
    """The page, with `most` principals that can, and half as many for which it depends."""
    question = found.answers[0].question
    allowed, depends = found.having(Result.ALLOWED), found.having(Result.DEPENDS)
    denied = found.having(Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)
    has_accounts = len({answer.question.principal.account for answer in found.answers}) > 1

    def label(answer: Explanation) -> Span:
        principal = answer.question.principal
        return name(label_of(principal.arn) if has_accounts else short_label_of(principal))

    yield from question_blocks(found.asked, question)
    can = strong(f"{count(len(allowed))} of {plural(len(found.answers), 'principal')} can.")
    open_ones = f" For {count(len(depends))}, it depends." if depends else ""
    yield Paragraph(line(can, f"{open_ones} {count(len(denied))} can't."))
    for answers, outcome in (allowed, "denied"), (denied, "allowed"):
        if against := [label(answer).text for answer in answers if answer.contrary]:
            says = f"records of this {outcome} for "
            yield Paragraph(line(bad("The logs show otherwise: "), says, names(against, most=3), "."))
    yield from remark_notes(question)
    for title, answers, room in ("Allowed", allowed, most), ("Depends", depends, (most + 1) // 2):
        if answers:
            yield Heading(line(f"{title} ({count(len(answers))})"), level=2)
            yield Bullets(tuple(_item(label(answer), answer, found.outsiders(answer)) for answer in answers[:room]))
            yield from more_note(answers[room:], len(answers) - room, "principal")
    yield Heading(line("Not known, and could change an answer"), level=2)
    yield Paragraph(line(" ".join(f"{clause[0].upper()}{clause[1:]}." for clause in found.unread)))


def _item(label: Span, answer: Explanation, outsiders: Iterable[str]) -> Item:
    """A principal with its use, what lets it through or decides, and the outsiders that can assume it."""
    through = answer.rule or holes_of(answer).replace(f"{answer.question.principal.arn.rpartition(':')[0]}:", "")
    facts = (*_use(answer), *([line(through)] if through else ()), *_depends(answer))
    said = chain.from_iterable(line("; " if at else "  ", fact) for at, fact in enumerate(facts))
    return Item(line(label, *said), tuple(line(bad(outsider)) for outsider in outsiders))


def _depends(answer: Explanation) -> Iterator[Line]:
    """What it depends on; of the resource, the patterns that it has to match."""
    if answer.result is Result.DEPENDS:
        patterns = dict.fromkeys(chain.from_iterable(hole.resources for hole in answer.holes if not hole.not_resource))
        resources = line(": ", names(patterns, most=2)) if patterns and answer.depends_on == (RESOURCE,) else ()
        yield line("depends on ", deciding_facts(answer), resources)


def _use(answer: Explanation) -> Iterator[Line]:
    """When it was last used."""
    seen = answer.seen
    if seen is None:
        return
    days = seen.coverage.covered_days if seen.coverage else 0
    on_it = " on it" if answer.question.resource.kind in (ResourceKind.ARN, ResourceKind.FOLD) else ""
    yield {
        Used.NEVER: line(strong(f"never used{on_it}"), f" in {plural(days, 'day')}"),
        Used.UNKNOWN: line(quiet("its use isn't visible in the logs" if days else "no logs of its account")),
        Used.PERHAPS: line(f"perhaps used {seen.last[:10]}"),
        Used.USED: line(f"used {seen.last[:10]}"),
    }[seen.used]
