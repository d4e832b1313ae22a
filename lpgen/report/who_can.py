"""Rendering of who can do something: as JSON all of it, as text one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lpgen.core.explanations import WhoCan

_LINES: Final = 40


def render_who_can(
    found: WhoCan,
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
) -> str:
    """Who can do something, with a line break at the end. Text has as many principals as fit 40 lines.

    Raises:
        ValueError: there is no such format.
    """
    if format == "json":
        from lpgen.report.json.who_can import who_can_json

        return who_can_json(found)
    from lpgen.report.pages.parts import REVIEW_ROWS
    from lpgen.report.pages.who_can import who_can_page

    if format == "markdown":
        from lpgen.report.layout.markdown import render_markdown

        return render_markdown(who_can_page(found))
    if format != "text":
        raise ValueError(f"no format {format!r}; there are text, json, markdown")
    from lpgen.report.layout.text import render_text

    for most in range(REVIEW_ROWS, 0, -1):
        text = render_text(who_can_page(found, most=most), width=width, color=color)
        if text.count("\n") <= _LINES:
            break
    return text
