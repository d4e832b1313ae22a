"""Pages as GitHub Markdown for a pull request. Action items and tables are visible; everything else is folded.

A comment can hold 65,536 characters. A longer page leaves out whole parts from the end and rows of long tables. A note
at its end says what is missing and how to see it. https://github.github.com/gfm/
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import Final

from lpgen.report.blocks import (
    DEFAULT_LAYOUT,
    Block,
    Bullets,
    Command,
    Fold,
    Heading,
    Layout,
    Line,
    PageBlock,
    Paragraph,
    Span,
    Table,
    Tone,
    WrittenFold,
    plural,
)
from lpgen.report.escaping import html_code, markdown_code, markdown_prose

MOST_CHARACTERS: Final = 64_500
_ROWS: Final = (150, 40, 10)
"""The numbers of rows of a table or list to try. The largest that fits is used."""


def page_markdown(page: Iterable[PageBlock], layout: Layout = DEFAULT_LAYOUT) -> str:
    """The page as Markdown that ends with a line break, at most `MOST_CHARACTERS` long without its closing note."""
    comment = _Comment(layout.noun)
    for block in _with_asides_folded(page):
        comment.add(block)
    return comment.text()


class _Comment:
    """Takes blocks while there is room and counts the others. A heading is added with the block below it."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._parts: list[str] = []
        self._room = MOST_CHARACTERS
        self._headings: list[Heading] = []
        self._sections: list[str] = []
        self._folds = self._others = 0

    def add(self, block: PageBlock) -> None:
        """Adds a block, with fewer rows if needed, or leaves it out."""
        if isinstance(block, Heading):
            self._headings = [heading for heading in self._headings if heading.level < block.level] + [block]
            return
        details = isinstance(block, Fold | WrittenFold) and not isinstance(block, _Aside)
        for rows in _ROWS[:1] if details else _ROWS:
            text = "\n\n".join([*map(_heading, self._headings), _render(block, rows)])
            if len(text) + 2 <= self._room:
                self._parts.append(text)
                self._room -= len(text) + 2
                self._headings = []
                return
        if isinstance(block, _Aside):
            self._sections.append(markdown_prose("".join(span.text for span in block.summary)))
        elif details:
            self._folds += 1
        else:
            self._others += 1

    def text(self) -> str:
        """The whole text, with a note on what was left out."""
        missing = [
            *self._sections,
            *([f"the details of {plural(self._folds, self._noun)}"] if self._folds else []),
            *([plural(self._others, "table or list", "tables and lists")] if self._others else []),
        ]
        note = f"*Left out to fit a comment: {'; '.join(missing)}. `--format json` has everything.*"
        return "\n\n".join([*self._parts, *([note] if missing else [])]) + "\n"


class _Aside(Fold):
    """A section that is folded."""


def _with_asides_folded(page: Iterable[PageBlock]) -> Iterator[PageBlock]:
    aside: Heading | None = None
    below: list[Block] = []
    for block in page:
        if isinstance(block, Heading) and block.level <= 2:
            if aside:
                yield _Aside(aside.line, tuple(below))
            aside, below = (block, []) if block.aside else (None, [])
            if not aside:
                yield block
        elif aside and not isinstance(block, WrittenFold):  # a written fold belongs below a heading that isn't an aside
            below.append(block)
        else:
            yield block
    if aside:
        yield _Aside(aside.line, tuple(below))


def _heading(block: Heading) -> str:
    return f"{'#' * (block.level + (block.level == 3))} {_inline(block.line)}"


def _render(block: PageBlock, rows: int) -> str:
    match block:
        case Heading():
            return _heading(block)
        case Paragraph():
            return _inline(block.line)
        case Bullets():
            return "\n".join(_item_lines(block, rows)) + _rest(len(block.items) - rows, "item")
        case Table():
            return _table(block, rows)
        case WrittenFold():
            return block.text
        case Command():
            return markdown_code(block.text)
        case Fold():
            inner = "\n\n".join(_render(inside, rows) for inside in block.blocks)
            return f"<details><summary>{_summary(block.summary)}</summary>\n\n{inner}\n\n</details>"


def part_markdown(part: Iterable[Block], _: Layout) -> str:
    """The part of one principal as it appears in a page."""
    return "\n\n".join(_render(block, _ROWS[0]) for block in part)


def _item_lines(block: Bullets, rows: int) -> Iterable[str]:
    for number, item in enumerate(block.items[:rows], start=block.first):
        mark = f"{number}. " if block.numbered else "- "
        yield mark + _inline(item.line)
        yield from (f"{' ' * len(mark)}- {_inline(note)}" for note in item.notes)


def _table(table: Table, most: int) -> str:
    rows = [
        _row(markdown_prose(column.title) for column in table.columns),
        _row("---:" if column.number else "---" for column in table.columns),
        *(_row(map(_inline, row)) for row in table.rows[:most]),
    ]
    return "\n".join(rows) + _rest(len(table.rows) - most, "row")


def _rest(number: int, noun: str) -> str:
    return f"\n\nand {plural(number, f'more {noun}')}; `--format json` has them all" if number > 0 else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _inline(line: Line) -> str:
    text = ""
    for span in line:
        piece = _span(span)
        # Two adjacent code spans would read as one.
        text += f" {piece}" if text.endswith("`") and piece.startswith("`") else piece
    return text.strip()


def _span(span: Span) -> str:
    if span.tone is Tone.NAME:
        return markdown_code(span.text)
    body = span.text.strip(" ")
    if not body:
        return " " if span.text else ""
    before = " " if span.text.startswith(" ") else ""
    after = " " if span.text.endswith(" ") else ""
    mark = "**" if span.tone in (Tone.STRONG, Tone.GOOD, Tone.BAD) else ""
    return f"{before}{mark}{markdown_prose(body)}{mark}{after}"


def _summary(line: Line) -> str:
    return "".join(map(_summary_span, line)).strip()


def _summary_span(span: Span) -> str:
    body = span.text.strip(" ")
    if span.tone is Tone.NAME or markdown_prose(body) != body:
        return html_code(span.text)
    shown = html.escape(span.text)
    return f"<b>{shown}</b>" if span.tone in (Tone.STRONG, Tone.GOOD, Tone.BAD) else shown
