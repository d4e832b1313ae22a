"""Splits a text into its JSON documents, which may share or span lines. Broken documents are separate.

Time grows with the length of the text, whatever it holds. Memory doesn't grow with the number of documents.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import msgspec

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_BLANK: Final = re.compile(rb"[\s\x1e]*+")
_NEXT_DOCUMENT: Final = re.compile(rb"\n(?=[{\[])")
_TOKEN: Final = re.compile(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|"|[{\[]++|[}\]]++')
_LONE_SURROGATE: Final = re.compile(
    rb"(?<!\\)((?:\\\\)*+)(?:(\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_MESSAGE_BYTE: Final = re.compile(r" \(byte (\d+)\)")
_TRAILING: Final = re.compile(r"trailing characters \(byte (\d+)\)")
_OPENING: Final = (b"{", b"[")
_PIECE: Final = 1 << 20

MAX_NESTING: Final = 200
"""How many levels to keep of a document that nests too deep for the decoder (1,000 levels in Python 3.11)."""

_VAIN_READS: Final = 20
"""The budget for reading lines of documents that turn out to be broken, in lengths of the text.

After that, only documents of one line are read."""

MAX_TOKENS: Final = 5_000_000
"""How many strings and brackets to check for the ends of documents that nest too deep for the decoder.

This takes seconds, and is enough for a hundred megabytes of records that include such documents.
"""


@dataclass(frozen=True, slots=True)
class Broken:
    """Text that isn't JSON: why, and where it starts."""

    why: str
    position: str


def plain_text(data: bytes) -> bytes:
    """The bytes as UTF-8 without a byte order mark. PowerShell, for example, writes UTF-16 with one."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :] if encoding == "utf-8" else _as_utf8(memoryview(data)[len(mark) :], encoding)
    return data


def is_blank(data: bytes) -> bool:
    """Whether there is only white space."""
    return _skip_blank(data, 0) == len(data)


def repair_text(data: bytes) -> bytes:
    """The text with U+FFFD in place of invalid Unicode: stray bytes and halves of surrogate pairs.

    Callers of AWS can put such text into records, and it must not make a whole file unreadable.
    """
    text = _as_utf8(memoryview(data), "utf-8")
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    repaired, end = bytearray(), 0
    for found in _LONE_SURROGATE.finditer(text):
        repaired += text[end : found.start()]
        repaired += found[1] + (found[2] or rb"\ufffd")
        end = found.end()
    return bytes(repaired + text[end:])


def without_depths(text: bytes) -> bytes:
    """JSON with `null` in place of parts nested deeper than `MAX_NESTING`. Unchanged if brackets don't close."""
    cut = bytearray()
    depth = start = end = 0
    for token in _TOKEN.finditer(text):
        at, after = token.span()
        if text[at] in b"{[":
            if depth <= MAX_NESTING < depth + after - at:
                start = at + MAX_NESTING - depth
            depth += after - at
        elif text[at] in b"}]":
            if depth - (after - at) <= MAX_NESTING < depth:
                cut += text[end:start]
                cut += b"null"
                end = at + depth - MAX_NESTING
            depth -= after - at
    return bytes(cut + text[end:]) if depth == 0 else text


def split_documents(data: bytes) -> Iterator[bytes | Broken]:
    """The documents in order. After a broken one, reading continues at the next line that starts like a document."""
    search = _Search(data)
    at = _skip_blank(data, 0)
    line, counted = 1, 0
    while at < len(data):
        found = search.document_at(at)
        if found is not None:
            document, end = found
            yield document
        else:
            line += data.count(b"\n", counted, at)
            counted = at
            following = _NEXT_DOCUMENT.search(data, at)
            end = following.end() if following else len(data)
            yield _broken(data, at, end, line)
        at = _skip_blank(data, end)


def items_of_list(text: bytes | memoryview | msgspec.Raw) -> Iterator[memoryview]:
    """The items of a sound JSON list, one by one. Memory doesn't grow with their number."""
    view = memoryview(text)
    at = _skip_blank(view, 0) + 1
    while (at := _skip_blank(view, at)) < len(view) and view[at] != _CLOSING:
        end = _first_end(view[at:])
        if not isinstance(end, int):
            end = _value_end(view[at:], MAX_TOKENS)[0] or len(view) - at
        yield view[at : at + end]
        at = _skip_blank(view, at + end)
        at += bytes(view[at : at + 1]) == b","


_CLOSING: Final = ord("]")


