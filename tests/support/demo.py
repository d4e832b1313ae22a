"""The commands that a screen shows, such as that at the end of `lpgen demo`."""

from __future__ import annotations

import shlex


def commands_of_screen(text: str) -> list[list[str]]:
    """The commands of lpgen on a screen, as a shell reads them."""
    lines = text.replace("\\\n", "").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("    lpgen ")]
