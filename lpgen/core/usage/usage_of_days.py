"""The usage of some days: the tables for logs that hold only these days."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from lpgen.core.usage.columns import TableParts, distinct_rows, integer_column
from lpgen.core.usage.tables import Usage


def usage_of_days(usage: Usage, first: date, last: date) -> Usage:
    """The usage as if the logs held only these days.

    Rows without a day are removed. A row that spans several days, such as a skip, is kept with its whole count if any
    of these days may be its own.
    """
    by_day = {name: _in_days(getattr(usage, name), first, last) for name in _BY_DAY}
    by_time = {name: _in_span(getattr(usage, name), _instants(first, last), *_TIMES) for name in _BY_TIME}
    population = _in_span(usage.population, _days(first, last), "first_day", "last_day")
    return replace(usage, **by_day, **by_time, population=population)


_BY_DAY: Final = ("table", "coverage", "activity", "assumptions", "networks", "resource_callers")
_BY_TIME: Final = ("skips", "signs", "tags")
_TIMES: Final = ("first_seen", "last_seen")
_Span = tuple[pa.Scalar, pa.Scalar]


def covered_days(usage: Usage) -> tuple[date, date]:
    """The first and the last day of any record."""
    days = {day for (day,) in distinct_rows(usage.coverage, ("day",)) if day is not None}
    return min(days), max(days)


def _in_days(table: pa.Table | TableParts, first: date, last: date) -> pa.Table | _DaysOfTable:
    span = _days(first, last)
    return _filter_days(table, span) if isinstance(table, pa.Table) else _DaysOfTable(table, span)


def _filter_days(table: pa.Table, span: _Span) -> pa.Table:
    return table.filter(_is_in_days(table, span))


def _is_in_days(table: pa.Table, span: _Span) -> pa.ChunkedArray:
    start, end = span
    days = table.column("day").cast(pa.int32())
    return pc.and_(pc.greater_equal(days, start), pc.less_equal(days, end))


class _DaysOfTable:
    """The rows of some days of a table that is read in parts."""

    def __init__(self, table: TableParts, span: _Span) -> None:
        self._table, self._span = table, span

    @cached_property
    def _numbers(self) -> array[int]:
        """The numbers of its rows in the whole table."""
        flags = (flag for part in self._table.parts(("day",)) for flag in _is_in_days(part, self._span).to_pylist())
        return array("I", (number for number, flag in enumerate(flags) if flag))

    @property
    def num_rows(self) -> int:
        """The number of rows."""
        return len(self._numbers)

    def parts(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns, a few thousand rows at a time."""
        for part in self._table.parts(list(dict.fromkeys((*names, "day")))):
            yield _filter_days(part, self._span).select(names)

    def take(self, rows: pa.Array) -> pa.Table:
        """The rows with these numbers, which are in ascending order."""
        return self._table.take(integer_column([self._numbers[row] for row in rows.to_pylist()]))

    def whole(self) -> pa.Table:
        """The whole table."""
        return _filter_days(self._table.whole(), self._span)


def _in_span(table: pa.Table, span: _Span, *names: str) -> pa.Table:
    """The rows that begin before the end of the span and end after its beginning, and rows without times."""
    start, end = span
    begins, ends = (_as_numbers(table.column(name)) for name in names)
    inside = pc.and_(pc.less_equal(begins, end), pc.greater_equal(ends, start))
    return table.filter(pc.or_kleene(inside, pc.is_null(inside)))


def _as_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.int32() if pa.types.is_date32(column.type) else pa.int64())


def _days(first: date, last: date) -> _Span:
    return _span((first - _EPOCH).days, (last - _EPOCH).days, pa.int32())


def _instants(first: date, last: date) -> _Span:
    """The first and the last millisecond."""
    start, end = (int(datetime.combine(day, time(), UTC).timestamp()) * 1000 for day in (first, last + timedelta(1)))
    return _span(start, end - 1, pa.int64())


def _span(start: int, end: int, kind: pa.DataType) -> _Span:
    """Both ends as scalars from a column, because pyarrow imports pandas to convert Python numbers."""
    ends = integer_column([start, end]).cast(kind)
    return ends[0], ends[1]


_EPOCH: Final = date(1970, 1, 1)
