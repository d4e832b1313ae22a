"""What the caveats of a principal say about every removal."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.analysis.judged.verdicts import Doubt
from lpgen.core.registry.caveats import Caveat, CaveatKind

_YOUNG = (CaveatKind.YOUNG_PRINCIPAL, CaveatKind.YOUNG_POLICY)
_LOGS = (
    CaveatKind.SHORT_COVERAGE,
    CaveatKind.THIN_DAYS,
    CaveatKind.MISSING_FILES,
    CaveatKind.COVERAGE_HOLE,
    CaveatKind.OTHER_REGIONS,
)


def doubt_from_caveats(caveats: Iterable[Caveat]) -> Doubt:
    """What makes every removal of a principal unsure, by the caveats that nobody accepted."""
    kinds = {caveat.kind for caveat in caveats if not caveat.accepted_by}
    if kinds.intersection(_YOUNG):
        return Doubt.YOUNG
    return Doubt.LOGS if kinds.intersection(_LOGS) else Doubt.NONE
