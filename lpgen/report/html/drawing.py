"""Where the parts of the picture of two walls stand: from left to right, or for narrow screens from top to bottom.

The template draws walls from left to right in both, and mirrors them for narrow screens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from textwrap import wrap
from typing import NamedTuple

from lpgen.report.escaping import terminal_text

_CHARACTER, _TALL, _THICK, _PHONE, _INDENT = 6.9, 108, 14, 340, 52  # the width of a character, and sizes of parts


class Section(StrEnum):
    """What a wall does where the request meets it."""

    OPEN = "open"
    IDLE = "says nothing"  # and nothing needs it to
    DEPENDS = "depends"
    CLOSED = "closed"  # a needed Allow is missing
    BARRED = "barred"  # a Deny stands in it


class Words(NamedTuple):
    """A text of the picture. If its kind begins with `name`, it stays on one line, cut in the middle. Others wrap."""

    text: str
    kind: str = "quiet"


class DrawnWall(NamedTuple):
    """A set of policies as a wall on one side, with its title and what it says about the request."""

    side: str
    title: str
    section: Section
    words: tuple[Words, ...]


class Picture(NamedTuple):
    """A request and its walls, in the order in which it meets them. `says` tells the same in words.

    The kind of the head's last words is the result.
    """

    title: str
    says: str
    head: tuple[Words, ...]
    who: tuple[Words, ...]
    what: tuple[Words, ...]
    walls: tuple[DrawnWall, ...]
    legend: str


@dataclass(slots=True)
class Drawing:
    """The placed parts. `places` are the walls on the `way` of the request, which is in their middle.

    A label is a box that hides what doesn't fit: its anchor, place and size, and lines of a kind, a text and the uncut
    text.
    """

    picture: Picture
    across: bool
    width: float
    height: float = 0
    middle: float = 0
    ends: tuple[float, float] = (0, 0)
    way: tuple[float, float] = (0, 0)
    places: list[float] = field(default_factory=list)
    boxes: list[tuple[str, float, float, float, float]] = field(default_factory=list)
    labels: list[tuple[str, float, float, float, tuple[tuple[str, str, str], ...]]] = field(default_factory=list)

    def write(self, words: Iterable[Words], x: float, y: float, width: float, anchor: str = "start") -> int:
        """Places a label; its height."""
        lines = tuple(_lines(words, width))
        self.labels.append((anchor, x, y, width, lines))
        return 15 * len(lines) + 2


def _lines(words: Iterable[Words], width: float) -> Iterator[tuple[str, str, str]]:
    for text, kind in ((terminal_text(found.text), found.kind) for found in words if found.text):
        if kind.startswith("name"):
            yield kind, cut_middle(text, int(width / _CHARACTER)), text
        else:
            yield from ((kind, row, row) for row in wrap(text, int(width / _CHARACTER)))


def cut_middle(text: str, most: int) -> str:
    """The text in `most` columns of a font with equal widths, cut in the middle. Wide characters count twice."""
    most = most if text.isascii() else most // 2
    tail = (most - 1) * 3 // 5
    return text if len(text) <= most else f"{text[: most - 1 - tail]}…{text[-tail:]}"


# ---------------------------------------------------------------- the two directions


def draw_across(picture: Picture) -> Drawing:
    """The picture from left to right, for wide screens."""
    columns = len(picture.walls) + 2
    column = min(210, max(164, 960 / columns))
    drawn = Drawing(picture, across=True, width=column * columns)
    top = drawn.write(picture.head, 8, 4, drawn.width - 16) + 48
    drawn.ends, drawn.middle, drawn.way = (top, top + _TALL), top + _TALL / 2, (column - 16, drawn.width - column + 14)
    for words, x in ((picture.who, 8), (picture.what, drawn.width - column + 16)):
        drawn.boxes.append(("node", x, drawn.middle - 36, column - 24, 72))
        drawn.write(words, x + 6, drawn.middle - 24, column - 36, "middle")
    low = 0
    for side, group in groupby(picture.walls, lambda wall: wall.side):
        left = x = column * (len(drawn.places) + 1)
        for wall in group:
            drawn.places.append(x + (column - _THICK) / 2)
            drawn.write([Words(wall.title, "title")], x + 4, top - 20, column - 8, "middle")
            low = max(low, drawn.write(wall.words, x + 4, top + _TALL + 8, column - 8, "middle"))
            x += column
        drawn.boxes.append(("bracket", left + 8, top - 22, x - left - 16, 1))
        drawn.write([Words(side, "side")], left + 8, top - 42, x - left - 16, "middle")
    low += top + _TALL + 16
    drawn.height = low + drawn.write([Words(picture.legend)], 8, low, drawn.width - 16)
    return drawn


def draw_down(picture: Picture) -> Drawing:
    """The picture from top to bottom, for narrow screens."""
    drawn = Drawing(picture, across=False, width=_PHONE, middle=24, ends=(0, _PHONE))
    y, side = drawn.write(picture.head, 4, 4, _PHONE - 8) + 8, ""
    y += _draw_node(drawn, picture.who, y)
    start, y = y, y + 8
    for wall in picture.walls:
        heads = [Words(wall.side, "side")] if wall.side != side else []
        y += drawn.write([*heads, Words(wall.title, "title"), *wall.words], _INDENT, y, _PHONE - _INDENT) + 6
        drawn.places.append(y)
        side, y = wall.side, y + _THICK + 8
    drawn.way = (start, y + 12)
    y += _draw_node(drawn, picture.what, y + 14) + 22
    drawn.height = y + drawn.write([Words(picture.legend)], 4, y, _PHONE - 8)
    return drawn


def _draw_node(drawn: Drawing, words: Iterable[Words], y: float) -> int:
    height = drawn.write(words, 10, y + 6, _PHONE - 20) + 12
    drawn.boxes.append(("node", 0, y, _PHONE, height))
    return height
