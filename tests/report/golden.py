"""Golden files: what a renderer printed before, compared byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def check_golden(name: str, text: str) -> None:
    """Fails unless the text is what the golden file holds; with `LPGEN_UPDATE_GOLDEN=1` writes the file instead."""
    path = GOLDEN / name
    if os.environ.get("LPGEN_UPDATE_GOLDEN") == "1":
        path.write_bytes(text.encode())
    assert path.exists(), f"no golden file {name}; write it with LPGEN_UPDATE_GOLDEN=1"
    assert text == path.read_bytes().decode(), f"{name} differs; see tests/golden/README.md"
