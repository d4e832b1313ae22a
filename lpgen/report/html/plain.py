"""A page of blocks as one HTML file that needs neither scripts nor a network: for a browser, or a mail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.report.blocks import Block, Heading, Layout
from lpgen.report.html.templating import asset, content_security_policy, template

_STYLES: Final = ("colors.css", "layout.css", "plain.css", "print.css")


def page_html(page: Iterable[Block], layout: Layout) -> str:
    """The page as HTML with the title of the layout, or of the first heading; folds are open, so it prints as it is."""
    blocks, style = tuple(page), "\n".join(map(asset, _STYLES))
    heading = next(block for block in blocks if isinstance(block, Heading))
    title = "".join(span.text for span in heading.line)
    return template("plain.html.j2").render(
        policy=content_security_policy(style=style), style=style, title=layout.title or title, blocks=blocks, links={}
    )
