"""The usage tables on disk: one immutable folder per state, named after its content.

`DIR/usage/HASH/{usage,skips,coverage,…}.parquet` and `manifest.json`, where HASH is the SHA-256 of the manifest. A
folder is complete once it has its name. The ledger says which folder counts. During a long ingest it also holds
`part-2/` and so on, with tables to merge with the first. Every digest is checked when tables are read. See
docs/data-folder.md.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from lpgen.core.usage.columns import unpack_texts
from lpgen.core.usage.table_merge import TableShape
from lpgen.core.usage.tables import EMPTY_USAGE, TABLES, Usage, merge_usage
from lpgen.edge.data_folder.kept_values import remove_stale_values
from lpgen.edge.data_folder.ledger import read_generation
from lpgen.edge.data_folder.ledger_connection import RESTORE
from lpgen.edge.data_folder.pins import pinned_generations, remove_stale_pins
from lpgen.edge.data_folder.stored_table import StoredTable
from lpgen.edge.data_folder.table_manifest import (
    Segments,
    TableManifest,
    open_manifest,
    read_manifest,
    segments_of_file,
    write_manifest,
)
from lpgen.edge.private_files import open_private, remove_others, restrict_to_owner, sync_folder, take_folder
from lpgen.errors import DamageError, DataError

USAGE_FOLDER: Final = "usage"

USAGE_TABLES: Final = tuple(f"{name}.parquet" for name in TABLES)
"""The names of the files with tables."""

_UNFINISHED: Final = "unfinished-"
_PART: Final = "part-"
_ROW_GROUP_ROWS: Final = 1 << 17


# ---------------------------------------------------------------- reading


def read_usage(data: Path) -> Usage:
    """The usage tables of a data folder after the last finished ingest. Reading needs no write access.

    Raises:
        DataError: there is no data folder, it is damaged, or of another schema version.
    """
    return read_current_usage(data)[1]


def read_current_usage(data: Path, *, stored: bool = False) -> tuple[str, Usage]:
    """The name of the current generation, and its tables, as `read_usage` reads them.

    With `stored`, tables that grow with principals and accounts stay in temporary files, unless an interrupted ingest
    left parts to merge.

    Raises:
        DataError: there is no data folder, it is damaged, or of another schema version.
    """
    generation = read_generation(data)
    while True:
        try:
            return generation, read_generation_usage(data, generation, stored=stored)
        except (FileNotFoundError, DataError) as error:
            newer = read_generation(data)
            if newer != generation:  # an ingest finished and removed the folder while it was read
                generation = newer
                continue
            if isinstance(error, DataError):
                raise
            raise DataError(f"`{data}` has lost its usage tables", hint=RESTORE) from error


def read_generation_usage(data: Path, generation: str, *, stored: bool = False) -> Usage:
    """The usage tables in a folder, by its name. "" means that nothing was ingested yet.

    Raises:
        DataError: a file is damaged, or of another schema.
        FileNotFoundError: there is no such folder.
    """
    if stored and generation and not is_in_parts(data, generation):
        # Arrow's own allocator keeps much freed memory, in a review more than the tables take.
        pa.set_memory_pool(pa.system_memory_pool())
        folder = data / USAGE_FOLDER / generation
        return _read_part(folder, open_manifest(folder, generation), "", stored=_STORED)
    parts = read_usage_parts(data, generation)
    return parts[0] if len(parts) == 1 else merge_usage(parts)


def read_usage_parts(data: Path, generation: str) -> tuple[Usage, ...]:
    """The unmerged usage tables: one part, or several after an interrupted ingest.

    Raises:
        DataError: a file is damaged, or of another schema.
        FileNotFoundError: there is no such folder.
    """
    if not generation:
        return (EMPTY_USAGE,)
    folder = data / USAGE_FOLDER / generation
    manifest = open_manifest(folder, generation)
    return tuple(_read_part(folder, manifest, prefix) for prefix in _prefixes(manifest))


def is_in_parts(data: Path, generation: str) -> bool:
    """Whether the tables are in several parts.

    Raises:
        DataError: the manifest is missing or changed.
    """
    return bool(generation) and len(_prefixes(read_manifest(data / USAGE_FOLDER / generation, generation))) > 1


def read_usage_tables(folder: Path, root: str, *, stored: bool = False) -> Usage:
    """The tables of a folder whose manifest has the SHA-256 `root`. `stored` is as in `read_current_usage`.

    Raises:
        DataError: a file is missing, changed or added, or of another schema.
        FileNotFoundError: there is no such folder.
    """
    return _read_part(folder, open_manifest(folder, root), "", stored=_STORED if stored else ())


_STORED: Final = frozenset({"usage", "coverage", "activity"})
"""The tables that grow with principals and accounts."""


def _read_part(folder: Path, manifest: TableManifest, prefix: str, *, stored: Collection[str] = ()) -> Usage:
    return Usage(
        *(
            _read_table(folder, f"{prefix}{name}.parquet", manifest, shape, stored=name in stored)
            for name, shape in TABLES.items()
        )
    )


def _prefixes(manifest: TableManifest) -> list[str]:
    """The path prefix of the files of each part, in order."""
    count = sum(name.endswith(f"/{USAGE_TABLES[0]}") for name in manifest)
    return [_prefix(number) for number in range(1, count + 2)]


def _prefix(number: int) -> str:
    return "" if number == 1 else f"{_PART}{number}/"


def _read_table(
    folder: Path, name: str, manifest: TableManifest, shape: TableShape, *, stored: bool
) -> pa.Table | StoredTable:
    path = folder / name
    if name not in manifest:
        raise DamageError(f"`{path}` is missing", hint=RESTORE)
    table = StoredTable(path, manifest[name], shape)
    return table if stored else table.whole()


# ---------------------------------------------------------------- writing


def write_usage_tables(folder: Path, usage: Usage) -> str:
    """Writes the tables and their manifest into an empty folder, flushes them, and returns the manifest's SHA-256.

    Raises:
        OSError: they can't be written, for example because the disk is full.
    """
    return write_manifest(folder, _write_part(folder, "", usage))


def write_usage(data: Path, usage: Usage) -> str:
    """Writes the tables into a new folder, flushes them, and returns its name.

    Nothing refers to the folder yet. The same content gives the same bytes and the same name.

    Raises:
        OSError: they can't be written, for example because the disk is full. The unfinished folder is removed.
    """
    return _write_folder(data, lambda folder: write_usage_tables(folder, usage))


def write_usage_part(data: Path, generation: str, added: Usage) -> str:
    """Writes tables next to those of a generation during a long ingest. Returns the name of a folder with both.

    Existing files are linked, not written again. Last parts that aren't larger are merged with the new one. So a row is
    written only a few times, however often this is called, and there are few parts.

    Raises:
        DataError: a file is damaged, or of another schema.
        OSError: they can't be written, for example because the disk is full. The unfinished folder is removed.
    """
    if not generation:
        return write_usage(data, added)
    old = data / USAGE_FOLDER / generation
    manifest = open_manifest(old, generation)
    kept = _prefixes(manifest)
    while kept and _count_rows(old, kept[-1], manifest) <= added.table.num_rows:
        added = merge_usage([_read_part(old, manifest, kept.pop()), added])
    if not kept:
        return write_usage(data, added)

    def fill(folder: Path) -> str:
        files: dict[str, Segments] = {}
        for prefix in kept:
            _link_part(old, folder, prefix)
            files |= {f"{prefix}{name}": manifest[f"{prefix}{name}"] for name in USAGE_TABLES}
        files |= _write_part(folder, _prefix(len(kept) + 1), added)
        return write_manifest(folder, files)

    return _write_folder(data, fill)


def _write_part(folder: Path, prefix: str, usage: Usage) -> dict[str, Segments]:
    take_folder(folder / prefix)
    files = {
        f"{prefix}{name}.parquet": _write_table(folder / f"{prefix}{name}.parquet", table, TABLES[name].schema)
        for name, table in usage.tables().items()
    }
    sync_folder(folder / prefix)
    return files


def _write_folder(data: Path, fill: Callable[[Path], str]) -> str:
    """Creates a folder below `usage/`. `fill` writes its content and returns its name. Then it is complete."""
    root = data / USAGE_FOLDER
    take_folder(root)
    unfinished = root / f"{_UNFINISHED}{uuid.uuid4().hex}"
    take_folder(unfinished)
    try:
        name = fill(unfinished)
        sync_folder(unfinished)
        _name_folder(unfinished, root / name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    sync_folder(root)
    return name


def _link_part(old: Path, new: Path, prefix: str) -> None:
    """Links the files of a part into another folder, or copies them if the file system has no links."""
    take_folder(new / prefix)
    for name in USAGE_TABLES:
        source, target = old / prefix / name, new / prefix / name
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
            with target.open("rb") as file:
                os.fsync(file.fileno())
        restrict_to_owner(target)
    sync_folder(new / prefix)


def _count_rows(folder: Path, prefix: str, manifest: TableManifest) -> int:
    """The number of usage rows of a part."""
    name = f"{prefix}{USAGE_TABLES[0]}"
    return StoredTable(folder / name, manifest[name], TABLES["usage"]).num_rows


def remove_stale_usage(data: Path, generation: str) -> None:
    """Removes all folders except those of the generation and of pinned ones, and kept values of other generations."""
    remove_stale_pins(data)
    remove_stale_values(data, generation)
    remove_others(data / USAGE_FOLDER, {generation, *pinned_generations(data)})


def _name_folder(unfinished: Path, final: Path) -> None:
    """Gives the folder its name, unless a folder with that name, and so with that content, exists."""
    try:
        unfinished.rename(final)
    except OSError:
        if not final.is_dir():
            raise


def _write_table(path: Path, table: pa.Table, schema: pa.Schema) -> Segments:
    """Writes one file, and returns its segments."""
    with open_private(path, "xb") as file:
        options = {"compression": "zstd", "compression_level": 3, "data_page_version": "1.0", "version": "2.6"}
        with pq.ParquetWriter(file, schema, write_statistics=True, **options) as writer:
            ends = [file.tell()]
            # Unpacks the texts of one row group at a time, not of the whole table.
            for start in range(0, table.num_rows, _ROW_GROUP_ROWS) or (0,):
                writer.write_table(unpack_texts(table.slice(start, _ROW_GROUP_ROWS), schema), _ROW_GROUP_ROWS)
                ends.append(file.tell())
        file.flush()
        os.fsync(file.fileno())
        return segments_of_file(path, [*ends, file.tell()])
