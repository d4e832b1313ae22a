"""The summary of a review as values for its template: rows of principals, and the days that logs cover."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import log1p

from lpgen.core.evidence import AccountCoverage
from lpgen.report.counts import Counts
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.html.principal_data import anchor_of
from lpgen.report.pages.blocks import Tone
from lpgen.report.pages.words import CLASS_WORDS, short_label_of, state_of
from lpgen.report.views import PrincipalView


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole; `start` and `width` are in thousandths, `kind` names its look."""

    kind: str
    title: str
    number: int
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    """A principal in the table. `shares` fill as much of the column as it is granted, on a logarithmic scale."""

    label: str
    arn: str
    account: str
    anchor: str
    class_words: str
    state: str
    tone: Tone
    counts: Counts
    replaced: bool
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class MissingDays:
    """Days without evidence; `start` and `width` are in thousandths of the whole."""

    text: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class CoverageBar:
    """One account's days; the two numbers are in thousandths of the time that all logs together cover."""

    account: str
    first: str
    last: str
    days: int
    start: int
    width: int
    missing: tuple[MissingDays, ...]


# ---------------------------------------------------------------- principals


def rows_of(views: Sequence[PrincipalView]) -> tuple[Row, ...]:
    """A row per principal, in their order."""
    most = max((one.counts.granted for one in views), default=0)
    return tuple(_row(one, most) for one in views)


def data_of_rows(rows: Sequence[Row]) -> Json:
    """The rows for a script that makes them, in their order; `titles` are those of shares by kind."""
    return {
        "titles": {share.kind: share.title for row in rows for share in row.shares},
        "rows": [_data_of_row(row) for row in rows],
    }


def _data_of_row(row: Row) -> list[object]:
    counts = row.counts
    held, removed = (counts.held, counts.removed) if row.replaced else (None, None)
    numbers = [counts.granted, counts.used, counts.unused, counts.unobservable, held, removed]
    shares = [[share.kind, share.number, share.start, share.width] for share in row.shares]
    texts = [row.label, row.arn, row.account, row.class_words, row.state, row.tone]
    return [*texts, [*numbers, counts.dangerous_unused, counts.ungranted], shares]


def _row(view: PrincipalView, most: int) -> Row:
    principal, counts, state = view.diff.principal, view.counts, state_of(view)
    return Row(
        label=terminal_text(short_label_of(principal)),
        arn=terminal_text(principal.arn),
        account=terminal_text(principal.account),
        anchor=anchor_of(principal),
        class_words=CLASS_WORDS[view.diff.principal_class],
        state=state.text,
        tone=state.tone,
        counts=counts,
        replaced=view.has_documents,
        shares=_shares_of(view, wide=round(1000 * log1p(counts.granted) / log1p(most)) if most else 0),
    )


def _shares_of(view: PrincipalView, *, wide: int = 1000) -> tuple[Share, ...]:
    """The outcomes of the granted actions, as parts of `wide` thousandths; empty parts are left out."""
    counts = view.counts
    if view.has_documents:
        return shares_of_made([view], wide=wide)
    return tuple(
        _shares(
            [
                ("seen", "used or attempted", counts.used + counts.attempted),
                ("unseen", "granted, and the logs can't show use", counts.unobservable),
                ("idle", "granted and unused", counts.unused),
            ],
            wide,
        )
    )


def shares_of_made(views: Iterable[PrincipalView], *, wide: int = 1000) -> tuple[Share, ...]:
    """The same of all the principals that have a replacement, together."""
    granted = unseen = goes = 0
    for one in views:
        granted, unseen, goes = granted + one.counts.granted, unseen + one.kept_unseen, goes + one.counts.removed
    parts = [
        ("seen", "used or attempted", granted - unseen - goes),
        ("kept", "kept without recorded use", unseen),
        ("goes", "removed", goes),
    ]
    return tuple(_shares(parts, wide))


def _shares(parts: Iterable[tuple[str, str, int]], wide: int) -> Iterable[Share]:
    found = [part for part in parts if part[2]]
    whole = sum(number for _, _, number in found)
    done = 0
    for kind, title, number in found:
        start, end = round(wide * done / whole), round(wide * (done + number) / whole)
        yield Share(kind, title, number, start, end - start)
        done += number


# ---------------------------------------------------------------- coverage


def coverage_bars(accounts: Sequence[AccountCoverage]) -> tuple[CoverageBar, ...]:
    """A bar per account on one scale of days."""
    if not accounts:
        return ()
    first, last = min(one.first_day for one in accounts), max(one.last_day for one in accounts)
    return tuple(_coverage_bar(one, first, last) for one in accounts)


def _coverage_bar(one: AccountCoverage, first: date, last: date) -> CoverageBar:
    gaps = [(gap.first, gap.last, "no record") for gap in one.gaps]
    holes = [(hole.first, hole.last, hole.why) for hole in one.uncovered]
    return CoverageBar(
        terminal_text(one.account),
        one.first_day.isoformat(),
        one.last_day.isoformat(),
        one.covered_days,
        *_span(one.first_day, one.last_day, first, last),
        tuple(
            MissingDays(f"{start} to {end}: {terminal_text(why)}", *_span(start, end, first, last))
            for start, end, why in sorted(gaps + holes)
        ),
    )


def _span(start: date, end: date, first: date, last: date) -> tuple[int, int]:
    days = (last - first).days + 1
    left = round(1000 * (start - first).days / days)
    return left, max(round(1000 * ((end - first).days + 1) / days) - left, 3)
