"""The findings of a drift and the results of a backtest as tables, for pandas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pyarrow as pa

from lpgen.core.backtests import Backtest
from lpgen.core.drift.findings import Drift
from lpgen.report.verdict_table import sound_text

_TEXT: Final = pa.string()

FINDING_SCHEMA: Final = pa.schema(
    [
        pa.field("kind", _TEXT, nullable=False),
        pa.field("severity", _TEXT, nullable=False),
        pa.field("subject", _TEXT, nullable=False),
        pa.field("principals", pa.list_(_TEXT), nullable=False),
        pa.field("message", _TEXT, nullable=False),
        pa.field("details", pa.list_(_TEXT), nullable=False),
        pa.field("next_step", _TEXT, nullable=False),
        pa.field("item", _TEXT, nullable=False),
        pa.field("accepted_by", _TEXT),
        pa.field("expired", _TEXT),
    ]
)
"""A row per finding of a drift, in its order: the keys of `findings` in `lpgen.report.documents.drift`."""

DENIAL_SCHEMA: Final = pa.schema(
    [
        pa.field("principal", _TEXT, nullable=False),
        pa.field("action", _TEXT, nullable=False),
        pa.field("resource", _TEXT, nullable=False),
        pa.field("cause", _TEXT, nullable=False),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("first_day", pa.date32(), nullable=False),
        pa.field("example_event_id", _TEXT, nullable=False),
        pa.field("windows", pa.int64(), nullable=False),
    ]
)
"""A row per principal and need that its replacements would have denied: the fields of `DeniedNeed`."""

WINDOW_SCHEMA: Final = pa.schema(
    [
        pa.field("principal", _TEXT, nullable=False),
        pa.field("learn_first", pa.date32(), nullable=False),
        pa.field("learn_last", pa.date32(), nullable=False),
        pa.field("judge_last", pa.date32(), nullable=False),
        pa.field("safe", pa.bool_(), nullable=False),
        pa.field("denied_needs", pa.int64(), nullable=False),
        pa.field("denied_records", pa.int64(), nullable=False),
        pa.field("removed", pa.int64(), nullable=False),
        pa.field("dangerous_removed", pa.int64(), nullable=False),
    ]
)
"""A row per principal and window with a replacement: the fields of `Window` and `JudgedWindow`."""


def finding_table(drift: Drift) -> pa.Table:
    """The findings of a drift: see `FINDING_SCHEMA`."""
    rows = (
        {
            **{name: getattr(one, name) for name in ("kind", "severity", "subject", "message", "item")},
            "principals": one.principals,
            "details": one.details,
            "next_step": one.step,
            "accepted_by": one.accepted_by or None,
            "expired": one.expired or None,
        }
        for one in drift.findings
    )
    return _table(rows, FINDING_SCHEMA)


def denial_table(backtest: Backtest) -> pa.Table:
    """The denied needs of a backtest: see `DENIAL_SCHEMA`."""
    needs = ((one.principal, need) for one in backtest.principals for need in one.denied)
    rows = ({"principal": arn} | {name: getattr(need, name) for name in DENIAL_SCHEMA.names[1:]} for arn, need in needs)
    return _table(rows, DENIAL_SCHEMA)


def window_table(backtest: Backtest) -> pa.Table:
    """The windows of a backtest: see `WINDOW_SCHEMA`."""
    windows = ((one.principal, judged) for one in backtest.principals for judged in one.windows)
    rows = (
        {"principal": arn}
        | {name: getattr(judged.window, name) for name in WINDOW_SCHEMA.names[1:4]}
        | {name: getattr(judged, name) for name in WINDOW_SCHEMA.names[4:]}
        for arn, judged in windows
    )
    return _table(rows, WINDOW_SCHEMA)


def _table(rows: Iterable[dict[str, object]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([{name: _sound(one) for name, one in row.items()} for row in rows], schema=schema)


def _sound(value: object) -> object:
    if isinstance(value, tuple):
        return [sound_text(one) for one in value]
    return sound_text(value) if isinstance(value, str) else value
