"""The first screen of a review and of drift: as much as fits a terminal, however much there is to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lpgen.report.commands import Given
from lpgen.report.layout.text import render_text
from lpgen.report.pages.drift_screen import Asked, Room, drift_screen
from lpgen.report.pages.first_screen import first_screen
from lpgen.report.views import review_view

if TYPE_CHECKING:
    from lpgen.core.drift.findings import Drift
    from lpgen.core.findings import Report
    from lpgen.report.entries import Details

_LINES: Final = 40
_COLUMNS: Final = 100
_NARROWEST: Final = 72
_REVIEW_SIZES: Final = (*((size, 5) for size in range(16, -1, -1)), *((0, lines) for lines in range(4, 0, -1)))
"""How much a review shows, and how many lines a command may take: the first that fits is taken."""


def render_review_screen(
    report: Report, given: Given | None, details: Details | None, *, width: int, color: bool
) -> str:
    """What matters most in a review, in at most 40 lines of at most 100 columns. Commands have the options `given`."""
    view, columns = review_view(report, details.entries if details else {}), _columns(width)
    for size, command_lines in _REVIEW_SIZES:
        page = first_screen(view, given or Given(), width=columns, size=size, command_lines=command_lines)
        text = render_text(page, width=columns, color=color)
        if text.count("\n") <= _LINES:
            break
    return text


def render_drift_screen(drift: Drift, asked: Asked, *, width: int, color: bool) -> str:
    """The changes between two states, in at most 40 lines of at most 100 columns."""
    for room in Room(_columns(width)).smaller():
        text = render_text(drift_screen(drift, asked, room), width=room.width, color=color)
        if text.count("\n") <= _LINES:
            break
    return text


def _columns(width: int) -> int:
    return min(max(width, _NARROWEST), _COLUMNS)
