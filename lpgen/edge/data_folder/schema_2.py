"""The tables of a data folder or baseline of schema version 2, read once, to be upgraded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from lpgen.core.usage.schema_2 import OLD_TABLES, usage_from_schema_2
from lpgen.core.usage.tables import Usage, merge_usage
from lpgen.edge.data_folder.ledger_connection import RESTORE
from lpgen.edge.data_folder.usage_files import USAGE_FOLDER, parse_table
from lpgen.errors import DamageError, quote_reason


def read_old_usage(data: Path, generation: str) -> Usage:
    """The tables that count in a data folder of schema version 2, as this version has them.

    Raises:
        DamageError: a file is missing or damaged.
    """
    if not generation:
        return merge_usage(())
    folder = data / USAGE_FOLDER / generation
    parts = [folder, *sorted(folder.glob("part-*"))]
    digest = hashlib.sha256()
    usage = merge_usage([_read_old_part(part, digest) for part in parts])
    if len(parts) == 1 and digest.hexdigest() != generation:
        raise DamageError(f"the tables of `{folder}` were changed", hint=RESTORE)
    return usage


def read_old_tables(folder: Path) -> Usage:
    """The tables in a folder of schema version 2, as this version has them.

    Raises:
        DamageError: a file is missing or damaged.
    """
    return _read_old_part(folder, hashlib.sha256())


def _read_old_part(folder: Path, digest: hashlib._Hash) -> Usage:
    return usage_from_schema_2(*_old_tables(folder, digest))


def _old_tables(folder: Path, digest: hashlib._Hash) -> Iterator[pa.Table]:
    for name, shape in OLD_TABLES.items():
        path = folder / f"{name}.parquet"
        try:
            with pa.OSFile(str(path)) as file:
                content = file.read_buffer()
        except OSError as error:
            raise DamageError(f"`{path}` can't be read: {quote_reason(error)}", hint=RESTORE) from error
        digest.update(hashlib.sha256(content).digest())
        yield parse_table(path, content, shape)
