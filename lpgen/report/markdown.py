"""Pages as GitHub's Markdown, for a pull request: tables in the open, one fold per principal.

A comment takes 65,536 characters, so what is beyond that is left out, and the page says what and how to see it.
https://github.github.com/gfm/
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.report.blocks import Block, Bullets, Column, Fold, Heading, Line, Paragraph, Span, Table, Tone, plural
from lpgen.report.inert import html_code, markdown_code, markdown_prose

MOST_CHARACTERS: Final = 65_000
_MOST_ROWS: Final = 150


def render_markdown(page: Sequence[Block], *, noun: str = "principal") -> str:
    """The page as Markdown that ends with a line break, at most `MOST_CHARACTERS` long but for its closing note.

    `noun` is what each fold is about.
    """
    parts: list[str] = []
    room, left_out, waiting = MOST_CHARACTERS, 0, ""
    for block in page:
        text = waiting + _render(block)
        if isinstance(block, Fold) and len(text) + 2 > room:
            left_out += 1
        elif isinstance(block, Heading) and block.level == 2:
            waiting = f"{_render(block)}\n\n"  # it goes too where all below it does
        else:
            parts.append(text)
            room -= len(text) + 2
            waiting = ""
    if left_out:
        parts.append(
            f"*Left out, so that this fits a comment: the details of {plural(left_out, noun)}. "
            "`--format json` has them all.*"
        )
    return "\n\n".join(parts) + "\n"


def _render(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * (block.level + (block.level == 3))} {_inline(block.line)}"
        case Paragraph():
            return _inline(block.line)
        case Bullets():
            return "\n".join(_item_lines(block))
        case Table():
            return _table(block)
        case Fold():
            inner = "\n\n".join(map(_render, block.blocks))
            return f"<details><summary>{_summary(block.summary)}</summary>\n\n{inner}\n\n</details>"


def _item_lines(block: Bullets) -> Iterable[str]:
    for number, item in enumerate(block.items, start=1):
        mark = f"{number}. " if block.numbered else "- "
        yield mark + _inline(item.line)
        yield from (f"{' ' * len(mark)}- {_inline(note)}" for note in item.notes)


def _table(table: Table) -> str:
    rows = [
        _row([markdown_prose(column.title) for column in table.columns]),
        _row([_ruler(column) for column in table.columns]),
        *(_row([_inline(cell) for cell in row]) for row in table.rows[:_MOST_ROWS]),
    ]
    rest = len(table.rows) - _MOST_ROWS
    note = f"\n\nand {plural(rest, 'more row')}; `--format json` has them all" if rest > 0 else ""
    return "\n".join(rows) + note


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ruler(column: Column) -> str:
    return "---:" if column.number else "---"


def _inline(line: Line) -> str:
    text = ""
    for span in line:
        piece = _span(span)
        # Two code spans side by side would read as one.
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
