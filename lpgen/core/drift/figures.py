"""The numbers of a state, and the days on which each Region was recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from lpgen.core.drift.states import Figures
from lpgen.core.findings import Diff, Verdict
from lpgen.core.usage.tables import Usage

_UNSEEN = frozenset({Verdict.UNUSED, Verdict.UNOBSERVABLE})


def figures_from_diff(diff: Diff) -> Figures:
    """The numbers of a comparison of grants with use."""
    verdicts = [one for principal in diff.principals for one in principal.verdicts]
    return Figures(
        principals=len(diff.principals),
        granted=sum(one.verdict is not Verdict.UNGRANTED for one in verdicts),
        unused=sum(one.verdict is Verdict.UNUSED for one in verdicts),
        dangerous_unused=sum(bool(one.danger) and one.verdict in _UNSEEN for one in verdicts),
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
