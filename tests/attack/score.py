"""How many attacks of each kind were tried, and how many held.

`ATTACK_SEED` chooses the attacks where not all are tried, and `ATTACK_SHARE` how many of them: 1 is all, as
`make test-attack` does. Other runs try a small share, with a seed that they print.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Final, TypeVar

SEED: Final = int(os.environ.get("ATTACK_SEED", "20261128"))
SHARE: Final = float(os.environ.get("ATTACK_SHARE", "0.03"))
PROPERTY: Final = "attack"

T = TypeVar("T")


@dataclass(slots=True)
class Attack:
    """One kind of attack. As a context it fails at its end if any attack got through; `record` tells pytest."""

    kind: str
    record: Callable[[str, object], None]
    tried: int = 0
    through: list[str] = field(default_factory=list)

    @property
    def random(self) -> Random:
        """The generator of this kind: the same for the same seed, whatever other tests run."""
        return Random(f"{SEED} {self.kind}")

    def add(self, name: str, *, held: bool) -> None:
        """Counts one attack, which either held or got through."""
        self.tried += 1
        if not held:
            self.through.append(name)

    def __enter__(self) -> Attack:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        self.record(PROPERTY, [self.kind, self.tried, self.tried - len(self.through)])
        if kind is None:
            shown = "\n  ".join(self.through[:20])
            assert not self.through, f"{len(self.through)} of {self.tried} got through, seed {SEED}:\n  {shown}"


def sample(attacks: Sequence[T], random: Random, *, least: int = 1) -> list[T]:
    """The share of the attacks that this run tries, at least so many, in their order."""
    count = min(len(attacks), max(least, round(len(attacks) * SHARE)))
    return [attacks[at] for at in sorted(random.sample(range(len(attacks)), count))]
