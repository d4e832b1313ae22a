"""The page of a review: a summary that is readable without scripts, and the data of each principal for its script.

Nothing is fetched: the style sheet, the script and all data are in the file, and its own policy forbids the rest. Of a
review too large for that, the data of principals lie in files beside the page: see `lpgen.report.html.data_files`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from lpgen.core.findings import Report
from lpgen.report.commands import Given
from lpgen.report.html.action_index import ActionIndex, actions_of_report
from lpgen.report.html.embed import content_security_policy, script_json
from lpgen.report.html.figures import figures_of_review
from lpgen.report.html.principal_data import data_of_principal
from lpgen.report.html.shared import Shared
from lpgen.report.html.summary import Row, coverage_bars, data_of_rows, rows_of, shares_of_made
from lpgen.report.html.templating import asset, template
from lpgen.report.pages.action_items import tasks_of_review
from lpgen.report.pages.blocks import Block
from lpgen.report.pages.coverage import coverage_blocks
from lpgen.report.pages.kept import unobservable_blocks
from lpgen.report.pages.review import (
    guard_blocks,
    headline_blocks,
    problem_blocks,
    skip_blocks,
    trust_blocks,
    unlisted_blocks,
    words_of_day,
)
from lpgen.report.views import ReviewView, review_view

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
    ("shares", "outcome", "used, kept and removed; the bar's width is what is granted, on a logarithmic scale"),
    ("used", "used", "actions that a record shows"),
    ("unused", "unused", "granted, and use would have shown"),
    ("unobservable", "unobservable", "granted, and the logs can't show use"),
    ("held", "kept", "in the replacement without recorded use, mostly because the logs can't show it"),
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


def review_html(report: Report, given: Given | None = None) -> str:
    """The review as HTML that ends with a line break; its bytes depend only on the report and the options given."""
    view = review_view(report)
    return "".join(_parts(view, given, data=tuple(_data(view))))


def page_html(view: ReviewView, given: Given | None, actions: ActionIndex, beside: Beside) -> Iterator[str]:
    """The page of a review whose principals lie in files beside it, as parts of its text; `view` is of outlines."""
    rows = rows_of(view.views)
    data = (
        ("rows", script_json(data_of_rows(rows))),
        ("beside", script_json(asdict(beside))),
        ("actions", script_json(actions.data())),
    )
    return _parts(view, given, data=data, beside=beside, rows=rows)


def _parts(
    view: ReviewView,
    given: Given | None,
    *,
    data: tuple[tuple[str, str], ...],
    beside: Beside | None = None,
    rows: tuple[Row, ...] | None = None,
) -> Iterator[str]:
    report, script, style = view.report, "\n".join(map(asset, _SCRIPTS)), "\n".join(map(asset, _STYLES))
    return template("review.html.j2").generate(
        policy=content_security_policy(script=script, style=style, frames=beside is not None),
        script=script,
        style=style,
        report=report,
        day=words_of_day(report.diff),
        figures=tuple(figures_of_review(view)),
        shares=shares_of_made(view.to_replace),
        headline=tuple(headline_blocks(view)),
        trust=tuple(trust_blocks(report)),
        tasks=tasks_of_review(view, given),
        columns=_TABLE,
        rows=rows_of(view.views) if rows is None else rows,
        bars=coverage_bars(report.diff.coverage.accounts),
        grounds=tuple(_grounds(view)),
        data=data,
        beside=beside,
        most_links=None if beside is None else _MOST_LINKS,
    )


def _grounds(view: ReviewView) -> Iterator[tuple[Block, ...]]:
    """The report's inputs, a section each."""
    report = view.report
    yield tuple(coverage_blocks(report))
    yield tuple(unobservable_blocks(view))
    yield tuple(problem_blocks(report))
    yield tuple(unlisted_blocks(report.diff.unlisted))
    yield tuple(guard_blocks(report))
    yield tuple(skip_blocks(report.diff.skips))


def _data(view: ReviewView) -> Iterator[tuple[str, str]]:
    """The names of the data elements with what they hold."""
    actions = ActionIndex(actions_of_report(view.report))
    shared = Shared(actions)
    for number, one in enumerate(view.views):
        yield f"principal-{number}", script_json(data_of_principal(one, view.report, shared))
    for name, value in shared.data(actions.data()):
        yield name, script_json(value)
