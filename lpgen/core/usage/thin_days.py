"""Days on which a log holds too little to have been recorded: forged ones, and those of which files are missing.

How many records a day has says nothing: one call can be repeated a million times. Telling is how many different callers
and services it shows, and above all what AWS calls by itself, day after day, whoever works: Config, CloudTrail, Trusted
Advisor and the like. A day is thin where it shows far less than every day of the account's best week does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

Pairs = Mapping[tuple[str, str], int]
"""The records of a day by caller and event source."""

WEEK: Final = 7
LONGEST_QUIET_DAYS: Final = 3
"""An account has no record on a long weekend; more days in a row that show nothing are a gap."""

_SHARE: Final = 4
"""A day shows enough with this part of what each day of the best week shows."""

_OWN_SHARE: Final = 2
"""The same for AWS's own calls, which don't vary as people do."""

_SPARE: Final = 2
"""So many days of the best week may show less: else two forged days in each week would lower what is asked."""

_AWS: Final = ".amazonaws.com"
_SERVICE_LINKED: Final = ":role/aws-service-role/"


@dataclass(frozen=True, slots=True)
class Breadth:
    """What a day shows: distinct callers, services, pairs of both, and pairs with more than one record; the same pairs
    of callers that AWS runs by itself."""

    callers: int
    services: int
    pairs: int
    repeated: int
    own_pairs: int
    own_repeated: int

    @property
    def everyone(self) -> tuple[int, ...]:
        """What people and roles show together with AWS."""
        return self.callers, self.services, self.pairs, self.repeated

    @property
    def own(self) -> tuple[int, ...]:
        """What AWS's own calls show."""
        return self.own_pairs, self.own_repeated


def breadth_of_day(pairs: Pairs) -> Breadth:
    """What a day shows of an account."""
    own = [count for (caller, _), count in pairs.items() if is_own_caller(caller)]
    return Breadth(
        len({caller for caller, _ in pairs}),
        len({service for _, service in pairs}),
        len(pairs),
        sum(count > 1 for count in pairs.values()),
        len(own),
        sum(count > 1 for count in own),
    )


def is_own_caller(caller: str) -> bool:
    """Whether AWS calls by itself: as a service, or with a service-linked role."""
    return caller.endswith(_AWS) or _SERVICE_LINKED in caller


def thin_days(activity: Mapping[date, Pairs], verified: Collection[date] = ()) -> frozenset[date]:
    """The days with records that show too little to count. Days in `verified` count whatever they show.

    A day counts where AWS's own calls show enough, or where all callers together do.
    """
    days = sorted(activity)
    shown = {day: breadth_of_day(activity[day]) for day in days}
    weeks = [[shown[day] for day in week] for week in _weeks(days)]
    own = _floor([[one.own for one in week] for week in weeks], spare=0)
    everyone = _floor([[one.everyone for one in week] for week in weeks], spare=_SPARE)
    return frozenset(
        day
        for day, one in shown.items()
        if day not in verified
        and not (all(own) and _reaches(one.own, own, _OWN_SHARE))
        and not _reaches(one.everyone, everyone, _SHARE)
    )


def _weeks(days: Sequence[date]) -> Iterable[Sequence[date]]:
    """Seven days with records in a row, without a gap between two."""
    for at in range(len(days) - WEEK + 1):
        week = days[at : at + WEEK]
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


def covered_days(activity: Collection[date], thin: Collection[date]) -> frozenset[date]:
    """The days with records that aren't thin, and short runs of others between two of them."""
    counted = sorted(set(activity).difference(thin))
    found = set(counted)
    for before, after in pairwise(counted):
        if (after - before).days - 1 <= LONGEST_QUIET_DAYS:
            found.update(date.fromordinal(at) for at in range(before.toordinal(), after.toordinal()))
    return frozenset(found)
