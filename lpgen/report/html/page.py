"""The page of a review: a summary that is readable without scripts, and the data of each principal for its script.

The style sheet, the script and all data are in the file. It fetches nothing, and its own policy forbids anything else.
A large review has the data of principals in files next to the page: see `lpgen.report.html.data_files`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import accumulate, pairwise
from math import log1p
from typing import Any, Final

from lpgen.core.drift.states import Figures, Stamp, sum_figures
from lpgen.core.evidence import AccountCoverage
from lpgen.report.blocks import Block, Tone, count, plural
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.html.data import DOCUMENT, ActionIndex, Interned, gaps_of
from lpgen.report.html.principal_data import Figure, share_of, uncovered_days
from lpgen.report.html.risk_chart import risk_chart
from lpgen.report.html.templating import anchor_of, asset, content_security_policy, script_json, template
from lpgen.report.pages.drift import trend_blocks
from lpgen.report.pages.inputs import coverage_blocks, guard_blocks, problem_blocks, skip_blocks, unobservable_blocks
from lpgen.report.pages.review import danger_blocks, headline_blocks, unlisted_blocks, words_of_day
from lpgen.report.summary import Counts, PartedReview, PrincipalSummary, ReviewSummary, sum_counts
from lpgen.report.tasks import tasks_of_review
from lpgen.report.words import CLASS_WORDS, Owner, label_in_list, label_of, owner_of, short_label_of, state_of

_STYLES: Final = ("colors.css", "layout.css", "principal.css", "print.css")
_SCRIPTS: Final = (
    "dom.js",
    "data.js",
    "table.js",
    "blocks.js",
    "walls.js",
    "policies.js",
    "verdicts.js",
    "timeline.js",
    "principal.js",
    "main.js",
)

_MOST_LINKS: Final = 100
"""The maximum number of principals that a task names on a page with files. The table shows the others."""

_TABLE: Final = (
    ("label", "principal", ""),
    ("state", "state", ""),
    ("granted", "granted", "actions that its policies allow"),
    (
        "shares",
        "outcome",
        "used, kept without recorded use, and removed; the bar's width is the number of granted actions (logarithmic)",
    ),
    ("used", "used", "actions with recorded use"),
    ("unused", "unused", "granted, and the logs would have shown use"),
    ("unobservable", "unobservable", "granted, and the logs can't show use"),
    ("kept", "kept", "granted and in the replacement or in policies left attached"),
    ("removed", "removed", "granted and not in the replacement"),
    ("dangerous_unused", "danger", "dangerous without recorded use"),
    ("ungranted", "ungranted", "used, but no policy grants it"),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """The files next to a page. `name` is the readable name of their folder, and `path` is its path from the page.

    `review` is the digest that the page and its files share. Each file has `each` principals.
    """

    name: str
    path: str
    review: str
    each: int


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A review for a browser. The texts of its principals are the data from `lpgen.report.html.principal_data`.

    `baselines` are earlier states of the same principals, the oldest first.
    """

    parted: PartedReview
    actions: ActionIndex
    baselines: tuple[Stamp, ...] = ()
    beside: Beside | None = None


def review_html(page: ReviewPage) -> Iterator[str]:
    """The review as HTML, in parts. The last ends with a line break. Equal values give equal bytes."""
    review, beside = page.parted.summary, page.beside
    script, style = "\n".join(map(asset, _SCRIPTS)), "\n".join(map(asset, _STYLES))
    rows = rows_of(page.parted)
    data = [("rows", script_json(data_of_rows(rows))), ("actions", script_json(page.actions.data()))]
    data += _principals(page.parted) if beside is None else [("beside", script_json(asdict(beside)))]
    return template("review.html.j2").generate(
        policy=content_security_policy(script=script, style=style, frames=beside is not None),
        script=script,
        style=style,
        report=review.report,
        day=words_of_day(review.report.diff),
        figures=tuple(_figures_of_review(review)),
        shares=_shares_of_made(review.with_documents),
        chart=risk_chart(review),
        headline=tuple(headline_blocks(review)),
        dangers=tuple(danger_blocks(review)),
        tasks=tasks_of_review(review, page.parted.given),
        columns=_TABLE,
        rows=rows,
        links={
            label: anchor_of(principal.arn)
            for principal in review.principals
            for label in (label_of(principal.arn), label_in_list(principal))
        },
        trend=tuple(trend_blocks((*page.baselines, _stamp_of_now(review, rows)))) if page.baselines else (),
        bars=_coverage_bars(review.report.diff.coverage.accounts),
        grounds=tuple(_grounds(review)),
        data=data,
        beside=beside,
        most_links=None if beside is None else _MOST_LINKS,
    )


