"""Days on which a log holds too little to have been recorded: forged days, and days with missing files.

The number of a day's records says nothing: one call can be repeated a million times. Distinct callers and services say
more, and most of all the calls that AWS makes by itself, every day: those of Config, CloudTrail, Trusted Advisor and
the like. A day is thin where it shows far less than the days of the best week do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

_Pairs = Mapping[tuple[str, str], int]
"""The records of a day by caller and event source."""

_WEEK: Final = 7
LONGEST_QUIET_DAYS: Final = 3
"""An account has no record on a long weekend; more days in a row that show nothing are a gap."""

_SHARE: Final = 4
"""A day shows enough with a quarter of the pairs that the days of the best week show."""

_OWN_SHARE: Final = 2
"""Of AWS's own calls it takes half, since they don't vary as people do."""

_SPARE: Final = 2
"""This many days of the best week may show less. Otherwise two forged days a week would lower the bar."""

_LEAST_DAYS: Final = 14
_LEAST_MEAN: Final = 0.3
_LEAST_SCHEDULED: Final = 3
_EVEN: Final = 0.5
"""Calls by a clock vary less from day to day than this part of their mean. If only some of the files remain, their
counts vary like their mean, as random picks do."""

_AWS: Final = ".amazonaws.com"
_SERVICE_LINKED: Final = ":role/aws-service-role/"

_SCHEDULED: Final = ("cloudtrail.amazonaws.com", "config.amazonaws.com", "trustedadvisor.amazonaws.com")
"""The services that call by a clock, as a service or with a role of theirs."""


def _measures_of_everyone(pairs: _Pairs) -> tuple[int, ...]:
    """How many callers, services, pairs of both, and pairs with more than one record a day has."""
    callers, services = ({pair[at] for pair in pairs} for at in (0, 1))
    return len(callers), len(services), len(pairs), sum(count > 1 for count in pairs.values())


def _measures_of_aws(pairs: _Pairs) -> tuple[int, ...]:
    """How many pairs of AWS's own callers a day has, and how many of them with more than one record."""
    counts = [count for (caller, _), count in pairs.items() if _is_own_caller(caller)]
    return len(counts), sum(count > 1 for count in counts)


def _is_own_caller(caller: str) -> bool:
    """Whether AWS calls by itself: as a service, or with a service-linked role."""
    return caller.endswith(_AWS) or _SERVICE_LINKED in caller


def thin_days(activity: Mapping[date, _Pairs]) -> frozenset[date]:
    """The days with records that show too little to count.

    A day counts where AWS's own calls show enough, or where all callers together do.
    """
    weeks = list(_weeks(sorted(activity)))
    own = {day: _measures_of_aws(pairs) for day, pairs in activity.items()}
    everyone = {day: _measures_of_everyone(pairs) for day, pairs in activity.items()}
    own_floor = _floor([[own[day] for day in week] for week in weeks], spare=0)
    floor = _floor([[everyone[day] for day in week] for week in weeks], spare=_SPARE)
    return frozenset(
        day
        for day in activity
        if not (all(own_floor) and _reaches(own[day], own_floor, _OWN_SHARE))
        and not _reaches(everyone[day], floor, _SHARE)
    )


def _weeks(days: Sequence[date]) -> Iterable[Sequence[date]]:
    """Seven days with records in a row, without a gap between two."""
    for at in range(len(days) - _WEEK + 1):
        week = days[at : at + _WEEK]
        if all((after - before).days - 1 <= LONGEST_QUIET_DAYS for before, after in pairwise(week)):
            yield week


def _floor(weeks: Sequence[Sequence[tuple[int, ...]]], *, spare: int) -> tuple[int, ...]:
    """For each measure, what every day of its best week reaches, but for `spare` of them."""
    if not weeks:
        return ()
    measures = range(len(weeks[0][0]))
    return tuple(max(sorted(day[at] for day in week)[spare] for week in weeks) for at in measures)


def _reaches(shown: tuple[int, ...], asked: tuple[int, ...], share: int) -> bool:
    return all(share * have >= want for have, want in zip(shown, asked, strict=False))


def counted_days(days: Collection[date], thin: Collection[date]) -> frozenset[date]:
    """The days that count of those with records: all but thin ones, with short runs of other days between two."""
    whole = sorted(set(days).difference(thin))
    found = set(whole)
    for before, after in pairwise(whole):
        if (after - before).days - 1 <= LONGEST_QUIET_DAYS:
            found.update(date.fromordinal(at) for at in range(before.toordinal(), after.toordinal()))
    return frozenset(found)


def lacks_files(activity: Mapping[date, _Pairs]) -> bool:
    """Whether all days seem to lack some of their files: calls that AWS makes by a clock come at random.

    This takes three such pairs of caller and service; with fewer the answer is False.
    """
    days = sorted(activity)
    if len(days) < _LEAST_DAYS:
        return False
    pairs = sorted({pair for day in days for pair in activity[day] if _is_scheduled(pair[0])})
    counts = [[activity[day].get(pair, 0) for day in days] for pair in pairs]
    frequent = [count for count in counts if sum(count) >= _LEAST_MEAN * len(days)]
    return len(frequent) >= _LEAST_SCHEDULED and not any(map(_is_even, frequent))


def _is_scheduled(caller: str) -> bool:
    return caller in _SCHEDULED or any(f"{_SERVICE_LINKED}{name}/" in caller for name in _SCHEDULED)


def _is_even(counts: Sequence[int]) -> bool:
    """Whether numbers differ less from one day to the next than random ones; a change for good counts once."""
    variance = sum((after - before) ** 2 for before, after in pairwise(counts)) / (2 * (len(counts) - 1))
    return variance < _EVEN * sum(counts) / len(counts)
