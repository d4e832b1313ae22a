"""Who can do something, as a page: those to look at first, with what lets them through and when they used it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Final

from lpgen.core.analysis.explain.sentence import deciding_facts
from lpgen.core.explanations import Explanation, Used, WhoCan
from lpgen.core.iam.decision import RESOURCE, Result
from lpgen.core.model import PolicyKind
from lpgen.report.pages.blocks import (
    Block,
    Bullets,
    Heading,
    Item,
    Line,
    Paragraph,
    Span,
    bad,
    count,
    good,
    line,
    name,
    names,
    plural,
    quiet,
    strong,
)
from lpgen.report.pages.explain import question_blocks, remark_notes, unread_blocks
from lpgen.report.pages.parts import REVIEW_ROWS, more_note
from lpgen.report.pages.words import label_of, short_label_of

_TITLES: Final = {Result.ALLOWED: "Allowed", Result.DEPENDS: "Depends"}
_DENIED: Final = (Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)


def who_can_page(found: WhoCan, *, most: int = REVIEW_ROWS) -> Iterator[Block]:
    """The page, with `most` principals of each result."""
    question = found.answers[0].question
    yield from question_blocks(found.asked, question)
    yield Paragraph(_summary(found))
    yield from _contrary(found)
    yield from remark_notes(question)
    for result, title in _TITLES.items():
        if answers := found.having(result):
            yield Heading(line(f"{title} ({count(len(answers))})"), level=2)
            shown = answers[: most if result is Result.ALLOWED else (most + 1) // 2]
            yield Bullets(tuple(_item(found, answer) for answer in shown))
            yield from more_note(answers[len(shown) :], len(answers) - len(shown), "principal")
    yield from unread_blocks(found.unread)


def _summary(found: WhoCan) -> Line:
    """How many principals can, and how many can't."""
    allowed, depends, denied = (
        len(found.having(*results)) for results in ((Result.ALLOWED,), (Result.DEPENDS,), _DENIED)
    )
    explicitly = len(found.having(Result.EXPLICITLY_DENIED))
    tone = strong if allowed else good
    return line(
        tone(f"{count(allowed)} of {plural(len(found.answers), 'principal')} can."),
        f" For {count(depends)}, it depends." if depends else "",
        f" {count(denied)} can't" if denied else "",
        f", {count(explicitly)} of them by an explicit Deny" if explicitly else "",
        "." if denied else "",
    )


def _contrary(found: WhoCan) -> Iterator[Block]:
    """Which answers the logs contradict."""
    for results, does in (_DENIED, "were allowed"), ((Result.ALLOWED,), "were denied"):
        against = [_label(found, answer) for answer in found.having(*results) if answer.contrary]
        if against:
            shown = names(against, most=3)
            yield Paragraph(line(bad("The logs show otherwise: "), *shown, f" {does} it by policies not known here."))


def _item(found: WhoCan, answer: Explanation) -> Item:
    """A principal with its use, what lets it through or decides, and the outsiders that can assume it."""
    facts = filter(None, (_use(answer), _through(answer), _depends(answer)))
    said = chain.from_iterable(line(joint, fact) for joint, fact in zip(chain(("  ",), repeat("; ")), facts))
    outside = _outside(found, answer)
    return Item(line(name(_label(found, answer)), *said), (outside,) if outside else ())


def _label(found: WhoCan, answer: Explanation) -> str:
    """The principal's name, with its account where there are several."""
    principal = answer.question.principal
    accounts = {one.question.principal.account for one in found.answers}
    return label_of(principal.arn) if len(accounts) > 1 else short_label_of(principal)


def _through(answer: Explanation) -> Line:
    """The first statement that lets it through, or AWS's own rule."""
    if not answer.holes:
        return line(answer.rule) if answer.rule else ()
    first, rest = answer.holes[0], len(answer.holes) - 1
    action = "NotAction" if first.not_action else min(first.actions, key=len)
    is_resources = first.ref.kind is PolicyKind.RESOURCE
    policy = first.ref.policy if is_resources else first.ref.policy.rpartition("/")[2]
    where = line(" in the policy of " if is_resources else " in ", name(policy), f", statement {first.ref.index + 1}")
    return line(name(action), where, quiet(f" and {rest} more") if rest else "")


def _depends(answer: Explanation) -> Line:
    """What it depends on; of the resource, the patterns that it must match."""
    if answer.result is not Result.DEPENDS:
        return ()
    patterns = dict.fromkeys(chain.from_iterable(hole.resources for hole in answer.holes if not hole.not_resource))
    resources = line(": ", names(patterns, most=2)) if patterns and answer.depends_on == (RESOURCE,) else ()
    return line("depends on ", deciding_facts(answer), resources)


def _use(answer: Explanation) -> Line:
    """When it was last used."""
    seen = answer.seen
    if seen is None or seen.coverage is None:
        return line(quiet("no logs")) if seen else ()
    match seen.used:
        case Used.NEVER:
            return line(strong("never used"), f" in {plural(seen.coverage.covered_days, 'day')}")
        case Used.UNKNOWN:
            return line(quiet("the logs don't show its use"))
        case Used.PERHAPS:
            return line(f"perhaps used {seen.last[:10]}")
    return line(f"used {seen.last[:10]}")


def _outside(found: WhoCan, answer: Explanation) -> Line:
    """The outsiders that can assume the role, with the condition keys that decide."""
    spans: list[Span] = []
    for trust in found.outside.get(answer.question.principal.arn, ()):
        facts = trust.parameters
        who = _OUTSIDERS[str(facts["case"])].format(facts["who"])
        under = f" (if {facts['limits']})" if facts["limits"] else ""
        spans.extend(line(", " if spans else "", bad(who), quiet(under)))
    return (*spans, Span(" can assume it")) if spans else ()


_OUTSIDERS: Final = {
    "everyone": "anyone",
    "account": "account {}",
    "organization": "organization {}",
    "provider": "whoever {} signs in",
}
