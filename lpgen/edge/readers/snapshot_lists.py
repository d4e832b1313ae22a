"""Reads the JSON files of a snapshot, such as its lists of schedules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from lpgen.errors import SnapshotError, quote_reason

_Item = TypeVar("_Item")


def read_snapshot_list(files: Iterable[Path], kind: type[_Item]) -> tuple[_Item, ...]:
    """The items of a kind in the files, in their order.

    Raises:
        SnapshotError: a file can't be read.
    """
    return tuple(item for path in files for item in read_snapshot_file(path, list[kind]))  # type: ignore[valid-type]


def read_snapshot_file(path: Path, kind: type[_Item]) -> _Item:
    """The content of a JSON file, as a value of a type.

    Raises:
        SnapshotError: it can't be read, or holds something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SnapshotError(f"`{path}` can't be read: {quote_reason(error)}") from error
