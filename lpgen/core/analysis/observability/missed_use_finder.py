"""The uses of a principal that the logs may have missed, for all reasons. Reviews and drift share this answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

from lpgen.core.analysis.grants.aws_policies import is_service_policy
from lpgen.core.analysis.grants.granting import NOTHING, narrow_scope
from lpgen.core.analysis.grants.trust import only_trusted_service
from lpgen.core.analysis.observability.implicit_checks import ImplicitPassedRoles, dependent_actions, unnamed_resources
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse, UnrecordedUse
from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.analysis.observability.pollers import NO_POLLERS, Pollers
from lpgen.core.analysis.observability.rare_needs import NO_PEERS, Peers, RareServiceNeeds, peer_uses
from lpgen.core.analysis.observability.signs_of_use import SignsOfUse
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import KeepByKind, KeepUnobservable, UnobservableKind
from lpgen.core.cloudtrail.rules.passing import PASS_ROLE_ACTION
from lpgen.core.cloudtrail.visibility import NOBODY
from lpgen.core.findings import Unobservable
from lpgen.core.model import Action, Principal, Resource, ResourceKind

_BEYOND_USE: Final = (
    MissReason.EVENT_SOURCE,
    MissReason.PASSED_ROLE,
    MissReason.DEPENDENT_ACTION,
    MissReason.UNNAMED_RESOURCE,
)
"""For these reasons, a used action may have been used on more resources than records show."""

_OF_THE_ACTION: Final = frozenset(
    {MissReason.UNRECORDED, MissReason.RARE_SERVICE_NEED, MissReason.PASSED_ROLE, MissReason.DEPENDENT_ACTION}
)
"""The reasons that can decide the verdict on the action."""

_KINDS: Final = {
    MissReason.RARE_SERVICE_NEED: UnobservableKind.INTERNAL,
    MissReason.EVENT_SOURCE: UnobservableKind.INTERNAL,
    MissReason.PASSED_ROLE: UnobservableKind.INSIDE_CALL,
    MissReason.DEPENDENT_ACTION: UnobservableKind.INSIDE_CALL,
    MissReason.UNNAMED_RESOURCE: UnobservableKind.INSIDE_CALL,
}

_KEEP_ALL: Final = "--keep-unobservable all"

_PUT_LOG_EVENTS: Final = Action("logs:PutLogEvents")
_CREATE_LOG_STREAM: Final = Action("logs:CreateLogStream")


class _DecisiveUse(NamedTuple):
    """The missed use that decides the verdict on an action, and why the action is kept, or "".

    `fact` doesn't depend on the options.
    """

    missed: MissedUse
    kept: str
    fact: Unobservable


class MissedUseFinder:
    """Finds the uses of any principal that the logs may have missed. `principals` are all roles that may be passed."""

    def __init__(
        self,
        catalog: Catalog,
        observability: Observability,
        principals: Iterable[Principal],
        peers: Peers = NO_PEERS,
        versioned: Collection[str] = (),
        log_groups: Mapping[str, frozenset[str]] = MappingProxyType({}),
        pollers: Pollers = NO_POLLERS,
    ) -> None:
        """`versioned` are the ARNs of buckets that are known to have versions.

        `log_groups` are the log groups that functions write to, by the ARN of their role. `pollers` use event sources
        with roles.
        """
        self.catalog, self.observability = catalog, observability
        self._versioned, self._log_groups = versioned, dict(log_groups)
        self._pollers = pollers
        self.peers, self.dangers = peers, Dangers(catalog)
        self._passed_roles = ImplicitPassedRoles(catalog, principals)
        self._rare_needs = RareServiceNeeds(catalog.source)

    def of_principal(self, observed: ObservedUse) -> MissedUses:
        """The uses of one principal that the logs may have missed."""
        principal, allows = observed.grants.principal, observed.grants.allows
        unrecorded = UnrecordedUse(self.observability, principal.arn, observed.usage, allows)
        signs = SignsOfUse(observed, unrecorded, self.catalog, self._versioned, self.dangers)
        found = (
            *self._passed_roles.missed_uses(observed),
            *self._pollers.limited(self._rare_needs.missed_uses(observed, signs), principal, self.catalog),
            *self._pollers.missed_uses(observed, self.catalog),
            *dependent_actions(observed, self.catalog),
            *unnamed_resources(observed),
            *peer_uses(observed, self.peers, self.catalog, self.dangers),
            *_unexplained_uses(observed, self.catalog),
        )
        streams = _written_streams(observed, self._log_groups.get(observed.grants.principal.arn, ()), self.catalog)
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
        """`found` are the missed uses for other reasons than missing records, the most important first.

        `streams` are the only log streams that the principal writes to, empty if they aren't known.
        """
        self.observed, self.unrecorded = observed, unrecorded
        self._signs, self._observability, self._streams = signs, observability, streams
        self.found: dict[Action, list[MissedUse]] = {}
        for missed in found:
            if observability.table.visibility(missed.action).users != NOBODY:
                self.found.setdefault(missed.action, []).append(missed)

    @property
    def polled(self) -> frozenset[Action]:
        """The granted actions that a service needs to read event sources with the principal."""
        every = (missed for found in self.found.values() for missed in found)
        return frozenset(missed.action for missed in every if missed.reason is MissReason.EVENT_SOURCE)

    def of(self, action: Action) -> Sequence[MissedUse]:
        """The ways in which use of a granted action without a record may have been missed, the most important first.

        Empty if the logs would have shown use.
        """
        others: Sequence[MissedUse] = self.found.get(action, ())
        granting = self.observed.granting.get(action, NOTHING)
        if others and others[0].reason is MissReason.PASSED_ROLE:
            return others
        why = self.unrecorded.why(action, granting)
        if others and self.never_tried(action):
            others = [missed for missed in others if missed.reason is not MissReason.DEPENDENT_ACTION]
        if not why:
            elsewhere = self._on_unrecorded_resources(action)
            return (elsewhere, *others) if elsewhere else others
        # The statements of PassRole are kept only for roles that calls are known to pass.
        is_kept = action != PASS_ROLE_ACTION and self._observability.table.visibility(action).users != NOBODY
        grants = granting.grants if is_kept else ()
        first = MissedUse(action, MissReason.UNRECORDED, why, self._signs.of(action), grants)
        if grants:
            first = first._replace(resources=self.unrecorded.resources(action, grants))
        if self._streams and action == _PUT_LOG_EVENTS:
            first = first._replace(resources=self._streams)
        if not first.sign:
            first = self._signs.on_resources(action, lambda _: why) or first
        return (
            first,
            *(missed for missed in others if not first.sign or missed.reason is not MissReason.RARE_SERVICE_NEED),
        )

    def decide(self, found: Sequence[MissedUse], keep: KeepByKind) -> _DecisiveUse | None:
        """The missed use of `found` that decides the verdict on an action; None if the logs would have shown use.

        It is the first missed use that is kept, else the last one.
        """
        of_action = [missed for missed in found if missed.reason in _OF_THE_ACTION]
        if not of_action:
            return None
        last = of_action[-1]
        granted = next((missed for missed in of_action if missed.grants), None)
        signed = next((missed for missed in of_action if missed.grants and missed.sign), None)
        kind = self._kind_of(signed or last)
        held = {KeepUnobservable.ALL: granted, KeepUnobservable.SIGNED: signed}
        kept = held.get(keep[kind])
        why = (kept.sign or _KEEP_ALL) if kept else ""
        choices = tuple(choice for choice, missed in held.items() if missed)
        return _DecisiveUse(kept or last, why, Unobservable(kind, choices))

    def is_wanted(self, missed: MissedUse, keep: KeepByKind) -> bool:
        """Whether the options keep anything of the kind of a missed use."""
        return keep[self._kind_of(missed)] is not KeepUnobservable.NONE

    def _kind_of(self, missed: MissedUse) -> UnobservableKind:
        """The kind of a missed use, by its reason or else by its action."""
        return _KINDS.get(missed.reason) or self._observability.table.visibility(missed.action).kind

    def _on_unrecorded_resources(self, action: Action) -> MissedUse | None:
        """The use of an action with data events in the log, on resources that these events don't name.

        Data events on one resource say nothing about another resource of the same policy pattern.
        """
        if action not in self.unrecorded.resting_on_log:
            return None
        return self._signs.on_resources(action, partial(self.unrecorded.why_on, action))

    def candidates(self, seen: Collection[Action], keep: KeepByKind) -> Iterator[Action]:
        """The granted actions without seen use that may have a missed use to keep, and perhaps others."""
        unseen = self.observed.granted.difference(seen)
        if KeepUnobservable.ALL in keep.values():
            return iter(unseen)
        return iter({*self._signs.possible(unseen), *unseen.intersection(self.found)})

    def beyond(self, action: Action) -> Sequence[MissedUse]:
        """The ways in which a used action may have been used on more resources than records show."""
        others = [missed for missed in self.found.get(action, ()) if missed.reason in _BEYOND_USE]
        if action == PASS_ROLE_ACTION:
            return others
        named = self._on_unrecorded_resources(action)
        elsewhere = self.unrecorded.elsewhere(action, self.observed.granting.get(action, NOTHING))
        return [*elsewhere, *([named] if named else []), *others]

    def open_of(self, actions: frozenset[Action]) -> Sequence[Action]:
        """The granted actions of ordinary clients without evidence for or against use: no record would show it, and IAM
        doesn't report attempts on the service."""
        accessed, granting = self.observed.accessed, self.observed.granting
        return [
            action
            for action in self.unrecorded.among(actions)
            if self.unrecorded.why(action, granting.get(action, NOTHING))
            and self._signs.is_user(action)
            and not (accessed and accessed.reports_on(action))
        ]

    def never_tried(self, action: Action) -> str:
        """Why IAM's report, which counts each attempt, shows that an action was not used, or ""."""
        accessed = self.observed.accessed
        return accessed.never(action, self._observability.visibility(action)) if accessed else ""


