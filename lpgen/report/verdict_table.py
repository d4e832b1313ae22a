"""The verdicts of a review as a table, for pandas and spreadsheets: CSV and parquet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

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
"""One row per principal and action, which together are the key; sorted by both. Columns are only ever added.

- `principal`: the ARN of a role or user; `account`, `kind` (role or user) and `class` are its own.
- `action`, `service`, `access_level`: as the catalog has them.
- `verdict`: used, attempted, unused, unobservable or ungranted; `reason` says why in a sentence.
- `confidence`: how sure a removal is: high, medium or low.
- `danger`: what a holder could do with the action; null for most.
- `keep`: why the replacement keeps it though no use was seen; null if it isn't kept for such a reason.
- `in_replacement`: whether the replacement has it; null where there is none.
- `granted_by`: the statements that grant it, joined by `; `; null where none does.
- `records`: how many records show its use or an attempt, at most (one on several resources counts for each), 0 for
  none; `first_seen` and `last_seen` (UTC), `example_event_id` and `example_resource` of the earliest; null without
  records.
"""


_GROUP_ROWS: Final = 100_000
"""Rows that are written at once: small groups compress badly."""


def verdict_csv(report: Report) -> Iterator[str]:
    """The table as CSV in pieces, with a header."""
    yield csv_text([VERDICT_SCHEMA.names])
    for rows in _rows(report):
        yield csv_text([row[name] for name in VERDICT_SCHEMA.names] for row in rows)


def verdict_parquet(report: Report) -> list[bytes]:
    """The table as a parquet file; texts are as in the logs and policies."""
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, VERDICT_SCHEMA, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        for batch in _verdict_batches(report):
            waiting.append(batch)
            if sum(one.num_rows for one in waiting) >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting = []
        writer.write_table(pa.Table.from_batches(waiting, VERDICT_SCHEMA))
    return [sink.getvalue()]


def verdict_table(report: Report) -> pa.Table:
    """The table in memory."""
    return pa.Table.from_batches(_verdict_batches(report), VERDICT_SCHEMA)


def _verdict_batches(report: Report) -> Iterator[pa.RecordBatch]:
    """The table in pieces, one per principal: no more than one is held as Python values."""
    for rows in _rows(report):
        yield pa.RecordBatch.from_pylist(rows, schema=VERDICT_SCHEMA)


def _rows(report: Report) -> Iterator[list[dict[str, object]]]:
    """The rows of each principal that has any."""
    for view in map(PrincipalView, sorted(report.proposals, key=lambda one: one.diff.principal.arn)):
        # Thousands of verdicts share a few tuples of statements.
        tuples = {id(one.grants): one.grants for one in view.diff.assessment.verdicts}
        granted = {at: "; ".join(map(str, grants)) for at, grants in tuples.items()}
        rows = [
            _row(view, one, granted[id(one.grants)])
            for one in sorted(view.diff.assessment.verdicts, key=lambda one: one.action)
        ]
        if rows:
            yield rows


def _row(view: PrincipalView, one: ActionVerdict, granted_by: str) -> dict[str, object]:
    principal, evidence = view.diff.principal, one.evidence
    texts: dict[str, str | None] = {
        "principal": principal.arn,
        "account": principal.account,
        "kind": principal.kind,
        "class": view.diff.principal_class,
        "action": one.action,
        "service": one.action.partition(":")[0],
        "access_level": one.level,
        "verdict": one.verdict,
        "reason": one.reason,
        "confidence": one.confidence,
        "danger": one.danger or None,
        "keep": one.keep or None,
        "granted_by": granted_by or None,
        "example_event_id": (evidence.example_event_id or None) if evidence else None,
        "example_resource": (evidence.example_resource or None) if evidence else None,
    }
    return {name: None if text is None else sound_text(text) for name, text in texts.items()} | {
        "in_replacement": one.action in view.staying if view.has_documents else None,
        "records": evidence.records if evidence else 0,
        "first_seen": _time(evidence.first_seen) if evidence else None,
        "last_seen": _time(evidence.last_seen) if evidence else None,
    }


def sound_text(text: str) -> str:
    """The text, with lone surrogates as escapes: Arrow and UTF-8 have no place for them."""
    return str(text) if text.isascii() else text.encode(errors="backslashreplace").decode()


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