class KnownKeys:
    """Reads some keys of JSON objects and skips the others. An object may have millions of keys."""

    def __init__(self, *names: str) -> None:
        self._names = names
        fields = [(f"key_{number}", msgspec.Raw, _ABSENT) for number in range(len(names))]
        rename = {f"key_{number}": name for number, name in enumerate(names)}
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Keys", fields, rename=rename)).decode

    def read(self, text: bytes | memoryview | msgspec.Raw) -> dict[str, msgspec.Raw]:
        """The known keys that an object has, with their values.

        Raises:
            msgspec.DecodeError: the text isn't a JSON object.
        """
        values = msgspec.structs.astuple(self._decode(text))
        return {name: value for name, value in zip(self._names, values, strict=True) if value is not _ABSENT}


_ABSENT: Final = msgspec.Raw(b"")


def why_and_place(error: Exception, start: str) -> Broken:
    """A decoder's error, with its place separate from its message. So similar errors count together."""
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
    """A library's message in lpgen's style: the first word in lower case, unless it is an abbreviation."""
    return message if message[1:2].isupper() else message[:1].lower() + message[1:]


def sound_document(text: bytes | memoryview) -> bytes | None:
    """The text without parts that nest too deep, or None if it isn't a JSON document."""
    error = _decode_error(text)
    if isinstance(error, RecursionError):
        text = without_depths(bytes(text))
        error = _decode_error(text)
    return bytes(text) if error is None else None


class _Search:
    """Finds documents in a text, with a budget for lines of broken documents."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._view = memoryview(data)  # because a slice of bytes would be a copy
        self._line_end = 0
        self._vain = _VAIN_READS * len(data)
        self._tokens = MAX_TOKENS

    def document_at(self, at: int) -> tuple[bytes, int] | None:
        """The document that starts here, and where it ends. None if it is broken."""
        if at >= self._line_end:  # many documents may share a line: finding its end from each would be slow
            newline = self._data.find(b"\n", at)
            self._line_end = len(self._data) if newline < 0 else newline
        if self._data[at : at + 1] not in _OPENING:
            document = sound_document(self._view[at : self._line_end])
            return None if document is None else (document, self._line_end)
        rest = self._view[at : len(self._data) if self._vain > 0 else self._line_end]
        found = _first_end(rest)
        if isinstance(found, int):
            return bytes(rest[:found]), at + found
        if isinstance(found, RecursionError):
            return self._deep_document(rest, at)
        self._spend(at + _bytes_read(found, rest))
        return None

    def _deep_document(self, rest: memoryview, at: int) -> tuple[bytes, int] | None:
        """The document that nests too deep for the decoder. Only its brackets show its end."""
        end, tokens = _value_end(rest, self._tokens)
        self._tokens -= tokens
        document = None if end is None else sound_document(rest[:end])
        if document is not None and end is not None:
            return document, at + end
        self._spend(at + (end or len(rest)))
        return None

    def _spend(self, end: int) -> None:
        """Charges the budget for bytes read beyond the line, which is never read again."""
        self._vain -= max(0, end - self._line_end)


def _first_end(text: memoryview) -> int | Exception:
    """The index where the first document of a text ends, or the error if there is none."""
    error = _decode_error(text)
    if error is None:
        return len(text)
    trailing = _TRAILING.search(str(error))
    return int(trailing[1]) - 1 if trailing else error


def _bytes_read(error: Exception, text: memoryview) -> int:
    """The number of bytes read before the error."""
    found = _MESSAGE_BYTE.search(str(error))
    return int(found[1]) if found else len(text)


def _value_end(text: memoryview, most: int) -> tuple[int | None, int]:
    """The index where the brackets at the start are closed, or None; and how many tokens, up to `most`, it checked."""
    depth = tokens = 0
    for tokens, token in enumerate(islice(_TOKEN.finditer(text), most), 1):
        start, end = token.span()
        first = text[start]
        if first in b"{[":
            depth += end - start
        elif first in b"}]":
            depth -= end - start
            if depth <= 0:
                return end + depth, tokens
        elif end - start == 1:
            break  # a quote that is never closed
    return None, tokens


def _decode_error(text: bytes | memoryview) -> Exception | None:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return error
    return None


def _broken(data: bytes, at: int, end: int, line: int) -> Broken:
    """The problem of the line if more documents follow at `end`, otherwise of the rest of the text."""
    newline = data.find(b"\n", at, end)
    error = _decode_error(memoryview(data)[at : newline if end < len(data) and newline >= 0 else len(data)])
    return why_and_place(error or ValueError("not a JSON document"), f"line {line}")


def _skip_blank(data: bytes | memoryview, at: int) -> int:
    found = _BLANK.match(data, at)
    return found.end() if found else at


def _as_utf8(data: memoryview, encoding: str) -> bytes:
    """Encoded text as UTF-8, converted in pieces. In a string, one rare character makes all take 4 bytes."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = bytearray()
    for at in range(0, len(data), _PIECE):
        text += decoder.decode(data[at : at + _PIECE]).encode()
    text += decoder.decode(b"", final=True).encode()
    return bytes(text)
