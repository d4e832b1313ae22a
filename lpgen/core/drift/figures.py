"""The numbers of a state, and the days on which each Region was recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, replace
from datetime import date

from lpgen.core.drift.states import Figures
from lpgen.core.evidence import LogCoverage
from lpgen.core.findings import PrincipalDiff, Verdict
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.tables import Usage


def figures_of_principals(principals: Iterable[PrincipalDiff]) -> Figures:
    """The numbers of some principals, whose `covered_days` are left to `sum_figures`."""
    found = Figures()
    for one in principals:
        counts = one.assessment.verdicts.by_verdict()
        found = Figures(
            found.principals + 1,
            found.granted + counts.total() - counts[Verdict.UNGRANTED],
            found.unused + counts[Verdict.UNUSED],
            found.dangerous_unused + sum(1 for _ in one.assessment.verdicts.dangerous_unseen()),
            found.wildcards + len(one.assessment.wildcards),
        )
    return found


def sum_figures(parts: Iterable[Figures], coverage: LogCoverage) -> Figures:
    """The numbers of all principals from those of parts."""
    columns = zip(*(astuple(one) for one in (Figures(), *parts)), strict=True)
    covered = min((one.covered_days for one in coverage.accounts), default=0)
    return replace(Figures(*map(sum, columns)), covered_days=covered)


def region_days_from_usage(usage: Usage) -> Mapping[tuple[str, str], tuple[date, ...]]:
    """The days with any record by account and Region, sorted."""
    found: dict[tuple[str, str], set[date]] = defaultdict(set)
    for account, region, day in distinct_rows(usage.coverage, ("account", "region", "day")):
        if account and region and day is not None:
            found[account, region].add(day)
    return {place: tuple(sorted(days)) for place, days in sorted(found.items())}
