"""Scenarios with a planted mistake, to test their readers."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_wrong(content: dict[str, Any], place: Sequence[Any], value: object, folder: Path) -> None:
    """Writes `wrong.json`: the content with another value at a place, or without it if the value is None."""
    changed = copy.deepcopy(content)
    found: Any = changed
    for step in place[:-1]:
        found = found[step]
    if value is None:
        del found[place[-1]]
    else:
        found[place[-1]] = value
    (folder / "wrong.json").write_text(json.dumps(changed))
