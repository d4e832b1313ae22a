"""The numbers of a state, and the days on which each Region was recorded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date

from lpgen.core.drift.states import Figures
from lpgen.core.findings import Diff, Verdict
from lpgen.core.usage.tables import Usage


def figures_from_diff(diff: Diff) -> Figures:
    """The numbers of a comparison of grants with use."""
    counts = sum((one.verdicts.by_verdict() for one in diff.principals), Counter[Verdict]())
    return Figures(
        principals=len(diff.principals),
        granted=counts.total() - counts[Verdict.UNGRANTED],
        unused=counts[Verdict.UNUSED],
        dangerous_unused=sum(1 for principal in diff.principals for _ in principal.verdicts.dangerous_unseen()),
        wildcards=sum(len(one.wildcards) for one in diff.principals),
        covered_days=min((one.covered_days for one in diff.coverage.accounts), default=0),
    )


def region_days_from_usage(usage: Usage) -> Mapping[tuple[str, str], tuple[date, ...]]:
    """The days with any record by account and Region, sorted."""
    found: dict[tuple[str, str], set[date]] = defaultdict(set)
    columns = (usage.coverage.column(name).to_pylist() for name in ("account", "region", "day"))
    for account, region, day in zip(*columns, strict=True):
        if account and region and day is not None:
            found[account, region].add(day)
    return {place: tuple(sorted(days)) for place, days in sorted(found.items())}
