"""Plain text broken into lines at spaces, as rich breaks it, and a good deal faster."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_WORD: Final = re.compile(r"\s*\S+\s*")


def wrap_ascii(text: str, width: int) -> list[str]:
    """The lines, without the spaces at their ends, of one line of printable ASCII; a longer word is broken anywhere."""
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
