"""The protocol of a cache for values that take long to compute, keyed by their inputs."""

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
    """Returns a kept value of a kind, or makes it.

    `facts` are its inputs besides the logs, the policies and the catalog: plain values and dataclasses. A kind consists
    of plain values, dataclasses and arrays.
    """

    def __call__(self, kind: type[Kept], facts: object, make: Callable[[], Kept]) -> Kept:
        """The value."""


def make_again(kind: type[Kept], facts: object, make: Callable[[], Kept]) -> Kept:  # noqa: ARG001
    """Keeps nothing."""
    return make()


@dataclass(frozen=True, slots=True)
class KeepOf:
    """Keeps values with further facts in the key, such as their days."""

    keep: Keep
    further: object

    def __call__(self, kind: type[Kept], facts: object, make: Callable[[], Kept]) -> Kept:
        return self.keep(kind, (self.further, facts), make)
