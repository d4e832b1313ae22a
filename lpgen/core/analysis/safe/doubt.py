"""What the caveats of a principal say about every removal."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.registry.caveats import Caveat
from lpgen.core.registry.row import Doubt


def doubt_from_caveats(caveats: Iterable[Caveat]) -> Doubt:
    """What makes every removal of a principal unsure, by the caveats that nobody accepted."""
    doubts = {caveat.doubt for caveat in caveats if not caveat.accepted_by}
    return next((one for one in (Doubt.YOUNG, Doubt.LOGS) if one in doubts), Doubt.NONE)
