"""Use by one principal that would have left no record, as far as trails and logs decide it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lpgen.core.analysis.grants.granting import Granting
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.regions import region_in_pattern
from lpgen.core.arns import container_of
from lpgen.core.evidence import Grant, PrincipalUsage, limited_to
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import LEGACY_VERSION, OBSERVED, Action


class UnrecordedUse:
    """Decides which use the logs lack for a principal of an account with this usage and these grants."""

    def __init__(
        self, observability: Observability, account: str, usage: PrincipalUsage, grants: Sequence[Grant]
    ) -> None:
        regions, self.table = usage.regions, observability.table
        self._observability, self._account, self._regions = observability, account, regions
        self._blind_spots = observability.blind_spots(account, regions)
        self._names_silent_region = self._blind_spots is not None and observability.silent.are_named(account, grants)
        self.resting_on_log = observability.resting_on_log(account)
        recorded = (one.action for one in usage.uses if one.how == OBSERVED)
        self._own_events = frozenset(map(observability.data_event_type, recorded)) - {""}
        self._by_trace: dict[tuple[int, Granting], str] = {}

    def why(self, action: Action, granting: Granting) -> str:
        """Why use of an action would have left no record on something that it is granted on, or ""."""
        spots = self._blind_spots
        blind = self._why_by_settings(action, granting) if spots is None else spots[action]
        if blind or not (self._names_silent_region or action in self.resting_on_log):
            return blind
        found = (self._observability.unrecorded(action, self._account, grant) for grant in granting.grants)
        named = tuple(name for grant in granting.grants for name in grant.statement.resources)
        return next((why for one in found for why in one.values()), "") or self.why_below(action, named)

    def why_below(self, action: Action, patterns: Iterable[str]) -> str:
        """Why use of a data action on some resource below a wildcard or a prefix may have left no record, or "".

        No log shows which of these resources the trail selects. Where the log holds data events of the principal, they
        show which ones it uses.
        """
        if action not in self.resting_on_log or self._observability.data_event_type(action) in self._own_events:
            return ""
        pattern = next((one for one in patterns if has_wildcard(container_of(one))), "")
        return f"a data event, and the trail may select some resources of {pattern} only" if pattern else ""

    def among(self, actions: frozenset[Action]) -> frozenset[Action]:
        """The actions whose use may have left no record; use of the others would have left one."""
        spots = self._blind_spots
        if spots is None or spots.lacks_management or self._names_silent_region:
            return actions
        return actions & self._observability.beside_management()

    def why_on(self, action: Action, arn: str) -> str:
        """Why the log that would have shown use would lack it on one resource, or ""."""
        silent = self._observability.silent.why(action, self._account, region_in_pattern(arn))
        return silent or self._observability.unnamed(action, (arn,), LEGACY_VERSION).get(arn, "")

    def elsewhere(self, action: Action, granting: Granting) -> Iterator[MissedUse]:
        """Further uses of a used action on other resources it is granted on, where they would have left no record."""
        for grant in granting.grants:
            unrecorded = self._observability.unrecorded(action, self._account, grant)
            for why in sorted(set(unrecorded.values())):
                part = limited_to(grant, tuple(name for name, reason in unrecorded.items() if reason == why))
                yield MissedUse(action, MissReason.UNRECORDED, why, "it was used elsewhere", (part,))

    def _why_by_settings(self, action: Action, granting: Granting) -> str:
        key = (self._observability.trace(action), granting)
        if key not in self._by_trace:
            blind = self._observability.blind_spot(action, self._account, self._regions, granting.grants)
            self._by_trace[key] = blind
        return self._by_trace[key]
