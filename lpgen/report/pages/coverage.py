"""The inputs of a review: the logs read of each account, and the use that they could not have shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.core.choices import KeepUnobservable, UnobservableKind
from lpgen.core.evidence import SIDE_WORDS, AccountCoverage, CoverageSource
from lpgen.report.pages.blocks import (
    REVIEW_ROWS,
    Block,
    Column,
    Heading,
    Line,
    Paragraph,
    Words,
    bad,
    bullets,
    count,
    line,
    more_rows,
    name,
    names,
    quiet,
    table,
)
from lpgen.report.summary import ReviewSummary, sum_counts


def coverage_blocks(review: ReviewSummary) -> Iterable[Block]:
    """The logs read of each account, and the use that they could not have shown."""
    report = review.report
    accounts = report.diff.coverage.accounts
    yield Heading(line("What the logs cover"), level=2, aside=True)
    if not accounts:
        yield Paragraph(line(bad("No record was read.")))
        return
    yield table(
        (
            Column("account"),
            Column("first day"),
            Column("last day"),
            Column("covered days", number=True),
            Column("records", number=True),
            Column("Regions", flexible=True),
        ),
        [_coverage_row(one, report.min_days) for one in accounts[:REVIEW_ROWS]],
    )
    yield from more_rows(len(accounts), "account")
    yield Paragraph(line(quiet(_COUNTED)))
    yield bullets(*_unread_accounts(review.accounts_without_logs), *_all_coverage_notes(accounts[:REVIEW_ROWS]))


_COUNTED: Final = (
    "A record counts in each file that holds it and for each resource that it names, so every number of records is an "
    "upper bound."
)


def _coverage_row(one: AccountCoverage, min_days: int) -> list[Words]:
    days = count(one.covered_days)
    return [
        name(one.account),
        one.first_day.isoformat(),
        one.last_day.isoformat(),
        days if one.covered_days >= min_days else bad(days),
        count(one.records),
        names(one.regions, most=4),
    ]


def _unread_accounts(unread: Sequence[str]) -> Iterable[Line]:
    if unread:
        yield line(bad("no log was read of "), names(unread, most=REVIEW_ROWS))


def _all_coverage_notes(accounts: Sequence[AccountCoverage]) -> Iterable[Line]:
    """The notes on all accounts; a note that several share is given once, with all their names."""
    found: dict[tuple[Line, Line], list[str]] = defaultdict(list)
    for notes in (_hole_notes, _source_notes):
        for one in accounts:
            for before, after in notes(one):
                found[before, after].append(one.account)
    for (before, after), noted in found.items():
        yield line(before, names(noted, most=REVIEW_ROWS), after)


def _hole_notes(one: AccountCoverage) -> Iterable[tuple[Line, Line]]:
    """The gaps in an account's logs: the words before its name, and those after it."""
    for gap in one.gaps:
        yield line(bad("hole in ")), line(f": no record from {gap.first} to {gap.last}")
    for hole in one.uncovered:
        yield line(bad("hole in ")), line(f": {hole.first} to {hole.last}: {hole.why}")
    for change in one.change_notes:
        yield line("change in "), line(f": {change}")


def _source_notes(one: AccountCoverage) -> Iterable[tuple[Line, Line]]:
    """Notes on the recorded events of an account, in the same two parts."""
    if one.known_from is not CoverageSource.LOG:
        yield from _trail_notes(one)
    if one.known_from is not CoverageSource.TRAILS:
        yield from _event_notes(one)


def _trail_notes(one: AccountCoverage) -> Iterable[tuple[Line, Line]]:
    where = " of the snapshot, as far as the log shows it" if one.known_from is CoverageSource.BOTH else ""
    source = quiet(f"(from {CoverageSource.TRAILS}{where})")
    if not one.trails:
        yield line(bad("no trail records ")), line(" ", source)
    for trail in one.trails:
        yield line("recorded of "), line(" ", source, f": {trail}")


def _event_notes(one: AccountCoverage) -> Iterable[tuple[Line, Line]]:
    """Notes on the recorded events, from the log itself."""
    source = quiet(f"(inferred from {CoverageSource.LOG})")
    for side in (True, False):
        if side not in one.sides():
            none = bad(f"no {SIDE_WORDS[side]} management events")
            yield line(none, " in "), line(" ", source, ": the trails may leave them out")
    seen = [line("; ", said) for said in _data_events(one)]
    said = line(*seen)[1:] or line("none, so calls on objects, items and messages don't show")
    taken: Line = ()
    if one.data_events and one.known_from is CoverageSource.LOG:
        below = ", and below a wildcard only for principals that have some, unless "
        taken = line(below, name("--trails FILE"), " says more")
    yield line("data events of "), line(" ", source, ": ", said, taken)
    if one.summed:
        summed = names(sorted(one.summed), most=3)
        yield line("data events of "), line(" that are only aggregated: ", summed, ", so who used what doesn't show")
    if one.unseen:
        unseen = names(sorted(one.unseen), most=3)
        yield line("no record at all in "), line(" ", source, ": ", unseen, ": the trails may exclude its calls")


def _data_events(one: AccountCoverage) -> Iterable[Line]:
    """The sources whose data events were seen, and where; reads and writes apart where only one of them was."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for region, event_source in sorted(one.data_events):
        sides = one.sides(region, event_source)
        found[event_source, "" if len(sides) > 1 else f" (only {SIDE_WORDS[min(sides)]} ones)"].append(region)
    return [line(name(source), " in ", names(regions, most=3), which) for (source, which), regions in found.items()]


# ---------------------------------------------------------------- what no log shows


def unobservable_blocks(review: ReviewSummary) -> Iterable[Block]:
    """How many actions whose use the logs can't show each choice keeps, of all replacements together, by kind."""
    total = sum_counts(review.with_documents)
    kinds = [one for one in UnobservableKind if total.kept_by(KeepUnobservable.ALL, one)]
    if not kinds:
        return
    yield Heading(line("What the logs can't show, and what --keep-unobservable would keep of it"), level=2, aside=True)
    yield table(
        (
            Column("kind"),
            Column("what", flexible=True),
            *(Column(choice.value, number=True) for choice in KeepUnobservable),
        ),
        [
            (name(kind), _KIND_WORDS[kind], *(count(total.kept_by(choice, kind)) for choice in KeepUnobservable))
            for kind in kinds
        ],
    )
    yield Paragraph(line(quiet(_CHOICES)))


_CHOICES: Final = (
    "Numbers are actions of all principals with a replacement. signed, the default, keeps those with a sign of use. To "
    "choose for one kind: --keep-unobservable KIND=all."
)


_KIND_WORDS: Final = {
    UnobservableKind.DATA_EVENTS: "events that the logs lack, data events above all",
    UnobservableKind.OTHER_PROTOCOL: "used over another protocol or in a console",
    UnobservableKind.INSIDE_CALL: "checked inside another call",
    UnobservableKind.INTERNAL: "used by the service itself, or by nobody any more",
    UnobservableKind.UNCLASSIFIED: "no API call is known to need it",
}
