"""How wide the columns of a text table are: as wide as what they hold, and where there is no room for that the widest
give way first, as in rich's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from lpgen.report.blocks import Column

GAP: Final = "  "
"""The text between columns."""


def cells(text: str) -> int:
    """How many columns of a terminal a printable text takes."""
    return len(text) if text.isascii() else cell_len(text)


def table_width(widths: Sequence[int]) -> int:
    """The width of a table whose columns are so wide."""
    return sum(widths) + len(GAP) * (len(widths) - 1)


def column_widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, room: int) -> list[int] | None:
    """The columns' widths in a table of at most `room`, or None where one is empty or too narrow for its head."""
    natural = [max(map(cells, column)) for column in zip([one.title for one in columns], *rows, strict=True)]
    if 0 in natural:
        return None
    if table_width(natural) <= room:
        return natural
    # The gap after a column counts as a part of it, but for the last.
    room_of_columns = room - (len(columns) - 1)
    padded = [min(width, room_of_columns) for width in (*(one + 1 for one in natural[:-1]), natural[-1])]
    shrunk = _shrink(padded, [not column.number for column in columns], room_of_columns)
    widths = [width - 1 for width in shrunk[:-1]] + shrunk[-1:]
    needed = [
        own if one.number else min(own, max(1, cells(one.title))) for own, one in zip(natural, columns, strict=True)
    ]
    fits = table_width(widths) <= room and all(width >= least for width, least in zip(widths, needed, strict=True))
    return widths if fits else None


def _shrink(widths: Sequence[int], may_shrink: Sequence[bool], room: int) -> list[int]:
    """The widths with the widest of those that may shrink cut down to the next, again and again, until they fit."""
    found = list(widths)
    while (excess := sum(found) - room) > 0:
        top = max((width for width, may in zip(found, may_shrink, strict=True) if may), default=0)
        widest = [at for at, may in enumerate(may_shrink) if may and found[at] == top]
        following = max((found[at] for at, may in enumerate(may_shrink) if may and found[at] != top), default=0)
        if not top - following:
            break
        most = min(excess, top - following)
        for done, at in enumerate(widest):
            cut = min(most, round(excess / (len(widest) - done)))
            found[at] -= cut
            excess -= cut
    return found
