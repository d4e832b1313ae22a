"""A page of blocks as one HTML file that needs neither scripts nor a network: for a browser, or a mail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.report.html.embed import content_security_policy
from lpgen.report.html.templating import asset, template
from lpgen.report.pages.blocks import Block

_STYLES: Final = ("colors.css", "layout.css", "plain.css", "print.css")


def blocks_html(page: Iterable[Block], *, title: str) -> str:
    """The page as HTML that ends with a line break; folds are open, so it can be printed as it is."""
    style = "\n".join(map(asset, _STYLES))
    return template("plain.html.j2").render(
        policy=content_security_policy(style=style), style=style, title=title, blocks=tuple(page)
    )
