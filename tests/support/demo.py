"""The commands that a screen shows, such as that at the end of `lpgen demo`."""

from __future__ import annotations

import re
import shlex


def commands_of_screen(text: str) -> list[list[str]]:
    """The commands of lpgen on a screen, as a shell reads them, with `lpgen` for the program that is running."""
    joined = text.replace("\\\n", "")
    return [["lpgen", *shlex.split(found)] for found in re.findall(f"^    {_PROGRAM} (.*)$", joined, re.M)]


_PROGRAM = r"(?:\S+ -P -m |\S*/)?lpgen"
