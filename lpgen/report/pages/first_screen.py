"""The first screen of a review: dangers, numbers, why replacements aren't safe, and next steps."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final

from lpgen.core.analysis.caveats.kinds import order_of_kind
from lpgen.report.blocks import (
    Bullets,
    Column,
    Given,
    Heading,
    Item,
    PageBlock,
    Paragraph,
    Words,
    bad,
    bullets,
    count,
    line,
    name,
    names,
    plural,
    quiet,
    table,
)
from lpgen.report.pages.review import (
    danger_blocks,
    decision_blocks,
    numbers_of_actions,
    numbers_of_replacements,
    saving_blocks,
    unlisted_blocks,
    words_of_day,
)
from lpgen.report.summary import PrincipalSummary, ReviewSummary
from lpgen.report.tasks import closing_tasks, tasks_of_review
from lpgen.report.words import cut_labels, dangers_of, label_in_list, name_for_option, shorten, state_of

_LONGEST_DATE: Final = 20
_LONGEST_FILE: Final = 30
_LONGEST_NAME: Final = 44
_LONGEST_SAVING: Final = 30
_LONGEST_MESSAGE: Final = 110
"""The maximum width of a message: with the name before it, about two lines of a screen."""


def first_screen(review: ReviewSummary, given: Given, *, width: int, size: int, steps: int) -> Iterator[PageBlock]:
    """What to know and do first, for a screen of `width` columns.

    Lists grow with `size`, from one row each. Below zero, only what decides the next steps stays.
    """
    is_brief, size = size < 0, max(size, 0)
    diff = review.report.diff
    dates = f" as of {words_of_day(diff)}; catalog of {shorten(diff.catalog_date, _LONGEST_DATE)}"
    yield Heading(line("lpgen review", quiet(dates)), level=1)
    yield from danger_blocks(review, most=2 + size // 4, longest_name=_LONGEST_NAME, longest_message=_LONGEST_MESSAGE)
    yield Heading(numbers_of_replacements(review), level=3)
    yield from decision_blocks(review, longest=_LONGEST_FILE)
    yield from map(Paragraph, numbers_of_actions(review))
    yield from saving_blocks(review, longest=_LONGEST_SAVING)
    yield from _coverage(review, most_regions=0 if is_brief else 2)
    if not is_brief:
        yield from _recreated(review)
    yield from _principals(review, width - _OTHER_COLUMNS, most=1 + size // 2)
    if not review.principals:
        yield from unlisted_blocks(review, most=1 + size)
    yield from _reasons(review, most=1 + size // 3)
    yield from _next(review, given, steps)


# ---------------------------------------------------------------- coverage


def _coverage(review: ReviewSummary, most_regions: int) -> Iterator[PageBlock]:
    report = review.report
    accounts, unread = report.diff.coverage.accounts, review.accounts_without_logs
    if not accounts:
        yield Paragraph(line(bad("No record was read.")))
        return
    fewest, most = min(account.covered_days for account in accounts), max(account.covered_days for account in accounts)
    days = plural(most, "covered day") if fewest == most else f"{count(fewest)} to {plural(most, 'covered day')}"
    regions = sorted({region for account in accounts for region in account.regions})
    named = names([shorten(region, 20) for region in regions], most=most_regions)
    yield Paragraph(
        line(
            "Logs: ",
            bad(f"{days} (minimum for safe: {report.min_days})") if fewest < report.min_days else days,
            f" in {plural(len(accounts), 'account')}, {plural(len(regions), 'Region')}",
            line(" (", named, ")") if most_regions else "",
            ".",
            line(" ", bad(f"No logs of {plural(len(unread), 'account')} were read.")) if unread else "",
        )
    )


def _recreated(review: ReviewSummary) -> Iterator[PageBlock]:
    found = [principal for principal in review.principals if principal.recreated]
    if found and found[0].recreated:
        label, more = label_in_list(found[0]), f"; and {plural(len(found) - 1, 'other principal')}" if found[1:] else ""
        text = shorten(f": {found[0].recreated.text}{more}.", _LONGEST_MESSAGE)
        yield Paragraph(line(name(next(cut_labels([label], _LONGEST_NAME))), text))


# ---------------------------------------------------------------- principals


_MOST_STATES: Final = 4
_OTHER_COLUMNS: Final = 52
"""The width of all columns except the first, with the gaps between them."""

_COLUMNS: Final = (
    Column("principal", flexible=True),
    Column("state"),
    Column("granted", number=True),
    Column("used", number=True),
    Column("kept", number=True),
    Column("removed", number=True),
    Column("danger", number=True),
)


def _principals(review: ReviewSummary, room: int, most: int) -> Iterator[PageBlock]:
    found = review.principals
    if not found:
        return
    yield Heading(line("Principals, by risk"), level=2)
    shown = found[:most]
    labels = cut_labels(map(label_in_list, shown), room)
    yield table(_COLUMNS, map(_row, labels, shown))
    rest = Counter(state_of(summary).text.removeprefix("SSO ") for summary in found[most:])
    if rest:
        common = rest.most_common(_MOST_STATES)
        states = [f"{count(number)} {state}" for state, number in common]
        other = rest.total() - sum(number for _, number in common)
        states += [f"{count(other)} other"] if other else []
        yield Paragraph(line(quiet(f"and {plural(rest.total(), 'more principal')}: {', '.join(states)}")))


def _row(label: str, summary: PrincipalSummary) -> list[Words]:
    counts = summary.counts
    after = [count(counts.kept), count(counts.removed)] if summary.has_documents else [quiet("-"), quiet("-")]
    return [name(label), state_of(summary), count(counts.granted), count(counts.used), *after, dangers_of(summary)]


# ---------------------------------------------------------------- reasons


def _reasons(review: ReviewSummary, most: int) -> Iterator[PageBlock]:
    """The most common kinds of caveats, and how many replacements have them."""
    unsafe = [summary for summary in review.open if not summary.safe]
    kinds = Counter(kind for summary in unsafe for kind in {caveat.kind for caveat in summary.caveats})
    if not kinds:
        return
    order = sorted(kinds, key=lambda kind: (-kinds[kind], order_of_kind(kind)))
    rest = len(order) - most
    verb = "is" if len(unsafe) == 1 else "are"
    yield Heading(line(f"Why {plural(len(unsafe), 'replacement')} {verb} not safe yet"), level=2)
    shown = [f"{kind.row.title.rstrip('.')} ({count(kinds[kind])} of {count(len(unsafe))})" for kind in order[:most]]
    yield bullets(*shown, *([quiet(f"and {plural(rest, 'other reason')}")] if rest > 0 else []))


# ---------------------------------------------------------------- next steps


def _next(review: ReviewSummary, given: Given, most: int) -> Iterator[PageBlock]:
    yield Heading(line("Next steps"), level=2)
    tasks = chain(tasks_of_review(review, given), closing_tasks(review, given))
    for number, task in enumerate(islice(tasks, most), start=1):
        yield Bullets((Item(task.words),), numbered=True, first=number)
        if task.command:
            yield task.command
    yield Heading(line("To see more, add: ", *_more(review.principals)), level=3)


def _more(principals: Sequence[PrincipalSummary]) -> Iterator[Words]:
    yield name("--full")
    yield ", "
    yield name("--format html -o review.html")
    if principals:
        yield ", "
        yield name(f"--principal {shlex.quote(name_for_option(principals[0]))}")
