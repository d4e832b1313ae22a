"""Usage tables on disk: the same content is the same bytes under the same name."""

from __future__ import annotations

import hashlib
import os
import re
from itertools import accumulate, pairwise
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpgen.core.cloudtrail.records import Record
from lpgen.core.usage.tables import EMPTY_USAGE, TABLES, USAGE_SCHEMA, Usage, count_records, merge_usage
from lpgen.edge.data_folder.ledger import open_ledger
from lpgen.edge.data_folder.table_manifest import TABLE_MANIFEST, read_manifest, segments_of_file, write_manifest
from lpgen.edge.data_folder.usage_files import (
    USAGE_TABLES,
    is_in_parts,
    read_usage,
    read_usage_parts,
    read_usage_tables,
    remove_stale_usage,
    write_usage,
    write_usage_part,
    write_usage_tables,
)
from lpgen.errors import DataError
from tests.support.law_examples import examples
from tests.support.log_samples import PlainMap, record_json, rows
from tests.support.record_usage import usage_from_records


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


def test_write_usage_names_the_folder_after_its_manifest(tmp_path: Path) -> None:
    name = write_usage(tmp_path, usage(1))
    folder = tmp_path / "usage" / name
    assert hashlib.sha256((folder / TABLE_MANIFEST).read_bytes()).hexdigest() == name
    assert {path.name for path in folder.iterdir()} == {*USAGE_TABLES, TABLE_MANIFEST}
    assert write_usage(tmp_path, usage(1)) == name
    assert [path.name for path in (tmp_path / "usage").iterdir()] == [name]


def test_manifest_has_a_segment_for_each_row_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lpgen.edge.data_folder.usage_files._ROW_GROUP_ROWS", 7)
    name = write_usage(tmp_path, usage(*range(30)))
    folder = tmp_path / "usage" / name
    for file, segments in read_manifest(folder, name).items():
        content = (folder / file).read_bytes()
        assert len(segments) == pq.ParquetFile(folder / file).metadata.num_row_groups + 2, file
        ends = list(accumulate(segment.bytes for segment in segments))
        parts = [content[start:end] for start, end in pairwise((0, *ends))]
        assert b"".join(parts) == content, file
        assert [hashlib.sha256(part).hexdigest() for part in parts] == [segment.sha256 for segment in segments], file
        assert parts[0] == b"PAR1", file
        groups = [pq.ParquetFile(folder / file).metadata.row_group(at) for at in range(len(segments) - 2)]
        sizes = [sum(group.column(at).total_compressed_size for at in range(group.num_columns)) for group in groups]
        assert sizes == [len(part) for part in parts[1:-1]], file


