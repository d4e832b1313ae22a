"""A temporary file for data that is too large to hold, and is read back in another order."""

from __future__ import annotations

import shutil
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

    def __init__(self, file: IO[bytes] | None = None, start: int = 0) -> None:
        """With a `file`, the spill that was copied there, from `start` on; it is only read."""
        # It is open for as long as the spill is held.
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="lpgen-") if file is None else file  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._start, self._size = start, 0

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

    @property
    def size(self) -> int:
        """How many bytes were added."""
        return self._size

    def copy(self, target: IO[bytes]) -> None:
        """Write all that was added to another file."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, target)

    def read(self, place: Place) -> bytes:
        """The content of a place, unpacked."""
        self._file.seek(self._start + (place >> _LENGTH_BITS))
        return isal_zlib.decompress(self._file.read(place & (1 << _LENGTH_BITS) - 1))
