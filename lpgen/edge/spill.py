"""A temporary file for data that is too large for memory and is read back in another order."""

from __future__ import annotations

import mmap
import tempfile
import weakref
from typing import IO, Final

from isal import isal_zlib

_FASTEST: Final = 0

Place = int
"""The place of an item in a spill: its first byte, then its number of bytes in 32 bits. Places ascend."""

_LENGTH_BITS: Final = 32


def pack_text(text: str) -> bytes:
    """The text, compressed for transport and for the file. This compresses JSON to a tenth."""
    return pack_bytes(text.encode())


def pack_bytes(content: bytes) -> bytes:
    """Bytes, compressed for the file."""
    return isal_zlib.compress(content, level=_FASTEST)


class Spill:
    """Packed bytes in a file without a name, which nobody else can open. It is deleted with the spill.

    Raises:
        OSError: the temporary folder is full; `TMPDIR` names another.
    """

    def __init__(self) -> None:
        # The file stays open as long as the spill exists.
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="lpgen-")  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._size = 0

    @property
    def end(self) -> Place:
        """The empty place after the last item."""
        return self._size << _LENGTH_BITS

    def add(self, packed: bytes) -> Place:
        """Adds packed bytes after the last item, and returns their place."""
        self._file.seek(self._size)
        self._file.write(packed)
        place = self.end + len(packed)
        self._size += len(packed)
        return place

    def read(self, place: Place) -> bytes:
        """The content of a place, unpacked."""
        self._file.seek(place >> _LENGTH_BITS)
        return isal_zlib.decompress(self._file.read(place & (1 << _LENGTH_BITS) - 1))

    def content(self) -> memoryview:
        """All added bytes. They stay in the file."""
        self._file.flush()
        return memoryview(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) if self._size else b"")


def read_packed(content: memoryview, place: Place) -> bytes:
    """The item at a place in the content of a spill, unpacked."""
    start = place >> _LENGTH_BITS
    return isal_zlib.decompress(content[start : start + (place & (1 << _LENGTH_BITS) - 1)])
