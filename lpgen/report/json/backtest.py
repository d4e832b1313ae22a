"""A backtest as JSON, schema `lpgen.backtest/1`.

Keys are only ever added under this name; a change of meaning takes a new number.

- `windows`: the days to learn on and to judge on, first and last included.
- `totals`: `replacements` are the principals with a replacement in any window, `pairs` the pairs of principal and
  window. `denied_needs` counts each action on a resource of a principal once, `denied_records` each record once; shares
  are averages over the pairs. `causes` says why needs were denied.
- `alternatives`: what simpler policies from the same days would have denied and removed. `curve`: what comes of other
  numbers of days to learn on, judged in the last window.
- `principals`: those with a replacement in any window, sorted by ARN; `unjudged` counts the others. `windows` of a need
  says in how many windows it was denied, `records` counts those of all of them.
- `expected`: denied needs in the next `days`, their mean, and the ends of the 90 % interval.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from lpgen.core.backtests import (
    Backtest,
    DenialCause,
    DeniedNeed,
    ExpectedDenials,
    JudgedWindow,
    PrincipalBacktest,
    Window,
)
from lpgen.report.json.layout import Json, Row, lay_out

BACKTEST_SCHEMA: Final = "lpgen.backtest/1"

_DIGITS: Final = 4


def backtest_json(found: Backtest) -> str:
    """The backtest as JSON text."""
    totals = found.totals
    counts = {key: value for key, value in asdict(totals).items() if isinstance(value, int)}
    return lay_out(
        {
            "schema": BACKTEST_SCHEMA,
            "catalog": Row(version=found.catalog_version, date=found.catalog_date),
            "windows": [Row(_facts_of_window(one)) for one in found.windows],
            "totals": {
                **counts,
                "removed_share": _share(totals.removed_share),
                "dangerous_removed_share": _share(totals.dangerous_removed_share),
                "causes": Row({str(cause): totals.causes.get(cause, 0) for cause in DenialCause}),
                "expected": _facts_of_expected(totals.expected),
            },
            "alternatives": [Row(asdict(one), removed_share=_share(one.removed_share)) for one in found.alternatives],
            "curve": [Row(asdict(one)) for one in found.curve],
            "unjudged": found.unjudged,
            "problems": list(found.problems),
            "principals": [_facts_of_principal(one) for one in found.principals],
        }
    )


def _facts_of_principal(one: PrincipalBacktest) -> Json:
    return {
        "principal": one.principal,
        "granted": one.granted,
        "dangerous": one.dangerous,
        "removed_share": _share(one.removed_share),
        "expected": _facts_of_expected(one.expected) if one.expected else None,
        "windows": [_facts_of_judged(judged) for judged in one.windows],
        "denied": [_facts_of_need(need) for need in one.denied],
        "alternatives": [
            Row(alternative=which, denied_needs=found.denied_needs, removed_share=_share(found.removed_share))
            for which, found in one.alternatives.items()
        ],
    }


def _facts_of_window(one: Window) -> Json:
    days = (one.learn_first, one.learn_last, one.judge_first, one.judge_last)
    names = ("learn_first", "learn_last", "judge_first", "judge_last")
    return {key: day.isoformat() for key, day in zip(names, days, strict=True)}


def _facts_of_judged(one: JudgedWindow) -> Row:
    return Row(
        judge_first=one.window.judge_first.isoformat(),
        safe=one.safe,
        denied_needs=one.denied_needs,
        denied_records=one.denied_records,
        removed=one.removed,
        dangerous_removed=one.dangerous_removed,
    )


def _facts_of_need(one: DeniedNeed) -> Row:
    return Row(asdict(one), first_day=one.first_day.isoformat())


def _facts_of_expected(one: ExpectedDenials) -> Row:
    return Row(days=one.days, mean=_share(one.mean), low=one.low, high=one.high)


def _share(number: float) -> float:
    """The number with as many digits as mean something."""
    return round(number, _DIGITS)
