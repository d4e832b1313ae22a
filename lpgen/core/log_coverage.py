"""Coverage: what the logs that were read could have shown, per account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from lpgen.core.model import Category
from lpgen.core.usage import Usage

LONGEST_QUIET_DAYS: Final = 3
"""A quiet account has no record on a long weekend; more days in a row without any record count as a hole."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Days in a row without a single record, first and last included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class AccountCoverage:
    """What was read of one account. `covered_days` counts the window's days less those of the gaps.

    `data_events` are pairs of region and event source whose data events were seen at least once: nothing but the log
    itself says so here, so a source without a single data event counts as not recorded.
    """

    account: str
    first_day: date
    last_day: date
    covered_days: int
    gaps: tuple[Gap, ...]
    regions: tuple[str, ...]
    records: int
    data_events: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LogCoverage:
    """What was read of all accounts, sorted by account."""

    accounts: tuple[AccountCoverage, ...]

    def account(self, account: str) -> AccountCoverage | None:
        """The coverage of one account, or None where none of its logs was read."""
        return next((one for one in self.accounts if one.account == account), None)

    @property
    def last_day(self) -> date | None:
        """The last day of any record: what reports count from unless told otherwise."""
        return max((one.last_day for one in self.accounts), default=None)


def coverage_from_usage(usage: Usage) -> LogCoverage:
    """What the records of a usage table could have shown, by the account whose trail recorded them."""
    days: dict[str, set[date]] = defaultdict(set)
    regions: dict[str, set[str]] = defaultdict(set)
    records: dict[str, int] = defaultdict(int)
    data: dict[str, set[tuple[str, str]]] = defaultdict(set)
    columns = (usage.coverage.column(name).to_pylist() for name in _COLUMNS)
    for account, region, day, category, source, count in zip(*columns, strict=True):
        if not account or day is None:
            continue
        days[account].add(day)
        regions[account].add(region)
        records[account] += count
        if category == Category.DATA:
            data[account].add((region, source))
    return LogCoverage(
        tuple(_account_coverage(account, days, regions=regions, records=records, data=data) for account in sorted(days))
    )


_COLUMNS: Final = ("account", "region", "day", "category", "event_source", "records")


def _account_coverage(
    account: str,
    days: Mapping[str, set[date]],
    *,
    regions: Mapping[str, set[str]],
    records: Mapping[str, int],
    data: Mapping[str, set[tuple[str, str]]],
) -> AccountCoverage:
    first, last = min(days[account]), max(days[account])
    gaps = tuple(_gaps(sorted(days[account])))
    missing = sum((gap.last - gap.first).days + 1 for gap in gaps)
    covered = (last - first).days + 1 - missing
    return AccountCoverage(
        account,
        first,
        last,
        covered,
        gaps,
        tuple(sorted(regions[account] - {""})),
        records[account],
        frozenset(data.get(account, ())),
    )


def _gaps(days: list[date]) -> Iterable[Gap]:
    for before, after in pairwise(days):
        if (after - before).days - 1 > LONGEST_QUIET_DAYS:
            yield Gap(before + timedelta(days=1), after - timedelta(days=1))
