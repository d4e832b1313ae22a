"""The workloads of roles: Lambda functions, what polls event sources, and schedules with the longest time between
runs."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import Final


@dataclass(frozen=True, slots=True)
class FunctionLogs:
    """One function: its ARN, the ARN of its role, and the ARN of its log group."""

    function: str
    role: str
    log_group: str


def log_groups_by_role(functions: Iterable[FunctionLogs]) -> Mapping[str, frozenset[str]]:
    """The ARNs of the log groups that the functions of each role write to."""
    found: dict[str, set[str]] = defaultdict(set)
    for function in functions:
        found[function.role].add(function.log_group)
    return {role: frozenset(groups) for role, groups in found.items()}


@dataclass(frozen=True, slots=True, order=True)
class PollerUse:
    """A resource that an event source mapping of Lambda or a pipe of EventBridge uses with a role.

    `poller` is the ARN of the function or pipe, and `kind` what polls for it. `part` is what the resource is to it: a
    `source` of events, the place for `failures`, or `credentials` for the source. `role` and `resource` are ARNs.
    """

    poller: str
    kind: str
    role: str
    part: str
    resource: str
    enabled: bool


# ---------------------------------------------------------------- schedules

_YEARS: Final = 28
"""The number of years in which to look for runs: weekdays and leap years repeat after this many years."""

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_UNITS: Final = {"minute": 24 * 60, "hour": 24, "day": 1}


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule.

    `source` is its kind as text, `name` its ARN or else its name, and `roles` are the ARNs of the roles that start or
    run it.

    `longest_days` is the `longest_interval` of the expression.
    """

    source: str
    name: str
    expression: str
    enabled: bool
    longest_days: int | None
    roles: tuple[str, ...]


def schedules_by_role(schedules: Iterable[Schedule]) -> Mapping[str, tuple[Schedule, ...]]:
    """The schedules that may still run, by the ARN of each of their roles."""
    found: dict[str, tuple[Schedule, ...]] = defaultdict(tuple)
    for schedule in schedules:
        for role in schedule.roles if schedule.enabled and schedule.longest_days != 0 else ():
            found[role] += (schedule,)
    return dict(found)


@lru_cache(maxsize=4096)
def longest_interval(expression: str, today: date) -> int | None:
    """The longest time from one run to the next after a day, in whole days and at least 1.

    0 if it doesn't run again, None if it runs once more or the expression can't be read.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """
    kind, _, rest = expression.strip().partition("(")
    try:
        if kind == "rate":
            value, unit = rest.removesuffix(")").split()
            return max(1, ceil(int(value) / _UNITS[unit.removesuffix("s")]))
        if kind == "at":
            return None if date.fromisoformat(rest[:10]) >= today else 0
        days = _days_of_cron(rest.removesuffix(")").upper().split(), today)
    except (KeyError, ValueError):
        return None
    return max(((later - earlier).days for earlier, later in pairwise(days)), default=None if days else 0)


def _days_of_cron(fields: list[str], today: date) -> list[date]:
    """The days in the next years on which it runs, in order.

    Expressions of Systems Manager may begin with seconds, and older ones then leave out the year.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html

    Raises:
        ValueError: it can't be read.
    """
    shifted = [*fields[1:], "*"][:6]
    try:
        if len(fields) != 6:
            raise ValueError("the first field is of seconds")
        found = list(_run_days(*fields, since=today.year))
    except ValueError:
        if len(shifted) != 6:
            raise
        found = list(_run_days(*shifted, since=today.year))
    return [day for day in found if day >= today]


def _run_days(
    minutes: str, hours: str, days: str, months: str, weekdays: str, years: str, *, since: int
) -> Iterator[date]:
    _values(minutes, 0, 59)
    _values(hours, 0, 23)
    if not {days, weekdays} & {"*", "?"}:
        raise ValueError("both kinds of days are given")
    of_years, of_months = _values(years, 1970, 2199), sorted(_values(months, 1, 12, _MONTHS))
    for year in range(since, since + _YEARS + 1):
        for month in of_months if year in of_years else ():
            of_days = _days_of_month(days, year, month) & _days_of_weekdays(weekdays, year, month)
            yield from (date(year, month, day) for day in sorted(of_days))


def _days_of_month(field: str, year: int, month: int) -> set[int]:
    days = range(1, monthrange(year, month)[1] + 1)
    found: set[int] = set()
    for part in field.replace("?", "*").split(","):
        some = {days[-1]} if part in ("L", "LW") else _values(part.removesuffix("W"), 1, 31)
        if part.endswith("W"):  # from Monday to Friday, in the same month
            working = [day for day in days if date(year, month, day).isoweekday() < 6]
            some = {min(working, key=lambda other: abs(other - day)) for day in some if day in days}
        found |= some
    return found.intersection(days)


def _days_of_weekdays(field: str, year: int, month: int) -> set[int]:
    first, last = date(year, month, 1).isoweekday() % 7 + 1, monthrange(year, month)[1]
    found: set[int] = set()
    for part in field.replace("?", "*").split(","):
        name, _, number = part.partition("#")
        is_last = name != "L" and name.endswith("L")
        for weekday in {7} if name == "L" else _values(name.removesuffix("L"), 1, 7, _WEEKDAYS):
            days = list(range(1 + (weekday - first) % 7, last + 1, 7))
            if number:
                days = [day for nth, day in enumerate(days, 1) if nth in _values(number, 1, 5)]
            found.update(days[-1:] if is_last else days)
    return found


def _values(field: str, low: int, high: int, names: Sequence[str] = ()) -> set[int]:
    """The values of a list of values, ranges and steps.

    Raises:
        ValueError: it isn't valid.
    """

    def number(text: str) -> int:
        return low + names.index(text) if text in names else int(text)

    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = ("*", "", "") if span == "*" else span.partition("-")
        start = low if first == "*" else number(first)
        end = number(last) if dash else high if slash or first == "*" else start
        every = int(step) if slash else 1
        if not low <= start <= end <= high or every < 1:
            raise ValueError(f"{part} is out of range")
        found.update(range(start, end + 1, every))
    return found
