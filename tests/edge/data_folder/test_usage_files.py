"""Usage tables on disk: the same content is the same bytes under the same name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lpgen.core.events.records import Record
from lpgen.core.usage.tables import EMPTY_USAGE, TABLES, USAGE_SCHEMA, Usage, merge_usage
from lpgen.core.usage.tally import usage_from_records
from lpgen.edge.data_folder.ledger import open_ledger
from lpgen.edge.data_folder.usage_files import (
    USAGE_TABLES,
    is_in_parts,
    read_usage,
    read_usage_parts,
    remove_stale_usage,
    write_usage,
    write_usage_beside,
)
from lpgen.errors import DataError
from tests.log_samples import PlainMap, record_json, rows


def usage(*numbers: int) -> Usage:
    return usage_from_records([msgspec.convert(record_json(number), Record) for number in numbers], PlainMap())


def save(data: Path, found: Usage) -> str:
    with open_ledger(data) as ledger:
        generation = write_usage(data, found)
        ledger.commit(generation, [])
    return generation


@pytest.mark.parametrize("found", [usage(*range(30)), EMPTY_USAGE])
def test_read_usage_gives_back_what_was_written(tmp_path: Path, found: Usage) -> None:
    save(tmp_path, found)
    again = read_usage(tmp_path)
    for name, table in again.tables().items():
        assert table.schema.equals(found.tables()[name].schema)
        assert rows(table) == rows(found.tables()[name])


def test_write_usage_gives_the_same_bytes_for_the_same_content(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one = write_usage(tmp_path, merge_usage([usage(1, 2), usage(3)]))
    other = write_usage(tmp_path / "other", merge_usage([usage(3), usage(2), usage(1)]))
    assert one == other
    for name in TABLES:
        paths = [folder / "usage" / one / f"{name}.parquet" for folder in (tmp_path, tmp_path / "other")]
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_write_usage_names_the_folder_after_the_bytes(tmp_path: Path) -> None:
    name = write_usage(tmp_path, usage(1))
    folder = tmp_path / "usage" / name
    digests = [hashlib.sha256((folder / one).read_bytes()).digest() for one in USAGE_TABLES]
    assert hashlib.sha256(b"".join(digests)).hexdigest() == name
    assert sorted(path.name for path in folder.iterdir()) == sorted(USAGE_TABLES)
    assert write_usage(tmp_path, usage(1)) == name
    assert [path.name for path in (tmp_path / "usage").iterdir()] == [name]


def test_write_usage_leaves_a_folder_that_any_reader_may_open(tmp_path: Path) -> None:
    name = write_usage(tmp_path, usage(1))
    (tmp_path / "beside").mkdir()
    assert (tmp_path / "usage" / name).stat().st_mode == (tmp_path / "beside").stat().st_mode


def test_read_usage_follows_an_ingest_that_ends_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = save(tmp_path, usage(1))
    new = save(tmp_path, usage(1, 2))
    remove_stale_usage(tmp_path, new)
    told = iter([old, new])
    monkeypatch.setattr("lpgen.edge.data_folder.usage_files.read_generation", lambda _data: next(told))
    assert read_usage(tmp_path).table.num_rows == usage(1, 2).table.num_rows


def test_read_usage_hands_arrow_no_python_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow's threads may outlive a reading; that of a Python file aborted one process in three as it ended."""
    save(tmp_path, usage(*range(30)))
    handed: list[object] = []
    parquet_file = pq.ParquetFile

    def note(file: object, **options: object) -> pq.ParquetFile:
        handed.append(file)
        return parquet_file(file, **options)

    monkeypatch.setattr(pq, "ParquetFile", note)
    read_usage(tmp_path)
    assert len(handed) == len(TABLES)
    assert all(isinstance(file, pa.OSFile) for file in handed)


def test_read_usage_says_when_the_tables_are_gone(tmp_path: Path) -> None:
    save(tmp_path, usage(1))
    remove_stale_usage(tmp_path, "")
    with pytest.raises(DataError, match="lost its usage tables"):
        read_usage(tmp_path)


def test_read_usage_refuses_damaged_tables(tmp_path: Path) -> None:
    name = save(tmp_path, usage(1))
    (tmp_path / "usage" / name / "usage.parquet").write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(DataError, match=r"usage\.parquet` can't be read"):
        read_usage(tmp_path)


def test_read_usage_refuses_tables_with_other_columns(tmp_path: Path) -> None:
    name = save(tmp_path, usage(1))
    table = pa.Table.from_pylist(rows(usage(1).table), schema=USAGE_SCHEMA).drop_columns(["how"])
    pq.write_table(table, tmp_path / "usage" / name / "usage.parquet")
    with pytest.raises(DataError, match="other columns"):
        read_usage(tmp_path)


def test_remove_stale_usage_keeps_one_generation(tmp_path: Path) -> None:
    old, new = write_usage(tmp_path, usage(1)), write_usage(tmp_path, usage(2))
    (tmp_path / "usage" / "unfinished-123").mkdir()
    remove_stale_usage(tmp_path, new)
    assert old != new
    assert [path.name for path in (tmp_path / "usage").iterdir()] == [new]


def test_write_usage_beside_changes_no_byte_of_the_merged_tables(tmp_path: Path) -> None:
    """Whatever the sizes of the parts, and where they lie."""
    groups = [range(20), range(15, 18), range(3), range(20, 22), range(40), range(39, 41)]
    generation, seen = "", []
    for group in groups:
        seen.append(usage(*group))
        generation = write_usage_beside(tmp_path, generation, seen[-1])
        with open_ledger(tmp_path) as ledger:
            ledger.commit(generation, [])
        remove_stale_usage(tmp_path, generation)
        whole = merge_usage(seen)
        assert write_usage(tmp_path, read_usage(tmp_path)) == write_usage(tmp_path, whole)
    assert is_in_parts(tmp_path, generation)
    assert not is_in_parts(tmp_path, write_usage(tmp_path, whole))


def test_write_usage_beside_leaves_what_is_there_and_keeps_the_parts_few(tmp_path: Path) -> None:
    big = usage(*range(28))
    generation = write_usage(tmp_path, big)
    first = (tmp_path / "usage" / generation / "usage.parquet").stat().st_ino
    for number in range(20):
        generation = write_usage_beside(tmp_path, generation, usage(number))
        assert (tmp_path / "usage" / generation / "usage.parquet").stat().st_ino == first
        assert len(read_usage_parts(tmp_path, generation)) <= 6


def test_write_usage_beside_copies_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    generation = write_usage(tmp_path, usage(*range(9)))
    linked = write_usage_beside(tmp_path, generation, usage(9))
    monkeypatch.setattr("os.link", refuse)
    remove_stale_usage(tmp_path, generation)
    assert write_usage_beside(tmp_path, generation, usage(9)) == linked
    assert len(read_usage_parts(tmp_path, linked)) == 2
