"""The review as a page: action items, the inputs, all principals at a glance, then one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from lpgen.core.evidence import PrincipalUsage
from lpgen.core.findings import Diff, OutsideTrust, Report, SkipCount
from lpgen.core.model import Outcome, SkipReason
from lpgen.report.commands import Given
from lpgen.report.counts import Counts
from lpgen.report.decisions_note import decisions_notes
from lpgen.report.guards_note import guards_notes
from lpgen.report.pages.action_items import Task, tasks_of_review
from lpgen.report.pages.blocks import (
    Block,
    Bullets,
    Column,
    Heading,
    Item,
    Line,
    PageBlock,
    Paragraph,
    Show,
    Words,
    WrittenFold,
    bad,
    bullets,
    count,
    good,
    line,
    name,
    names,
    plural,
    quiet,
    strong,
    table,
)
from lpgen.report.pages.coverage import coverage_blocks
from lpgen.report.pages.kept import unobservable_blocks
from lpgen.report.pages.parts import REVIEW_ROWS, more_rows
from lpgen.report.pages.principal import principal_fold
from lpgen.report.pages.words import (
    CLASS_WORDS,
    SKIP_WORDS,
    label_in_list,
    label_of,
    reach_texts,
    short_label_of,
    state_of,
)
from lpgen.report.snapshot_note import snapshot_notes
from lpgen.report.views import PrincipalView, ReviewView, review_view

if TYPE_CHECKING:
    from lpgen.report.entries import Details

_MOST_STEPS: Final = 10


def review_page(report: Report, *, details: Details | None = None, given: Given | None = None) -> Iterator[PageBlock]:
    """The whole page of a report, block by block.

    With `details`, the report's proposals are outlines. With `given`, commands have these options.
    """
    view = review_view(report, details.entries if details else {})
    yield from _title(report)
    yield from trust_blocks(report)
    yield from headline_blocks(view)
    yield from _what_to_do(view, given)
    yield from coverage_blocks(report)
    yield from unobservable_blocks(view)
    yield from guard_blocks(report)
    yield from skip_blocks(report.diff.skips)
    yield from problem_blocks(report)
    yield from unlisted_blocks(report.diff.unlisted)
    yield from _principals(view)
    yield from _details(view, details)


# ---------------------------------------------------------------- the first screen


def _title(report: Report) -> Iterable[Block]:
    diff = report.diff
    yield Heading(line("lpgen review"), level=1)
    yield Paragraph(
        line(
            quiet(
                f"as of {words_of_day(diff)}; catalog {diff.catalog_version} of {diff.catalog_date}; "
                f"safe needs {plural(report.min_days, 'covered day')}"
            )
        )
    )


def words_of_day(diff: Diff) -> str:
    """The day that ages count to, and that later records count too where there are any."""
    last = diff.coverage.last_day
    later = f", though records until {last.isoformat()} count" if last and last > diff.as_of else ""
    return f"{diff.as_of.isoformat()}{later}"


def trust_blocks(report: Report) -> Iterable[Block]:
    """Who outside may assume roles: whatever these may do, a stranger may do it."""
    found = report.open_trust
    if found:
        number = plural(len({one.principal for one in found}), "role")
        yield Heading(line(bad(f"Somebody outside can assume {number}")), level=2)
        yield bullets(*map(_trust_line, found[:REVIEW_ROWS]))
        yield from more_rows(len(found), "way in")
        yield Paragraph(line(f"{sentence(found[0].step)}."))


def _trust_line(trust: OutsideTrust) -> Line:
    return line(f"{trust.severity}: ", name(label_of(trust.principal)), f": {trust.message}")


def headline_blocks(view: ReviewView) -> Iterable[Block]:
    """How many principals and replacements there are, how many are safe, and how many actions are removed."""
    yield Paragraph(numbers_of_replacements(view))
    yield from decision_blocks(view.report)
    made = [one for one in view.to_make if one.has_documents]
    total = sum((one.counts for one in made), Counts())
    dangerous = plural(total.dangerous, "dangerous grant")
    if made:
        yield Paragraph(
            line(
                "The replacements take ",
                strong(f"{count(total.granted)} granted actions down to {count(total.replacement)}"),
                f"; {dangerous} without recorded use {'is' if total.dangerous == 1 else 'are'} removed."
                if total.dangerous
                else ".",
            )
        )
        yield from (Paragraph(line(one)) for one in reach_texts(total.reach))


def decision_blocks(report: Report, *, longest: int = 0) -> Iterable[Block]:
    """The file of the decisions that count in the numbers, and how much they accept."""
    yield from map(Paragraph, decisions_notes(report.decisions, report.accepted, longest=longest))


def numbers_of_replacements(view: ReviewView) -> Line:
    """How many principals and replacements there are, and how many of these are safe."""
    made = [one for one in view.to_make if one.has_documents]
    safe = sum(one.proposal.safe for one in made)
    unsafe, refused = len(made) - safe, len(view.to_make) - len(made)
    in_place = len(view.made) - len(view.to_make)
    if not view.views:
        return line(bad("No principal to review."))
    if in_place and not view.to_make:
        already = good(f"{plural(in_place, 'replacement')} in place already")
        return line(strong(plural(len(view.views), "principal")), ", ", already, ".")
    return line(
        strong(f"{plural(len(view.views), 'principal')}, {plural(len(made), 'replacement')}: "),
        good(f"{count(safe)} safe"),
        ", ",
        bad(f"{count(unsafe)} not safe yet") if unsafe else "none open",
        line("; ", bad(f"{count(refused)} refused as too large")) if refused else "",
        line("; ", good(f"{count(in_place)} in place already")) if in_place else "",
        ".",
    )


def _what_to_do(view: ReviewView, given: Given | None) -> Iterable[Block]:
    tasks = tasks_of_review(view, given)
    if tasks:
        yield Heading(line("What to do"), level=2)
        yield Bullets(tuple(map(_task_item, tasks)), numbered=True)


def _task_item(task: Task) -> Item:
    if task.lead:
        return Item(task.words, (*task.how, line(f"{task.lead}: ", _labels(task.views))))
    steps = [_task_line(step) for step in task.steps[:_MOST_STEPS]]
    rest = len(task.steps) - _MOST_STEPS
    more = [line(quiet(f"and {plural(rest, 'more step')} below"))] if rest > 0 else []
    return Item(_task_line(task), (*task.how, *steps, *more))


def _task_line(task: Task) -> Line:
    return line(task.words, ": ", _labels(task.views)) if task.views else task.words


def _labels(views: Sequence[PrincipalView]) -> Line:
    return names([label_in_list(one) for one in views], most=3)


def sentence(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


# ---------------------------------------------------------------- inputs


def guard_blocks(report: Report) -> Iterable[Block]:
    """The snapshot and the policies other than the principals' own that the report uses."""
    yield Heading(line("Policies beside the principals' own"), level=2, aside=True)
    yield bullets(*snapshot_notes(report.snapshot), *guards_notes(report.guards))


