"""Made-up activity of accounts with the truth about it: which days are real, and which somebody forged.

A day holds pairs of a caller and a service with their number of records, as `activity.parquet` does. Nothing here knows
the rule that is judged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Final

Activity = dict[date, dict[tuple[str, str], int]]

START: Final = date(2026, 1, 5)  # a Monday
WHOLE: Final = 120
SHORT: Final = 30
_SERVICES: Final = [
    f"{name}.amazonaws.com"
    for name in [
        "ec2",
        "s3",
        "iam",
        "sts",
        "kms",
        "logs",
        "monitoring",
        "lambda",
        "dynamodb",
        "rds",
        "sqs",
        "sns",
        "ecs",
        "ecr",
        "ssm",
        "secretsmanager",
        "cloudformation",
        "autoscaling",
        "elasticloadbalancing",
        "apigateway",
        "events",
        "states",
        "athena",
        "glue",
        "route53",
        "acm",
    ]
]
_ROLE: Final = "arn:aws:iam::111122223333:role/{}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What AWS calls by itself every day: Config reads, CloudTrail looks at its bucket, Trusted Advisor checks."""

    config: int = 8
    each: int = 4
    advisor_days: int = 7

    def add(self, day: dict[tuple[str, str], int], at: int, rng: random.Random) -> None:
        """Adds the calls of day number `at`."""
        for service in _SERVICES[: self.config]:
            day[_ROLE.format("aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"), service] = self.each
        day["cloudtrail.amazonaws.com", "s3.amazonaws.com"] = 24 + rng.randrange(-2, 3)
        day["config.amazonaws.com", "sts.amazonaws.com"] = max(1, self.each)
        if at % self.advisor_days == 0:
            for service in _SERVICES[3:9]:
                day[_ROLE.format("aws-service-role/trustedadvisor.amazonaws.com/TA"), service] = 1


HOURLY: Final = Schedule()
ONLY_TRAIL: Final = Schedule(config=0)
RARE: Final = Schedule(config=5, each=1, advisor_days=1)


def _busy(rng: random.Random, callers: int, *, first: int = 0, share: float = 0.7) -> dict[tuple[str, str], int]:
    """A day of so many roles and people, each seen with a chance of `share`."""
    day: dict[tuple[str, str], int] = {}
    for number in range(first, first + callers):
        own = random.Random(number)
        usual = own.sample(_SERVICES, own.randrange(2, 8))
        if rng.random() < share:
            for service in rng.sample(usual, rng.randrange(1, len(usual) + 1)):
                day[_ROLE.format(f"app-{number}"), service] = 1 + int(rng.expovariate(1 / 12))
    return day


Kind = Callable[[random.Random, int], Activity]


def _days(length: int) -> Iterable[tuple[int, date]]:
    return ((at, START + timedelta(at)) for at in range(length))


def _account(
    rng: random.Random,
    length: int,
    callers: Callable[[int, date], tuple[int, int]],
    schedule: Schedule | None = HOURLY,
    *,
    crons: int = 0,
    share: float = 0.7,
) -> Activity:
    """`callers` says of a day how many people and roles there are, and the number of the first."""
    found: Activity = {}
    for at, day in _days(length):
        count, first = callers(at, day)
        pairs = _busy(rng, count, first=first, share=share)
        for cron in range(900, 900 + crons):
            pairs.update(_busy(rng, 1, first=cron, share=1))
        if schedule:
            schedule.add(pairs, at, rng)
        if pairs:
            found[day] = pairs
    return found


def _is_weekday(day: date) -> bool:
    return day.weekday() < 5


def office(rng: random.Random, length: int) -> Activity:
    """People on weekdays; AWS calls on every day."""
    return _account(rng, length, lambda _, day: (12 if _is_weekday(day) else 0, 0))


def silent_office(rng: random.Random, length: int) -> Activity:
    """No scheduled call: its weekends are empty."""
    return _account(rng, length, lambda _, day: (9 if _is_weekday(day) else 0, 0), None)


def small_office(rng: random.Random, length: int) -> Activity:
    """Three people on weekdays, and AWS calls nothing by itself."""
    return _account(rng, length, lambda _, day: (3 if _is_weekday(day) else 0, 0), None, share=0.8)


def on_call_office(rng: random.Random, length: int) -> Activity:
    """On some weekends one person works."""
    return _account(rng, length, lambda _, day: (9 if _is_weekday(day) else rng.randrange(2), 0), None)


def production(rng: random.Random, length: int) -> Activity:
    """Busy on all days."""
    return _account(rng, length, lambda _, day: (30 if _is_weekday(day) else 20, 0), crons=6)


def quiet_production(rng: random.Random, length: int) -> Activity:
    """Busy on all days, and AWS calls nothing by itself."""
    return _account(rng, length, lambda _, day: (10 if _is_weekday(day) else 7, 0), None, crons=4)


def monthly_batch(rng: random.Random, length: int) -> Activity:
    """Many roles on the first two days of a month."""
    return _account(rng, length, lambda _, day: (25 if day.day <= 2 else 0, 0))


