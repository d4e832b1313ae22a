"""The rows of some principals or accounts, from tables with thousands of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, chain, groupby

import pyarrow as pa

from lpgen.core.keeping import IntArray
from lpgen.core.packed_texts import PackedTexts, pack_texts
from lpgen.core.usage.columns import TableParts, empty_table, integer_column, table_rows, unpack_texts
from lpgen.core.usage.tables import EMPTY_USAGE, SKIPS_SCHEMA, USAGE_SCHEMA, Usage


@dataclass(frozen=True, slots=True, eq=False)
class ValueRuns:
    """The runs of rows with each value of a column: the start and end of each run. The runs of a value are between its
    place and the place of the next value."""

    _values: PackedTexts
    _runs: IntArray
    _places: IntArray

    def values(self) -> Iterator[str]:
        """The values, sorted."""
        return self._values.between(0, len(self._places) - 1)

    def rows_of(self, values: Iterable[str]) -> list[int]:
        """The numbers of the rows with some values, by value, in ascending order for each value."""
        runs = (self._runs_of(value) for value in sorted(set(values)) if value in self._values)
        return [
            row for run in runs for start, end in zip(run[::2], run[1::2], strict=True) for row in range(start, end)
        ]

    def _runs_of(self, value: str) -> IntArray:
        at = self._values.place_of(value)
        return self._runs[self._places[at] : self._places[at + 1]]


def find_value_runs(table: pa.Table | TableParts, column: str) -> ValueRuns:
    """The runs of rows with each value of a column."""
    runs: dict[str, tuple[int, ...]] = {}
    start = 0
    for (value,), run in groupby(table_rows(table, (column,))):
        end = start + sum(1 for _ in run)
        runs[value] = (*runs.get(value, ()), start, end)
        start = end
    ordered = sorted(runs)
    return ValueRuns(
        pack_texts(ordered),
        array("Q", chain.from_iterable(map(runs.__getitem__, ordered))),
        array("Q", accumulate((len(runs[value]) for value in ordered), initial=0)),
    )


class TableSlices:
    """A table by the values of a column. Their `runs` are found once, unless given."""

    def __init__(
        self, table: pa.Table | TableParts, column: str, schema: pa.Schema, runs: ValueRuns | None = None
    ) -> None:
        self._table, self._schema = table, schema
        self._runs = find_value_runs(table, column) if runs is None else runs

    def rows_of(self, values: Iterable[str]) -> pa.Table:
        """The rows with some values. Texts are plain, not dictionaries."""
        numbers = self._runs.rows_of(values)
        if not numbers:
            return empty_table(self._schema)
        # These rows are copies. A slice would keep the whole table in memory and be sent with it.
        return unpack_texts(self._table.take(integer_column(numbers)), self._schema)


class RowSlices:
    """A usage by principal. `runs` are the runs of its usage table, if known. `elsewhere` has the rows of calls that
    only another account's log holds."""

    def __init__(self, usage: Usage, runs: ValueRuns | None = None, elsewhere: Usage = EMPTY_USAGE) -> None:
        self._table = TableSlices(usage.table, "principal", USAGE_SCHEMA, runs)
        self._skips = TableSlices(usage.skips, "principal", SKIPS_SCHEMA)
        self._elsewhere = TableSlices(elsewhere.table, "principal", USAGE_SCHEMA)

    def rows_of(self, principals: Iterable[str]) -> Usage:
        """The usage and skips of some principals; the other tables are empty."""
        arns = set(principals)
        return replace(EMPTY_USAGE, table=self._table.rows_of(arns), skips=self._skips.rows_of(arns))

    def elsewhere_of(self, principals: Iterable[str]) -> Usage:
        """The calls of some principals that only another account's log holds."""
        return replace(EMPTY_USAGE, table=self._elsewhere.rows_of(principals))