def skip_blocks(skips: Sequence[SkipCount]) -> Iterable[Block]:
    """The records that were read and are no usage, by reason."""
    if not skips:
        return
    records = sum(one.records for one in skips if one.reason not in _WHOLE_FILES)
    yield Heading(line("Read, but no usage", quiet(f" ({plural(records, 'record')})")), level=2, aside=True)
    yield table(
        (Column("what", flexible=True), Column("number", number=True), Column("example", flexible=True)),
        [
            (SKIP_WORDS[one.reason], count(one.records), name(one.example_event_id) if one.example_event_id else "")
            for one in sorted(skips, key=lambda one: (-one.records, one.reason))
        ],
    )


_WHOLE_FILES: Final = frozenset({SkipReason.UNREADABLE_FILE, SkipReason.NOT_CLOUDTRAIL})
"""Skips counted in files, since the number of their records isn't known."""


def problem_blocks(report: Report) -> Iterable[Block]:
    """The problems of the files given, and decisions that are no longer in force."""
    if report.problems:
        yield Heading(
            line("Problems of the files given", quiet(f" ({count(len(report.problems))})")), level=2, aside=True
        )
        yield bullets(*report.problems[:REVIEW_ROWS])
        yield from more_rows(len(report.problems), "problem")
    if report.diff.expired:
        yield Heading(line("Expired decisions", quiet(f" ({count(len(report.diff.expired))})")), level=2, aside=True)
        yield bullets(
            *(
                line(
                    f"{one.kind} ",
                    name(one.item or one.action),
                    " for ",
                    name(one.principal or "*"),
                    f", expired {one.expires}: {one.reason} ({one.owner})",
                )
                for one in report.diff.expired[:REVIEW_ROWS]
            )
        )
        yield from more_rows(len(report.diff.expired), "decision")