def test_only_the_owner_can_read_what_is_written(tmp_path: Path) -> None:
    """Whatever the umask, and though the folders were open to all."""
    for mask in (0o000, 0o022, 0o777):
        data = tmp_path / f"{mask:o}"
        (data / "usage").mkdir(parents=True)
        (data / "usage").chmod(0o755)
        before = os.umask(mask)
        try:
            generation = save(data, usage(*range(20)))
            with open_ledger(data) as ledger:
                ledger.commit(write_usage_part(data, generation, usage(1)), [])
        finally:
            os.umask(before)
        assert {path.stat().st_mode & 0o777 for path in (data, *data.rglob("*")) if path.is_dir()} == {0o700}, mask
        assert {path.stat().st_mode & 0o777 for path in data.rglob("*") if path.is_file()} == {0o600}, mask


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


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_read_usage_refuses_every_flipped_bit(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "usage" / _saved(tmp_path)
    path = folder / data.draw(st.sampled_from([*USAGE_TABLES, TABLE_MANIFEST, "part-2/usage.parquet"]))
    content = path.read_bytes()
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    path.write_bytes(changed)
    try:
        with pytest.raises(DataError, match=rf"{re.escape(str(path))}` was changed"):
            read_usage(tmp_path)
    finally:
        path.write_bytes(content)


def _saved(data: Path) -> str:
    """A data folder with tables in two parts; the same each time."""
    with open_ledger(data) as ledger:
        if not ledger.generation:
            generation = write_usage_part(data, write_usage(data, usage(*range(30))), usage(31))
            ledger.commit(generation, [])
            remove_stale_usage(data, generation)
            return generation
        return ledger.generation


def test_read_usage_names_a_file_that_is_missing_added_or_cut_short(tmp_path: Path) -> None:
    folder = tmp_path / "usage" / _saved(tmp_path)
    for name in (*USAGE_TABLES, TABLE_MANIFEST, "part-2/skips.parquet"):
        path = folder / name
        content = path.read_bytes()
        for changed in (content[:-1], content + b" ", b""):
            path.write_bytes(changed)
            with pytest.raises(DataError, match=rf"{re.escape(str(path))}` was changed") as found:
                read_usage(tmp_path)
            assert "backup" in found.value.hint
        path.unlink()
        with pytest.raises(DataError, match=re.escape(str(path))):
            read_usage(tmp_path)
        path.write_bytes(content)
    for name in ("more.parquet", "part-2/more", ".hidden"):
        (folder / name).write_bytes(b"")
        with pytest.raises(DataError, match=rf"{re.escape(str(folder / name))}` doesn't belong there"):
            read_usage(tmp_path)
        (folder / name).unlink()
    assert count_records(read_usage(tmp_path)) == 31


def test_read_usage_refuses_tables_with_other_columns(tmp_path: Path) -> None:
    folder = tmp_path / "usage" / "new"
    folder.mkdir(parents=True)
    write_usage_tables(folder, usage(1))
    path = folder / "usage.parquet"
    table = pa.Table.from_pylist(rows(usage(1).table), schema=USAGE_SCHEMA).drop_columns(["how"])
    pq.write_table(table, path)
    (folder / TABLE_MANIFEST).unlink()
    root = write_manifest(
        folder, {name: segments_of_file(folder / name, [(folder / name).stat().st_size]) for name in USAGE_TABLES}
    )
    with pytest.raises(DataError, match="doesn't have the columns"):
        read_usage_tables(folder, root)


@pytest.mark.parametrize("version", [0, 2])
def test_read_usage_refuses_a_manifest_of_another_format(tmp_path: Path, version: int) -> None:
    write_usage_tables(tmp_path, usage(1))
    path = tmp_path / TABLE_MANIFEST
    path.write_text(path.read_text().replace('"format_version": 1', f'"format_version": {version}'))
    with pytest.raises(DataError) as found:
        read_usage_tables(tmp_path, hashlib.sha256(path.read_bytes()).hexdigest())
    assert found.value.message == f"`{path}` has format {version}, and this version of lpgen reads 1"
    assert "ingest the logs again into a new folder" in found.value.hint


def test_remove_stale_usage_keeps_one_generation(tmp_path: Path) -> None:
    old, new = write_usage(tmp_path, usage(1)), write_usage(tmp_path, usage(2))
    (tmp_path / "usage" / "unfinished-123").mkdir()
    remove_stale_usage(tmp_path, new)
    assert old != new
    assert [path.name for path in (tmp_path / "usage").iterdir()] == [new]


def test_write_usage_part_changes_no_byte_of_the_merged_tables(tmp_path: Path) -> None:
    """Whatever the sizes of the parts, and where they lie."""
    groups = [range(20), range(15, 18), range(3), range(20, 22), range(40), range(39, 41)]
    generation, seen = "", []
    for group in groups:
        seen.append(usage(*group))
        generation = write_usage_part(tmp_path, generation, seen[-1])
        with open_ledger(tmp_path) as ledger:
            ledger.commit(generation, [])
        remove_stale_usage(tmp_path, generation)
        whole = merge_usage(seen)
        assert write_usage(tmp_path, read_usage(tmp_path)) == write_usage(tmp_path, whole)
    assert is_in_parts(tmp_path, generation)
    assert not is_in_parts(tmp_path, write_usage(tmp_path, whole))


@pytest.mark.slow
def test_write_usage_part_leaves_what_is_there_and_keeps_the_parts_few(tmp_path: Path) -> None:
    big = usage(*range(28))
    generation = write_usage(tmp_path, big)
    first = (tmp_path / "usage" / generation / "usage.parquet").stat().st_ino
    for number in range(20):
        generation = write_usage_part(tmp_path, generation, usage(number))
        assert (tmp_path / "usage" / generation / "usage.parquet").stat().st_ino == first
        assert len(read_usage_parts(tmp_path, generation)) <= 6


def test_write_usage_part_copies_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    generation = write_usage(tmp_path, usage(*range(9)))
    linked = write_usage_part(tmp_path, generation, usage(9))
    monkeypatch.setattr("os.link", refuse)
    remove_stale_usage(tmp_path, generation)
    assert write_usage_part(tmp_path, generation, usage(9)) == linked
    assert len(read_usage_parts(tmp_path, linked)) == 2