def sandbox(rng: random.Random, length: int) -> Activity:
    """One person, now and then."""
    return _account(rng, length, lambda *_: (1 if rng.random() < 0.35 else 0, 0), share=1)


def bare_sandbox(rng: random.Random, length: int) -> Activity:
    """Its only scheduled call is CloudTrail's."""
    return _account(rng, length, lambda *_: (1 if rng.random() < 0.35 else 0, 0), ONLY_TRAIL, share=1)


def daily_sandbox(rng: random.Random, length: int) -> Activity:
    """AWS makes each of its calls once a day."""
    return _account(rng, length, lambda *_: (1 if rng.random() < 0.35 else 0, 0), RARE, share=1)


def young(rng: random.Random, length: int) -> Activity:
    """The number of roles grows over the first three weeks, and then stays."""
    return _account(rng, length, lambda at, _: (2 + min(at, 21) // 2, 0))


def tiny(rng: random.Random, length: int) -> Activity:
    """A single role, every day."""
    return _account(rng, length, lambda *_: (1, 0), None, share=1)


def bulk_day(rng: random.Random, length: int) -> Activity:
    """On one day three hundred roles call at once."""
    at_bulk = rng.randrange(length)
    return _account(rng, length, lambda at, day: (300 if at == at_bulk else 10 if _is_weekday(day) else 0, 0))


def holidays(rng: random.Random, length: int) -> Activity:
    """For two separate weeks nobody works."""
    return _account(rng, length, lambda at, day: (12 if _is_weekday(day) and at // 7 not in (3, 11) else 0, 0), crons=2)


def growing(rng: random.Random, length: int) -> Activity:
    """A role more every three days."""
    return _account(rng, length, lambda at, _: (4 + at // 3, 0))


def shrinking(rng: random.Random, length: int) -> Activity:
    """A project ends after two fifths of the time."""
    return _account(rng, length, lambda at, _: (40 if at < length * 2 // 5 else 3, 0))


def migration(rng: random.Random, length: int) -> Activity:
    """Half-way, all roles give place to others."""
    return _account(rng, length, lambda at, _: (15, 0 if at < length // 2 else 400))


TUNED: Final[dict[str, Kind]] = {
    one.__name__: one for one in (office, silent_office, monthly_batch, sandbox, tiny, bulk_day, shrinking)
}
"""The kinds that the rule was made with."""

HELD_OUT: Final[dict[str, Kind]] = {
    one.__name__: one
    for one in (
        small_office,
        on_call_office,
        production,
        quiet_production,
        bare_sandbox,
        daily_sandbox,
        young,
        holidays,
        growing,
        migration,
    )
}
"""The kinds that the rule met only when it was done."""


# ---------------------------------------------------------------- forgeries


@dataclass(frozen=True, slots=True)
class Forgery:
    """Where somebody puts made-up days, how often, and what is in one."""

    place: str  # before, between, after
    every: int
    per_service: bool
    copied: bool

    def add(self, real: Activity, rng: random.Random, days: int) -> Activity:
        """The real activity with about so many forged days; `between` tears it apart for them."""
        activity = torn(real, days) if self.place == "between" else dict(real)
        first, last = min(activity), max(activity)
        start = {"before": first - timedelta(days), "after": last + timedelta(1), "between": first}[self.place]
        pairs = sorted({pair for day in real.values() for pair in day})
        one = next((caller for caller, _ in pairs if ".amazonaws.com" not in caller), pairs[0][0])
        for at in range(0, (last - first).days if self.place == "between" else days, self.every):
            day = start + timedelta(at)
            if day not in activity:
                activity[day] = self._day(pairs, one, rng)
        return activity

    def _day(self, pairs: list[tuple[str, str]], one: str, rng: random.Random) -> dict[tuple[str, str], int]:
        wanted = sorted({service for _, service in pairs}) if self.per_service else [rng.choice(pairs)[1]]
        return {
            (rng.choice([caller for caller, of in pairs if of == service]) if self.copied else one, service): 1
            for service in wanted
        }


def torn(real: Activity, days: int) -> Activity:
    """The activity with a hole of so many days in its middle."""
    middle = sorted(real)[len(real) // 2]
    return {day if day < middle else day + timedelta(days): pairs for day, pairs in real.items()}


FORGERIES: Final = [
    Forgery(place, every, per_service, copied)
    for place, every, per_service, copied in product(
        ("before", "between", "after"), (1, 3), (False, True), (False, True)
    )
]


def thinned(real: Activity, rng: random.Random, share: float = 0.1) -> Activity:
    """The activity of a log that lost all but a share of each day's files: records that came together stay together."""
    found: Activity = {}
    for day, pairs in real.items():
        files = {number for number in range(288) if rng.random() < share}
        kept = {}
        for pair, records in pairs.items():
            left = sum(rng.randrange(288) in files for _ in range(records))
            if left:
                kept[pair] = left
        if kept:
            found[day] = kept
    return found
