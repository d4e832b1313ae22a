"""The JSON documents of a text that holds several: one a line, laid out over lines, or both; broken ones told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_BLANK: Final = re.compile(rb"[\s\x1e]*")
_NEXT_DOCUMENT: Final = re.compile(rb"\n(?=[{\[])")
_TOKEN: Final = re.compile(rb'"(?:[^"\\\n]|\\.)*+"|["{}\[\]]')
_LONE_SURROGATE: Final = re.compile(
    rb"(?<!\\)((?:\\\\)*)(?:(\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_MESSAGE_BYTE: Final = re.compile(r" \(byte (\d+)\)")

MAX_NESTING: Final = 200
"""How deep values may lie in one another, of what nests deeper than the decoder can follow: 1,000 in Python 3.11."""

MAX_UNBALANCED: Final = 20
"""How often a document that never ends may be searched for its end; each time reads the text to the end."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Text that is no JSON: why, and where it starts."""

    why: str
    position: str


def plain_text(data: bytes) -> bytes:
    """The bytes as UTF-8 without a byte order mark; PowerShell, for one, writes UTF-16 with one."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            body = data[len(mark) :]
            return body if encoding == "utf-8" else body.decode(encoding, "replace").encode()
    return data


def is_blank(data: bytes) -> bool:
    """Whether there is nothing but white space."""
    found = _BLANK.match(data)
    return found is not None and found.end() == len(data)


def repair_text(data: bytes) -> bytes:
    """The text with U+FFFD for what is not valid Unicode: stray bytes, and halves of surrogate pairs.

    Such text stands in fields that a caller chose, and must not make a whole file unreadable.
    """
    text = data.decode("utf-8", "replace").encode()
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    return _LONE_SURROGATE.sub(lambda found: found[1] + (found[2] or rb"\ufffd"), text)


def without_depths(text: bytes) -> bytes:
    """JSON with `null` in place of what lies deeper than `MAX_NESTING`; where brackets don't close, as it is."""
    pieces: list[bytes] = []
    depth = start = end = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start() : token.start() + 1]
        if first in b"{[":
            depth += 1
            if depth == MAX_NESTING + 1:
                start = token.start()
        elif first in b"}]":
            if depth == MAX_NESTING + 1:
                pieces += [text[end:start], b"null"]
                end = token.end()
            depth -= 1
    return b"".join([*pieces, text[end:]]) if depth == 0 else text


def split_documents(data: bytes) -> Iterator[bytes | Broken]:
    """Each document in turn; after a broken one, reading goes on at the next line that starts like a document."""
    at = _skip_blank(data, 0)
    unbalanced = line_end = 0
    while at < len(data):
        if at >= line_end:  # many documents may share a line: looking for its end from each would take long
            newline = data.find(b"\n", at)
            line_end = len(data) if newline < 0 else newline
        found = _document_at(data, at, line_end, may_span=unbalanced < MAX_UNBALANCED)
        if found is not None:
            document, end = found
            yield document
        else:
            unbalanced += 1
            yield _broken(data, at)
            following = _NEXT_DOCUMENT.search(data, at)
            end = following.end() if following else len(data)
        at = _skip_blank(data, end)


def why_and_place(error: Exception, start: str) -> Broken:
    """What a decoder's error says, with the place taken out of its message, so that like errors count together."""
    if isinstance(error, RecursionError):
        return Broken("the JSON is nested too deep", start)
    message = str(error)
    found = _MESSAGE_BYTE.search(message)
    if isinstance(error, UnicodeDecodeError):
        return Broken("the text is not UTF-8", f"{start}, byte {error.start}")
    place = f"{start}, byte {found[1]}" if found else start
    text = _MESSAGE_BYTE.sub("", message)
    return Broken(lower_first(text), place)


def lower_first(message: str) -> str:
    """A foreign message in the style of ours: its first word in lower case, unless it is an abbreviation."""
    return message if message[1:2].isupper() else message[:1].lower() + message[1:]


def _document_at(data: bytes, at: int, line_end: int, *, may_span: bool) -> tuple[bytes, int] | None:
    """The document that starts here, and where it ends: at the end of the line, or where its brackets close; None if
    it is broken."""
    view = memoryview(data)  # since a slice would copy the rest of the line
    document = sound_document(view[at:line_end])
    if document is not None:
        return document, line_end
    end = _value_end(data, at) if may_span and data[at : at + 1] in (b"{", b"[") else None
    document = None if end is None else sound_document(view[at:end])
    return None if document is None or end is None else (document, end)


def sound_document(text: bytes | memoryview) -> bytes | None:
    """The text, without what is nested too deep to be decoded, if it is one document; else None."""
    error = _decode_error(text)
    if isinstance(error, RecursionError):
        text = without_depths(bytes(text))
        error = _decode_error(text)
    return bytes(text) if error is None else None


def _value_end(data: bytes, at: int) -> int | None:
    """Where the brackets opened here are closed again, or None."""
    depth = 0
    for token in _TOKEN.finditer(data, at):
        first = token.group()[:1]
        if first in (b"{", b"["):
            depth += 1
        elif first in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return token.end()
        elif token.end() - token.start() == 1:
            return None  # a quote that is never closed
    return None


def _decode_error(text: bytes | memoryview) -> Exception | None:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return error
    return None


def _broken(data: bytes, at: int) -> Broken:
    """Says what is wrong: with the line if more documents follow it, else with all that is left."""
    line = data.count(b"\n", 0, at) + 1
    start = f"line {line}"
    newline = data.find(b"\n", at)
    following = _NEXT_DOCUMENT.search(data, at)
    error = _decode_error(data[at:newline] if following and newline >= 0 else data[at:])
    return why_and_place(error or ValueError("not a JSON document"), start)


def _skip_blank(data: bytes, at: int) -> int:
    found = _BLANK.match(data, at)
    return found.end() if found else at
