"""Parts of a log file that can't count."""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import SkipReason


@dataclass(frozen=True, slots=True)
class Unusable:
    """A part of a file that holds no record, or a record that can't count.

    `position` is where (`record 3`, `line 7`), `detail` why. `record` holds what could be read of it, if anything.
    `callers` are the roles and users that an aggregated event names, as `named_principal` gives them.
    """

    reason: SkipReason
    detail: str
    position: str
    record: Record | None = None
    callers: tuple[str, ...] = ()
