"""Caveats about what a backtest expects a replacement to deny."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.analysis.caveats.inputs import CaveatInputs
from lpgen.core.registry.row import Caveat, CaveatKind, Doubt, Remedy, Row

FEWEST_DAYS: Final = 45
"""The fewest covered days from which a backtest can forecast the next ones."""


def _expected_denials_message(
    *, needs: int, windows: int, days: int, action: str, resource: str, high: int, next_days: int
) -> str:
    """What past replacements would have denied, and what to expect."""
    past = "too few past days could be tested"
    if windows:
        made = "replacements" if windows > 1 else "a replacement"
        what = f"{needs} {'need' if needs == 1 else 'needs'}" if needs else "nothing"
        example = f", such as {action} on {resource}" if action else ""
        past = f"{made} made from earlier days would have denied {what} in the {days} days after{example}"
    return (
        f"{past}; the replacement may deny up to {high} {'need' if high == 1 else 'needs'} in the next {next_days} days"
    )


class ForecastCaveat(CaveatKind):
    """What isn't safe by the forecast of a backtest."""

    EXPECTED_DENIALS = Row(
        "expected_denials",
        "A replacement made from earlier days would have denied later use.",
        parameters={
            "needs": int,
            "windows": int,
            "days": int,
            "action": str,
            "resource": str,
            "high": int,
            "next_days": int,
        },
        message=_expected_denials_message,
        step="run `lpgen backtest` with `--look-back` to see what would have been denied, and keep it by a decision",
        item="expected-denials",
        remedy=Remedy.BACKTEST,
    )
    NO_FORECAST = Row(
        "no_forecast",
        "No backtest shows what the replacement would deny.",
        parameters={"case": str, "days": int, "needed": int},
        message={
            "not-enough-days": "the logs cover {days} days, and a backtest needs {needed}",
            "no-backtest": "`--no-backtest` was given, so nothing shows whether the replacement holds on later days",
        },
        step={
            "not-enough-days": "ingest at least {needed} days of logs",
            "no-backtest": "run the review without `--no-backtest`",
        },
        item="{case}",
        acceptable=False,
        doubt={"not-enough-days": Doubt.LOGS, "no-backtest": Doubt.NONE},
        help="A backtest shows whether replacements made from earlier days would have denied later use.",
        to_do="ingest more days, and leave out `--no-backtest`.",
        remedy={"not-enough-days": Remedy.INGEST, "no-backtest": Remedy.REPEAT},
    )


def find_expected_denials(inputs: CaveatInputs) -> Iterator[Caveat]:
    """A caveat where a backtest expects too many denials, and where it could make no forecast."""
    forecast = inputs.records.forecast
    if forecast is None:
        return
    past, expected = forecast.past, forecast.expected
    if forecast.limit is None:
        yield Caveat.of(ForecastCaveat.NO_FORECAST, case="no-backtest")
    elif past is None or expected is None:
        days = inputs.covered_days
        yield Caveat.of(ForecastCaveat.NO_FORECAST, case="not-enough-days", days=days, needed=FEWEST_DAYS)
    elif expected.high > forecast.limit:
        yield Caveat.of(
            ForecastCaveat.EXPECTED_DENIALS,
            needs=past.needs,
            windows=past.windows,
            days=past.days,
            action=past.example.action if past.example else "",
            resource=past.example.resource if past.example else "",
            high=expected.high,
            next_days=expected.days,
        )
