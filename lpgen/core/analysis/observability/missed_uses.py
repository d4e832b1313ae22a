"""Which uses of a principal the logs may have missed: one answer for reviews and drift, from one module per reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from lpgen.core.analysis.grants.granting import NOTHING
from lpgen.core.analysis.observability.dependent_actions import dependent_actions
from lpgen.core.analysis.observability.function_logs import PUT_LOG_EVENTS, written_streams
from lpgen.core.analysis.observability.implicit_passed_roles import ImplicitPassedRoles
from lpgen.core.analysis.observability.missed_use import (
    DecisiveUse,
    MissedUse,
    MissReason,
    ObservedUse,
    decisive_use,
    kind_of_use,
)
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.peer_use import NO_PEERS, Peers, peer_uses
from lpgen.core.analysis.observability.rare_service_needs import RareServiceNeeds
from lpgen.core.analysis.observability.signs_of_use import SignsOfUse
from lpgen.core.analysis.observability.unexplained_use import unexplained_uses
from lpgen.core.analysis.observability.unnamed_resources import unnamed_resources
from lpgen.core.analysis.observability.unrecorded_use import UnrecordedUse
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import KeepByKind, KeepUnobservable
from lpgen.core.cloudtrail.rules.passing import PASS_ROLE_ACTION
from lpgen.core.cloudtrail.visibility import NOBODY
from lpgen.core.model import Action, Principal, Resource

_BEYOND_USE = (MissReason.PASSED_ROLE, MissReason.DEPENDENT_ACTION, MissReason.UNNAMED_RESOURCE)
"""For these reasons an action that was used may have been used on more than records show."""


class MissedUseFinder:
    """Finds the uses that the logs may have missed, of any principal; `principals` are all that may be passed."""

    def __init__(
        self,
        catalog: Catalog,
        observability: Observability,
        principals: Iterable[Principal],
        peers: Peers = NO_PEERS,
        versioned: Collection[str] = (),
        log_groups: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        """`versioned` are the ARNs of buckets that are known to have versions, `log_groups` those that functions write
        to, by the ARN of their role."""
        self.catalog, self.observability = catalog, observability
        self._versioned, self._log_groups = versioned, dict(log_groups)
        self.peers, self.dangers = peers, Dangers(catalog)
        self._passed_roles = ImplicitPassedRoles(catalog, principals)
        self._rare_needs = RareServiceNeeds(catalog.source)

    def of_principal(self, observed: ObservedUse) -> MissedUses:
        """The uses of one principal that the logs may have missed."""
        account, allows = observed.grants.principal.account, observed.grants.allows
        unrecorded = UnrecordedUse(self.observability, account, observed.usage, allows)
        signs = SignsOfUse(observed, unrecorded, self.catalog, self._versioned, self.dangers)
        found = (
            *self._passed_roles.missed_uses(observed),
            *self._rare_needs.missed_uses(observed, signs),
            *dependent_actions(observed, self.catalog),
            *unnamed_resources(observed),
            *peer_uses(observed, self.peers, self.catalog, self.dangers),
            *unexplained_uses(observed, self.catalog),
        )
        streams = written_streams(observed, self._log_groups.get(observed.grants.principal.arn, ()), self.catalog)
        return MissedUses(observed, unrecorded, signs, found, self.observability, streams)


class MissedUses:
    """The uses of one principal that the logs may have missed, by action."""

    def __init__(
        self,
        observed: ObservedUse,
        unrecorded: UnrecordedUse,
        signs: SignsOfUse,
        found: Iterable[MissedUse],
        observability: Observability,
        streams: tuple[Resource, ...] = (),
    ) -> None:
        """`found` are those for other reasons than that the logs lack their records, what counts most first.

        `streams` are the only log streams that the principal writes to, empty where these aren't known.
        """
        self.observed, self.unrecorded = observed, unrecorded
        self._signs, self._observability, self._streams = signs, observability, streams
        self.found: dict[Action, list[MissedUse]] = {}
        for one in found:
            if observability.table.visibility(one.action).users != NOBODY:
                self.found.setdefault(one.action, []).append(one)

    def of(self, action: Action) -> Sequence[MissedUse]:
        """How use of a granted action that no record shows may have been missed, what counts most first.

        Empty where use would have shown.
        """
        others: Sequence[MissedUse] = self.found.get(action, ())
        granting = self.observed.granting.get(action, NOTHING)
        if others and others[0].reason is MissReason.PASSED_ROLE:
            return others
        why = self.unrecorded.why(action, granting)
        if others and self.never_tried(action):
            others = [one for one in others if one.reason is not MissReason.DEPENDENT_ACTION]
        if not why:
            elsewhere = self._on_unrecorded_resources(action)
            return (elsewhere, *others) if elsewhere else others
        # The statements of PassRole are kept only for roles that calls are known to pass.
        is_kept = action != PASS_ROLE_ACTION and self._observability.table.visibility(action).users != NOBODY
        grants = granting.grants if is_kept else ()
        first = MissedUse(action, MissReason.UNRECORDED, why, self._signs.of(action), grants)
        if self._streams and action == PUT_LOG_EVENTS:
            first = first._replace(resources=self._streams)
        if not first.sign:
            first = self._signs.on_resources(action, lambda _: why) or first
        return (first, *(one for one in others if not first.sign or one.reason is not MissReason.RARE_SERVICE_NEED))

    def decide(self, found: Sequence[MissedUse], keep: KeepByKind) -> DecisiveUse | None:
        """The missed use that decides the verdict on an action, from `found`; None where use would have shown."""
        return decisive_use(found, keep, self._observability.table)

    def is_wanted(self, missed: MissedUse, keep: KeepByKind) -> bool:
        """Whether anything is kept of the kind of a missed use."""
        return keep[kind_of_use(missed, self._observability.table)] is not KeepUnobservable.NONE

    def _on_unrecorded_resources(self, action: Action) -> MissedUse | None:
        """The use of an action whose data events the log holds, on resources that these events don't name.

        Data events of one resource say nothing about another that the same policy pattern matches.
        """
        if action not in self.unrecorded.resting_on_log:
            return None
        return self._signs.on_resources(action, partial(self.unrecorded.why_on, action))

    def candidates(self, seen: Collection[Action], keep: KeepByKind) -> Iterator[Action]:
        """The granted actions that weren't seen and may have a missed use to keep, and perhaps others."""
        unseen = self.observed.grants.granted().difference(seen)
        if KeepUnobservable.ALL in keep.values():
            return iter(unseen)
        return iter({*self._signs.possible(unseen), *unseen.intersection(self.found)})

    def beyond(self, action: Action) -> Sequence[MissedUse]:
        """How an action that was used may have been used on more than records show."""
        others = [one for one in self.found.get(action, ()) if one.reason in _BEYOND_USE]
        if action == PASS_ROLE_ACTION:
            return others
        named = self._on_unrecorded_resources(action)
        elsewhere = self.unrecorded.elsewhere(action, self.observed.granting.get(action, NOTHING))
        return [*elsewhere, *([named] if named else []), *others]

    def open_of(self, actions: frozenset[Action]) -> Sequence[Action]:
        """The granted actions that ordinary clients call and that have no evidence for or against use: no record would
        show it, and IAM doesn't report when the service was last tried."""
        accessed, granting = self.observed.accessed, self.observed.granting
        return [
            action
            for action in self.unrecorded.among(actions)
            if self.unrecorded.why(action, granting.get(action, NOTHING))
            and self._signs.is_user(action)
            and not (accessed and accessed.tells_of(action))
        ]

    def never_tried(self, action: Action) -> str:
        """Why IAM, which counts each attempt, shows that an action was not used, or ""."""
        accessed = self.observed.accessed
        return accessed.never(action, self._observability.visibility(action)) if accessed else ""
