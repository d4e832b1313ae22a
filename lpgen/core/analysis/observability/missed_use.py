"""Use that may have happened without a record: its reasons, its inputs, and the use that trails and logs would miss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from lpgen.core.analysis.grants.granting import NOTHING, Granting, region_in_pattern
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.trail_coverage import FEDERATES, session_arns
from lpgen.core.analysis.scopes.scopes import NamedScopes
from lpgen.core.arns import container_of, split_arn
from lpgen.core.cloudtrail.rules.inferences import ACCESS_LOG_LINE
from lpgen.core.evidence import Grant, PrincipalGrants, PrincipalUsage, Use, limited_to
from lpgen.core.findings import UngrantedUse
from lpgen.core.globs.match import has_wildcard
from lpgen.core.last_accessed import LastAccessed
from lpgen.core.model import LEGACY_VERSION, OBSERVED, UNKNOWN_RESOURCE, Action, Outcome, Resource, ResourceKind
from lpgen.core.replacements import Line


class MissReason(StrEnum):
    """Why no record shows a use, or not yet."""

    UNRECORDED = "unrecorded"  # the logs don't hold the events that it leaves
    RARE_SERVICE_NEED = "rare-service-need"  # a service calls it with the role too rarely for the logs
    EVENT_SOURCE = "event-source"  # a service reads an event source with the role
    PASSED_ROLE = "passed-role"  # a call passes a role that its record doesn't name
    DEPENDENT_ACTION = "dependent-action"  # AWS checks it within another call
    UNNAMED_RESOURCE = "unnamed-resource"  # AWS checks a call on a resource that its record doesn't name
    PEER_USE = "peer-use"  # similar principals use it, and this principal may not have needed it yet
    UNEXPLAINED_USE = "unexplained-use"  # a use that no policy grants may really have been this action


class MissedUse(NamedTuple):
    """A use of an action that may have been missed, and why.

    Its scope is what `grants` allow of the action on `resources`. `sign` is the evidence that it happened, or "". (A
    named tuple, because there may be one for each of millions of verdicts.)
    """

    action: Action
    reason: MissReason
    why: str
    sign: str
    grants: tuple[Grant, ...]
    resources: tuple[Resource, ...] = (UNKNOWN_RESOURCE,)


@dataclass(frozen=True, slots=True)
class UseLines:
    """The lines that a principal's uses need, the uses that no grant allows, and the wider scopes of names."""

    lines: tuple[Line, ...]
    ungranted: tuple[tuple[Use, str], ...]
    patterns: NamedScopes


@dataclass(frozen=True, slots=True)
class ObservedUse:
    """The grants and the observed use of one principal, with the statements by action and the lines of that use.

    `ungranted` are the uses that no policy grants. `accessed` is IAM's record of its attempts, None without a report.
    `granted` are the granted actions, `believed` the uses that weren't denied and aren't suspected.
    """

    grants: PrincipalGrants
    usage: PrincipalUsage
    lines: UseLines
    granting: Mapping[Action, Granting]
    ungranted: tuple[UngrantedUse, ...] = ()
    accessed: LastAccessed | None = None
    granted: frozenset[Action] = field(init=False)
    believed: tuple[Use, ...] = field(init=False)

    def __post_init__(self) -> None:
        believed = tuple(use for use in self.usage.uses if use.outcome is not Outcome.DENIED and not use.suspected)
        object.__setattr__(self, "granted", self.grants.granted())
        object.__setattr__(self, "believed", believed)

    def grants_of(self, action: Action) -> tuple[Grant, ...]:
        """The statements that grant an action."""
        return self.granting.get(action, NOTHING).grants


_SOME_RESOURCES: Final = "it leaves a data event, and the trail may select only some resources of {pattern}"
_USED_ELSEWHERE: Final = "it was used elsewhere"


