"""A backtest as JSON, schema `lpgen.backtest/1`: the fields of `lpgen.core.backtests` by their names.

Keys are only ever added under this name; a change of meaning takes a new number.

- `windows`: the days to learn on, and the last of the days after them to judge on.
- `totals`: sums over the principals with a replacement in any window; `pairs` are those of principal and window.
- `alternatives`: what simpler policies from the same days would have denied and removed. `curve`: the results of other
  numbers of days to learn on, judged in the last window.
- `principals`: those with a replacement in any window, sorted by ARN; `unjudged` counts the others.
- `reach`: how many of the `places` (pairs of an action and a resource) that others of the account use with a
  principal's actions are allowed by the old policies and by the last replacement; `pinned_` counts only those of data,
  secrets, keys and roles.
- `expected`: denied needs in the next `days`, their mean, and the ends of the 90 % interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Final

from lpgen.core.backtests import Backtest, BacktestTotals, PrincipalBacktest
from lpgen.report.json.layout import Json, Row, lay_out

BACKTEST_SCHEMA: Final = "lpgen.backtest/1"

_DIGITS: Final = 4
_NESTED: Final = (Backtest, BacktestTotals, PrincipalBacktest)


def backtest_json(found: Backtest) -> str:
    """The backtest as JSON text."""
    return lay_out({"schema": BACKTEST_SCHEMA} | _facts_of_fields(found))


def _facts_of_fields(value: object) -> Json:
    assert is_dataclass(value)
    return {one.name: _facts(getattr(value, one.name)) for one in fields(value)}


def _facts(value: object) -> object:
    """The value in JSON's types; what has parts of its own takes lines of its own."""
    if is_dataclass(value):
        found = _facts_of_fields(value)
        return found if isinstance(value, _NESTED) else Row(found)
    if isinstance(value, Mapping):
        return {str(key): _facts(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_facts(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    return round(value, _DIGITS) if isinstance(value, float) else value
