"""Days on which a log holds too little to have been recorded: forged days, and days with missing files.

The number of a day's records says nothing: one call can be repeated a million times. Distinct callers and services say
more, and most of all the calls that AWS makes by itself, every day: those of Config, CloudTrail, Trusted Advisor and
the like. A day is thin where it shows far less than the days of the best week do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Breadth:
    """A day's number of distinct callers, services, pairs of both, and pairs with more than one record; the same pairs
    of callers that AWS runs by itself."""

    callers: int
    services: int
    pairs: int
    repeated: int
    own_pairs: int
    own_repeated: int

    @property
    def everyone(self) -> tuple[int, ...]:
        """The numbers of people and roles together with AWS."""
        return self.callers, self.services, self.pairs, self.repeated

    @property
    def own(self) -> tuple[int, ...]:
        """The numbers of AWS's own calls."""
        return self.own_pairs, self.own_repeated


def _breadth_of_day(pairs: _Pairs) -> _Breadth:
    """The numbers of one day of an account."""
    own = [count for (caller, _), count in pairs.items() if _is_own_caller(caller)]
    return _Breadth(
        len({caller for caller, _ in pairs}),
        len({service for _, service in pairs}),
        len(pairs),
        sum(count > 1 for count in pairs.values()),
        len(own),
        sum(count > 1 for count in own),
    )


def _is_own_caller(caller: str) -> bool:
    """Whether AWS calls by itself: as a service, or with a service-linked role."""
    return caller.endswith(_AWS) or _SERVICE_LINKED in caller


def thin_days(activity: Mapping[date, _Pairs]) -> frozenset[date]:
    """The days with records that show too little to count.

    A day counts where AWS's own calls show enough, or where all callers together do.
    """
    days = sorted(activity)
    shown = {day: _breadth_of_day(activity[day]) for day in days}
    weeks = [[shown[day] for day in week] for week in _weeks(days)]
    own = _floor([[breadth.own for breadth in week] for week in weeks], spare=0)
    everyone = _floor([[breadth.everyone for breadth in week] for week in weeks], spare=_SPARE)
    return frozenset(
        day
        for day, breadth in shown.items()
        if not (all(own) and _reaches(breadth.own, own, _OWN_SHARE))
        and not _reaches(breadth.everyone, everyone, _SHARE)
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
