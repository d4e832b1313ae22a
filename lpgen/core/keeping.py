"""Keeping what takes long to work out, named by what it was made from: where it isn't kept, it is made again."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

Kept = TypeVar("Kept")

if TYPE_CHECKING:
    IntArray: TypeAlias = array[int]
else:
    IntArray = array  # Python 3.11 can't evaluate `array[int]`, and reading a kept class evaluates its annotations.


class Keep(Protocol):
    """Gives a value of a kind that is kept, or makes it.

    `facts` are what it was made from besides the logs, the policies and the catalog: any plain values and dataclasses.
    A kind is made of plain values, dataclasses and arrays.
    """

    def __call__(self, kind: type[Kept], facts: object, make: Callable[[], Kept]) -> Kept:
        """The value."""


def make_again(kind: type[Kept], facts: object, make: Callable[[], Kept]) -> Kept:  # noqa: ARG001
    """Keeps nothing."""
    return make()


@dataclass(frozen=True, slots=True)
class KeepOf:
    """Keeps values that further facts tell apart, such as the days that they are of."""

    keep: Keep
    further: object

    def __call__(self, kind: type[Kept], facts: object, make: Callable[[], Kept]) -> Kept:
        return self.keep(kind, (self.further, facts), make)
