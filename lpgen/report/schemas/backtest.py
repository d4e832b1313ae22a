"""The JSON Schema of a backtest: what its types hold, by the names of their fields."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from lpgen.core.backtests import (
    Alternative,
    AlternativeResult,
    AlternativeTotals,
    Backtest,
    BacktestTotals,
    CurvePoint,
    DenialCause,
    DeniedNeed,
    ExpectedDenials,
    JudgedWindow,
    PrincipalBacktest,
    Reach,
    Window,
)
from lpgen.report.json.backtest import BACKTEST_SCHEMA
from lpgen.report.schemas.parts import (
    AMOUNT,
    COUNT,
    DAY,
    TEXT,
    TEXTS,
    YES_NO,
    Schema,
    document,
    listed,
    nullable,
    one_of,
    record,
    ref,
)

_SHARE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
_FIELDS: Final[dict[str, Schema]] = {
    **dict.fromkeys(("principal", "action", "resource", "example_event_id", "catalog_version", "catalog_date"), TEXT),
    **dict.fromkeys(("learn_first", "learn_last", "judge_last", "first_day"), DAY),
    **dict.fromkeys(("removed_share", "dangerous_removed_share"), _SHARE),
    "safe": YES_NO,
    "mean": AMOUNT,
    "cause": one_of(DenialCause),
    "alternative": one_of(Alternative),
    "window": ref("window"),
}


def backtest_schema() -> Schema:
    """The schema of what `lpgen backtest --format json` prints."""
    judged = listed(ref("judged"))
    expected = ref("expected")
    counted = record({str(one): COUNT for one in DenialCause})
    simple = record({str(one): _record_of(AlternativeResult) for one in Alternative})
    principal = _record_of(
        PrincipalBacktest,
        windows=judged,
        curve=judged,
        denied=listed(_record_of(DeniedNeed)),
        alternatives=simple,
        reach=ref("reach"),
        expected=nullable(expected),
    )
    whole = {
        "windows": listed(ref("window")),
        "totals": _record_of(BacktestTotals, safe=COUNT, causes=counted, reach=ref("reach"), expected=expected),
        "alternatives": listed(_record_of(AlternativeTotals)),
        "curve": listed(_record_of(CurvePoint, safe=COUNT)),
        "principals": listed(principal),
        "problems": TEXTS,
    }
    defs = {
        "window": _record_of(Window),
        "judged": _record_of(JudgedWindow),
        "expected": _record_of(ExpectedDenials),
        "reach": _record_of(Reach),
    }
    title = "What `lpgen backtest --format json` prints"
    return document(BACKTEST_SCHEMA, title, _schemas_of(Backtest, whole), defs)


def _record_of(kind: type, **own: Schema) -> Schema:
    return record(_schemas_of(kind, own))


def _schemas_of(kind: type, own: dict[str, Schema]) -> dict[str, Schema]:
    """The schema of each field: its own, else the one of its name, else that of a count."""
    return {one.name: own.get(one.name, _FIELDS.get(one.name, COUNT)) for one in fields(kind)}
