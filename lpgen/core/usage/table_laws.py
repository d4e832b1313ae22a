"""The laws that usage tables keep: one row per key in order, no nulls where none belong, every record in both sums."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from lpgen.core.model import SkipReason
from lpgen.core.usage.columns import column_values, unpack_texts
from lpgen.core.usage.coverage import is_record_reason
from lpgen.core.usage.table_merge import TableShape, merge_tables
from lpgen.core.usage.tables import TABLES, Usage, count_records, count_used_records


def find_broken_laws(usage: Usage) -> Iterator[tuple[str, str]]:
    """The name of each table that breaks a law, and how it breaks it."""
    for name, table in usage.tables().items():
        yield from ((name, wrong) for wrong in _find_broken_form(table, TABLES[name]))
    read, used, skipped = count_records(usage), count_used_records(usage), _count_skipped_records(usage)
    if read != used + skipped:
        yield "coverage", f"{read:,} records were read, but {used:,} became usage and {skipped:,} were skipped"


def _count_skipped_records(usage: Usage) -> int:
    """How many records were skipped, without the files and parts of files that hold no record."""
    reasons, counts = (column_values(usage.skips.column(name)) for name in ("reason", "records"))
    known = {reason.value for reason in SkipReason if is_record_reason(reason)}
    return sum(count for reason, count in zip(reasons, counts, strict=True) if reason in known)


def _find_broken_form(table: pa.Table, shape: TableShape) -> Iterator[str]:
    for field in shape.schema:
        if not field.nullable and table.column(field.name).null_count:
            yield f"the column `{field.name}` has nulls"
            return
    counts = [name for name in shape.schema.names if pa.types.is_int64(shape.schema.field(name).type)]
    if any(value < 0 for name in counts for value in table.column(name).to_pylist()):
        yield "a count is negative"
    if table.num_rows and not unpack_texts(merge_tables([table], shape), shape.schema).equals(
        unpack_texts(table, shape.schema)
    ):
        yield "its rows aren't one per key in the order of the keys"
