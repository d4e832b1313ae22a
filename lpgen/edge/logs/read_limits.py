"""How much lpgen reads of one file: a file beyond these limits is not a log, or is made to exhaust its reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """The limits of one file. All of them are counts, never times: the same bytes always give the same tables.

    `file_bytes` bounds the bytes that a file holds or inflates to: beyond it, nothing of the file is read.
    `records` bounds the records and other documents, `broken` those of them that are not sound records: beyond these,
    the rest of the file is not read. Each limit that is met gives an `unreadable_file` that names the place.
    """

    file_bytes: int = 1 << 30
    records: int = 5_000_000
    broken: int = 100_000


NO_LIMITS: Final = ReadLimits(1 << 62, 1 << 62, 1 << 62)
"""For a file that was read before, within the limits of that time."""

DEFAULT_LIMITS: Final = ReadLimits()
"""CloudTrail's own files inflate to some tens of megabytes, and few of their records are ever broken."""
