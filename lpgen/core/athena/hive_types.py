"""The types of a table's columns, as Glue writes them: `string`, `array<…>`, `struct<name:type,…>`.

Source: https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"[<>,:]|[^<>,:]+")
_LENGTH: Final = re.compile(r"\([^()]*\)")  # as in `decimal(10,2)`
_MAX_DEPTH: Final = 50
_TEXTS: Final = frozenset({"string", "varchar", "char"})
_INTEGERS: Final = frozenset({"tinyint", "smallint", "int", "integer", "bigint"})


@dataclass(frozen=True, slots=True)
class HiveType:
    """One type: its name in lower case without length, a struct's fields, and the item of an array.

    Field names are as written; Athena takes them in any case.
    """

    name: str
    fields: tuple[tuple[str, HiveType], ...] = ()
    item: HiveType | None = None

    @property
    def is_text(self) -> bool:
        """Whether it holds text."""
        return self.name in _TEXTS

    @property
    def is_integer(self) -> bool:
        """Whether it holds whole numbers."""
        return self.name in _INTEGERS

    def field(self, name: str) -> tuple[str, HiveType] | None:
        """A field of a struct by its name in any case: how it is written, and its type."""
        return next((one for one in self.fields if one[0].casefold() == name.casefold()), None)


UNKNOWN_TYPE: Final = HiveType("unknown")


def type_from_text(text: str) -> HiveType:
    """The type that a text describes, or `UNKNOWN_TYPE`."""
    tokens = [token.strip() for token in _TOKEN.findall(_LENGTH.sub("", text))]
    try:
        found, rest = _read_type([token for token in tokens if token], 0)
    except (IndexError, ValueError):
        return UNKNOWN_TYPE
    return UNKNOWN_TYPE if rest else found


def _read_type(tokens: list[str], depth: int) -> tuple[HiveType, list[str]]:
    """The type at the beginning, and the tokens after it."""
    if depth > _MAX_DEPTH:
        raise ValueError(depth)
    name = tokens[0].lower()
    rest = tokens[1:]
    if name == "array":
        item, rest = _read_type(_behind(rest, "<"), depth + 1)
        return HiveType(name, item=item), _behind(rest, ">")
    if name == "map":
        _, rest = _read_type(_behind(rest, "<"), depth + 1)
        _, rest = _read_type(_behind(rest, ","), depth + 1)
        return HiveType(name), _behind(rest, ">")
    if name == "struct":
        return _read_struct(_behind(rest, "<"), depth)
    if name in "<>,:":
        raise ValueError(name)
    return HiveType(name), rest


def _read_struct(tokens: list[str], depth: int) -> tuple[HiveType, list[str]]:
    fields = []
    while True:
        kind, rest = _read_type(_behind(tokens[1:], ":"), depth + 1)
        fields.append((tokens[0].strip("`"), kind))
        if rest[0] == ">":
            return HiveType("struct", tuple(fields)), rest[1:]
        tokens = _behind(rest, ",")


def _behind(tokens: list[str], mark: str) -> list[str]:
    if tokens[0] != mark:
        raise ValueError(tokens[0])
    return tokens[1:]
