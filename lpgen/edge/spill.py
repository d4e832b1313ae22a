"""A temporary file for texts that are too many to hold, which are read back in another order."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


class Spill:
    """Texts in a file, by name. What is held of each is where it lies."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0

    def add(self, name: str, text: str) -> None:
        """Writes a text behind the others."""
        data = text.encode()
        self._file.write(data)
        self._places[name] = (self._end, len(data))
        self._end += len(data)

    def read(self, name: str) -> str:
        """The text of a name."""
        start, length = self._places[name]
        self._file.seek(start)
        return self._file.read(length).decode()


@contextmanager
def open_spill() -> Iterator[Spill]:
    """An empty spill, whose file has no name that others could open, and is gone in the end.

    Raises:
        OSError: the temporary folder is full; `TMPDIR` names another.
    """
    with tempfile.TemporaryFile(prefix="lpgen-") as file:
        yield Spill(file)