def _principals(parted: PartedReview) -> Iterator[tuple[str, str]]:
    """The data elements of all principals. Each document occurs once."""
    documents: dict[str, str] = {}
    for number, principal in enumerate(parted.summary.principals):
        data = json.loads(parted.text_of(principal.arn))
        documents |= {name: data.pop(name) for name in list(data) if name.startswith(DOCUMENT)}
        yield f"principal-{number}", script_json(data)
    for name, text in documents.items():
        yield name, script_json(text)


def _grounds(review: ReviewSummary) -> Sequence[tuple[Block, ...]]:
    """The inputs of the report, one section each."""
    report = review.report
    return (
        tuple(coverage_blocks(review)),
        tuple(unobservable_blocks(review)),
        tuple(problem_blocks(report)),
        tuple(unlisted_blocks(review)),
        tuple(guard_blocks(report)),
        tuple(skip_blocks(report.diff.skips)),
    )


# ---------------------------------------------------------------- rows and bars


@dataclass(frozen=True, slots=True)
class _Share:
    """A part of a whole. `start` and `width` are in thousandths. `kind` is its CSS class."""

    kind: str
    title: str
    number: int
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class _PrincipalRow:
    """A principal in the table. The width of `shares` is its number of granted actions, on a logarithmic scale."""

    label: str
    arn: str
    account: str
    anchor: str
    class_words: str
    state: str
    tone: Tone
    counts: Counts
    replaced: bool
    dangers_left: int
    shares: tuple[_Share, ...]
    owner: Owner | None
    found: tuple[str, ...]
    more: tuple[str, ...]
    wildcards: int


@dataclass(frozen=True, slots=True)
class _MissingDays:
    """Days without evidence. `start` and `width` are in thousandths of the whole."""

    text: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class _CoverageBar:
    """The days of one account. `start` and `width` are in thousandths of the time that all logs together cover."""

    account: str
    first: str
    last: str
    days: int
    start: int
    width: int
    missing: tuple[_MissingDays, ...]


# ---------------------------------------------------------------- principals


def rows_of(parted: PartedReview) -> tuple[_PrincipalRow, ...]:
    """One row per principal, in order."""
    principals = parted.summary.principals
    most = max((principal.counts.granted for principal in principals), default=0)
    return tuple(_row(principal, most, json.loads(parted.text_of(principal.arn))) for principal in principals)


def data_of_rows(rows: Sequence[_PrincipalRow]) -> Json:
    """The rows as data for the script, in order.

    `titles` are the titles of shares by kind. A row ends with indexes into `gaps` (the numbers of its granted, used and
    kept actions) and an index into `more` (the names that aren't in the index of actions).
    """
    gaps: Interned[str] = Interned()
    more: Interned[tuple[str, ...]] = Interned()
    data = [[*_data_of_row(row), *map(gaps.place, row.found), more.place(row.more)] for row in rows]
    titles = {share.kind: share.title for row in rows for share in row.shares}
    return {"titles": titles, "rows": data, "gaps": gaps.values, "more": more.values}


def _data_of_row(row: _PrincipalRow) -> list[object]:
    counts = row.counts
    kept, removed = (counts.kept, counts.removed) if row.replaced else (None, None)
    numbers = [counts.granted, counts.used, counts.unused, counts.unobservable, kept, removed]
    shares = [[share.kind, share.number, share.start, share.width] for share in row.shares]
    texts = [row.label, row.arn, row.account, row.class_words, row.state, row.tone]
    numbers += [counts.dangerous_unused, counts.ungranted, counts.kept_unseen, row.dangers_left]
    owner = [row.owner.name, row.owner.source] if row.owner else []
    return [*texts, numbers, shares, owner]


def _row(summary: PrincipalSummary, most: int, part: Any) -> _PrincipalRow:
    principal, counts, state, owner = summary.principal, summary.counts, state_of(summary), owner_of(summary)
    return _PrincipalRow(
        label=terminal_text(short_label_of(principal)),
        arn=terminal_text(principal.arn),
        account=terminal_text(principal.account),
        anchor=anchor_of(principal.arn),
        class_words=CLASS_WORDS[summary.principal_class],
        state=state.text,
        tone=state.tone,
        counts=counts,
        replaced=summary.has_documents,
        dangers_left=summary.dangers_left,
        shares=_shares_of(summary, wide=round(1000 * log1p(counts.granted) / log1p(most)) if most else 0),
        owner=Owner(terminal_text(owner.name), terminal_text(owner.source)) if owner else None,
        found=tuple(map(gaps_of, part["row"]["found"])),
        more=tuple(part.get("more-actions", ())),
        wildcards=part["row"]["wildcards"],
    )


