"""Lines that fit a terminal: longer lines are broken at spaces and continue below, a little to the right."""

from __future__ import annotations

import textwrap
from typing import Final

from rich.cells import cell_len

_HANG: Final = 2


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
