"""The rows of some principals, of tables that hold those of thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby

import pyarrow as pa

from lpgen.core.usage.columns import column_values, empty_table, integer_column, unpack_texts
from lpgen.core.usage.tables import EMPTY_USAGE, SKIPS_SCHEMA, USAGE_SCHEMA, Usage

_Runs = Mapping[str, list[tuple[int, int]]]


class RowSlices:
    """A usage by principal. What is found once is where each one's rows begin and end."""

    def __init__(self, usage: Usage) -> None:
        self._table, self._skips = usage.table, usage.skips
        self._of_table, self._of_skips = _runs(usage.table), _runs(usage.skips)

    def rows_of(self, principals: Iterable[str]) -> Usage:
        """The usage and skips of some principals, with all texts in the rows themselves; the other tables are empty."""
        arns = sorted(set(principals))
        return replace(
            EMPTY_USAGE,
            table=_rows(self._table, self._of_table, arns, USAGE_SCHEMA),
            skips=_rows(self._skips, self._of_skips, arns, SKIPS_SCHEMA),
        )


def _runs(table: pa.Table) -> _Runs:
    """By principal the rows in a row that are its own, from the first to behind the last."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    start = 0
    for principal, run in groupby(column_values(table.column("principal"))):
        end = start + sum(1 for _ in run)
        found[principal].append((start, end))
        start = end
    return found


def _rows(table: pa.Table, runs: _Runs, principals: Iterable[str], schema: pa.Schema) -> pa.Table:
    numbers = [row for one in principals for start, end in runs.get(one, ()) for row in range(start, end)]
    # Taken rows are copies: a slice would hold the whole table, and travel with it.
    return unpack_texts(table.take(integer_column(numbers)), schema) if numbers else empty_table(schema)
