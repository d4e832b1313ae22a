"""The first screen of a review, of drift and of who-can answers: as much as fits a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.drift.findings import Drift
from lpgen.core.explanations import WhoCan
from lpgen.core.graph.answers import GraphReport
from lpgen.core.perimeter.proposals import PerimeterReport
from lpgen.core.roles.model import RolesReport
from lpgen.core.tags.model import TagReport
from lpgen.core.trust.roles import TrustReport
from lpgen.report.blocks import REVIEW_ROWS, Given, Layout, PageBlock
from lpgen.report.layout.text import page_text
from lpgen.report.pages.drift_screen import Room, drift_blocks
from lpgen.report.pages.explain import who_can_page
from lpgen.report.pages.first_screen import first_screen
from lpgen.report.pages.graph import graph_page
from lpgen.report.pages.perimeter import perimeter_page
from lpgen.report.pages.roles import roles_page
from lpgen.report.pages.tags import tags_page
from lpgen.report.pages.trust import trust_page
from lpgen.report.summary import PartedReview

_LINES: Final = 40
_COLUMNS: Final = 100
_NARROWEST: Final = 72
_REVIEW_SIZES: Final = (*((size, 3) for size in range(16, 3, -1)), *((size, 2) for size in range(4, -2, -1)), (-1, 1))
"""Sizes of a review's lists and numbers of steps to try. The first pair that fits is used, otherwise the last."""


def review_screen(parted: PartedReview, layout: Layout) -> str:
    """The most important parts of a review, in at most 40 lines and 100 columns unless a command is longer."""
    columns = _columns(layout.width)
    pages = (
        first_screen(parted.summary, parted.given, width=columns, size=size, steps=steps)
        for size, steps in _REVIEW_SIZES
    )
    return _largest_that_fits(pages, replace(layout, width=columns))


def who_can_screen(found: WhoCan, layout: Layout) -> str:
    """Who can do something, with as many principals as fit in 40 lines."""
    return _largest_that_fits((who_can_page(found, most) for most in range(REVIEW_ROWS, 0, -1)), layout)


@dataclass(frozen=True, slots=True)
class AskedDrift:
    """A drift, and the options that the command was given."""

    drift: Drift
    given: Given


def drift_screen(asked: AskedDrift, layout: Layout) -> str:
    """The changes between two states, in at most 40 lines and 100 columns."""
    columns = _columns(layout.width)
    pages = (drift_blocks(asked.drift, asked.given, room) for room in Room(columns).smaller())
    return _largest_that_fits(pages, replace(layout, width=columns))


def trust_screen(report: TrustReport, layout: Layout) -> str:
    """The trust of all roles, in at most 40 lines, or all about one role."""
    if len(report.roles) == 1:
        return "".join(page_text(trust_page(report, REVIEW_ROWS), layout))
    return _largest_that_fits((trust_page(report, most) for most in range(REVIEW_ROWS, 0, -1)), layout)


def graph_screen(report: GraphReport, layout: Layout) -> str:
    """The paths, in at most 40 lines."""
    return _largest_that_fits((graph_page(report, most) for most in range(REVIEW_ROWS, 0, -1)), layout)


def perimeter_screen(report: PerimeterReport, layout: Layout) -> str:
    """The proposals, in at most 40 lines, or all about one resource."""
    if len(report.resources) == 1:
        return "".join(page_text(perimeter_page(report), layout))
    return _largest_that_fits((perimeter_page(report, most) for most in range(REVIEW_ROWS, 0, -1)), layout)


def tags_screen(report: TagReport, layout: Layout) -> str:
    """The proposals, in at most 40 lines, or all about one principal."""
    if len(report.principals) == 1:
        return "".join(page_text(tags_page(report), layout))
    return _largest_that_fits((tags_page(report, most) for most in range(REVIEW_ROWS, 0, -1)), layout)


def roles_screen(report: RolesReport, layout: Layout) -> str:
    """The proposals, in at most 40 lines, or all about one principal."""
    if len(report.users) + len(report.merges) + len(report.splits) == 1:
        return "".join(page_text(roles_page(report), layout))
    return _largest_that_fits((roles_page(report, most) for most in range(REVIEW_ROWS, 0, -1)), layout)


def _largest_that_fits(pages: Iterable[Iterable[PageBlock]], layout: Layout) -> str:
    """The text of the first page that fits the screen, otherwise of the last. Pages become smaller and smaller."""
    for page in pages:
        text = "".join(page_text(page, layout))
        if text.count("\n") <= _LINES:
            break
    return text


def _columns(width: int) -> int:
    return min(max(width, _NARROWEST), _COLUMNS)
