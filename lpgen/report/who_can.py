"""Rendering of who can do something: all of it as JSON, one screen of it as text."""

from __future__ import annotations

from typing import Final

from lpgen.core.explanations import WhoCan
from lpgen.report.json.who_can import who_can_json
from lpgen.report.layout.markdown import render_markdown
from lpgen.report.layout.text import render_text
from lpgen.report.pages.parts import REVIEW_ROWS
from lpgen.report.pages.who_can import who_can_page

_LINES: Final = 40


def render_who_can(found: WhoCan, format: str, *, width: int, color: bool) -> str:  # noqa: A002
    """Who can do something as JSON, Markdown or text, with a line break at the end.

    Text has as many principals as fit 40 lines.
    """
    if format == "json":
        return who_can_json(found)
    if format == "markdown":
        return render_markdown(who_can_page(found))
    for most in range(REVIEW_ROWS, 0, -1):
        text = render_text(who_can_page(found, most), width=width, color=color)
        if text.count("\n") <= _LINES:
            break
    return text
