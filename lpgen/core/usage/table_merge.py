"""Merging sorted aggregates: rows of one key become one row, whatever the order of parts and rows.

Text columns are ranked, and the rest is integer arithmetic in numpy, because Arrow's own group-by imports pandas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lpgen.core.usage.columns import empty_table, is_text, pack_texts, text_column

_Codes = npt.NDArray[np.integer[Any]]

_LOWEST: Final = np.iinfo(np.int64).min
_HIGHEST: Final = np.iinfo(np.int64).max


class Reduction(StrEnum):
    """How the values of one column become one value, without nulls."""

    MAX = "max"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table's schema with the roles of its columns.

    `keys` are the columns that distinguish rows. The values of `example` come from one row: the first in the order of
    these columns, nulls last. `reductions` has the other columns.
    """

    schema: pa.Schema
    keys: tuple[str, ...]
    example: tuple[str, ...]
    reductions: tuple[tuple[str, Reduction], ...]


def merge_tables(tables: Sequence[pa.Table], shape: TableShape) -> pa.Table:
    """One table with one row per key, sorted by key (text by code point, nulls first), in one chunk per column.

    The texts of its keys are always dictionaries (`lpgen.core.usage.columns.pack_texts`). Columns are copied one at a
    time, so the merge needs little more memory than its input and its result.
    """
    table = pa.concat_tables([pack_texts(table, shape.keys) for table in (empty_table(shape.schema), *tables)])
    if table.num_rows == 0:
        return empty_table(shape.schema)
    keys = _pack_keys(_ranks(_column(table, name), null=_LOWEST) for name in shape.keys)
    order = np.lexsort(list(reversed(keys)))
    starts = _starts(keys, order)
    del keys
    if shape.example and len(starts) < table.num_rows:
        _order_by_example(table, shape, order, starts)
    firsts = _integers(order[starts])
    reduced = dict(shape.reductions) if len(starts) < table.num_rows else {}
    columns = [
        _reduce(_column(table, name), order, starts, reduced[name])
        if name in reduced
        else _column(table, name).take(firsts)
        for name in shape.schema.names
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def collapse_groups(
    table: pa.Table, *, group: Sequence[str], members: Sequence[str], collapsed: Sequence[str], limit: int
) -> pa.Table:
    """The table with `collapsed` as the values of the columns `members` in all rows of large groups.

    A group is large if it has more than `limit` distinct members, or a collapsed member. Without large groups, the
    result is the table itself. The columns hold text and become plain text, so no dictionary holds the collapsed
    values.
    """
    groups = _joint_codes([_ranks(_column(table, name)) for name in group])
    counts = np.bincount(groups)  # at least as many rows as members: most groups need no closer look
    suspects = np.flatnonzero((counts > limit)[groups])
    if len(suspects):
        at, picked = groups[suspects], _integers(suspects)
        pairs = _joint_codes([at, *(_ranks(_column(table, name).take(picked)) for name in members)])
        counts = np.bincount(at[np.unique(pairs, return_index=True)[1]], minlength=len(counts))
    crowded = (counts > limit)[groups]
    done = _is_collapsed(table, members, collapsed)
    absorbing = np.zeros(len(counts), dtype=bool)
    absorbing[groups[done]] = True
    rows = (crowded | absorbing[groups]) & ~done
    if not rows.any():
        return table
    mask = _flags(rows)
    for name, value in zip(members, collapsed, strict=True):
        at = table.schema.get_field_index(name)
        kept = _column(table, name).cast(pa.string())
        column = pc.if_else(mask, text_column([value] * table.num_rows), kept)
        table = table.set_column(at, table.schema.field(name).with_type(pa.string()), column)
    return table


def _is_collapsed(table: pa.Table, members: Sequence[str], collapsed: Sequence[str]) -> npt.NDArray[np.bool_]:
    found = np.ones(table.num_rows, dtype=bool)
    for name, value in zip(members, collapsed, strict=True):
        encoded = _encoded(_column(table, name))
        wanted = np.array([text == value for text in encoded.dictionary.to_pylist()], dtype=bool)
        found &= wanted[_integer_values(encoded.indices.cast(pa.int64()))]
        if not found.any():
            break
    return found


def _ranks(column: pa.Array, *, null: int = _LOWEST) -> _Codes:
    """Numbers that sort as the column's values do; `null` is the number for a null."""
    if not is_text(column.type):
        numbers = _as_int64(column)
        return np.where(_validity(numbers), _integer_values(numbers), null)
    encoded = _encoded(column)
    order = _integer_values(pc.sort_indices(encoded.dictionary).cast(pa.int64()))
    ranks = np.empty(len(order), dtype=np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    return ranks[_integer_values(encoded.indices.cast(pa.int64()))]


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    return column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)


def _as_int64(column: pa.Array) -> pa.Array:
    return column.cast(pa.int32()).cast(pa.int64()) if pa.types.is_date32(column.type) else column.cast(pa.int64())


def _joint_codes(columns: Sequence[_Codes]) -> _Codes:
    """Dense codes that are equal in two rows if all the columns are equal."""
    joint = _dense_codes(columns[0])
    for column in columns[1:]:
        codes = _dense_codes(column)
        joint = _dense_codes(joint * (int(np.max(codes)) + 1) + codes)
    return joint


def _dense_codes(column: _Codes) -> _Codes:
    """The rank of each value among the distinct values, from 0."""
    _, inverse = np.unique(column, return_inverse=True)
    return inverse.astype(np.int64, copy=False)


def _pack_keys(columns: Iterable[_Codes]) -> list[_Codes]:
    """Fewer columns that sort and differ in the same way, because each column sorts all rows. Several share one
    number if they fit."""
    packed: list[_Codes] = []
    room = 0
    for column in columns:
        known = column[column != _LOWEST]
        least = int(known.min()) if len(known) else 0
        width = int(known.max()) - least + 2 if len(known) else 1
        if width > _HIGHEST >> 1:
            packed.append(column)
            room = 0
            continue
        codes = np.where(column == _LOWEST, 0, column.astype(np.int64) - (least - 1))
        if room >= width:
            packed[-1] = packed[-1] * width + codes
            room //= width
        else:
            packed.append(codes)
            room = _HIGHEST // width
    return packed


def _order_by_example(table: pa.Table, shape: TableShape, order: _Codes, starts: _Codes) -> None:
    """Order the rows of each key with several rows by the example columns, in place."""
    sizes = np.diff(starts, append=len(order))
    several = np.repeat(sizes > 1, sizes)
    rows = order[several]
    groups = np.repeat(np.arange(len(starts)), sizes)[several]
    picked = _integers(rows)
    examples = [_ranks(_column(table, name).take(picked), null=_HIGHEST) for name in shape.example]
    order[several] = rows[np.lexsort([*reversed(examples), groups])]


def _starts(keys: Sequence[_Codes], order: _Codes) -> _Codes:
    """The indexes of the ordered rows at which a new key starts."""
    new = np.zeros(len(order), dtype=bool)
    new[0] = True
    for key in keys:
        ordered = key[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    return np.flatnonzero(new).astype(np.int64, copy=False)


def _reduce(column: pa.Array, order: _Codes, starts: _Codes, reduction: Reduction) -> pa.Array:
    if reduction is Reduction.SUM:
        return _integers(np.add.reduceat(_integer_values(column)[order], starts))
    values = np.maximum.reduceat(_ranks(column, null=_LOWEST)[order], starts)
    known = _flags(values != _LOWEST).buffers()[1]
    data = pa.py_buffer(np.ascontiguousarray(values, dtype=np.int64))
    found = pa.Array.from_buffers(pa.int64(), len(values), [known, data])
    return found.cast(pa.int32()).cast(column.type) if pa.types.is_date32(column.type) else found.cast(column.type)


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _integer_values(column: pa.Array) -> _Codes:
    """An `int64` column as numpy sees it; entries for nulls are arbitrary."""
    buffer = column.buffers()[1]
    if buffer is None or len(column) == 0:
        return np.empty(0, dtype=np.int64)
    values: _Codes = np.frombuffer(buffer, dtype=np.int64)
    return values[column.offset : column.offset + len(column)]


def _validity(column: pa.Array) -> npt.NDArray[np.bool_]:
    bitmap = column.buffers()[0]
    if bitmap is None:
        return np.ones(len(column), dtype=bool)
    bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8), bitorder="little")
    return bits[column.offset : column.offset + len(column)].astype(bool)


def _integers(values: npt.NDArray[Any]) -> pa.Array:
    data = np.ascontiguousarray(values, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(data), [None, pa.py_buffer(data)])


def _flags(values: npt.NDArray[np.bool_]) -> pa.Array:
    packed = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(packed)])