_REALLY_THIS: Final = "no policy grants or explains the use of {used}, which may really have been this action"


def _unexplained_uses(observed: ObservedUse, catalog: Catalog) -> Iterator[MissedUse]:
    """The actions that an unexplained use may really have been: granted actions of its service and access level."""
    doubts = {
        (ungranted.use.action.partition(":")[0], catalog.detail(ungranted.use.action).level): ungranted.use.action
        for ungranted in observed.ungranted
        if not ungranted.explanation
    }
    for action, granting in observed.granting.items() if doubts else ():
        used = doubts.get((action.partition(":")[0], catalog.detail(action).level))
        if used:
            why = _REALLY_THIS.format(used=used)
            yield MissedUse(action, MissReason.UNEXPLAINED_USE, why, "", granting.grants)


def _written_streams(observed: ObservedUse, configured: Iterable[str], catalog: Catalog) -> tuple[Resource, ...]:
    """The granted streams of the `configured` log groups, and the streams that the role made.

    Empty if others than Lambda may assume the role, or if a policy of AWS for service roles keeps its scope. No record
    shows writes to a stream. Lambda makes a stream for each execution environment, in the log group of its function,
    with the role of the function:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html

    Agents on instances and in containers keep a stream for longer than the logs, so their streams aren't known.
    """
    grants = observed.grants_of(_PUT_LOG_EVENTS)
    if not grants or only_trusted_service(observed.grants.principal) != "lambda.amazonaws.com":
        return ()
    made = [line.scope for line in observed.lines.lines if line.action == _CREATE_LOG_STREAM]
    if any(scope.not_resource for scope in made) or any(is_service_policy(grant.ref.policy) for grant in grants):
        return ()
    names = {f"{group}:log-stream:*" for group in configured}.union(*(scope.resources for scope in made))
    streams = (Resource(ResourceKind.FOLD, name) for name in sorted(names))
    return tuple(
        stream
        for stream in streams
        if any(narrow_scope(grant, _PUT_LOG_EVENTS, stream, catalog=catalog) for grant in grants)
    )
