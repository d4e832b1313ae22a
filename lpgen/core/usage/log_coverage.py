"""Coverage: what the logs that were read could have shown, per account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from lpgen.core.findings import AccountCoverage, Gap, LogCoverage
from lpgen.core.model import Category
from lpgen.core.usage.tables import Usage

LONGEST_QUIET_DAYS: Final = 3
"""A quiet account has no record on a long weekend; more days in a row without any record count as a hole."""


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
