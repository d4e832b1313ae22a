"""The rows of a tally as Arrow tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from lpgen.core.usage.columns import empty_table, flag_column, integer_column, is_text, text_column, time_column
from lpgen.core.usage.contribution import Behind
from lpgen.core.usage.event_time import NO_TIME
from lpgen.core.usage.tables import COVERAGE_SCHEMA, SKIPS_SCHEMA, USAGE_SCHEMA, Usage

LATE: Final = "~"
"""Sorts behind every time: the first-seen time of a row whose records say none."""

Before = tuple[str, str, str, str, str]
"""The key columns of `USAGE_SCHEMA` before the day, in its order."""

UsageKey = tuple[Before, str, Behind]
"""The key columns of `USAGE_SCHEMA`: those before the day, the day, and those behind it."""

SkipKey = tuple[str, str, str, str, str, str, str, str]
CoverageKey = tuple[str, str, str, str, str]

# Lists of different types are the fastest rows in the making: [first, last, count, event id, resource], the same
# with [..., event id, source, position], and [records, usage records].
UsageRows = dict[UsageKey, list[Any]]
SkipRows = dict[SkipKey, list[Any]]
CoverageRows = dict[CoverageKey, list[int]]


def usage_from_rows(rows: UsageRows, skips: SkipRows, coverage: CoverageRows) -> Usage:
    """The three tables of a tally, not yet sorted."""
    return Usage(_usage_table(rows), _table(skips, SKIPS_SCHEMA), _table(coverage, COVERAGE_SCHEMA))


def _usage_table(rows: UsageRows) -> pa.Table:
    if not rows:
        return empty_table(USAGE_SCHEMA)
    before, days, behind = zip(*rows.keys(), strict=True)
    kinds = [field.type for field in USAGE_SCHEMA]
    arrays = [
        *_spread(before, kinds[:5]),
        *_spread([(day,) for day in days], kinds[5:6]),
        *_spread(behind, kinds[6:20]),
        *(_column(values, kind) for values, kind in zip(zip(*rows.values(), strict=True), kinds[20:], strict=True)),
    ]
    fields = [field.with_type(array.type) for field, array in zip(USAGE_SCHEMA, arrays, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _spread(parts: Sequence[tuple[Any, ...]], kinds: Sequence[pa.DataType]) -> Iterator[pa.Array]:
    """The columns of parts of keys, texts as dictionaries. Few of the parts are distinct, and each is encoded once."""
    places: dict[tuple[Any, ...], int] = {}
    at = integer_column([places.setdefault(part, len(places)) for part in parts])
    for values, kind in zip(zip(*places, strict=True), kinds, strict=True):
        column = _column(values, kind)
        yield (column.dictionary_encode() if is_text(kind) else column).take(at)


def _table(rows: Mapping[Any, Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """The table whose columns are the key's, then the list's."""
    if not rows:
        return empty_table(schema)
    columns = [*zip(*rows.keys(), strict=True), *zip(*rows.values(), strict=True)]
    arrays = [_column(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return text_column(values)
    if pa.types.is_boolean(kind):
        return flag_column(values)
    if pa.types.is_int64(kind):
        return integer_column(values)
    return time_column([NO_TIME if value == LATE else value for value in values], kind)
