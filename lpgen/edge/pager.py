"""The pager of a person at a terminal."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
from collections.abc import Iterable
from typing import Final

_USUAL: Final = "less"
_LESS: Final = "FRX"
"""Leave at once what fits the screen, show colour, and leave the text on the screen, as git has it."""


def show_in_pager(parts: Iterable[str], *, encoding: str, errors: str) -> bool:
    """Shows a text in `$PAGER`, or in `less` where that isn't set; False where that can't be started."""
    try:
        command = shlex.split(os.environ.get("PAGER") or _USUAL)
        pager = subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESS": _LESS, **os.environ})
    except (OSError, ValueError):
        return False
    with contextlib.suppress(BrokenPipeError), pager:  # a person may leave before the end
        if pager.stdin is not None:
            pager.stdin.writelines(part.encode(encoding, errors) for part in parts)
    return True
