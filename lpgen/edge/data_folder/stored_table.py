"""A usage table that stays in its file and is read one row group at a time."""

from __future__ import annotations

import os
import tempfile
import weakref
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import IO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from lpgen.core.usage.columns import empty_table, has_columns, integer_column, is_text, unpack_texts
from lpgen.core.usage.table_merge import TableShape
from lpgen.edge.data_folder.ledger_connection import RESTORE
from lpgen.edge.data_folder.table_manifest import Segments, copy_segment, open_checked
from lpgen.errors import DamageError, quote_reason

_PART_ROWS: Final = 1 << 14


class StoredTable:
    """A table in a file that only this process can open.

    A row group is checked and copied when it is first read. Changes in other row groups are found when they are read.

    Raises:
        DamageError: the file is missing or changed, or can't be read.
        OSError: the temporary folder is full; `TMPDIR` names another.
    """

    def __init__(self, path: Path, segments: Segments, shape: TableShape) -> None:
        self.schema = shape.schema
        self._path = path
        self._copy = _CheckedCopy(path, segments)
        self._copy.add(0)
        self._copy.add(len(segments) - 1)
        try:
            text_keys = [key for key in shape.keys if is_text(shape.schema.field(key).type)]
            self._file = pq.ParquetFile(self._copy.file, read_dictionary=text_keys)
            is_known = has_columns(self._file.schema_arrow, shape.schema)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, error) from error
        except KeyError:
            is_known = False
        if not is_known:
            raise DamageError(f"`{path}` doesn't have the columns that this version of lpgen writes", hint=RESTORE)
        if self._file.num_row_groups != len(segments) - _AROUND:
            raise DamageError(f"`{path}` doesn't have the row groups that its manifest lists", hint=RESTORE)
        sizes = (self._file.metadata.row_group(at).num_rows for at in range(self._file.num_row_groups))
        self._starts: list[int] = list(accumulate(sizes, initial=0))
        self._held: tuple[int, pa.Table] = (-1, None)

    @property
    def num_rows(self) -> int:
        """The number of rows."""
        return self._starts[-1]

    def parts(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns, a few thousand rows at a time. As Python values they take many times the memory."""
        for at in range(len(self._starts) - 1):
            group = self._read(at, names)
            yield from (group.slice(start, _PART_ROWS) for start in range(0, group.num_rows, _PART_ROWS))

    def whole(self) -> pa.Table:
        """The complete table."""
        for at in range(len(self._starts) - 1):
            self._copy.add(at + 1)
        if not self.num_rows:
            return empty_table(self.schema)
        try:
            return self._file.read(use_threads=False).combine_chunks()
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(self._path, error) from error

    def take(self, rows: pa.Array) -> pa.Table:
        """The rows with these ascending numbers. The last row group is kept: it mostly has the next rows too."""
        numbers = rows.to_pylist()
        found = [
            unpack_texts(self._group(at).take(integer_column(own)), self.schema) for at, own in self._by_group(numbers)
        ]
        return pa.concat_tables(found)

    def _by_group(self, rows: Sequence[int]) -> Iterable[tuple[int, list[int]]]:
        for at, (start, end) in enumerate(pairwise(self._starts)):
            if own := rows[bisect_left(rows, start) : bisect_left(rows, end)]:
                yield at, [row - start for row in own]

    def _group(self, at: int) -> pa.Table:
        if self._held[0] != at:
            self._held = (-1, None)
            self._held = (at, self._read(at, self.schema.names))
        return self._held[1]

    def _read(self, at: int, names: Sequence[str]) -> pa.Table:
        """Some columns of a row group, decoded one by one: decoding takes several times the memory of its result."""
        self._copy.add(at + 1)
        columns = [self._file.read_row_group(at, columns=[name], use_threads=False).column(0) for name in names]
        pa.default_memory_pool().release_unused()
        return pa.Table.from_arrays(columns, names=list(names))


def _unreadable(path: Path, error: Exception) -> DamageError:
    return DamageError(f"`{path}` can't be read: {quote_reason(error)}", hint=RESTORE)


_AROUND: Final = 2
"""How many segments of a table's file aren't row groups: the one before them and the one after them."""


class _CheckedCopy:
    """A copy of a file with the same size. It holds only the requested segments, at their places."""

    def __init__(self, path: Path, segments: Segments) -> None:
        self._segments = segments
        self._missing = set(range(len(segments)))
        self._source = open_checked(path, segments)
        descriptor, name = tempfile.mkstemp(prefix="lpgen-")
        try:
            self._target = os.fdopen(descriptor, "wb")
            self._target.truncate(sum(segment.bytes for segment in segments))
            # Arrow's own file: its threads can release a Python file while the interpreter ends, which aborts it.
            self.file = pa.OSFile(name)
        finally:
            os.unlink(name)
        weakref.finalize(self, _close, self._source, self._target)

    def add(self, number: int) -> None:
        """Adds a segment if missing."""
        if number in self._missing:
            copy_segment(self._source, self._segments, number, self._target)
            self._target.flush()
            self._missing.remove(number)


def _close(*files: IO[bytes]) -> None:
    for file in files:
        file.close()
