"""The sums of a backtest over all principals, and what they let expect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lpgen.core.analysis.backtest.expected_denials import (
    DenialCount,
    expected_denials,
    expected_of_all,
    prior_from_counts,
    spread_of_windows,
)
from lpgen.core.analysis.backtest.windows import disjoint_windows
from lpgen.core.backtests import (
    NO_REACH,
    Alternative,
    AlternativeTotals,
    Backtest,
    BacktestTotals,
    CurvePoint,
    DenialCause,
    ExpectedDenials,
    JudgedWindow,
    PrincipalBacktest,
    Window,
    average,
)
from lpgen.core.catalog.catalog import Catalog


def backtest_of_principals(
    found: Iterable[PrincipalBacktest], windows: tuple[Window, ...], curve: Iterable[Window], catalog: Catalog
) -> Backtest:
    """The whole backtest from that of each principal, in any order; `problems` are left to the caller."""
    every = sorted(found, key=lambda one: one.principal)
    judged, expected = _with_expected([one for one in every if one.windows], windows)
    return Backtest(
        catalog.version,
        catalog.date,
        windows,
        _totals(judged, expected),
        tuple(_alternative_totals(which, judged) for which in Alternative),
        tuple(_curve_point(window, every) for window in curve),
        judged,
        len(every) - len(judged),
        (),
    )


def _with_expected(
    judged: Sequence[PrincipalBacktest], windows: Sequence[Window]
) -> tuple[tuple[PrincipalBacktest, ...], ExpectedDenials]:
    """The principals with the denials to expect of each, and those of all."""
    apart = {windows[number] for number in disjoint_windows(windows)}
    groups: dict[bool, list[tuple[PrincipalBacktest, DenialCount]]] = defaultdict(list)
    for one in judged:
        groups[one.windows[-1].safe].append((one, _count([found for found in one.windows if found.window in apart])))
    priors = {safe: prior_from_counts([count for _, count in group]) for safe, group in groups.items()}
    pairs = [(priors[safe], count, one) for safe, group in groups.items() for one, count in group]
    found = (replace(one, expected=expected_denials(prior, count)) for prior, count, one in pairs)
    needs = ([found.denied_needs for found in one.windows if found.window in apart] for one in judged)
    whole = expected_of_all([(prior, count) for prior, count, _ in pairs], spread_of_windows(needs))
    return tuple(sorted(found, key=lambda one: one.principal)), whole


def _count(windows: Sequence[JudgedWindow]) -> DenialCount:
    return DenialCount(sum(one.denied_needs for one in windows), sum(one.window.judge_days for one in windows))


def _totals(judged: Sequence[PrincipalBacktest], expected: ExpectedDenials) -> BacktestTotals:
    pairs = [(principal, one) for principal in judged for one in principal.windows]
    needs = [one for principal in judged for one in principal.denied]
    return BacktestTotals(
        len(judged),
        sum(bool(one.denied) for one in judged),
        sum(bool(one.safe_windows) for one in judged),
        sum(one.denied_though_safe for one in judged),
        len(pairs),
        sum(one.safe for _, one in pairs),
        sum(one.safe and bool(one.denied_needs) for _, one in pairs),
        len(needs),
        sum(one.records for one in needs),
        {cause: sum(one.cause is cause for one in needs) for cause in DenialCause},
        average(one.removed / principal.granted for principal, one in pairs if principal.granted),
        average(one.dangerous_removed / principal.dangerous for principal, one in pairs if principal.dangerous),
        sum((one.reach for one in judged), NO_REACH),
        expected,
    )


def _alternative_totals(which: Alternative, judged: Sequence[PrincipalBacktest]) -> AlternativeTotals:
    found = [(one.alternatives[which], len(one.windows)) for one in judged]
    pairs = sum(windows for _, windows in found)
    return AlternativeTotals(
        which,
        sum(one.denied_needs for one, _ in found),
        sum(bool(one.denied_needs) for one, _ in found),
        sum(one.removed_share * windows for one, windows in found) / max(pairs, 1),
        sum(one.reach for one, _ in found),
    )


def _curve_point(window: Window, every: Iterable[PrincipalBacktest]) -> CurvePoint:
    found = [one for principal in every for one in principal.curve if one.window == window]
    return CurvePoint(
        window.learn_days,
        len(found),
        sum(bool(one.denied_needs) for one in found),
        sum(one.denied_needs for one in found),
        sum(one.safe for one in found),
        sum(one.safe and bool(one.denied_needs) for one in found),
    )
