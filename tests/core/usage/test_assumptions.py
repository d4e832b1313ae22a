"""The reader of the table of assumptions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa

from lpgen.core.model import AssumptionMethod, Outcome
from lpgen.core.usage.assumptions import Assumption, assumptions_from_usage
from lpgen.core.usage.tables import ASSUMPTIONS_SCHEMA, EMPTY_USAGE, merge_usage

_ROLE = "arn:aws:iam::111122223333:role/app"


def _row(**values: object) -> dict[str, object]:
    texts = {name: "" for name in ASSUMPTIONS_SCHEMA.names if pa.types.is_string(ASSUMPTIONS_SCHEMA.field(name).type)}
    known = {"role": _ROLE, "day": date(2026, 1, 2), "method": "AssumeRole", "outcome": "allowed", "records": 1}
    return {**texts, **known, **values}


def test_assumptions_from_usage_gives_each_row_as_a_sorted_value() -> None:
    rows = [_row(subject="b", records=2), _row(subject="a", method="AssumeRoleWithWebIdentity", outcome="denied")]
    table = pa.Table.from_pylist(rows, schema=ASSUMPTIONS_SCHEMA)
    found = assumptions_from_usage(merge_usage([replace(EMPTY_USAGE, assumptions=table)]))
    assert [(item.method, item.subject, item.outcome, item.records) for item in found] == [
        (AssumptionMethod.ASSUME_ROLE, "b", Outcome.ALLOWED, 2),
        (AssumptionMethod.WEB_IDENTITY, "a", Outcome.DENIED, 1),
    ]
    assert found == tuple(sorted(found))
    assert all(isinstance(item, Assumption) and item.day == date(2026, 1, 2) for item in found)


def test_assumptions_from_usage_is_empty_without_records() -> None:
    assert assumptions_from_usage(EMPTY_USAGE) == ()
