"""A table that stays in its file gives the rows that it gives when it is held."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lpgen.core.usage.columns import integer_column, table_rows
from lpgen.core.usage.row_slices import TableSlices
from lpgen.core.usage.tables import TABLES, USAGE_SCHEMA
from lpgen.edge.data_folder.stored_table import StoredTable
from lpgen.edge.data_folder.table_manifest import segments_of_file
from lpgen.edge.data_folder.usage_files import read_current_usage
from lpgen.errors import DamageError
from tests.edge.data_folder.test_usage_files import save, usage
from tests.support.log_samples import rows


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose usage table has several row groups."""
    monkeypatch.setattr("lpgen.edge.data_folder.usage_files._ROW_GROUP_ROWS", 7)
    save(tmp_path, usage(*range(30)))
    return tmp_path


def test_stored_table_has_the_rows_of_the_table(folder: Path) -> None:
    held, stored = read_current_usage(folder)[1].table, read_current_usage(folder, stored=True)[1].table
    assert isinstance(stored, StoredTable)
    assert len(list(stored.parts(["action"]))) > 1
    assert stored.num_rows == held.num_rows
    assert list(table_rows(stored, USAGE_SCHEMA.names)) == list(table_rows(held, USAGE_SCHEMA.names))
    assert rows(stored.whole()) == rows(held)


def test_stored_table_gives_the_rows_of_some_principals(folder: Path) -> None:
    held, stored = (read_current_usage(folder, stored=one)[1].table for one in (False, True))
    principals = sorted({row for (row,) in table_rows(held, ["principal"])})
    slices = [TableSlices(table, "principal", USAGE_SCHEMA) for table in (held, stored)]
    for some in (principals, principals[::2], principals[-1:], ["nobody"]):
        one, other = (found.rows_of(some) for found in slices)
        assert isinstance(other, pa.Table)
        assert one.equals(other.combine_chunks())


def test_stored_table_is_compared_with_its_digests(folder: Path) -> None:
    (path,) = folder.glob("usage/*/usage.parquet")
    content = path.read_bytes()
    footer = len(content) - 100
    for damaged in (content[:-1], content + b"\0", _flipped(content, 1), _flipped(content, footer)):
        path.write_bytes(damaged)
        with pytest.raises(DamageError, match="was changed"):
            read_current_usage(folder, stored=True)
    path.unlink()
    with pytest.raises(DamageError, match="is missing"):
        read_current_usage(folder, stored=True)


def test_stored_table_compares_each_row_group_before_its_first_use(folder: Path) -> None:
    (path,) = folder.glob("usage/*/usage.parquet")
    content = path.read_bytes()
    path.write_bytes(_flipped(content, 400))
    stored = read_current_usage(folder, stored=True)[1].table
    last = stored.num_rows - 1
    assert stored.take(integer_column([last])).num_rows == 1
    for read in (stored.whole, lambda: list(stored.parts(["action"])), lambda: stored.take(integer_column([0, last]))):
        with pytest.raises(DamageError, match="was changed between the bytes 4 and"):
            read()


def test_stored_table_outlives_its_folder_and_keeps_what_it_read(folder: Path) -> None:
    (path,) = folder.glob("usage/*/usage.parquet")
    stored = read_current_usage(folder, stored=True)[1].table
    first = rows(stored.take(integer_column([0])))
    path.write_bytes(_flipped(path.read_bytes(), 400))
    assert rows(stored.take(integer_column([0]))) == first
    shutil.rmtree(path.parent)
    assert stored.whole().num_rows == stored.num_rows


def _flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_stored_table_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "usage.parquet"
    other = pa.table({"action": ["s3:GetObject"]})
    for content in (b"no table", _parquet(other)):
        path.write_bytes(content)
        with pytest.raises(DamageError, match=r"can't be read|doesn't have the columns"):
            StoredTable(path, segments_of_file(path, [len(content)]), TABLES["usage"])


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()
