"""JSON laid out for people and for diffs: nested values on lines of their own, a row of a list on one line.

Only ASCII is written, so no text from a log can reorder or hide the text around it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

Json = dict[str, object]
"""A JSON object; its keys are written in the order they were put in."""


class Row(dict[str, object]):
    """A JSON object that is written on one line."""


class Written(list[str]):
    """A JSON list whose items are text already, each on one line."""


class LaidOut(str):
    """The text that `lay_out_item` made of an object."""


_STEP: Final = "  "


def lay_out(value: object) -> str:
    """The value as JSON text that ends with a line break. Equal values give equal bytes."""
    return _lay_out(value, "") + "\n"


def lay_out_line(value: object) -> str:
    """The value as JSON text on one line, with its line break.

    Breaks stand only between values: in texts they are escapes, as is every other character that breaks lines.
    """
    return "".join(map(str.lstrip, _lay_out(value, "").split("\n"))) + "\n"


def lay_out_parts(value: Mapping[str, object]) -> Iterator[str]:
    """The parts of the text that `lay_out` makes of an object, which has a key at least.

    A value that is an iterator becomes a list of objects, each made only when its text is.
    """
    before = "{\n" + _STEP
    for key, one in value.items():
        yield f"{before}{json.dumps(key)}: "
        yield from _lay_out_items(one) if isinstance(one, Iterator) else [_lay_out(one, _STEP)]
        before = ",\n" + _STEP
    yield "\n}\n"


def lay_out_item(value: object) -> LaidOut:
    """The text of one object of a list that `lay_out_parts` lays out, which takes the text in its place."""
    return LaidOut(_lay_out(value, _STEP + _STEP))


def _lay_out_items(items: Iterator[object]) -> Iterator[str]:
    inner = f"\n{_STEP}{_STEP}"
    before = "["
    for one in items:
        yield f"{before}{inner}{one if isinstance(one, LaidOut) else lay_out_item(one)}"
        before = ","
    yield "[]" if before == "[" else f"\n{_STEP}]"


def _lay_out(value: object, indent: str) -> str:
    if isinstance(value, Written) and value:
        return _bracket("[]", value, indent)
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
