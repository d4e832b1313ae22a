"""Text broken into lines at spaces: table cells as rich breaks them, but faster, and messages with a hanging indent."""

from __future__ import annotations

import re
import textwrap
from itertools import pairwise
from typing import Final

from rich.cells import cell_len

_WORD: Final = re.compile(r"\s*\S+\s*")
_HANG: Final = 2


def wrap_ascii(text: str, width: int) -> list[str]:
    """One line of printable ASCII as the lines that rich breaks it into, without the spaces at their ends.

    A longer word is broken anywhere.
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
    """The text with every line broken at spaces where it is wider; words are never broken, so they can be copied.

    A continuation starts two columns to the right of its line.
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
