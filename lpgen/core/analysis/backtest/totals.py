"""The sums of a backtest over all principals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lpgen.core.backtests import (
    NO_REACH,
    Alternative,
    AlternativeTotals,
    Backtest,
    BacktestTotals,
    CurvePoint,
    DenialCause,
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
    judged = tuple(backtest for backtest in every if backtest.windows)
    return Backtest(
        catalog.version,
        catalog.date,
        windows,
        _totals(judged),
        tuple(_alternative_totals(which, judged) for which in Alternative),
        tuple(_curve_point(window, every) for window in curve),
        judged,
        len(every) - len(judged),
        (),
    )


def _totals(judged: Sequence[PrincipalBacktest]) -> BacktestTotals:
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
