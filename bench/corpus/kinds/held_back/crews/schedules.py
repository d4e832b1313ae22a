"""On which days and at what times the members of held-back crews work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.corpus.calendar import Day, NeedKind, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import When, together
from bench.corpus.profile import Schedule

_FIRST_SECOND: Final = 1_756_684_800


def workdays(share: float) -> When:
    """Happens on this share of workdays."""
    return lambda today: NeedKind.ORDINARY if today.is_workday and today.chance(share) else None


def on_days(when: When, *schedules: Schedule) -> Schedule:
    """The schedules on the days that `when` names."""

    def day(today: Day) -> Iterator[Use]:
        if when(today):
            yield from together(*schedules)(today)

    return day


def at_second(second: int, schedule: Schedule) -> Schedule:
    """The schedule in the minutes after a second of the day, as a timer starts it."""

    def day(today: Day) -> Iterator[Use]:
        for number, use in enumerate(schedule(today)):
            yield replace(use, at=second + 2 * number + today.rng.randrange(2))

    return day


def after(d: Draw, when: When) -> When:
    """Happens only after the logs end."""
    return lambda today: when(today) if today.index >= d.days else None


def some_second(today: Day) -> int:
    """A random time of the day as a Unix time, as SDKs and tools put it into session names."""
    return _FIRST_SECOND + 86_400 * today.index + today.rng.randrange(80_000)