def _shares_of(summary: PrincipalSummary, *, wide: int) -> tuple[_Share, ...]:
    """The outcomes of the granted actions, as parts of `wide` thousandths. Empty parts are left out."""
    counts = summary.counts
    if summary.has_documents:
        return _shares_of_made([summary], wide=wide)
    parts = (
        ("seen", "used or attempted", counts.used + counts.attempted),
        ("unseen", "granted, and the logs can't show use", counts.unobservable),
        ("idle", "granted and unused", counts.unused),
    )
    return _shares(parts, wide)


def _shares_of_made(principals: Iterable[PrincipalSummary], *, wide: int = 1000) -> tuple[_Share, ...]:
    """The outcomes of the granted actions over all principals with a replacement."""
    whole = sum_counts(principals)
    parts = (
        ("seen", "used or attempted", max(whole.kept - whole.kept_unseen, 0)),
        ("kept", "kept without recorded use", whole.kept_unseen),
        ("goes", "removed", whole.removed),
    )
    return _shares(parts, wide)


def _shares(parts: Iterable[tuple[str, str, int]], wide: int) -> tuple[_Share, ...]:
    found = [part for part in parts if part[2]]
    ends = [0, *accumulate(number for _, _, number in found)]
    edges = [round(wide * end / ends[-1]) for end in ends] if found else []
    return tuple(_Share(*part, start, end - start) for part, (start, end) in zip(found, pairwise(edges), strict=True))


# ---------------------------------------------------------------- coverage


def _coverage_bars(accounts: Sequence[AccountCoverage]) -> tuple[_CoverageBar, ...]:
    """One bar per account, on a common scale of days."""
    if not accounts:
        return ()
    first, last = min(account.first_day for account in accounts), max(account.last_day for account in accounts)
    return tuple(_coverage_bar(account, first, last) for account in accounts)


def _coverage_bar(coverage: AccountCoverage, first: date, last: date) -> _CoverageBar:
    return _CoverageBar(
        terminal_text(coverage.account),
        coverage.first_day.isoformat(),
        coverage.last_day.isoformat(),
        coverage.covered_days,
        *_span(coverage.first_day, coverage.last_day, first, last),
        tuple(
            _MissingDays(f"{start} to {end}: {terminal_text(why)}", *_span(start, end, first, last))
            for start, end, why in sorted(uncovered_days(coverage))
        ),
    )


def _span(start: date, end: date, first: date, last: date) -> tuple[int, int]:
    days = (last - first).days + 1
    left = round(1000 * (start - first).days / days)
    return left, max(round(1000 * ((end - first).days + 1) / days) - left, 3)


# ---------------------------------------------------------------- figures


def _stamp_of_now(review: ReviewSummary, rows: Sequence[_PrincipalRow]) -> Stamp:
    counts, diff = sum_counts(review.principals), review.report.diff
    wildcards = sum(row.wildcards for row in rows)
    parts = [Figures(len(rows), counts.granted, counts.unused, counts.dangerous_unused, wildcards)]
    return Stamp("now", diff.as_of, diff.catalog_version, diff.catalog_date, figures=sum_figures(parts, diff.coverage))


def _figures_of_review(review: ReviewSummary) -> Iterator[Figure]:
    """The figures for the principals in the headline: those with a replacement, if any."""
    replaced, whole = review.with_documents, review.counts
    if replaced:
        yield Figure(count(len(review.safe)), "safe replacements", f"of {count(len(replaced))}")
    kept = f"{count(whole.kept)} kept, {count(whole.removed)} removed" if replaced else ""
    yield Figure(count(whole.granted), "granted actions", kept)
    yield Figure(
        share_of(whole.unused, whole), "unused", f"{plural(whole.unused, 'action')}: logs would have shown use"
    )
    unobservable = f"{plural(whole.unobservable, 'action')}: logs can't show use"
    yield Figure(share_of(whole.unobservable, whole), "unobservable", unobservable)
    dangerous = whole.dangerous if replaced else whole.dangerous_unused
    left = whole.dangerous_unused - dangerous if replaced else dangerous
    title = f"dangerous grants {'removed' if replaced else 'found'}"
    note = f"without recorded use{f'; {count(left)} kept' if replaced and left else ''}"
    yield Figure(count(dangerous), title, note, alarming=not replaced and left > 0)
    yield _coverage_figure(review)


def _coverage_figure(review: ReviewSummary) -> Figure:
    report = review.report
    accounts = report.diff.coverage.accounts
    holes = sum(len(account.gaps) + len(account.uncovered) for account in accounts)
    days = sorted({account.covered_days for account in accounts}) or [0]
    value = count(days[0]) if len(days) == 1 else f"{count(days[0])}–{count(days[-1])}"
    noted = f"{plural(len(accounts), 'account')}, {plural(holes, 'gap') if holes else 'no gaps'}"
    unread = len(review.accounts_without_logs)
    noted += f", {count(unread)} more without logs" if unread else ""
    return Figure(value, "covered days", noted, alarming=bool(holes or unread) or days[0] < report.min_days)
