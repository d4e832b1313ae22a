"""Use that no policy grants and that nothing explains: lpgen may have taken it for another action than it was."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.catalog.catalog import Catalog


def unexplained_uses(observed: ObservedUse, catalog: Catalog) -> Iterator[MissedUse]:
    """The actions that an unexplained use may really have been: the granted ones of its service and access level."""
    doubts = {
        (one.use.action.partition(":")[0], catalog.detail(one.use.action).level): one.use.action
        for one in observed.ungranted
        if not one.explanation
    }
    for action, granting in observed.granting.items() if doubts else ():
        used = doubts.get((action.partition(":")[0], catalog.detail(action).level))
        if used:
            why = f"{used} was used without a grant and nothing explains it, so this may be what was meant"
            yield MissedUse(action, MissReason.UNEXPLAINED_USE, why, "", granting.grants)
