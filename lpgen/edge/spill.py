"""A temporary file for texts that are too many to hold, which are read back in another order."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from isal import isal_zlib

_FASTEST: Final = 0


def pack_text(text: str) -> bytes:
    """The text as it travels and lies in the file: JSON takes a tenth of its size so."""
    return isal_zlib.compress(text.encode(), level=_FASTEST)


class Spill:
    """Packed texts in a file, by name. What is held of each is where it lies."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0

    def add(self, name: str, packed: bytes) -> None:
        """Writes a text behind the others."""
        self._file.write(packed)
        self._places[name] = (self._end, len(packed))
        self._end += len(packed)

    def read(self, name: str) -> str:
        """The text of a name."""
        start, length = self._places[name]
        self._file.seek(start)
        return isal_zlib.decompress(self._file.read(length)).decode()


@contextmanager
def open_spill() -> Iterator[Spill]:
    """An empty spill, whose file has no name that others could open, and is gone in the end.

    Raises:
        OSError: the temporary folder is full; `TMPDIR` names another.
    """
    with tempfile.TemporaryFile(prefix="lpgen-") as file:
        yield Spill(file)
