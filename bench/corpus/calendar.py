"""Days of a corpus, and what principals do on them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from bench.corpus.session import Session

START: Final = date(2025, 9, 1)
NEW_DAYS: Final = 31
"""How long a resource that came into being after the first day counts as new."""


class NeedKind(StrEnum):
    """Why a policy written from the past might refuse the need."""

    ORDINARY = "ordinary"
    NEW_NAME = "new_name"
    """The call creates something under a name that was never used before, or works on what this run created."""
    NEW_RESOURCE = "new_resource"
    """The resource came into being less than `NEW_DAYS` ago."""
    RARE = "rare"
    """The job runs monthly or less often."""
    HIDDEN_IN_CALL = "hidden_in_call"
    """Another call's authorization needs it, and it has no record of its own, such as `iam:PassRole`."""
    INTRUDER = "intruder"
    """Nobody entitled needs it."""
    DENIED = "denied"
    """An attempt by the principal itself that its policies refuse, and that it doesn't need."""


@dataclass(frozen=True, slots=True)
class Place:
    """A resource: its ARN, and the first and the last day on which it exists, counted from the first day."""

    arn: str
    born: int = -1
    died: int = 1_000_000

    def at(self, key: str) -> Place:
        """What lies in this place, such as an object in a bucket."""
        return replace(self, arn=f"{self.arn}/{key}")

    def exists(self, index: int) -> bool:
        """Whether it exists on that day."""
        return self.born <= index <= self.died


ANY: Final = Place("*")
"""The resource of actions that take none."""


@dataclass(frozen=True, slots=True)
class Use:
    """A call that a principal needs to make.

    `also` holds actions and resources that the same call needs beyond its own action, as its record shows; `unseen`
    those that its record doesn't show. `invoked_by` is the service that calls with the principal's session, `scenario`
    the intrusion that the call belongs to, and `at` the second of the day, -1 for any. `params` are further request
    parameters, `answer` response elements. `error` is the code with which the call fails though it is allowed, such as
    when it is throttled, and `message` that failure's message. `session` says with which credentials the call is made,
    and `job` for which job of a role that several jobs share; only crews have them.
    """

    action: str
    place: Place = ANY
    kind: NeedKind = NeedKind.ORDINARY
    also: tuple[tuple[str, str], ...] = ()
    unseen: tuple[tuple[str, str], ...] = ()
    invoked_by: str = ""
    scenario: str = ""
    region: str = ""
    at: int = -1
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    answer: Mapping[str, Any] | None = None
    error: str = ""
    message: str = ""
    session: Session | None = None
    job: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of one principal, with its own randomness."""

    index: int
    date: date
    rng: random.Random = field(default_factory=random.Random)

    @property
    def is_workday(self) -> bool:
        """Whether it is Monday to Friday."""
        return self.date.weekday() < 5

    def every(self, days: int, offset: int = 0) -> bool:
        """Whether it is one of every so many days."""
        return (self.index + offset) % days == 0

    def monthly(self, day: int) -> bool:
        """Whether it is that day of the month, 1 to 28."""
        return self.date.day == day

    def quarterly(self, day: int, month: int = 0) -> bool:
        """Whether it is that day of the first month of a quarter, or of a later one of its months."""
        return self.date.day == day and self.date.month % 3 == (1 + month) % 3

    def yearly(self, month: int, day: int) -> bool:
        """Whether it is that day of the year."""
        return (self.date.month, self.date.day) == (month, day)

    def chance(self, share: float) -> bool:
        """Whether something that happens on this share of days happens."""
        return self.rng.random() < share

    def some(self, places: list[Place], most: int) -> list[Place]:
        """Up to so many of the places that exist today."""
        alive = [place for place in places if place.exists(self.index)]
        return self.rng.sample(alive, min(len(alive), most))

    def use(self, action: str, place: Place | str = ANY, kind: NeedKind | None = None, **more: Any) -> Use:
        """A use today. Without a kind, it follows from the age of the place."""
        where = Place(place) if isinstance(place, str) else place
        if kind is None:
            is_new = where.born > 0 and self.index - where.born < NEW_DAYS
            kind = NeedKind.NEW_RESOURCE if is_new else NeedKind.ORDINARY
        return Use(action, where, kind, **more)


def days_of(months: int) -> list[date]:
    """The days of so many months from `START`.

    Raises:
        ValueError: there are fewer than two months, in which kinds can't show what they are.
    """
    if months < 2:
        raise ValueError("a corpus covers at least two months")
    year, month = divmod(START.month - 1 + months, 12)
    count = (date(START.year + year, month + 1, 1) - START).days
    return [START + timedelta(days=number) for number in range(count)]
