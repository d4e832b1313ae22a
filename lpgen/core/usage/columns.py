"""Arrow columns from Python lists and back.

`pa.array`, and `to_pylist` of times, import pandas if it is installed, which takes 0.2 s. This module avoids both.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

_INT64 = "q"
_INT32 = "i"
_MAX_TEXT_BYTES = 2**31 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def empty_table(schema: pa.Schema) -> pa.Table:
    """A table without rows; `Schema.empty_table` would import pandas."""
    return pa.Table.from_arrays([_empty_column(field.type) for field in schema], schema=schema)


def _empty_column(kind: pa.DataType) -> pa.Array:
    return text_column([]) if pa.types.is_string(kind) else pa.Array.from_buffers(kind, 0, [None, pa.py_buffer(b"")])


def text_column(values: Sequence[str]) -> pa.Array:
    """A `string` column without nulls; a `large_string` column if the text exceeds 2 GiB."""
    joined = "".join(values)
    data = joined.encode()
    sizes = map(len, values if joined.isascii() else [value.encode() for value in values])
    wide = len(data) > _MAX_TEXT_BYTES
    offsets = array(_INT64 if wide else _INT32, accumulate(sizes, initial=0))
    kind = pa.large_string() if wide else pa.string()
    return pa.Array.from_buffers(kind, len(values), [None, _buffer(offsets), pa.py_buffer(data)])


def is_text(kind: pa.DataType) -> bool:
    """Whether columns of this type hold texts, plain or as a dictionary."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def pack_texts(table: pa.Table, names: Iterable[str]) -> pa.Table:
    """The table with its text columns among `names` as dictionaries, which hold each text once.

    This halves the memory of a usage table, and sorting compares numbers instead of texts.
    """
    for name in names:
        at = table.schema.get_field_index(name)
        field = table.schema.field(at)
        if is_text(field.type) and not pa.types.is_dictionary(field.type):
            column = table.column(at).dictionary_encode()
            table = table.set_column(at, field.with_type(column.type), column)
    return table


def has_columns(found: pa.Schema, schema: pa.Schema) -> bool:
    """Whether both schemas have the same columns. Dictionaries of texts count as texts."""
    kinds = [field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in found]
    fields = [field.with_type(kind) for field, kind in zip(found, kinds, strict=True)]
    return bool(pa.schema(fields).equals(schema))


def unpack_texts(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with plain texts, as its schema defines them."""
    return table.cast(schema)


def integer_column(values: Sequence[int]) -> pa.Array:
    """An `int64` column without nulls."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, _buffer(array(_INT64, values))])


def flag_column(values: Sequence[bool]) -> pa.Array:
    """A `bool` column without nulls."""
    return integer_column([int(value) for value in values]).cast(pa.bool_())


def time_column(values: Sequence[str], kind: pa.DataType) -> pa.Array:
    """A date or timestamp column from ISO text as `lpgen.core.usage.event_time` gives it; "" becomes null.

    The text is UTC without a zone. A timestamp type with a time zone gets the same instant.
    """
    texts = text_column([value or "1970-01-01" for value in values])
    instants = texts.cast(pa.timestamp("ms"))
    if pa.types.is_date32(kind):
        instants = instants.cast(kind)
    elif kind.tz is not None:
        instants = instants.cast(pa.int64()).cast(kind)
    return pc.if_else(flag_column([bool(value) for value in values]), instants, pa.nulls(len(values), kind))


def column_values(column: pa.ChunkedArray) -> list[Any]:
    """The values of a column as Python values, instants in UTC; None for a null.

    Each text of a dictionary is made once, which is 20 times as fast as Arrow.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return [value for chunk in column.chunks for value in _dictionary_values(chunk)]
    if not pa.types.is_timestamp(kind):
        return list(column.to_pylist())
    known: dict[int | None, datetime | None] = {None: None}
    values = column.cast(pa.timestamp("ms", kind.tz)).cast(pa.int64()).to_pylist()
    for value in values:
        if value not in known:
            known[value] = _EPOCH + timedelta(milliseconds=value)
    return [known[value] for value in values]


class TableParts(Protocol):
    """A table that isn't held in memory but read in parts."""

    @property
    def num_rows(self) -> int:
        """The number of rows."""

    def parts(self, names: Sequence[str]) -> Iterable[pa.Table]:
        """Some columns, a few thousand rows at a time."""

    def take(self, rows: pa.Array) -> pa.Table:
        """The rows with these numbers, which are in ascending order."""

    def whole(self) -> pa.Table:
        """The whole table."""


def table_rows(table: pa.Table | TableParts, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The values of some columns row by row, as `column_values` gives them."""
    for part in table_parts(table, names):
        yield from zip(*(column_values(part.column(name)) for name in names), strict=True)


def table_parts(table: pa.Table | TableParts, names: Sequence[str]) -> Iterable[pa.Table]:
    """Some columns of the table: in parts, or as one part if it is held in memory."""
    return [table.select(names)] if isinstance(table, pa.Table) else table.parts(names)


def distinct_rows(table: pa.Table | TableParts, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The distinct values of some columns in each part of a table."""
    for part in table_parts(table, names):
        yield from set(table_rows(part, names))


def _dictionary_values(chunk: pa.DictionaryArray) -> list[Any]:
    # A part of a row group has the dictionary of the whole group, and uses few of its texts.
    used = chunk.indices.unique()
    texts = dict(zip(used.to_pylist(), chunk.dictionary.take(used).to_pylist(), strict=True))
    return list(map(texts.__getitem__, chunk.indices.to_pylist()))


def _buffer(values: array[int]) -> pa.Buffer:
    return pa.py_buffer(values.tobytes())
