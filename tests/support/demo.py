"""The commands that `lpgen demo` prints."""

from __future__ import annotations


def commands_of_demo(text: str, program: str) -> list[str]:
    """The commands below "What to do next", each on one line, as a shell joins them."""
    lines = text.partition("What to do next")[2].replace(" \\\n     ", "").splitlines()
    return [line.strip() for line in lines if line.startswith(f"    {program} ")]
