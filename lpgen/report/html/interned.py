"""Values that are said many times and written once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value", bound=Hashable)


class Interned(Generic[Value]):
    """Values in the order in which they were first met, each once."""

    def __init__(self) -> None:
        self._places: dict[Value, int] = {}

    def place(self, value: Value) -> int:
        """The index of the value, counted from 0."""
        return self._places.setdefault(value, len(self._places))

    @property
    def values(self) -> tuple[Value, ...]:
        """The values by place."""
        return tuple(self._places)
