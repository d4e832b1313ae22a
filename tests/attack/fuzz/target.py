"""What a fuzz target is: a reader, and inputs to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lpgen.errors import LpgenError


@dataclass(frozen=True, slots=True)
class Target:
    """One reader of foreign text. `read` returns for any bytes, or raises an `LpgenError`; all else is a finding."""

    name: str
    read: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    slowness: int = 1
    """How many times fewer mutations a test run tries, of a reader that takes long."""

    def accepts(self, data: bytes) -> bool:
        """Whether the reader takes the input; False where it refuses it with an error of its own.

        Raises:
            Exception: the reader fails in any other way, which is a finding.
        """
        try:
            self.read(data)
        except LpgenError as error:
            if not error.message:
                raise AssertionError("the error says nothing") from error
            return False
        return True
