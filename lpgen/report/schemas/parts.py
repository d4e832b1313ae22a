"""The words in which the JSON schemas are written: objects with just these keys, lists, texts, numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
AMOUNT: Final[Schema] = {"type": "number", "minimum": 0}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
YES_NO: Final[Schema] = {"type": "boolean"}
DAY: Final[Schema] = {"type": "string", "format": "date"}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}


def record(
    fields: Mapping[str, Schema], *, either: tuple[str, str] | None = None, optional: tuple[str, ...] = ()
) -> Schema:
    """An object with these keys and no other; of the two of `either` it has just one, and it may lack the optional."""
    choice = (*(either or ()), *optional)
    found: Schema = {
        "type": "object",
        "properties": dict(fields),
        "required": [name for name in fields if name not in choice],
        "additionalProperties": False,
    }
    if either:
        found["oneOf"] = [{"required": [name]} for name in either]
    return found


def listed(items: Schema) -> Schema:
    """A list of such values."""
    return {"type": "array", "items": items}


def by_key(values: Schema) -> Schema:
    """An object with any keys and such values."""
    return {"type": "object", "additionalProperties": values}


def nullable(schema: Schema) -> Schema:
    """Such a value, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(words: type[StrEnum] | Iterable[str]) -> Schema:
    """One of these words."""
    return {"enum": [str(word) for word in words]}


def ref(name: str) -> Schema:
    """A reference to a definition in `$defs`."""
    return {"$ref": f"#/$defs/{name}"}


def document(name: str, title: str, fields: Mapping[str, Schema], defs: Mapping[str, Schema]) -> Schema:
    """The schema of a whole document, whose key `schema` holds its name and version."""
    return _published(name, title, record({"schema": {"const": name}, **fields}), defs)


def lines(name: str, title: str, first: Schema, other: Schema, defs: Mapping[str, Schema]) -> Schema:
    """The schema of each JSON line of a file: of its first one, or of the others."""
    return _published(name, title, {"oneOf": [first, other]}, defs)


def _published(name: str, title: str, schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{name.replace('.', ':').replace('/', ':')}",
        "title": title,
        **schema,
        "$defs": {key: defs[key] for key in sorted(_used_defs(schema, defs))},
    }


def _used_defs(value: object, defs: Mapping[str, Schema]) -> set[str]:
    """The names that a schema refers to, by way of others too."""
    found: set[str] = set()
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            name = str(one.get("$ref", "")).removeprefix("#/$defs/")
            if name in defs and name not in found:
                found.add(name)
                waiting.append(defs[name])
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return found
