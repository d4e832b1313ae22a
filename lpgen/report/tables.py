"""Verdicts, drift findings and backtest results as tables, for pandas and spreadsheets.

Verdicts can also be written as CSV and Parquet.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from lpgen.core.backtests import Backtest
from lpgen.core.drift.findings import Drift
from lpgen.core.findings import ActionVerdict, Report
from lpgen.report.csv_text import csv_text
from lpgen.report.views import PrincipalView

VERDICT_SCHEMA: Final = pa.schema(
    [
        pa.field("principal", pa.string(), nullable=False),
        pa.field("account", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("class", pa.string(), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("service", pa.string(), nullable=False),
        pa.field("access_level", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("confidence", pa.string(), nullable=False),
        pa.field("danger", pa.string()),
        pa.field("keep", pa.string()),
        pa.field("in_replacement", pa.bool_()),
        pa.field("granted_by", pa.string()),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("first_seen", pa.timestamp("us", tz="UTC")),
        pa.field("last_seen", pa.timestamp("us", tz="UTC")),
        pa.field("example_event_id", pa.string()),
        pa.field("example_resource", pa.string()),
    ],
    metadata={"lpgen.schema": "lpgen.verdicts/1"},
)
"""One row per principal and action. Both together are the key and the sort order. Columns are only ever added.

- `principal`: the ARN of a role or user; `account`, `kind` (role or user) and `class` describe it.
- `action`, `service`, `access_level`: as in the catalog.
- `verdict`: used, attempted, unused, unobservable or ungranted; `reason` explains it in a sentence.
- `confidence`: the confidence of a removal: high, medium or low.
- `danger`: what a holder could do with the action; null for most actions.
- `keep`: why the replacement keeps an action without recorded use; null if it isn't kept for such a reason.
- `in_replacement`: whether the replacement has it; null if there is no replacement.
- `granted_by`: the statements that grant it, joined by `; `; null if none does.
- `records`: the number of records that show use or an attempt. It is an upper bound: a record counts once for each of
  its resources. `first_seen` and `last_seen` are in UTC; `example_event_id` and `example_resource` are from the
  earliest record. All are null without records.
"""


_GROUP_ROWS: Final = 100_000
"""The minimum number of rows in a row group: small groups compress badly."""


def verdict_csv(report: Report) -> Iterator[str]:
    """The verdict table as CSV, in pieces, with a header."""
    yield csv_text([VERDICT_SCHEMA.names])
    for rows in _rows(report):
        yield csv_text([row[name] for name in VERDICT_SCHEMA.names] for row in rows)


def verdict_parquet(report: Report) -> list[bytes]:
    """The verdict table as a Parquet file. Texts are as in the logs and policies."""
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, VERDICT_SCHEMA, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        for batch in _verdict_batches(report):
            waiting.append(batch)
            if sum(held.num_rows for held in waiting) >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting = []
        writer.write_table(pa.Table.from_batches(waiting, VERDICT_SCHEMA))
    return [sink.getvalue()]


def verdict_table(report: Report) -> pa.Table:
    """The verdict table in memory."""
    return pa.Table.from_batches(_verdict_batches(report), VERDICT_SCHEMA)


def _verdict_batches(report: Report) -> Iterator[pa.RecordBatch]:
    """The verdict table in pieces, one per principal, so at most one principal is held as Python values."""
    for rows in _rows(report):
        yield pa.RecordBatch.from_pylist(rows, schema=VERDICT_SCHEMA)


def _rows(report: Report) -> Iterator[list[dict[str, object]]]:
    """The rows of each principal that has verdicts."""
    for view in map(PrincipalView, sorted(report.proposals, key=lambda proposal: proposal.diff.principal.arn)):
        # Thousands of verdicts share a few tuples of statements.
        tuples = {id(verdict.grants): verdict.grants for verdict in view.diff.assessment.verdicts}
        granted = {at: "; ".join(map(str, grants)) for at, grants in tuples.items()}
        rows = [
            _row(view, verdict, granted[id(verdict.grants)])
            for verdict in sorted(view.diff.assessment.verdicts, key=lambda verdict: verdict.action)
        ]
        if rows:
            yield rows


def _row(view: PrincipalView, verdict: ActionVerdict, granted_by: str) -> dict[str, object]:
    principal, evidence = view.diff.principal, verdict.evidence
    texts: dict[str, str | None] = {
        "principal": principal.arn,
        "account": principal.account,
        "kind": principal.kind,
        "class": view.diff.principal_class,
        "action": verdict.action,
        "service": verdict.action.partition(":")[0],
        "access_level": verdict.level,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "confidence": verdict.confidence,
        "danger": verdict.danger or None,
        "keep": verdict.keep or None,
        "granted_by": granted_by or None,
        "example_event_id": (evidence.example_event_id or None) if evidence else None,
        "example_resource": (evidence.example_resource or None) if evidence else None,
    }
    return {name: None if text is None else _sound_text(text) for name, text in texts.items()} | {
        "in_replacement": verdict.action in view.staying if view.has_documents else None,
        "records": evidence.records if evidence else 0,
        "first_seen": _time(evidence.first_seen) if evidence else None,
        "last_seen": _time(evidence.last_seen) if evidence else None,
    }


def _sound_text(text: str) -> str:
    """The text with lone surrogates escaped, because Arrow and UTF-8 can't hold them."""
    return str(text) if text.isascii() else text.encode(errors="backslashreplace").decode()


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# ---------------------------------------------------------------- drift and backtest


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
"""One row per drift finding, in order. Columns are the keys of `findings` in `lpgen.report.documents.drift`."""

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
"""One row per principal and need that its replacements would have denied: the fields of `DeniedNeed`."""

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
"""One row per principal and window with a replacement: the fields of `Window` and `JudgedWindow`."""


def finding_table(drift: Drift) -> pa.Table:
    """The findings of a drift: see `FINDING_SCHEMA`."""
    rows = (
        {
            **{name: getattr(finding, name) for name in ("kind", "severity", "subject", "message", "item")},
            "principals": finding.principals,
            "details": finding.details,
            "next_step": finding.step,
            "accepted_by": finding.accepted_by or None,
            "expired": finding.expired or None,
        }
        for finding in drift.findings
    )
    return _table(rows, FINDING_SCHEMA)


def denial_table(backtest: Backtest) -> pa.Table:
    """The denied needs of a backtest: see `DENIAL_SCHEMA`."""
    needs = ((principal.principal, need) for principal in backtest.principals for need in principal.denied)
    rows = ({"principal": arn} | {name: getattr(need, name) for name in DENIAL_SCHEMA.names[1:]} for arn, need in needs)
    return _table(rows, DENIAL_SCHEMA)


def window_table(backtest: Backtest) -> pa.Table:
    """The windows of a backtest: see `WINDOW_SCHEMA`."""
    windows = ((principal.principal, judged) for principal in backtest.principals for judged in principal.windows)
    rows = (
        {"principal": arn}
        | {name: getattr(judged.window, name) for name in WINDOW_SCHEMA.names[1:4]}
        | {name: getattr(judged, name) for name in WINDOW_SCHEMA.names[4:]}
        for arn, judged in windows
    )
    return _table(rows, WINDOW_SCHEMA)


def _table(rows: Iterable[dict[str, object]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([{name: _sound(value) for name, value in row.items()} for row in rows], schema=schema)


def _sound(value: object) -> object:
    if isinstance(value, tuple):
        return [_sound_text(text) for text in value]
    return _sound_text(value) if isinstance(value, str) else value
