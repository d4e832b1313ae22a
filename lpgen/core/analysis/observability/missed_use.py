"""A use that no record shows though it may have happened, and what such uses are found from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from lpgen.core.analysis.explained_use import UseLines
from lpgen.core.analysis.grants.granting import NOTHING, Granting
from lpgen.core.choices import KeepByKind, KeepUnobservable, UnobservableKind
from lpgen.core.cloudtrail.visibility import VisibilityTable
from lpgen.core.evidence import Grant, PrincipalGrants, PrincipalUsage
from lpgen.core.findings import UngrantedUse, Unobservable
from lpgen.core.last_accessed import LastAccessed
from lpgen.core.model import UNKNOWN_RESOURCE, Action, Resource


class MissReason(StrEnum):
    """Why no record shows a use, or shows none yet."""

    UNRECORDED = "unrecorded"  # the logs don't hold the events that it leaves
    RARE_SERVICE_NEED = "rare-service-need"  # a service calls it with the role more rarely than the logs show
    PASSED_ROLE = "passed-role"  # a call passes a role that its record doesn't name
    DEPENDENT_ACTION = "dependent-action"  # AWS checks it within another call
    UNNAMED_RESOURCE = "unnamed-resource"  # AWS checks a call on a resource that its record doesn't name
    PEER_USE = "peer-use"  # similar principals use it, and this one may have had no occasion
    UNEXPLAINED_USE = "unexplained-use"  # it may be what a use that no policy grants really was


class MissedUse(NamedTuple):
    """A use of an action that may have been missed, and why.

    Its scope is what `grants` allow of the action on `resources`. `sign` says why it may well have happened, "" where
    nothing does. (A named tuple: there may be one for each of millions of verdicts.)
    """

    action: Action
    reason: MissReason
    why: str
    sign: str
    grants: tuple[Grant, ...]
    resources: tuple[Resource, ...] = (UNKNOWN_RESOURCE,)


@dataclass(frozen=True, slots=True)
class ObservedUse:
    """The grants and the observed use of one principal, with the statements by action and the lines of that use.

    `ungranted` are the uses that no policy grants. `accessed` is IAM's record of its attempts, None without a report.
    """

    grants: PrincipalGrants
    usage: PrincipalUsage
    lines: UseLines
    granting: Mapping[Action, Granting]
    ungranted: tuple[UngrantedUse, ...] = ()
    accessed: LastAccessed | None = None

    def grants_of(self, action: Action) -> tuple[Grant, ...]:
        """The statements that grant an action."""
        return self.granting.get(action, NOTHING).grants


_OF_THE_ACTION = frozenset(
    {MissReason.UNRECORDED, MissReason.RARE_SERVICE_NEED, MissReason.PASSED_ROLE, MissReason.DEPENDENT_ACTION}
)
"""The reasons that a verdict on the action itself may rest on."""


_KINDS = {
    MissReason.RARE_SERVICE_NEED: UnobservableKind.INTERNAL,
    MissReason.PASSED_ROLE: UnobservableKind.INSIDE_CALL,
    MissReason.DEPENDENT_ACTION: UnobservableKind.INSIDE_CALL,
    MissReason.UNNAMED_RESOURCE: UnobservableKind.INSIDE_CALL,
}


def kind_of_use(missed: MissedUse, table: VisibilityTable) -> UnobservableKind:
    """The kind of a missed use: that of its reason, or else of its action."""
    return _KINDS.get(missed.reason) or table.visibility(missed.action).kind


class DecisiveUse(NamedTuple):
    """The missed use that the verdict on an action rests on, and why the action is kept, or "".

    `fact` is the same whatever is chosen.
    """

    missed: MissedUse
    kept: str
    fact: Unobservable


def decisive_use(found: Sequence[MissedUse], keep: KeepByKind, table: VisibilityTable) -> DecisiveUse | None:
    """The missed use that decides the verdict on an action; None where use would have shown.

    It is the first missed use that is kept, else the last one.
    """
    of_action = [one for one in found if one.reason in _OF_THE_ACTION]
    if not of_action:
        return None
    last = of_action[-1]
    granted = next((one for one in of_action if one.grants), None)
    signed = next((one for one in of_action if one.grants and one.sign), None)
    kind = kind_of_use(signed or last, table)
    held = {KeepUnobservable.ALL: granted, KeepUnobservable.SIGNED: signed}
    kept = held.get(keep[kind])
    why = (kept.sign or "--keep-unobservable all") if kept else ""
    return DecisiveUse(kept or last, why, Unobservable(kind, tuple(choice for choice, one in held.items() if one)))
