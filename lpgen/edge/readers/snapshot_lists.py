"""Reads the lists of a snapshot that are in lpgen's own form, such as schedules."""

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
    found: list[_Item] = []
    for path in files:
        try:
            found += msgspec.json.decode(path.read_bytes(), type=list[kind])  # type: ignore[valid-type]
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SnapshotError(f"`{path}` can't be read: {quote_reason(error)}") from error
    return tuple(found)
