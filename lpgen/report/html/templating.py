"""The templates and assets of pages. Jinja2 is imported when a page is made, since no other command needs it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from lpgen.report.escaping import terminal_text
from lpgen.report.html.block_data import split_quotes
from lpgen.report.html.principal_data import anchor_of
from lpgen.report.pages.blocks import Block, Bullets, Fold, Heading, Line, Paragraph, Table
from lpgen.report.pages.words import label_in_list

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_KINDS: Final = {Heading: "heading", Paragraph: "paragraph", Bullets: "bullets", Table: "table", Fold: "fold"}
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def template(name: str) -> Template:
    """A template; its output is escaped."""
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
    return _KINDS[type(block)]


def _is_day(cell: Line) -> bool:
    return len(cell) == 1 and _DAY.fullmatch(cell[0].text) is not None
