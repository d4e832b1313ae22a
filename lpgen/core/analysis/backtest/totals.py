"""The sums of a backtest over all principals, and the denials to expect."""

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
    """The whole backtest from each principal's backtest, in any order. The caller adds `problems`."""
    every = sorted(found, key=lambda backtest: backtest.principal)
    judged, expected = _with_expected([backtest for backtest in every if backtest.windows], windows)
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
    """The principals with the denials to expect of each, and the denials to expect of all."""
    apart = {windows[number] for number in disjoint_windows(windows)}
    groups: dict[bool, list[tuple[PrincipalBacktest, DenialCount]]] = defaultdict(list)
    for backtest in judged:
        groups[backtest.windows[-1].safe].append(
            (backtest, _count([found for found in backtest.windows if found.window in apart]))
        )
    priors = {safe: prior_from_counts([count for _, count in group]) for safe, group in groups.items()}
    pairs = [(priors[safe], count, backtest) for safe, group in groups.items() for backtest, count in group]
    found = (replace(pair, expected=expected_denials(prior, count)) for prior, count, pair in pairs)
    needs = ([found.denied_needs for found in backtest.windows if found.window in apart] for backtest in judged)
    whole = expected_of_all([(prior, count) for prior, count, _ in pairs], spread_of_windows(needs))
    return tuple(sorted(found, key=lambda backtest: backtest.principal)), whole


def _count(windows: Sequence[JudgedWindow]) -> DenialCount:
    return DenialCount(
        sum(window.denied_needs for window in windows), sum(window.window.judge_days for window in windows)
    )


def _totals(judged: Sequence[PrincipalBacktest], expected: ExpectedDenials) -> BacktestTotals:
    pairs = [(principal, window) for principal in judged for window in principal.windows]
    needs = [need for principal in judged for need in principal.denied]
    return BacktestTotals(
        len(judged),
        sum(bool(backtest.denied) for backtest in judged),
        sum(bool(backtest.safe_windows) for backtest in judged),
        sum(backtest.denied_though_safe for backtest in judged),
        len(pairs),
        sum(pair.safe for _, pair in pairs),
        sum(pair.safe and bool(pair.denied_needs) for _, pair in pairs),
        len(needs),
        sum(need.records for need in needs),
        {cause: sum(need.cause is cause for need in needs) for cause in DenialCause},
        average(pair.removed / principal.granted for principal, pair in pairs if principal.granted),
        average(pair.dangerous_removed / principal.dangerous for principal, pair in pairs if principal.dangerous),
        sum((backtest.reach for backtest in judged), NO_REACH),
        expected,
    )


def _alternative_totals(which: Alternative, judged: Sequence[PrincipalBacktest]) -> AlternativeTotals:
    found = [(backtest.alternatives[which], len(backtest.windows)) for backtest in judged]
    pairs = sum(windows for _, windows in found)
    return AlternativeTotals(
        which,
        sum(alternative.denied_needs for alternative, _ in found),
        sum(bool(alternative.denied_needs) for alternative, _ in found),
        sum(alternative.removed_share * windows for alternative, windows in found) / max(pairs, 1),
        sum(alternative.reach for alternative, _ in found),
    )


def _curve_point(window: Window, every: Iterable[PrincipalBacktest]) -> CurvePoint:
    found = [judged for principal in every for judged in principal.curve if judged.window == window]
    return CurvePoint(
        window.learn_days,
        len(found),
        sum(bool(window.denied_needs) for window in found),
        sum(window.denied_needs for window in found),
        sum(window.safe for window in found),
        sum(window.safe and bool(window.denied_needs) for window in found),
    )
