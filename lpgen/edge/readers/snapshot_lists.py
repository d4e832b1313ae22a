"""Reads the lists of a snapshot: schedules, and buckets with versions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from lpgen.core.schedules import Schedule
from lpgen.errors import SnapshotError, quote_reason

_Item = TypeVar("_Item")


def read_schedules(files: Iterable[Path]) -> tuple[Schedule, ...]:
    """The schedules in the files, in their order.

    Raises:
        SnapshotError: a file can't be read.
    """
    return _read_lists(files, list[Schedule])


def read_versioned_buckets(files: Iterable[Path]) -> tuple[str, ...]:
    """The ARNs of the buckets in the files, in their order.

    Raises:
        SnapshotError: a file can't be read.
    """
    return _read_lists(files, list[str])


def _read_lists(files: Iterable[Path], kind: type[list[_Item]]) -> tuple[_Item, ...]:
    found: list[_Item] = []
    for path in files:
        try:
            found += msgspec.json.decode(path.read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SnapshotError(f"`{path}` can't be read: {quote_reason(error)}") from error
    return tuple(found)
