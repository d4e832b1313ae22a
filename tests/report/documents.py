"""Blocks of `docs/formats.md` that are generated or run."""

from __future__ import annotations

import os
import re
from pathlib import Path

FORMATS = Path(__file__).parents[2] / "docs" / "formats.md"


def read_block(name: str) -> str:
    """What stands between the marks of a block."""
    found = re.search(f"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", FORMATS.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def check_block(name: str, text: str) -> None:
    """Fails unless the block holds the text; with `LPGEN_UPDATE_GOLDEN=1` writes it instead."""
    if os.environ.get("LPGEN_UPDATE_GOLDEN") == "1":
        whole = FORMATS.read_text(encoding="utf-8")
        marks = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = whole.partition(marks[0])
        _, _, after = rest.partition(marks[1])
        FORMATS.write_text(f"{before}{marks[0]}{text}\n{marks[1]}{after}", encoding="utf-8")
    assert read_block(name) == text, "docs/formats.md differs; write it with LPGEN_UPDATE_GOLDEN=1"
