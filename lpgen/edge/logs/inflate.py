"""Inflates the bytes of a log file if they are gzip, and limits their number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from isal import isal_zlib

from lpgen.errors import LpgenError

_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31
_ZEROS: Final = re.compile(rb"\0*+")

_FIRST_PIECE: Final = 1 << 12
_PIECE: Final = 1 << 20
"""The pieces of a member grow: the unread part of the last piece is copied, and a file may have many members."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """The limits of one file. A file beyond them isn't a log, or is made to exhaust its reader.

    All limits are counts, never times: the same bytes always give the same tables. `file_bytes` limits the bytes that a
    file holds or inflates to. Nothing in a larger file is read. `records` limits the records and other documents, and
    `broken` those that aren't sound records. The rest of the file is not read. Each limit that is reached gives an
    `unreadable_file` that names the place.
    """

    file_bytes: int = 1 << 30
    records: int = 5_000_000
    broken: int = 100_000


NO_LIMITS: Final = ReadLimits(1 << 62, 1 << 62, 1 << 62)
"""For a file that was read before, within the limits of an earlier time."""

DEFAULT_LIMITS: Final = ReadLimits()
"""CloudTrail's files inflate to tens of megabytes, and few of their records are broken."""


class UnreadableError(LpgenError):
    """The bytes of a file can't be read. The message says why, and `position` where, if known."""

    def __init__(self, message: str, position: str = "") -> None:
        super().__init__(message)
        self.position = position


class TooLargeError(UnreadableError):
    """A file holds or inflates to more bytes than the limit."""


def is_gzip(data: bytes) -> bool:
    """Whether bytes begin like gzip."""
    return data.startswith(_MAGIC)


def inflate(data: bytes, *, limit: int = DEFAULT_LIMITS.file_bytes) -> bytes:
    """The bytes, inflated if they are gzip: all gzip members in order, without zeros between and after them.

    Only the content counts, never a file's name. If the result is gzip too, it is inflated once more. Firehose writes
    such files if CloudWatch Logs sends it gzip and it compresses its objects too.

    Raises:
        UnreadableError: the gzip is truncated or damaged.
        TooLargeError: there are more bytes than the limit.
    """
    if not is_gzip(data):
        return _within(data, limit)
    once = _inflate_members(data, limit)
    return _inflate_members(once, limit) if is_gzip(once) else once


def _inflate_members(data: bytes, limit: int) -> bytes:
    view = memoryview(data)
    pieces: list[bytes] = []
    at = size = 0
    while at < len(data):
        member, at = _inflate_member(view, at, limit - size)
        pieces += member
        size += sum(map(len, member))
        if size > limit:
            raise TooLargeError(f"the file inflates to more than {limit} bytes")
        at = _skip_zeros(data, at)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _inflate_member(view: memoryview, start: int, limit: int) -> tuple[list[bytes], int]:
    """The pieces of one gzip member and the position of its end. Only the last piece may exceed the limit."""
    if bytes(view[start : start + 2]) != _MAGIC:
        raise UnreadableError("the gzip data is followed by something else", f"byte {start}")
    stream = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
    pieces: list[bytes] = []
    at, left, size = start, limit, _FIRST_PIECE
    # A file with one member ends with its inflated size. A buffer of that size needs no resizing.
    room = int.from_bytes(view[-4:], "little") + 1
    while not stream.eof:
        pending = stream.unconsumed_tail or view[at : at + size]
        if not pending:
            raise UnreadableError("the gzip data ends too early", f"byte {at}")
        if not stream.unconsumed_tail:
            at += len(pending)
            size = min(4 * size, _PIECE)
        piece = _inflate_piece(stream, pending, min(left + 1, room), at)
        room = left + 1
        left -= len(piece)
        pieces.append(piece)
        if left < 0:
            break
    return pieces, at - len(stream.unused_data)


def _inflate_piece(stream: isal_zlib.Decompress, data: bytes | memoryview, limit: int, at: int) -> bytes:
    try:
        piece: bytes = stream.decompress(data, limit)
    except isal_zlib.IsalError as error:  # type: ignore[misc]  # the stubs declare it a value
        raise UnreadableError(f"the gzip data is damaged: {str(error).lower()}", f"byte {at}") from error
    return piece


def _skip_zeros(data: bytes, at: int) -> int:
    found = _ZEROS.match(data, at)
    return found.end() if found else at


def _within(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise TooLargeError(f"the file holds more than {limit} bytes")
    return data
