"""The page of a review: a summary that is readable without scripts, and the data of each principal for its script.

Nothing is fetched: the style sheet, the script and all data are in the file, and its own policy forbids the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from lpgen.core.findings import Report
from lpgen.report.blocks import Block, Bullets, Heading, Line, Paragraph, Table
from lpgen.report.html.block_data import data_of_line, split_quotes
from lpgen.report.html.embed import content_security_policy, script_json
from lpgen.report.html.principal_data import anchor_of, data_of_principal
from lpgen.report.html.shared import Shared
from lpgen.report.html.summary import coverage_bars, figures_of, rows_of, shares_of_made
from lpgen.report.inert import terminal_text
from lpgen.report.review_page import (
    coverage_blocks,
    guard_blocks,
    headline_blocks,
    problem_blocks,
    skip_blocks,
    unlisted_blocks,
)
from lpgen.report.to_do import tasks_of_review
from lpgen.report.views import ReviewView, review_view
from lpgen.report.words import short_label_of

if TYPE_CHECKING:
    from jinja2 import Environment

STYLES: Final = ("colors.css", "layout.css", "principal.css", "print.css")
SCRIPTS: Final = (
    "dom.js",
    "table.js",
    "blocks.js",
    "walls.js",
    "policies.js",
    "verdicts.js",
    "timeline.js",
    "principal.js",
    "main.js",
)

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_TABLE: Final = (
    ("label", "principal", ""),
    ("state", "state", ""),
    ("granted", "granted", "actions that its policies allow"),
    ("shares", "used · stays · goes", "the bar's width is what is granted, on a logarithmic scale"),
    ("used", "used", "actions that a record shows"),
    ("unused", "unused", "granted, and use would have shown"),
    ("unobservable", "unobservable", "granted, and the logs can't show use"),
    ("kept", "kept", "in the replacement only because the logs can't show use"),
    ("removed", "goes", "granted and not in the replacement"),
    ("dangerous_unused", "danger", "dangerous and seen in no use"),
    ("ungranted", "ungranted", "used, and no policy grants it"),
)


def review_html(report: Report) -> str:
    """The review as HTML that ends with a line break; its bytes depend on the report alone."""
    environment = _environment()
    view = review_view(report)
    script = "\n".join(map(_asset, SCRIPTS))
    style = "\n".join(map(_asset, STYLES))
    return environment.get_template("review.html.j2").render(
        policy=content_security_policy(script=script, style=style),
        script=script,
        style=style,
        report=report,
        figures=figures_of(view),
        shares=shares_of_made(one for one in view.made if one.has_documents),
        headline=tuple(headline_blocks(view)),
        tasks=tasks_of_review(view),
        columns=_TABLE,
        rows=rows_of(view.views),
        bars=coverage_bars(report.diff.coverage.accounts),
        grounds=tuple(_grounds(report)),
        data=tuple(_data(view)),
    )


def _grounds(report: Report) -> Iterator[tuple[Block, ...]]:
    """What the report stands on, a section each."""
    yield tuple(coverage_blocks(report))
    yield tuple(problem_blocks(report))
    yield tuple(unlisted_blocks(report.diff.unlisted))
    yield tuple(guard_blocks(report))
    yield tuple(skip_blocks(report.diff.skips))


def _data(view: ReviewView) -> Iterator[tuple[str, str]]:
    """The names of the data elements with what they hold."""
    shared = Shared(view.report)
    for number, one in enumerate(view.views):
        yield f"principal-{number}", script_json(data_of_principal(one, view.report, shared))
    for number, text in enumerate(shared.documents.values):
        yield f"document-{number}", script_json(text)
    yield "actions", script_json(shared.actions.data())
    yield "texts", script_json(shared.texts.values)
    yield "lines", script_json([data_of_line(line) for line in shared.lines.values])


# ---------------------------------------------------------------- templates


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lpgen.report.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(inert=terminal_text, split_quotes=split_quotes)
    environment.globals.update(anchor_of=anchor_of, short_label_of=short_label_of, kind_of=_kind_of, is_day=_is_day)
    return environment


def _asset(name: str) -> str:
    from jinja2 import PackageLoader

    loader = PackageLoader("lpgen.report.html", "assets")
    return loader.get_source(_environment(), name)[0]


def _kind_of(block: Block) -> str:
    return {Heading: "heading", Paragraph: "paragraph", Bullets: "bullets", Table: "table"}[type(block)]


def _is_day(cell: Line) -> bool:
    return len(cell) == 1 and _DAY.fullmatch(cell[0].text) is not None
