"""JSON laid out for people and for diffs: nested values on lines of their own, a row of a list on one line.

Only ASCII is written, so that no text from a log can reorder or hide what stands around it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

Json = dict[str, object]
"""A JSON object; its keys are written in the order they were put in."""


class Row(dict[str, object]):
    """A JSON object that is written on one line."""


_STEP: Final = "  "


def lay_out(value: object) -> str:
    """The value as JSON text that ends with a line break. Equal values give equal bytes."""
    return _lay_out(value, "") + "\n"


def _lay_out(value: object, indent: str) -> str:
    if isinstance(value, Row):
        return json.dumps(value)
    if isinstance(value, Mapping) and value:
        rows = (f"{json.dumps(key)}: {_lay_out(one, indent + _STEP)}" for key, one in value.items())
        return _bracket("{}", rows, indent)
    if isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        return _bracket("[]", (_lay_out(one, indent + _STEP) for one in value), indent)
    return json.dumps(value)


def _bracket(brackets: str, rows: Iterable[str], indent: str) -> str:
    inner = f",\n{indent}{_STEP}".join(rows)
    return f"{brackets[0]}\n{indent}{_STEP}{inner}\n{indent}{brackets[1]}"