def unlisted_blocks(unlisted: Sequence[PrincipalUsage]) -> Iterable[Block]:
    """The principals of the logs that the policy files lack."""
    if not unlisted:
        return
    yield Heading(
        line("In the logs, but not in the policy files", quiet(f" ({count(len(unlisted))})")), level=2, aside=True
    )
    yield table(
        (
            Column("principal", flexible=True),
            Column("actions used", number=True),
            Column("records", number=True),
            Column("last seen"),
        ),
        [_unlisted_row(one) for one in unlisted[:REVIEW_ROWS]],
    )
    yield from more_rows(len(unlisted), "principal")


def _unlisted_row(usage: PrincipalUsage) -> list[Words]:
    evidence = [*(use.evidence for use in usage.uses), *(event.evidence for event in usage.unmapped)]
    return [
        name(label_of(usage.principal)),
        count(len({use.action for use in usage.uses if use.outcome is not Outcome.DENIED})),
        count(sum(one.records for one in evidence)),
        max((one.last_seen for one in evidence), default="")[:10],
    ]


# ---------------------------------------------------------------- principals


_MOST_OPEN: Final = 25
"""How many principals are shown unfolded where a page has to be short."""


def _principals(view: ReviewView) -> Iterable[Block]:
    if not view.views:
        return
    yield Heading(
        line("Principals", quiet(f" ({count(len(view.views))})")), level=2, aside=len(view.views) > _MOST_OPEN
    )
    accounts = sorted({one.diff.principal.account for one in view.views})
    for account in accounts:
        members = [one for one in view.views if one.diff.principal.account == account]
        if len(accounts) > 1:
            yield Heading(line("account ", name(account), quiet(f" ({count(len(members))})")), level=3)
        yield table(_SUMMARY_COLUMNS, map(_summary_row, members), fills=True)
    yield Paragraph(
        line(
            quiet(
                "Numbers are actions. tried: outcome undetermined. kept: in the replacement without recorded use, "
                "mostly because the logs can't show it. removed: granted and not in the replacement. danger: dangerous "
                "and without recorded use."
            )
        )
    )


_SUMMARY_COLUMNS: Final = (
    Column("principal", flexible=True),
    Column("state"),
    Column("granted", number=True),
    Column("used", number=True),
    Column("tried", number=True, show=Show.WIDE),
    Column("unused", number=True, show=Show.WIDE),
    Column("unobservable", number=True, show=Show.WIDE),
    Column("ungranted", number=True, show=Show.WIDE),
    Column("kept", number=True),
    Column("removed", number=True),
    Column("danger", number=True),
)


def _summary_row(one: PrincipalView) -> list[Words]:
    counts = one.counts
    after = [_zero_dim(counts.held), count(counts.removed)] if one.has_documents else [quiet("–"), quiet("–")]
    return [
        name(short_label_of(one.diff.principal)),
        state_of(one),
        count(counts.granted),
        count(counts.used),
        _zero_dim(counts.attempted),
        _zero_dim(counts.unused),
        _zero_dim(counts.unobservable),
        bad(count(counts.ungranted)) if counts.ungranted else quiet("0"),
        *after,
        bad(count(counts.dangerous_unused)) if counts.dangerous_unused else quiet("0"),
    ]


def _zero_dim(number: int) -> Words:
    return count(number) if number else quiet("0")


def _details(view: ReviewView, details: Details | None) -> Iterable[PageBlock]:
    for section in view.sections:
        number = quiet(f" ({count(len(section.views))})")
        yield Heading(line(sentence(CLASS_WORDS[section.principal_class]), number), level=2)
        for one in section.views:
            if details is None:
                yield principal_fold(one)
            else:
                yield WrittenFold(one.diff.principal.arn, details.text_of)
