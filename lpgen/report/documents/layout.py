"""JSON laid out for people and for diffs: nested values on their own lines, and each row of a list on one line.

Only ASCII is written, so a text from a log can't reorder or hide the text around it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar, cast

import msgspec

from lpgen.core.documents import Part, RowPart

Json = dict[str, object]
"""A JSON object. Keys are written in insertion order."""

_Part = TypeVar("_Part", bound=Part)
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class JsonRow(dict[_Key, _Value]):
    """A JSON object that is written on one line."""


class Written(list[str]):
    """A JSON list whose items are already text, each on one line."""


class LaidOut(str):
    """The text of an object from `lay_out_item`."""


_STEP: Final = "  "

row_text: Final = json.JSONEncoder(default=msgspec.to_builtins).encode
"""The JSON text of a value on one line."""


def written_rows(rows: Iterable[str], _kind: type[_Part]) -> tuple[_Part, ...]:
    """Rows that are already text, typed as parts of a kind. Creating the parts would take too long."""
    return cast("tuple[_Part, ...]", Written(rows))


def members_of(part: Part) -> Json:
    """The members of a JSON object by key, in the order of writing."""
    config = part.__struct_config__
    found: Json = {config.tag_field: config.tag} if config.tag_field else {}
    for name, key in zip(part.__struct_fields__, part.__struct_encode_fields__, strict=True):
        if (value := getattr(part, name)) is not msgspec.UNSET:
            found[key] = value
    return found


def lay_out(value: object) -> str:
    """The value as JSON text that ends with a line break. Equal values give equal bytes."""
    return _lay_out(value, "") + "\n"


def lay_out_line(value: object) -> str:
    """The value as JSON text on one line, with a line break at the end.

    Line breaks occur only between values. In texts, they and similar characters are escaped.
    """
    return "".join(map(str.lstrip, _lay_out(value, "").split("\n"))) + "\n"


def lay_out_parts(value: Mapping[str, object]) -> Iterator[str]:
    """The text of `lay_out` in parts, for an object with at least one key.

    An iterator as a value becomes a list of objects. Each object is created only when it is written.
    """
    before = "{\n" + _STEP
    for key, member in value.items():
        yield f"{before}{json.dumps(key)}: "
        yield from _lay_out_items(member) if isinstance(member, Iterator) else [_lay_out(member, _STEP)]
        before = ",\n" + _STEP
    yield "\n}\n"


def lay_out_item(value: object) -> LaidOut:
    """The text of one object in a list of `lay_out_parts`, which accepts this text instead of the object."""
    return LaidOut(_lay_out(value, _STEP + _STEP))


def _lay_out_items(items: Iterator[object]) -> Iterator[str]:
    inner = f"\n{_STEP}{_STEP}"
    before = "["
    for item in items:
        yield f"{before}{inner}{item if isinstance(item, LaidOut) else lay_out_item(item)}"
        before = ","
    yield "[]" if before == "[" else f"\n{_STEP}]"


def _lay_out(value: object, indent: str) -> str:
    if isinstance(value, Written) and value:
        return _bracket("[]", value, indent)
    if isinstance(value, JsonRow | RowPart):
        return row_text(value)
    if isinstance(value, Part):
        value = members_of(value)
    if isinstance(value, Mapping) and value:
        rows = (f"{json.dumps(key)}: {_lay_out(member, indent + _STEP)}" for key, member in value.items())
        return _bracket("{}", rows, indent)
    if isinstance(value, list | tuple) and any(isinstance(item, dict | list | Part) for item in value):
        return _bracket("[]", (_lay_out(item, indent + _STEP) for item in value), indent)
    return row_text(value)


def _bracket(brackets: str, rows: Iterable[str], indent: str) -> str:
    inner = f",\n{indent}{_STEP}".join(rows)
    return f"{brackets[0]}\n{indent}{_STEP}{inner}\n{indent}{brackets[1]}"
