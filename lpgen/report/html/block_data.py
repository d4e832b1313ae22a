"""Blocks as data for the page's script, every text inert.

A line is a list of spans: a string where it is prose, else `[tone, text]` with the tone's first letter. A block is a
list of its kind and its parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lpgen.report.escaping import terminal_text
from lpgen.report.pages.blocks import (
    Block,
    Bullets,
    Command,
    Fold,
    Heading,
    Item,
    Line,
    Paragraph,
    Show,
    Span,
    Table,
    Tone,
    name,
)

_TONES: Final = {Tone.NAME: "n", Tone.STRONG: "s", Tone.GOOD: "g", Tone.BAD: "b", Tone.QUIET: "q"}

Data = list[object]


def split_quotes(line: Line) -> Line:
    """The line with its backticked parts as names."""
    return tuple(part for span in line for part in _split_span(span))


def _split_span(span: Span) -> Iterator[Span]:
    parts = span.text.split("`") if span.tone is not Tone.NAME else [span.text]
    if len(parts) % 2 == 0:
        yield span
        return
    for at, text in enumerate(parts):
        if text or len(parts) == 1:
            yield Span(text, Tone.NAME if at % 2 else span.tone)


def data_of_line(line: Line) -> Data:
    """The spans of a line."""
    return [
        terminal_text(span.text) if span.tone is Tone.PROSE else [_TONES[span.tone], terminal_text(span.text)]
        for span in split_quotes(line)
    ]


def data_of_blocks(blocks: Iterable[Block]) -> Data:
    """The blocks in their order."""
    return [_data_of_block(block) for block in blocks]


def _data_of_block(block: Block) -> Data:
    match block:
        case Heading():
            return ["h", data_of_line(block.line)]
        case Paragraph():
            return ["p", data_of_line(block.line)]
        case Bullets():
            return ["ol" if block.numbered else "ul", [_data_of_item(item) for item in block.items]]
        case Table():
            columns = [[one.title, int(one.number), int(one.show is Show.WIDE)] for one in block.columns]
            return ["t", columns, [[data_of_line(cell) for cell in row] for row in block.rows]]
        case Command():
            return ["p", data_of_line((name(block.text),))]
        case Fold():
            return ["f", data_of_line(block.summary), data_of_blocks(block.blocks)]


def _data_of_item(item: Item) -> Data:
    return [data_of_line(item.line), [data_of_line(note) for note in item.notes]]
