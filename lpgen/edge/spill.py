"""A temporary file for data that is too large to hold, and is read back in another order."""

from __future__ import annotations

import mmap
import tempfile
import weakref
from typing import IO, Final

from isal import isal_zlib

_FASTEST: Final = 0

Place = int
"""The place of an item in a spill: its first byte, followed in 32 bits by its number of bytes. Places ascend."""

_LENGTH_BITS: Final = 32


def pack_text(text: str) -> bytes:
    """The text in the form for transport and for the file: JSON takes a tenth of its size so."""
    return pack_bytes(text.encode())


def pack_bytes(content: bytes) -> bytes:
    """Bytes in the form for the file."""
    return isal_zlib.compress(content, level=_FASTEST)


class Spill:
    """Packed bytes in a file without a name that others could open; it is deleted once the spill is garbage-collected.

    Raises:
        OSError: the temporary folder is full; `TMPDIR` names another.
    """

    def __init__(self) -> None:
        # It is open for as long as the spill is held.
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="lpgen-")  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._size = 0

    @property
    def end(self) -> Place:
        """The empty place after the rest."""
        return self._size << _LENGTH_BITS

    def add(self, packed: bytes) -> Place:
        """Write something after the rest."""
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
        """All that was added, which stays in the file."""
        self._file.flush()
        return memoryview(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) if self._size else b"")


def read_packed(content: memoryview, place: Place) -> bytes:
    """What a place of a spill holds, unpacked, of the content of the spill."""
    start = place >> _LENGTH_BITS
    return isal_zlib.decompress(content[start : start + (place & (1 << _LENGTH_BITS) - 1)])
