"""The laws of the usage tables, each broken once."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pyarrow as pa

from lpgen.core.cloudtrail.records import Record
from lpgen.core.usage.columns import integer_column, unpack_texts
from lpgen.core.usage.tables import COVERAGE_SCHEMA, EMPTY_USAGE, USAGE_SCHEMA, Usage, find_broken_laws
from tests.support.log_samples import PlainMap, record_json
from tests.support.record_usage import usage_from_records

USAGE = usage_from_records([msgspec.convert(record_json(number), Record) for number in range(20)], PlainMap())


def broken(usage: Usage) -> list[str]:
    return [f"{table}: {wrong}" for table, wrong in find_broken_laws(usage)]


def test_tables_of_lpgen_break_no_law() -> None:
    assert broken(USAGE) == broken(EMPTY_USAGE) == []


def test_each_broken_law_is_named_with_its_table() -> None:
    table = unpack_texts(USAGE.table, USAGE_SCHEMA)
    nothing = pa.nulls(table.num_rows, pa.string())
    at = table.schema.get_field_index("how")
    negative = integer_column([-1] * USAGE.coverage.num_rows)
    count = COVERAGE_SCHEMA.get_field_index("read_only")
    cases = {
        "rows in another order": (
            replace(USAGE, table=table.take(list(range(table.num_rows))[::-1])),
            "usage: its rows",
        ),
        "a row twice": (replace(USAGE, table=pa.concat_tables([table, table.slice(0, 1)])), "usage: its rows"),
        "a null": (replace(USAGE, table=table.set_column(at, table.schema.field(at), nothing)), "usage: the column"),
        "a negative count": (
            replace(USAGE, coverage=USAGE.coverage.set_column(count, COVERAGE_SCHEMA.field(count), negative)),
            "coverage: a count is negative",
        ),
    }
    for case, (usage, wrong) in cases.items():
        assert any(one.startswith(wrong) for one in broken(usage)), case
    lost = replace(USAGE, skips=EMPTY_USAGE.skips, coverage=doubled(USAGE.coverage))
    assert broken(lost) == ["coverage: 40 records were read, but 20 became usage and 0 were skipped"]


def doubled(coverage: pa.Table) -> pa.Table:
    at = COVERAGE_SCHEMA.get_field_index("records")
    return coverage.set_column(
        at, COVERAGE_SCHEMA.field(at), integer_column([2 * one for one in coverage.column("records").to_pylist()])
    )