class UnrecordedUse:
    """Decides which use the logs miss, for a principal with this usage and these grants; () if they aren't known."""

    def __init__(
        self, observability: Observability, principal: str, usage: PrincipalUsage, grants: Sequence[Grant]
    ) -> None:
        regions, account, self.table = usage.regions, split_arn(principal).account, observability.table
        federates = not grants or any(FEDERATES in grant.actions for grant in grants)
        self.callers = session_arns(principal, federates=federates)
        self._observability, self._account, self._regions = observability, account, regions
        self._blind_spots = observability.blind_spots(account, regions)
        self._names_silent_region = self._blind_spots is not None and observability.silent.are_named(account, grants)
        self.resting_on_log = observability.resting_on_log(account)
        recorded = {use.action for use in usage.uses if use.how == OBSERVED}
        self._only_in_access_logs = {use.action for use in usage.uses if use.how == ACCESS_LOG_LINE} - recorded
        self._own_events = frozenset(map(observability.data_event_type, recorded)) - {""}
        self._by_trace: dict[tuple[int, Granting], str] = {}

    def why(self, action: Action, granting: Granting) -> str:
        """Why use of an action on some granted resource would have left no record, or ""."""
        spots = self._blind_spots
        blind = self._why_by_settings(action, granting) if spots is None else spots[action]
        if blind or not (self._names_silent_region or action in self.resting_on_log):
            return blind
        found = (
            self._observability.unrecorded(action, self._account, grant, self.callers) for grant in granting.grants
        )
        named = tuple(name for grant in granting.grants for name in grant.statement.resources)
        return next((why for unrecorded in found for why in unrecorded.values()), "") or self.why_below(action, named)

    def why_below(self, action: Action, patterns: Iterable[str]) -> str:
        """Why use of a data action on some resource below a wildcard or a prefix may have left no record, or "".

        No log shows which of these resources the trail selects. If the log has data events of the principal, they show
        which resources it uses.
        """
        if action not in self.resting_on_log or self._observability.data_event_type(action) in self._own_events:
            return ""
        pattern = next((pattern for pattern in patterns if has_wildcard(container_of(pattern))), "")
        return _SOME_RESOURCES.format(pattern=pattern) if pattern else ""

    def among(self, actions: frozenset[Action]) -> frozenset[Action]:
        """The actions whose use may have left no record. Use of the others would have left a record."""
        spots = self._blind_spots
        if spots is None or spots.lacks_management or self._names_silent_region:
            return actions
        return actions & self._observability.without_management_event()

    def why_on(self, action: Action, arn: str) -> str:
        """Why a log that shows use of an action would miss use on one resource, or ""."""
        silent = self._observability.silent.why(action, self._account, region_in_pattern(arn))
        return silent or self._observability.unnamed(action, (arn,), LEGACY_VERSION).get(arn, "")

    def elsewhere(self, action: Action, granting: Granting) -> Iterator[MissedUse]:
        """Further uses of a used action on other granted resources, if they would have left no record.

        Access logs show no resources but those of their own buckets, so the use of an action that only they show says
        nothing about other resources.
        """
        if action in self._only_in_access_logs and (why := self.why(action, granting)):
            yield MissedUse(action, MissReason.UNRECORDED, why, _USED_ELSEWHERE, granting.grants)
        for grant in granting.grants:
            unrecorded = self._observability.unrecorded(action, self._account, grant, self.callers)
            for why in sorted(set(unrecorded.values())):
                part = limited_to(grant, tuple(name for name, reason in unrecorded.items() if reason == why))
                missed = MissedUse(action, MissReason.UNRECORDED, why, _USED_ELSEWHERE, (part,))
                yield missed._replace(resources=self.resources(action, (part,)))

    def resources(self, action: Action, grants: Sequence[Grant]) -> tuple[Resource, ...]:
        """The resources on which use of an action may have left no record: those that selectors exclude, or any."""
        args = (action, self._account, self._regions, grants, self.callers)
        return tuple(
            Resource(ResourceKind.FOLD if has_wildcard(pattern) else ResourceKind.ARN, pattern)
            for pattern in self._observability.left_out(*args)
        ) or (UNKNOWN_RESOURCE,)

    def _why_by_settings(self, action: Action, granting: Granting) -> str:
        key = (self._observability.trace(action), granting)
        if key not in self._by_trace:
            args = (action, self._account, self._regions, granting.grants, self.callers)
            blind = self._observability.blind_spot(*args)
            self._by_trace[key] = blind
        return self._by_trace[key]
