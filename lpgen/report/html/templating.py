"""The templates, assets and script data of pages, and the content security policy.

Jinja2 is imported only when a page is written, because no other command needs it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from lpgen.report.blocks import Block, Heading, Layout, Line
from lpgen.report.escaping import terminal_text
from lpgen.report.html.data import split_quotes
from lpgen.report.words import label_in_list

if TYPE_CHECKING:
    from jinja2 import Environment, Template


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def template(name: str) -> Template:
    """A template. Its output is escaped."""
    return _environment().get_template(name)


def asset(name: str) -> str:
    """The text of a style sheet or script."""
    from jinja2 import PackageLoader

    loader = PackageLoader("lpgen.report.html", "assets")
    return loader.get_source(_environment(), name)[0]


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
    environment.globals.update(anchor_of=anchor_of, label_in_list=label_in_list, kind_of=_kind_of, is_day=_is_day)
    return environment


def _kind_of(block: Block) -> str:
    return type(block).__name__.lower()


def _is_day(cell: Line) -> bool:
    return len(cell) == 1 and _DAY.fullmatch(cell[0].text) is not None


def anchor_of(arn: str) -> str:
    """The URL fragment for a principal on the page."""
    return f"p={quote(terminal_text(arn), safe='')}"


# ---------------------------------------------------------------- scripts

_HARMLESS: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\x7f": "\\u007f"})
"""Characters that could end a script or start a comment. They occur only in JSON texts, so escapes are valid."""


def script_json(value: object) -> str:
    """The value as JSON that is safe in a script element: ASCII without `<`, `>` and `&`."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).translate(_HARMLESS)


def content_security_policy(*, style: str = "", script: str = "", frames: bool = False) -> str:
    """The policy that allows only this style sheet and this script, and lets the page fetch and send nothing.

    With `frames`, the page may show files next to it in frames. `'self'` allows this also from `file://`, where every
    file has its own origin.
    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
    """
    scripts = f"script-src '{_source_hash(script)}'; " if script else ""
    styles = f"style-src '{_source_hash(style)}'; " if style else ""
    shown = "frame-src 'self'; " if frames else ""
    return f"default-src 'none'; {scripts}{styles}{shown}base-uri 'none'; form-action 'none'"


def _source_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


_STYLES: Final = ("colors.css", "layout.css", "plain.css", "print.css")


def page_html(page: Iterable[Block], layout: Layout) -> str:
    """The page as HTML, titled as the layout says or by its first heading. Folds are open, so it can be printed."""
    blocks, style = tuple(page), "\n".join(map(asset, _STYLES))
    heading = next(block for block in blocks if isinstance(block, Heading))
    title = "".join(span.text for span in heading.line)
    return template("plain.html.j2").render(
        policy=content_security_policy(style=style), style=style, title=layout.title or title, blocks=blocks, links={}
    )
