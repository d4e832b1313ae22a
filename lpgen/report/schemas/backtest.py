"""The JSON Schema of a backtest."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from lpgen.core.backtests import Alternative, AlternativeTotals, BacktestTotals, CurvePoint, DenialCause
from lpgen.report.json.backtest import BACKTEST_SCHEMA
from lpgen.report.schemas.parts import (
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
_COUNTS: Final = ("denied_needs", "denied_records", "removed", "dangerous_removed")
_SPECIAL: Final = {
    "alternative": one_of(Alternative),
    "removed_share": _SHARE,
    "dangerous_removed_share": _SHARE,
    "causes": record(dict.fromkeys(map(str, DenialCause), COUNT)),
    "expected": ref("expected"),
}

_WINDOW: Final = record(dict.fromkeys(("learn_first", "learn_last", "judge_first", "judge_last"), DAY))
_NEED: Final = record(
    {
        "action": TEXT,
        "resource": TEXT,
        "cause": one_of(DenialCause),
        "records": COUNT,
        "first_day": DAY,
        "example_event_id": TEXT,
        "windows": COUNT,
    }
)
_DEFS: Final[dict[str, Schema]] = {
    "expected": record({"days": COUNT, "mean": {"type": "number", "minimum": 0}, "low": COUNT, "high": COUNT})
}


def backtest_schema() -> Schema:
    """The schema of what `lpgen backtest --format json` prints."""
    principal = record(
        {
            "principal": TEXT,
            "granted": COUNT,
            "dangerous": COUNT,
            "removed_share": _SHARE,
            "expected": nullable(ref("expected")),
            "windows": listed(record({"judge_first": DAY, "safe": YES_NO, **dict.fromkeys(_COUNTS, COUNT)})),
            "denied": listed(_NEED),
            "alternatives": listed(
                record({"alternative": one_of(Alternative), "denied_needs": COUNT, "removed_share": _SHARE})
            ),
        }
    )
    return document(
        BACKTEST_SCHEMA,
        "What `lpgen backtest --format json` prints",
        {
            "catalog": record({"version": TEXT, "date": TEXT}),
            "windows": listed(_WINDOW),
            "totals": _record_of(BacktestTotals),
            "alternatives": listed(_record_of(AlternativeTotals)),
            "curve": listed(_record_of(CurvePoint)),
            "unjudged": COUNT,
            "problems": TEXTS,
            "principals": listed(principal),
        },
        _DEFS,
    )


def _record_of(kind: type) -> Schema:
    return record({one.name: _SPECIAL.get(one.name, COUNT) for one in fields(kind)})
