"""Lines beyond use: those kept though no record of their own shows their use, and those kept for review."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lpgen.core.analysis.grants.scope import narrow_scope
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason
from lpgen.core.analysis.observability.missed_use_finder import MissedUses
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import KeepByKind
from lpgen.core.model import Action
from lpgen.core.replacements import Line, LineKind

_ON_SIGN = (MissReason.UNRECORDED, MissReason.RARE_SERVICE_NEED)
"""Such uses are kept only for a further reason, which their lines state."""

_ON_RESOURCES = (MissReason.PASSED_ROLE, MissReason.UNNAMED_RESOURCE, MissReason.PEER_USE)
"""Such uses are kept on the resources that they are of, whatever the verdict on their action."""


def lines_beyond_use(
    missed: MissedUses, seen: Collection[Action], keep: KeepByKind, catalog: Catalog
) -> Iterator[Line]:
    """The lines of a principal without use of their own, each with why it is kept, in no order.

    `seen` are the actions that records show it to have used or attempted. All lines are within its grants.
    """
    for action in (*seen, *missed.candidates(seen, keep)):
        uses = _beyond_seen(missed, action, keep) if action in seen else _kept_uses(missed, action, keep)
        for one, kept in uses:
            kind = LineKind.REVIEW if one.reason is MissReason.UNEXPLAINED_USE else LineKind.KEPT
            why = f"{one.why}; {kept}" if one.reason in _ON_SIGN else one.why
            for grant in one.grants:
                for resource in one.resources:
                    scope = narrow_scope(grant, action, resource, catalog=catalog)
                    if scope is not None:
                        yield Line(action, scope, grant.ref, kind, why, "", None)


def _beyond_seen(missed: MissedUses, action: Action, keep: KeepByKind) -> Iterator[tuple[MissedUse, str]]:
    """The further uses of a used action that may have been missed and that are kept, each with its sign."""
    return ((one, one.sign) for one in missed.beyond(action) if missed.is_wanted(one, keep))


def _kept_uses(missed: MissedUses, action: Action, keep: KeepByKind) -> Iterator[tuple[MissedUse, str]]:
    """The uses of an unseen action that may have been missed and that are kept, each with why."""
    found = missed.of(action)
    decisive = missed.decide(found, keep)
    for one in found:
        if decisive and decisive.kept and one is decisive.missed:
            yield one, decisive.kept
        elif one.reason is MissReason.UNEXPLAINED_USE or (one.reason in _ON_RESOURCES and missed.is_wanted(one, keep)):
            yield one, one.sign
