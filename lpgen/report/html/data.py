"""Data for the script of a page, with every text escaped: blocks, and shared values that are written once.

A line is a list of spans: a string for prose, otherwise `[tone, text]` with the first letter of the tone. A block is a
list of its kind and its parts. Data refer to actions by number, to documents by digest, and to texts by index.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from typing import Final, Generic, TypeVar

from lpgen.core.model import Action
from lpgen.report.blocks import (
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
from lpgen.report.escaping import terminal_text

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
    """The blocks in order."""
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
            columns = [[column.title, int(column.number), int(column.show is Show.WIDE)] for column in block.columns]
            return ["t", columns, [[data_of_line(cell) for cell in row] for row in block.rows]]
        case Command():
            return ["p", data_of_line((name(block.text),))]
        case Fold():
            return ["f", data_of_line(block.summary), data_of_blocks(block.blocks)]


def _data_of_item(item: Item) -> Data:
    return [data_of_line(item.line), [data_of_line(note) for note in item.notes]]


# ---------------------------------------------------------------- values written once

Value = TypeVar("Value", bound=Hashable)


class Interned(Generic[Value]):
    """Distinct values, in the order of their first occurrence."""

    def __init__(self) -> None:
        self._places: dict[Value, int] = {}

    def place(self, value: Value) -> int:
        """The index of the value, from 0."""
        return self._places.setdefault(value, len(self._places))

    @property
    def values(self) -> tuple[Value, ...]:
        """The values by index."""
        return tuple(self._places)


class ActionIndex:
    """Distinct actions, sorted by service and name, each with a number."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self._actions = sorted(set(actions), key=_parts)
        self._numbers = {action: number for number, action in enumerate(self._actions)}

    def ranges(self, actions: Iterable[Action], more: Interned[Action]) -> str:
        """The numbers of the actions as ranges, such as `0-4,7`. Unknown actions are added to `more` and come last."""
        return ranges_of(self._number(action, more) for action in actions)

    def _number(self, action: Action, more: Interned[Action]) -> int:
        found = self._numbers.get(action)
        return len(self._numbers) + more.place(action) if found is None else found

    def data(self) -> list[list[object]]:
        """The names by service, in the order of their numbers."""
        return [
            [terminal_text(service), [terminal_text(_parts(action)[1]) for action in members]]
            for service, members in groupby(self._actions, key=lambda action: _parts(action)[0])
        ]


def _parts(action: str) -> tuple[str, str]:
    service, _, name = action.partition(":")
    return service, name


def ranges_of(numbers: Iterable[int]) -> str:
    """Distinct numbers as ranges, such as `0-4,7`."""
    runs = _runs(sorted(numbers))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _runs(numbers: list[int]) -> Iterable[tuple[int, int]]:
    """The first and last number of each run of consecutive numbers."""
    first = 0
    for at, number in enumerate(numbers):
        if at + 1 == len(numbers) or numbers[at + 1] != number + 1:
            yield numbers[first], number
            first = at + 1


def gaps_of(ranges: str) -> str:
    """The ranges as the gap to the previous range and the number of further numbers, in hexadecimal: `0-4,2`."""
    found, end = [], 0
    for part in filter(None, ranges.split(",")):
        first, last = (int(number) for number in (part.split("-") * 2)[:2])
        found.append(f"{first - end:x}" + (f"-{last - first:x}" if last > first else ""))
        end = last + 1
    return ",".join(found)


class Shared:
    """The values that the data of one principal refer to: actions not in the index, documents, texts, and lines."""

    def __init__(self, actions: ActionIndex) -> None:
        self._actions = actions
        self._more: Interned[Action] = Interned()
        self._documents: dict[str, str] = {}
        self.texts: Interned[str] = Interned()
        self.lines: Interned[Line] = Interned()

    def ranges(self, actions: Iterable[Action]) -> str:
        """The numbers of the actions as ranges, such as `0-4,7`."""
        return self._actions.ranges(actions, self._more)

    def add_document(self, text: str) -> str:
        """Adds a document. Returns the digest that refers to it."""
        digest = sha256(text.encode()).hexdigest()[:32]
        self._documents[digest] = text
        return digest

    def data(self) -> Iterator[tuple[str, object]]:
        """The shared values, each with the name that refers to it."""
        yield from ((f"{DOCUMENT}{digest}", text) for digest, text in self._documents.items())
        if self._more.values:
            yield "more-actions", list(map(terminal_text, self._more.values))
        yield "texts", self.texts.values
        yield "lines", [data_of_line(line) for line in self.lines.values]


DOCUMENT = "document-"
"""The prefix of the name of a document. Principals of a page share documents."""
