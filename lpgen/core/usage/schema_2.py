"""The usage tables of schema version 2, as this version has them."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from lpgen.core.model import CallerKind
from lpgen.core.usage.columns import column_values, flag_column, text_column
from lpgen.core.usage.table_merge import Reduction, TableShape, merge_tables
from lpgen.core.usage.tables import ACTIVITY_SCHEMA, EMPTY_USAGE, TABLES, USAGE_SCHEMA, USAGE_SHAPE, Usage, merge_usage

OLD_VERSION: Final = 2

_NEW_COLUMN: Final = "denied_by"
_AT: Final = USAGE_SCHEMA.get_field_index(_NEW_COLUMN)

OLD_TABLES: Final = {
    "usage": TableShape(
        USAGE_SCHEMA.remove(_AT),
        tuple(name for name in USAGE_SHAPE.keys if name != _NEW_COLUMN),
        USAGE_SHAPE.example,
        USAGE_SHAPE.reductions,
    ),
    "skips": TABLES["skips"],
    "coverage": TABLES["coverage"],
}
"""The name and shape of each table of schema version 2."""

_PER_PAIR: Final = ("action", "resource", "resource_kind", "how", "context")
"""The columns that differ in the rows of one record: it has a row for each pair of action and resource."""

_OF_ACTIVITY: Final = ("principal", "account", "recipient_account", "day", "event_source")
_CALL: Final = tuple(name for name in USAGE_SHAPE.keys if name not in (*_OF_ACTIVITY, *_PER_PAIR))
"""The columns that distinguish records, in addition to the key of the activity; a principal has one account."""


def usage_from_schema_2(table: pa.Table, skips: pa.Table, coverage: pa.Table) -> Usage:
    """The tables of schema version 2 with the columns and tables that came since, as far as they can be derived.

    No denial names its policy. The activity holds the callers that have usage rows, with at least their number of
    records; schema version 2 doesn't know the days of other callers' records.
    """
    nothing = text_column([""] * table.num_rows)
    whole = table.add_column(_AT, USAGE_SCHEMA.field(_AT), nothing)
    return merge_usage([Usage(whole, skips, coverage, _activity_from_usage(whole))])


def _activity_from_usage(table: pa.Table) -> pa.Table:
    """The activity that usage rows show: of the rows that one record can have, the largest count is taken."""
    dated = table.filter(flag_column([day is not None for day in column_values(table.column("day"))]))
    if not dated.num_rows:
        return EMPTY_USAGE.activity
    principals = column_values(dated.column("principal"))
    known = CallerKind.CROSS_ACCOUNT_ID.value
    callers = text_column([one if one.startswith("arn:") else known for one in principals])
    columns = [
        dated.column("recipient_account"),
        dated.column("day"),
        callers,
        *(dated.column(name) for name in ("event_source", "records", *_CALL)),
    ]
    fields = [*ACTIVITY_SCHEMA, *(USAGE_SCHEMA.field(name) for name in _CALL)]
    calls = pa.schema(fields)
    keys = tuple(name for name in calls.names if name != "records")
    shape = TableShape(calls, keys, (), (("records", Reduction.MAX),))
    largest = merge_tables([pa.table([_plain(one) for one in columns], schema=calls)], shape)
    return merge_tables([largest.select(ACTIVITY_SCHEMA.names)], TABLES["activity"])


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
