"""The review as a page: action items, inputs, all principals in a table, then each principal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from lpgen.core.evidence import PrincipalUsage, Use
from lpgen.core.findings import Diff, Report, Saving, SavingKind
from lpgen.core.model import Outcome
from lpgen.report.blocks import (
    REVIEW_ROWS,
    Block,
    Bullets,
    Column,
    Fold,
    Given,
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
    more_note,
    name,
    names,
    plural,
    quiet,
    strong,
    table,
)
from lpgen.report.pages.inputs import (
    coverage_blocks,
    decisions_notes,
    guard_blocks,
    problem_blocks,
    skip_blocks,
    unobservable_blocks,
)
from lpgen.report.summary import Danger, PartedReview, PrincipalSummary, ReviewSummary
from lpgen.report.tasks import Task, tasks_of_review
from lpgen.report.words import (
    cut_labels,
    dangers_of,
    label_in_list,
    label_of,
    more_logs_text,
    reach_texts,
    short_label_of,
    shorten,
    state_of,
)

_MOST_STEPS: Final = 10


def review_page(parted: PartedReview) -> Iterator[PageBlock]:
    """The whole page of a review, block by block."""
    review = parted.summary
    yield from _title(review.report)
    yield from danger_blocks(review)
    yield from headline_blocks(review)
    yield from _what_to_do(review, parted.given)
    yield from coverage_blocks(review)
    yield from unobservable_blocks(review)
    yield from guard_blocks(review.report)
    yield from skip_blocks(review.report.diff.skips)
    yield from problem_blocks(review.report)
    yield from unlisted_blocks(review)
    yield from _principals(review.principals)
    if not review.principals:
        yield from map(_used_fold, review.report.diff.unlisted)
    if review.principals:
        yield Heading(line("Details, by risk"), level=2)
    for principal in review.principals:
        yield WrittenFold(principal.arn, parted.text_of)


# ---------------------------------------------------------------- the beginning


def _title(report: Report) -> Iterable[Block]:
    diff = report.diff
    yield Heading(line("lpgen review"), level=1)
    yield Paragraph(
        line(
            quiet(
                f"as of {words_of_day(diff)}; catalog {diff.catalog_version} of {diff.catalog_date}; "
                f"minimum for safe: {plural(report.min_days, 'covered day')}"
            )
        )
    )


def words_of_day(diff: Diff) -> str:
    """The reference date for ages, with a note if later records also count."""
    last = diff.coverage.last_day
    later = f"; records until {last.isoformat()} also count" if last and last > diff.as_of else ""
    return f"{diff.as_of.isoformat()}{later}"


def danger_blocks(
    review: ReviewSummary, *, most: int = REVIEW_ROWS, longest_name: int = 0, longest_message: int = 0
) -> Iterator[Block]:
    """The roles that outsiders can assume, and the principals with unusual, dangerous use. The worst come first.

    Names and messages longer than `longest_name` and `longest_message` are cut.
    """
    found = review.dangers
    if not found:
        return
    roles, unusual = len(review.assumable), len(review.unusual)
    headline = [f"{plural(roles, 'role')} can be assumed from outside"] if roles else []
    headline += [f"{plural(unusual, 'principal shows', 'principals show')} unusual use"] if unusual else []
    yield Heading(line(bad("; ".join(headline))), level=2)
    labels: Iterable[str] = (label_in_list(danger.principal) for danger in found[:most])
    labels = cut_labels(labels, longest_name) if longest_name else labels
    shown = [_danger(label, danger, longest_message) for label, danger in zip(labels, found, strict=False)]
    rest = len(found) - len(shown)
    yield bullets(*shown, *([quiet(f"and {count(rest)} more")] if rest else []))


def _danger(label: str, danger: Danger, longest: int) -> Line:
    message = shorten(danger.message, longest) if longest else danger.message
    return line(bad(f"{danger.severity}: "), name(label), ": ", message)


def headline_blocks(review: ReviewSummary) -> Iterable[Block]:
    """The numbers of principals, of replacements, of safe ones, and of removed actions."""
    yield Paragraph(numbers_of_replacements(review))
    yield from decision_blocks(review)
    yield from map(Paragraph, numbers_of_actions(review))
    yield from (Paragraph(line(text)) for text in reach_texts(review.counts.reach))
    yield from saving_blocks(review)


def decision_blocks(review: ReviewSummary, *, longest: int = 0) -> Iterable[Block]:
    """The decisions file behind the numbers, and how much it accepts."""
    yield from map(Paragraph, decisions_notes(review.report.decisions, review.accepted, longest=longest))


def numbers_of_replacements(review: ReviewSummary) -> Line:
    """The numbers of principals, of replacements, and of safe ones."""
    made, safe, in_place = len(review.with_documents), len(review.safe), len(review.replaced) - len(review.open)
    unsafe, refused = len(review.to_replace) - safe, len(review.replaced) - made
    principals = plural(len(review.principals), "principal")
    if not review.principals:
        users = review.report.diff.unlisted
        who = f" {plural(len(users), 'principal')} in the logs used {plural(len(_used(users)), 'action')}."
        return line(bad("No policies to compare use with."), who) if users else line(bad("No principals to review."))
    if in_place and not review.open:
        return line(strong(principals), ", ", good(f"{plural(in_place, 'replacement')} already in place"), ".")
    if not review.replaced:
        return line(strong(principals), ", no replacements: the logs show no use by a principal with known policies.")
    return line(
        strong(f"{principals}, {plural(made, 'replacement')}: "),
        good(f"{count(safe)} safe"),
        line(", ", bad(f"{count(unsafe)} not safe yet")) if unsafe else "",
        line(", ", good(f"{count(in_place)} already in place")) if in_place else "",
        line("; ", bad(f"{count(refused)} refused as too large")) if refused else "",
        ".",
    )


def numbers_of_actions(review: ReviewSummary) -> Iterable[Line]:
    """The numbers of granted actions that the replacements keep and remove, and what more logs will add."""
    yield from _numbers_of_actions(review)
    if first := review.first_month:
        rest = f"{count(len(first))} {'replacement rests' if len(first) == 1 else 'replacements rest'}"
        yield line(strong("First month: "), f"{rest} only on IAM's reports. {more_logs_text(first)}")


def _numbers_of_actions(review: ReviewSummary) -> Iterable[Line]:
    if review.with_documents:
        total, made = review.counts, len(review.with_documents)
        of_some = f" of the {plural(made, 'principal')} with a replacement" if made < len(review.principals) else ""
        attempted = f" {count(total.attempted)} attempted," if total.attempted else ""
        yield line(
            f"Actions{of_some}: {count(total.granted)} granted, {count(total.used)} used,{attempted}",
            f" {count(total.kept)} kept ({count(total.kept_unseen)} without recorded use), ",
            strong(f"{count(total.removed)} removed"),
            f" ({count(total.dangerous)} dangerous)." if total.dangerous else ".",
        )


_SAVINGS: Final[Mapping[SavingKind, tuple[str, str]]] = {
    SavingKind.MERGE: ("merge ", " and {others}"),
    SavingKind.SPLIT: ("split ", " into {roles}"),
    SavingKind.USER: ("replace user ", " ({keys})"),
}
"""The words before and after the name of the first principal."""


def saving_blocks(review: ReviewSummary, *, longest: int = 0) -> Iterator[Block]:
    """The proposals for roles that save most. Names longer than `longest` are cut."""
    texts = [part for saving in review.report.savings for part in ("; ", _saved(saving, longest))]
    if texts:
        yield Paragraph(line(strong("Roles: "), *texts[1:], ". See ", name("lpgen roles"), "."))


def _saved(saving: Saving, longest: int) -> Line:
    first = saving.principals[0].rpartition("/")[2]
    before, after = _SAVINGS[saving.kind]
    facts = {
        "others": plural(len(saving.principals) - 1, "other"),
        "roles": count(saving.roles),
        "keys": plural(saving.saved, "access key"),
    }
    return line(before, name(shorten(first, longest) if longest else first), after.format_map(facts))


def _what_to_do(review: ReviewSummary, given: Given) -> Iterable[Block]:
    tasks = tasks_of_review(review, given)
    if tasks:
        yield Heading(line("What to do"), level=2)
    for number, task in enumerate(tasks, start=1):
        yield Bullets((_task_item(task),), numbered=True, first=number)
        if task.command:
            yield task.command


def _task_item(task: Task) -> Item:
    steps = [line(step.words, *_of_principals(step)) for step in task.steps[:_MOST_STEPS]]
    rest = len(task.steps) - _MOST_STEPS
    more = [line(quiet(f"and {plural(rest, 'more step')} below"))] if rest > 0 else []
    principals = [] if task.steps or not task.principals else [line(*_of_principals(task))[1:]]
    return Item(task.words, (*principals, *steps, *more))


def _of_principals(task: Task) -> Line:
    labels = [label_in_list(principal) for principal in task.principals]
    return line(": ", names(labels, most=3)) if labels else ()


# ---------------------------------------------------------------- use without policies


def unlisted_blocks(review: ReviewSummary, most: int = REVIEW_ROWS) -> Iterable[Block]:
    """The use by principals that are in the logs but not in the policy files."""
    unlisted, is_aside = review.report.diff.unlisted, bool(review.principals)
    if not unlisted:
        return
    title = "In the logs but not in the policy files" if is_aside else "Use, by principal"
    yield Heading(line(title, quiet(f" ({count(len(unlisted))})")), level=2, aside=is_aside)
    busiest = sorted(unlisted, key=lambda usage: (-len(_used([usage])), usage.principal))
    yield table(
        (
            Column("principal", flexible=True),
            Column("services used", flexible=True),
            Column("actions", number=True),
            Column("records", number=True),
            Column("last seen"),
        ),
        [_unlisted_row(usage) for usage in busiest[:most]],
    )
    yield from more_note(busiest[most:], len(busiest) - most, "principal")


def _unlisted_row(usage: PrincipalUsage) -> list[Words]:
    evidence = [*(use.evidence for use in usage.uses), *(event.evidence for event in usage.unmapped)]
    used = _used([usage])
    return [
        name(label_of(usage.principal)),
        names(sorted({action.partition(":")[0] for action in used}), most=3),
        count(len(used)),
        count(sum(seen.records for seen in evidence)),
        max((seen.last_seen for seen in evidence), default="")[:10],
    ]


def _used(users: Iterable[PrincipalUsage]) -> set[str]:
    return {use.action for user in users for use in user.uses if use.outcome is not Outcome.DENIED}


def _used_fold(usage: PrincipalUsage) -> Fold:
    """The actions that a principal without known policies used."""
    found: dict[str, list[Use]] = defaultdict(list)
    for use in usage.uses:
        if use.outcome is not Outcome.DENIED:
            found[use.action].append(use)
    rows = (
        (
            name(action),
            names(sorted({use.resource.text for use in found[action]}), most=2),
            count(sum(use.evidence.records for use in found[action])),
            max(use.evidence.last_seen for use in found[action])[:10],
        )
        for action in sorted(found)
    )
    columns = (
        Column("action used", flexible=True),
        Column("on", flexible=True),
        Column("records", number=True),
        Column("last seen"),
    )
    return Fold(line(name(label_of(usage.principal))), (table(columns, rows),) if found else ())


# ---------------------------------------------------------------- principals


_MOST_OPEN: Final = 25
"""The maximum number of principals that aren't folded if a page has to be short."""


