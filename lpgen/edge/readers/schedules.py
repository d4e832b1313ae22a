"""Reads the schedules of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from lpgen.core.schedules import Schedule
from lpgen.errors import SnapshotError, quote_reason


def read_schedules(files: Iterable[Path]) -> tuple[Schedule, ...]:
    """The schedules in the files, in their order.

    Raises:
        SnapshotError: a file can't be read.
    """
    found: list[Schedule] = []
    for path in files:
        try:
            found += msgspec.json.decode(path.read_bytes(), type=list[Schedule])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SnapshotError(f"`{path}` can't be read: {quote_reason(error)}") from error
    return tuple(found)
