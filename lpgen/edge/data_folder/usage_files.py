"""The usage tables on disk: one immutable folder per state, named after its content.

`DIR/usage/HASH/{usage,skips,coverage,…}.parquet`, where HASH is over the bytes of the files. A folder is complete
once it has its name; which one counts is in the ledger. In the middle of a long ingest it also holds `part-2/` and so
on, with tables to merge with the first. See docs/data-folder.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from lpgen.core.usage.columns import empty_table, has_columns, is_text, unpack_texts
from lpgen.core.usage.table_merge import TableShape
from lpgen.core.usage.tables import EMPTY_USAGE, TABLES, Usage, merge_usage
from lpgen.edge.data_folder.ledger import read_generation
from lpgen.edge.data_folder.pins import pinned_generations, remove_stale_pins
from lpgen.errors import DataError, quote_reason

USAGE_FOLDER: Final = "usage"

USAGE_TABLES: Final = tuple(f"{name}.parquet" for name in TABLES)
"""The names of the files."""

_UNFINISHED: Final = "unfinished-"
_PART: Final = "part-"
_ROW_GROUP_ROWS: Final = 1 << 17
_ATTEMPTS: Final = 5


def read_usage(data: Path) -> Usage:
    """The usage tables of a data folder as the last finished ingest left them; needs no right to write.

    Raises:
        DataError: there is no data folder, it is damaged, or of another schema version.
    """
    return read_current_usage(data)[1]


def read_current_usage(data: Path) -> tuple[str, Usage]:
    """The name of the generation that counts, and its tables, as `read_usage` reads them.

    Raises:
        DataError: there is no data folder, it is damaged, or of another schema version.
    """
    for _attempt in range(_ATTEMPTS):
        generation = read_generation(data)
        try:
            return generation, read_generation_usage(data, generation)
        except FileNotFoundError:
            continue  # an ingest finished meanwhile and removed the folder that we were told of
    raise DataError(f"`{data}` has lost its usage tables", hint="ingest the logs again into a new folder")


def read_generation_usage(data: Path, generation: str) -> Usage:
    """The usage tables in one folder, by its name; no name means that nothing was ingested yet.

    Raises:
        DataError: a file is damaged, or of another schema.
        FileNotFoundError: there is no such folder.
    """
    parts = read_usage_parts(data, generation)
    return parts[0] if len(parts) == 1 else merge_usage(parts)


def read_usage_parts(data: Path, generation: str) -> tuple[Usage, ...]:
    """The same before it is merged: one part, or several where an ingest was cut short.

    Raises:
        DataError: a file is damaged, or of another schema.
        FileNotFoundError: there is no such folder.
    """
    if not generation:
        return (EMPTY_USAGE,)
    return tuple(read_usage_tables(part) for part in _part_folders(data / USAGE_FOLDER / generation))


def is_in_parts(data: Path, generation: str) -> bool:
    """Whether the tables lie in several parts."""
    return bool(generation) and len(_part_folders(data / USAGE_FOLDER / generation)) > 1


def read_usage_tables(folder: Path) -> Usage:
    """The tables of one folder.

    Raises:
        DataError: a file is damaged, or of another schema.
        FileNotFoundError: there is no such file.
    """
    return Usage(*(_read_table(folder / f"{name}.parquet", shape) for name, shape in TABLES.items()))


def write_usage_tables(folder: Path, usage: Usage) -> Iterator[bytes]:
    """Writes the tables into a folder that is there, to the disk itself; yields the digest of each file.

    Raises:
        OSError: the disk is full, say.
    """
    for name, table in usage.tables().items():
        yield _write_table(folder / f"{name}.parquet", table, TABLES[name].schema)


def write_usage(data: Path, usage: Usage) -> str:
    """Writes the tables into a folder of their own, to the disk itself, and returns its name.

    Nothing refers to the folder yet. The same content gives the same bytes and the same name.

    Raises:
        OSError: the disk is full, say; what was begun is removed.
    """

    def fill(folder: Path) -> str:
        digest = hashlib.sha256()
        for one in write_usage_tables(folder, usage):
            digest.update(one)
        return digest.hexdigest()

    return _write_folder(data, fill)


def write_usage_beside(data: Path, generation: str, added: Usage) -> str:
    """Writes tables beside those of a generation, for the middle of a long ingest: a folder with both, and its name.

    What is there isn't written again but linked. Last parts that aren't larger are merged with the new one, so that a
    row is written a few times only, however often this is called, and the parts stay few.

    Raises:
        DataError: a file is damaged, or of another schema.
        OSError: the disk is full, say; what was begun is removed.
    """
    kept = _part_folders(data / USAGE_FOLDER / generation) if generation else []
    while kept and _count_rows(kept[-1]) <= added.table.num_rows:
        added = merge_usage([read_usage_tables(kept.pop()), added])
    if not kept:
        return write_usage(data, added)

    def fill(folder: Path) -> str:
        for number, part in enumerate(kept, start=1):
            _link_tables(part, _part_folder(folder, number))
        new = _part_folder(folder, len(kept) + 1)
        new.mkdir()
        digest = hashlib.sha256(generation.encode())
        for one in write_usage_tables(new, added):
            digest.update(one)
        sync_folder(new)
        return digest.hexdigest()

    return _write_folder(data, fill)


def _write_folder(data: Path, fill: Callable[[Path], str]) -> str:
    """A new folder below `usage/`, filled by a function that says its name, and complete once it has that name."""
    root = data / USAGE_FOLDER
    root.mkdir(exist_ok=True)
    unfinished = root / f"{_UNFINISHED}{uuid.uuid4().hex}"
    unfinished.mkdir()
    try:
        name = fill(unfinished)
        sync_folder(unfinished)
        _name_folder(unfinished, root / name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    sync_folder(root)
    return name


def _part_folders(folder: Path) -> list[Path]:
    """Where the parts of a generation lie: the first in its folder itself, the others below."""
    count = sum(entry.name.startswith(_PART) for entry in os.scandir(folder))
    return [_part_folder(folder, number) for number in range(1, count + 2)]


def _part_folder(folder: Path, number: int) -> Path:
    return folder if number == 1 else folder / f"{_PART}{number}"


def _link_tables(part: Path, folder: Path) -> None:
    """The same files in another folder, which is made if need be; copied where the disk knows no links."""
    folder.mkdir(exist_ok=True)
    for name in USAGE_TABLES:
        old, new = part / name, folder / name
        try:
            os.link(old, new)
        except OSError:
            shutil.copyfile(old, new)
            with new.open("rb") as file:
                os.fsync(file.fileno())
    sync_folder(folder)


def _count_rows(part: Path) -> int:
    """How many rows of usage a part has, by the end of its file."""
    with pa.OSFile(os.fsencode(part / "usage.parquet")) as file:
        return int(pq.ParquetFile(file).metadata.num_rows)


def remove_stale_usage(data: Path, generation: str) -> None:
    """Removes every folder but that of the generation and pinned ones: older ones, and what killed runs left behind."""
    remove_stale_pins(data)
    kept = {generation, *pinned_generations(data)}
    with contextlib.suppress(OSError):
        for entry in os.scandir(data / USAGE_FOLDER):
            if entry.name not in kept:
                shutil.rmtree(entry.path, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Makes sure that the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _name_folder(unfinished: Path, final: Path) -> None:
    """Gives the folder its name, unless one of that name, and so of that content, is there."""
    try:
        unfinished.rename(final)
    except OSError:
        if not final.is_dir():
            raise


def _write_table(path: Path, table: pa.Table, schema: pa.Schema) -> bytes:
    """Writes one file and returns the digest of its bytes."""
    with path.open("wb") as file:
        options = {"compression": "zstd", "compression_level": 3, "data_page_version": "1.0", "version": "2.6"}
        with pq.ParquetWriter(file, schema, write_statistics=True, **options) as writer:
            # The texts of one row group at a time, not of the whole table.
            for start in range(0, table.num_rows, _ROW_GROUP_ROWS) or (0,):
                writer.write_table(unpack_texts(table.slice(start, _ROW_GROUP_ROWS), schema), _ROW_GROUP_ROWS)
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _read_table(path: Path, shape: TableShape) -> pa.Table:
    try:
        # Not a Python file: Arrow's threads would let go of its buffers while the interpreter ends, which aborts it.
        with pa.OSFile(os.fsencode(path)) as file:
            texts = [name for name in shape.keys if is_text(shape.schema.field(name).type)]
            table = pq.ParquetFile(file, read_dictionary=texts).read()
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"`{path}` can't be read: {quote_reason(error)}") from error
    except KeyError:
        table = empty_table(pa.schema([]))
    if not has_columns(table, shape.schema):
        raise DataError(f"`{path}` has other columns than this version of lpgen writes")
    return table.combine_chunks() if table.num_rows else empty_table(shape.schema)
