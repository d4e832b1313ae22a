"""One member of the cast: who it is, what it did, and what lpgen should conclude about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from sample_logs.planted.identities import Json, Role, User
from sample_logs.planted.records import Chronicle, Need
from sample_logs.planted.world import DAYS, fraction, instant

Act = Callable[[Chronicle], None]

ACTIVE = "active"
SERVICE_LINKED = "service_linked"
SSO = "sso"
LEFT_TO_AWS = "left_to_aws"
UNUSED = "unused"
UNSEEN = "unseen"
GRANTS_UNKNOWN = "grants_unknown"


@dataclass(frozen=True, slots=True)
class Member:
    """A principal with its story and the conclusions that its story calls for.

    `keep` and `drop` come on top of the observed use, which the chronicle itself gives. `refuse` are pairs of action
    and resource that a replacement must not allow; `carry` are statements or strings that it must hold as they are.
    `copies` says how many statements must grant an action; `carried_as` gives, for a resource that was used, the text
    with a policy variable under which it stays granted. `safe` is None where there is no replacement. `reasons` say
    why one isn't safe, `flags` what a report must mention.
    """

    holder: Role | User
    planted: str
    conclusion: str
    act: Act | None = None
    kind: str = ACTIVE
    safe: bool | None = True
    reasons: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    keep: tuple[Need, ...] = ()
    drop: tuple[str, ...] = ()
    refuse: tuple[Need, ...] = ()
    carry: tuple[Json | str, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
    copies: dict[str, int] = field(default_factory=dict)
    carried_as: dict[str, str] = field(default_factory=dict)


def moments(seed: str, day: date, count: int, start: int = 0, end: int = 24) -> list[datetime]:
    """`count` moments of a day between two hours, in order; they depend on the seed and the day alone."""
    span = (end - start) * 3600
    seconds = sorted(int(fraction(seed, day, number) * span) for number in range(count))
    return [instant(day, start + s // 3600, s // 60 % 60, s % 60) for s in seconds]


def on_workdays(seed: str, count: int, start: int = 8, end: int = 18) -> Iterator[datetime]:
    """Moments on Mondays to Fridays in office hours."""
    for day in DAYS:
        if day.weekday() < 5:
            yield from moments(seed, day, count, start, end)


def every_day(seed: str, count: int, start: int = 0, end: int = 24) -> Iterator[datetime]:
    """Moments on every day of the window."""
    for day in DAYS:
        yield from moments(seed, day, count, start, end)


def with_the_week(seed: str, workday: int, weekend: int) -> Iterator[datetime]:
    """Moments on every day from early morning to midnight, of another number on Saturdays and Sundays."""
    for day in DAYS:
        yield from moments(seed, day, workday if day.weekday() < 5 else weekend, 5, 24)


def weekly(seed: str, *weekdays: int, start: int = 9, end: int = 17) -> Iterator[datetime]:
    """One moment on each of the weekdays (Monday is 0) of every week."""
    for day in DAYS:
        if day.weekday() in weekdays:
            yield from moments(seed, day, 1, start, end)
