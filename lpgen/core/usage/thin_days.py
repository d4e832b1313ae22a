"""Days with too few records to be complete: forged days, and days with missing files.

The number of records of a day isn't a good measure, because one call can be repeated a million times. Distinct callers
and services are a better measure. The best measure is the calls that AWS makes by itself every day, such as calls by
Config, CloudTrail and Trusted Advisor. A day is thin if it shows far less than the days of the best week.
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
"""An account may have no records on a long weekend. More days in a row without records are a gap."""

_SHARE: Final = 4
"""A day shows enough if it has a quarter of the pairs of the days of the best week."""

_OWN_SHARE: Final = 2
"""For AWS's own calls, a day needs half, because they vary less than the calls of people."""

_SPARE: Final = 2
"""This many days of the best week may show less. Otherwise two forged days per week would lower the limit."""

_LEAST_DAYS: Final = 14
_LEAST_MEAN: Final = 0.3
_LEAST_SCHEDULED: Final = 3
_EVEN: Final = 0.5
"""Scheduled calls vary less from day to day than this part of their mean. If only some of the files remain, the
variance of their counts is about the mean, as for random picks."""

_AWS: Final = ".amazonaws.com"
_SERVICE_LINKED: Final = ":role/aws-service-role/"

_SCHEDULED: Final = ("cloudtrail.amazonaws.com", "config.amazonaws.com", "trustedadvisor.amazonaws.com")
"""The services that call on a schedule, as a service or with a role of their own."""


def _measures_of_everyone(pairs: _Pairs) -> tuple[int, ...]:
    """How many callers, services, pairs of both, and pairs with more than one record a day has."""
    callers, services = ({pair[at] for pair in pairs} for at in (0, 1))
    return len(callers), len(services), len(pairs), sum(count > 1 for count in pairs.values())


def _measures_of_aws(pairs: _Pairs) -> tuple[int, ...]:
    """How many pairs of AWS's own callers a day has, and how many of them with more than one record."""
    counts = [count for (caller, _), count in pairs.items() if _is_own_caller(caller)]
    return len(counts), sum(count > 1 for count in counts)


def _is_own_caller(caller: str) -> bool:
    """Whether a caller is AWS itself: a service, or a service-linked role."""
    return caller.endswith(_AWS) or _SERVICE_LINKED in caller


def thin_days(activity: Mapping[date, _Pairs]) -> frozenset[date]:
    """The days with records that show too little to count.

    A day counts if AWS's own calls show enough, or if all callers together do.
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
    """Each run of seven days with records and without a gap between them."""
    for at in range(len(days) - _WEEK + 1):
        week = days[at : at + _WEEK]
        if all((after - before).days - 1 <= LONGEST_QUIET_DAYS for before, after in pairwise(week)):
            yield week


def _floor(weeks: Sequence[Sequence[tuple[int, ...]]], *, spare: int) -> tuple[int, ...]:
    """For each measure, the value that all days of its best week reach, except `spare` days."""
    if not weeks:
        return ()
    measures = range(len(weeks[0][0]))
    return tuple(max(sorted(day[at] for day in week)[spare] for week in weeks) for at in measures)


def _reaches(shown: tuple[int, ...], asked: tuple[int, ...], share: int) -> bool:
    return all(share * have >= want for have, want in zip(shown, asked, strict=False))


def counted_days(days: Collection[date], thin: Collection[date]) -> frozenset[date]:
    """The days that count: days with records that aren't thin, and short runs of other days between them."""
    whole = sorted(set(days).difference(thin))
    found = set(whole)
    for before, after in pairwise(whole):
        if (after - before).days - 1 <= LONGEST_QUIET_DAYS:
            found.update(date.fromordinal(at) for at in range(before.toordinal(), after.toordinal()))
    return frozenset(found)


def lacks_files(activity: Mapping[date, _Pairs]) -> bool:
    """Whether all days seem to lack some of their files, because AWS's scheduled calls come at random.

    This needs three pairs of caller and service with such calls. With fewer pairs, the result is False.
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
    """Whether counts differ less from one day to the next than random counts. A lasting change counts once."""
    variance = sum((after - before) ** 2 for before, after in pairwise(counts)) / (2 * (len(counts) - 1))
    return variance < _EVEN * sum(counts) / len(counts)
