"""The page of a review: a summary that is readable without scripts, and the data of each principal for its script.

Nothing is fetched: the style sheet, the script and all data are in the file, and its own policy forbids the rest. Of a
review too large for that, the data of principals lie in files beside the page: see `lpgen.report.html.data_files`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from lpgen.report.html.shared import DOCUMENT, ActionIndex
from lpgen.report.html.summary import coverage_bars, data_of_rows, figures_of_review, rows_of, shares_of_made
from lpgen.report.html.templating import asset, content_security_policy, script_json, template
from lpgen.report.pages.blocks import Block
from lpgen.report.pages.coverage import coverage_blocks, unobservable_blocks
from lpgen.report.pages.review import (
    guard_blocks,
    headline_blocks,
    problem_blocks,
    skip_blocks,
    trust_blocks,
    unlisted_blocks,
    words_of_day,
)
from lpgen.report.summary import PartedReview, ReviewSummary
from lpgen.report.tasks import tasks_of_review

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
"""So many principals does a task of a page with files name; the table finds the others."""

_TABLE: Final = (
    ("label", "principal", ""),
    ("state", "state", ""),
    ("granted", "granted", "actions that its policies allow"),
    (
        "shares",
        "outcome",
        "used, kept without recorded use, and removed; the bar's width is what is granted, on a logarithmic scale",
    ),
    ("used", "used", "actions that a record shows"),
    ("unused", "unused", "granted, and use would have shown"),
    ("unobservable", "unobservable", "granted, and the logs can't show use"),
    ("kept", "kept", "granted, and in the replacement or in policies left attached"),
    ("removed", "removed", "granted and not in the replacement"),
    ("dangerous_unused", "danger", "dangerous and without recorded use"),
    ("ungranted", "ungranted", "used, and no policy grants it"),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """The files beside a page: `name` is that of their folder as people read it, `path` leads to them from the page,
    `review` is the digest that page and files share, and each file holds `each` principals."""

    name: str
    path: str
    review: str
    each: int


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A review to be shown in a browser: the parts of its principals are those of `lpgen.report.html.data_files`."""

    parted: PartedReview
    actions: ActionIndex
    beside: Beside | None = None


def review_html(page: ReviewPage) -> Iterator[str]:
    """The review as parts of HTML that ends with a line break; its bytes depend only on the value."""
    review, beside = page.parted.summary, page.beside
    script, style = "\n".join(map(asset, _SCRIPTS)), "\n".join(map(asset, _STYLES))
    rows = rows_of(review.principals)
    data = [("rows", script_json(data_of_rows(rows))), ("actions", script_json(page.actions.data()))]
    data += _principals(page.parted) if beside is None else [("beside", script_json(asdict(beside)))]
    return template("review.html.j2").generate(
        policy=content_security_policy(script=script, style=style, frames=beside is not None),
        script=script,
        style=style,
        report=review.report,
        day=words_of_day(review.report.diff),
        figures=tuple(figures_of_review(review)),
        shares=shares_of_made(review.to_replace),
        headline=tuple(headline_blocks(review)),
        trust=tuple(trust_blocks(review)),
        tasks=tasks_of_review(review, page.parted.given),
        columns=_TABLE,
        rows=rows,
        bars=coverage_bars(review.report.diff.coverage.accounts),
        grounds=tuple(_grounds(review)),
        data=data,
        beside=beside,
        most_links=None if beside is None else _MOST_LINKS,
    )


def _principals(parted: PartedReview) -> Iterator[tuple[str, str]]:
    """The data elements of all principals, each document once."""
    documents: dict[str, str] = {}
    for number, one in enumerate(parted.summary.principals):
        data = json.loads(parted.text_of(one.arn))
        documents |= {name: data.pop(name) for name in list(data) if name.startswith(DOCUMENT)}
        yield f"principal-{number}", script_json(data)
    for name, text in documents.items():
        yield name, script_json(text)


def _grounds(review: ReviewSummary) -> Sequence[tuple[Block, ...]]:
    """The report's inputs, a section each."""
    report = review.report
    return (
        tuple(coverage_blocks(review)),
        tuple(unobservable_blocks(review)),
        tuple(problem_blocks(report)),
        tuple(unlisted_blocks(report.diff.unlisted)),
        tuple(guard_blocks(report)),
        tuple(skip_blocks(report.diff.skips)),
    )
