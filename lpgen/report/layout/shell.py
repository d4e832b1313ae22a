"""Commands in lines to paste into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len

from lpgen.report.blocks import Command, Option
from lpgen.report.escaping import terminal_text

_INDENT: Final = 4
_HANG: Final = 2
_CONTINUED: Final = " \\"


def command_lines(command: Command, *, width: int) -> list[str]:
    """The command in lines no wider than `width`, for a shell to join."""
    lines = [" " * _INDENT]
    room = width - _INDENT - _HANG - len(_CONTINUED)
    for option in command.words:
        whole = _shown(" ".join(map(shlex.quote, option)))
        for text, is_rest in [(whole, False)] if len(whole) <= room and whole.isascii() else _pieces(option, room):
            if is_rest:  # the shell joins what a backslash at the end of a line separates
                lines[-1] += "\\"
                lines.append(text)
            elif not lines[-1].strip():
                lines[-1] += text
            elif cell_len(lines[-1]) + 1 + cell_len(text) + len(_CONTINUED) <= width:
                lines[-1] += f" {text}"
            else:
                lines[-1] += _CONTINUED
                lines.append(" " * (_INDENT + _HANG) + text)
    return lines


def _pieces(option: Option, room: int) -> Iterator[tuple[str, bool]]:
    """The words of an option, each with whether it is the rest of a word that is too long for a line."""
    for word in option:
        is_plain = word.isascii() and word.isprintable() and not {"'", "\\"} & set(word)
        size = room - len("''") if is_plain else room // len("\\U0010ffff") - 1
        for at in range(0, max(len(word), 1), size):
            yield _shown(shlex.quote(word[at : at + size])), at > 0


def _shown(text: str) -> str:
    return text if text.isascii() and text.isprintable() else terminal_text(text)
