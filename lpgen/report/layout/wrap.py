"""Text broken into lines at spaces: table cells as in rich, but faster, and messages with a hanging indent."""

from __future__ import annotations

import re
import textwrap
from itertools import pairwise
from typing import Final

from rich.cells import cell_len

_WORD: Final = re.compile(r"\s*\S+\s*")
_HANG: Final = 2


def wrap_ascii(text: str, width: int) -> list[str]:
    """A line of printable ASCII, broken into lines as rich does, without trailing spaces.

    A word that is longer than a line is broken anywhere.
    """
    breaks: list[int] = []
    used = 0
    for found in _WORD.finditer(text):
        start, end = found.span()
        length = len(found.group().rstrip())
        if length <= width - used:
            used += end - start
        elif length > width:
            breaks.extend(range(start, end, width))
            used = (end - start - 1) % width + 1
        elif used:
            breaks.append(start)
            used = end - start
    edges = [0, *(at for at in breaks if at), len(text)]
    return [text[start:end].rstrip() for start, end in pairwise(edges)]


def fit_lines(text: str, width: int) -> str:
    """The text with each line that is too wide broken at spaces. Words are never broken, so they can be copied.

    A continuation is indented two columns more than its line.
    """
    return "\n".join(_fit(line, width) for line in text.split("\n"))


def _fit(line: str, width: int) -> str:
    if cell_len(line) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip(" ")))
    return textwrap.fill(
        line[len(indent) :],
        width=width,
        initial_indent=indent,
        subsequent_indent=indent + " " * _HANG,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=True,
    )
