"""Policies as lines, each with a note if there is something to say about it.

A document is laid out as JSON with a value a line, in ASCII; it may be copied unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from lpgen.report.pages.blocks import Line


@dataclass(frozen=True, slots=True)
class Note:
    """A few lines about one line of a policy; `mark` is a `Mark` or, in a replacement, a `LineKind`."""

    mark: str
    lines: tuple[Line, ...]


class Mark(StrEnum):
    """The kind of a line that isn't a line of a replacement."""

    STATEMENT = "statement"
    SEEN = "seen"  # something that it grants was seen in use
    IDLE = "idle"
    RULE = "rule"  # a resource written by a rule


Noted = Callable[[int, str, str], Note | None]
"""The note on a value of a statement (from 0) and its element; the element of a statement as a whole is ""."""

ACTION_ELEMENTS: Final = ("Action", "NotAction")
RESOURCE_ELEMENTS: Final = ("Resource", "NotResource")


@dataclass(frozen=True, slots=True)
class Listing:
    """A document's lines; the places of notes by line; and on which line each statement begins."""

    lines: tuple[str, ...]
    notes: tuple[tuple[int, Note], ...]
    starts: tuple[int, ...]


def listing_of(document: Mapping[str, Any], noted: Noted) -> Listing:
    """The document laid out, with the notes of its lines."""
    lines: list[str] = []
    notes: list[tuple[int, Note]] = []
    starts: dict[int, int] = {}
    for text, path in _lay_out(document, "", ()):
        at = _place_in_statement(path, document)
        if at is not None:
            statement, element, value = at
            note = noted(statement, element, value) if statement not in starts or element else None
            starts.setdefault(statement, len(lines))
            if note:
                notes.append((len(lines), note))
        lines.append(text)
    return Listing(tuple(lines), tuple(notes), tuple(starts.values()))


Path = tuple[str | int, ...]


def _lay_out(value: object, indent: str, path: Path, before: str = "", after: str = "") -> Iterator[tuple[str, Path]]:
    """Each line with the path of its value."""
    items: list[tuple[str, str | int, object]] = []
    if isinstance(value, dict):
        items = [(f"{_text(key)}: ", key, one) for key, one in value.items()]
    elif isinstance(value, list):
        items = [("", number, one) for number, one in enumerate(value)]
    if not items:
        yield f"{indent}{before}{_text(value)}{after}", path
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield f"{indent}{before}{opening}", path
    for number, (key, step, one) in enumerate(items, start=1):
        yield from _lay_out(one, f"{indent}  ", (*path, step), key, "," if number < len(items) else "")
    yield f"{indent}{closing}{after}", ()


def _text(value: object) -> str:
    return json.dumps(value).replace("\x7f", "\\u007f")


def _place_in_statement(path: Path, document: Mapping[str, Any]) -> tuple[int, str, str] | None:
    """Statement, element and value that a path leads to; None outside of statements."""
    if path[:1] != ("Statement",):
        return None
    inner = path[1:]
    if isinstance(document["Statement"], list):
        if not inner:
            return None
        inner = inner[1:]
    statement = path[1] if isinstance(document["Statement"], list) else 0
    value: Any = document
    for step in path:
        value = value[step]
    return int(statement), str(inner[0]) if inner else "", value if isinstance(value, str) else ""