def _principals(found: Sequence[PrincipalSummary]) -> Iterable[Block]:
    if not found:
        return
    yield Heading(line("Principals", quiet(f" ({count(len(found))})")), level=2, aside=len(found) > _MOST_OPEN)
    accounts = sorted({summary.principal.account for summary in found})
    for account in accounts:
        members = [summary for summary in found if summary.principal.account == account]
        if len(accounts) > 1:
            yield Heading(line("account ", name(account), quiet(f" ({count(len(members))})")), level=3)
        yield table(_SUMMARY_COLUMNS, map(_summary_row, members), fills=True)
    yield Paragraph(
        line(
            quiet(
                "Numbers are actions. tried: attempted, outcome unknown. kept and removed: by the replacement. "
                "unseen: kept without recorded use, mostly because the logs can't show it. danger: dangerous "
                "without recorded use."
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
    Column("unseen", number=True, show=Show.WIDE),
    Column("removed", number=True),
    Column("danger", number=True),
)


def _summary_row(summary: PrincipalSummary) -> list[Words]:
    counts, dash = summary.counts, quiet("–")
    after: list[Words] = [dash, dash, dash]
    if summary.has_documents:
        after = [count(counts.kept), _zero_dim(counts.kept_unseen), count(counts.removed)]
    return [
        name(short_label_of(summary.principal)),
        state_of(summary),
        count(counts.granted),
        count(counts.used),
        _zero_dim(counts.attempted),
        _zero_dim(counts.unused),
        _zero_dim(counts.unobservable),
        bad(count(counts.ungranted)) if counts.ungranted else quiet("0"),
        *after,
        dangers_of(summary),
    ]


def _zero_dim(number: int) -> Words:
    return count(number) if number else quiet("0")
