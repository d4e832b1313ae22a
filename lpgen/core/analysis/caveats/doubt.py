"""The doubt that a principal's caveats cast on every removal."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.registry.caveats import Caveat
from lpgen.core.registry.row import Doubt


def doubt_from_caveats(caveats: Iterable[Caveat]) -> Doubt:
    """The doubt about every removal of a principal, from the caveats that weren't accepted."""
    doubts = {caveat.doubt for caveat in caveats if not caveat.accepted_by}
    return next((one for one in (Doubt.YOUNG, Doubt.LOGS) if one in doubts), Doubt.NONE)
