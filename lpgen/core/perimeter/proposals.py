"""Proposes a Deny of each kind for each resource, and says what objects to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Final

from lpgen.core.analysis.grants.trust import NOBODYS, trusted_services
from lpgen.core.arns import is_account_id
from lpgen.core.backtests import NEXT, earlier_ends
from lpgen.core.choices import DenyKind
from lpgen.core.documents import RowPart, means
from lpgen.core.evidence import AccountCoverage, Grant, Hole, LogGap, StatementRef, days_between
from lpgen.core.iam.policy import statement_from_parts
from lpgen.core.iam.principals import ANONYMOUS
from lpgen.core.model import CURRENT_VERSION, Policy, PolicyKind, Principal, SkipReason, Visibility
from lpgen.core.perimeter.exceptions import BREAK_GLASS, CALLER, PARTNER, SERVICE_ROLE, Exempt, exempt, protection
from lpgen.core.perimeter.kinds import Inside, callers_named_in, deny, sources_named_in, with_added
from lpgen.core.perimeter.lock_out import editors_of
from lpgen.core.perimeter.reasons import REFUSING, PerimeterReason, ProposalState, ReasonKind, reason
from lpgen.core.perimeter.replay import has_deny, is_refused
from lpgen.core.perimeter.resources import PolicyResource
from lpgen.core.perimeter.use import Call
from lpgen.core.perimeter.world import Endpoint, PerimeterWorld, Relation


class BacktestWindow(RowPart, kw_only=True):
    """What a Deny made from earlier days would have refused afterwards."""

    until: Annotated[date, means("The last of the earlier days.")]
    refused: Annotated[tuple[str, ...], means("The callers that it would have refused in the next 30 days.")]


@dataclass(frozen=True, slots=True)
class PerimeterProposal:
    """A Deny of one kind. `added` is None, and `policy` too, if there is no document. `protection` are statements for
    an SCP that protects the names of excepted principals. `backtest` has the windows that the logs cover."""

    kind: DenyKind
    reasons: tuple[PerimeterReason, ...]
    exceptions: tuple[Exempt, ...] = ()
    added: Policy | None = None
    policy: dict[str, Any] | None = None
    protection: tuple[dict[str, Any], ...] = ()
    backtest: tuple[BacktestWindow, ...] = ()

    @property
    def state(self) -> ProposalState:
        """Safe without reasons, refused if there is no document."""
        stated = ProposalState.UNSAFE if self.reasons else ProposalState.SAFE
        return stated if self.added else ProposalState.REFUSED


class UsedBy(RowPart, kw_only=True):
    """Who used a resource."""

    caller: Annotated[str, means('The ARN, account ID or service principal, or "anonymous".')]
    account: Annotated[str, means('Its account. "": none, or not recorded.')]
    relation: Annotated[Relation, means("Its relation to the resource.")]
    endpoints: Annotated[tuple[str, ...], means('The VPC endpoints of its calls; "" for calls without one.')]
    through: Annotated[tuple[str, ...], means("The AWS services that called with its session.")]
    last_used: Annotated[date | None, means("The last day; null: not recorded.")]


@dataclass(frozen=True, slots=True)
class ResourcePerimeter:
    """The proposals for a resource, with its callers, and those who can still change its policy afterwards."""

    resource: PolicyResource
    used_by: tuple[UsedBy, ...]
    editors: tuple[str, ...]
    proposals: tuple[PerimeterProposal, ...]


@dataclass(frozen=True, slots=True)
class PerimeterReport:
    """The proposals for all resources, sorted by ARN, and problems in the input files."""

    resources: tuple[ResourcePerimeter, ...]
    problems: tuple[str, ...] = ()


def perimeter_of(resource: PolicyResource, world: PerimeterWorld) -> ResourcePerimeter:
    """The proposals for one resource."""
    draft = _Draft(resource, world)
    proposals = tuple(draft.proposal(kind) for kind in world.choices.kinds)
    added = tuple(proposal.added for proposal in proposals if proposal.added)
    return ResourcePerimeter(resource, tuple(draft.used_by()), editors_of(resource, added, world), proposals)


def with_errors(proposal: PerimeterProposal, errors: Sequence[str]) -> PerimeterProposal:
    """The proposal, refused if Access Analyzer reported errors."""
    found = (*proposal.reasons, reason(ReasonKind.INVALID, detail="; ".join(errors)))
    return replace(proposal, reasons=found, added=None, policy=None, protection=()) if errors else proposal


_HIDDEN: Final = "{principal} ({event})"
_ROOT: Final = "arn:{partition}:iam::{account}:root"
_UNCOVERED: Final = "no logs of the account were read"
_NO_POLICY: Final = ", because the policy isn't known"
_FEW_ACCOUNTS: Final = 20
_MAY_BE_OUTSIDE: Final = frozenset(
    map(SkipReason, ("unknown_caller", "cross_account_caller", "anonymous_caller", "aggregated"))
)


class _Draft:
    """The proposals for one resource at work. With `until`, they are made from the days up to this one."""

    def __init__(self, resource: PolicyResource, world: PerimeterWorld, until: date = date.max) -> None:
        self.resource, self.world, self.own = resource, world, {*world.own, ""}
        principals = {principal.arn: principal for principal in world.principals}
        # A principal that can't reach the resource didn't make a call whose resource isn't known.
        self.calls = {
            call: days
            for call, days in world.use.calls_on(resource).items()
            if call.certain
            or call.resource != resource.arn
            or call.caller not in principals
            or self._reaches_any(principals[call.caller], [(call.action, call.resource)])
        }
        self.calls = {call: days for call, days in self.calls.items() if min(days, default=date.min) <= until}
        used = {call.endpoint for call in self.calls if call.certain and call.account in world.own} - {""}
        found = [(world.endpoints or {}).get(id_, Endpoint(id_, "")) for id_ in sorted(used)]
        self.endpoints = [endpoint for endpoint in found if endpoint.owner in self.own]
        self.named = callers_named_in(resource.policy)

    def _of(self, kind: DenyKind) -> list[Call]:
        """The calls that a Deny of a kind may refuse. Access logs don't show networks."""
        return [call for call in self.calls if kind is not DenyKind.NETWORK or not call.in_access_log]

    @cached_property
    def _evidence(self) -> tuple[PerimeterReason, ...]:
        return tuple(self._missing_evidence())

    def used_by(self) -> Iterator[UsedBy]:
        """The callers, sorted."""
        for caller, account in sorted({(call.caller, call.account) for call in self.calls}):
            some = {call: days for call, days in self.calls.items() if (call.caller, call.account) == (caller, account)}
            is_service = any(call.is_of_service for call in some)
            yield UsedBy(
                caller=caller,
                account="" if account == NOBODYS else account,
                relation=Relation.SERVICE if is_service else self.world.relation(account, self.resource),
                endpoints=tuple(sorted({call.endpoint for call in some if not call.in_access_log})),
                through=tuple(sorted({call.through for call in some} - {""})),
                last_used=max((day for days in some.values() for day in days), default=None),
            )

    def proposal(self, kind: DenyKind) -> PerimeterProposal:
        """The Deny of a kind, and the reasons against it."""
        reasons = [*self._evidence, *self._first_reasons(kind)]
        if not REFUSING.isdisjoint(found.kind for found in reasons):
            return PerimeterProposal(kind, tuple(reasons))
        exceptions = tuple(self._exceptions(kind))
        added = deny(kind, self.resource, self._inside(kind, exceptions))
        editors = editors_of(self.resource, (added,), self.world)
        reasons += self._reasons_against(kind, added, exceptions, editors)
        if not REFUSING.isdisjoint(found.kind for found in reasons):
            return PerimeterProposal(kind, tuple(reasons))
        document = with_added(self.resource, (added,))
        protected, backtest = protection(exceptions, editors), tuple(self._backtest(kind))
        return PerimeterProposal(kind, tuple(reasons), exceptions, added, document, protected, backtest)

    @cached_property
    def _earlier(self) -> tuple[tuple[date, _Draft], ...]:
        """The proposals of earlier days, if the logs cover enough days before each."""
        days = earlier_ends(self.world.coverage.account(self.resource.account))
        return tuple((day, _Draft(self.resource, self.world, day)) for day in days)

    def _backtest(self, kind: DenyKind) -> Iterator[BacktestWindow]:
        for day, draft in self._earlier:
            if kind is DenyKind.NETWORK and not draft.endpoints:
                continue
            added = deny(kind, self.resource, draft._inside(kind, tuple(draft._exceptions(kind))))
            end = day + NEXT
            later = [call for call in self._of(kind) if any(day < found <= end for found in self.calls[call])]
            refused = {call.caller for call in later if is_refused(added, call, self.world)}
            yield BacktestWindow(until=day, refused=tuple(sorted(refused)))

    # ---------------------------------------------------------------- evidence

    def _missing_evidence(self) -> Iterator[PerimeterReason]:
        """What the inputs and the logs may not show, for all kinds alike."""
        unread = self.world.unread
        if self.resource.policy is None and (unread is None or self.resource.account in unread):
            yield reason(ReasonKind.UNKNOWN_POLICY)
        covered = self.world.coverage.account(self.resource.account)
        if gap := self._blind_spot() if covered else _UNCOVERED:
            yield reason(ReasonKind.NO_DATA_EVENTS, (self.resource.arn,), detail=gap)
        days = len(self._covered_days(covered)) if covered else 0
        if days < self.world.choices.min_days:
            yield reason(ReasonKind.FEW_DAYS, detail=days)

    def _covered_days(self, covered: AccountCoverage) -> frozenset[date]:
        """The days that count for the account, and days with few records of the account but some of the resource."""
        spans: tuple[LogGap | Hole, ...] = (*covered.gaps, *covered.holes)
        lost = {day for span in spans for day in days_between(span.first, span.last)}
        recorded = (self.calls[call] for call in self._of(DenyKind.NETWORK))
        return covered.days | {day for days in recorded for day in days if day not in lost}

    def _blind_spot(self) -> str:
        """Why the logs could not have shown a common use, or ""."""
        observability, account = self.world.observability, self.resource.account
        region = self.resource.arn.split(":")[3]
        regions = (region,) if region else self.world.use.regions_of(self.resource)
        canonical = self.world.catalog.canonical
        recorded = self._of(DenyKind.NETWORK)
        seen = {action for call in recorded if call.certain and (action := canonical(call.action))}
        has_data = any(observability.visibility(action) is Visibility.DATA for action in seen)
        for name, arn in self.resource.common_uses():
            action = canonical(name)
            assert action is not None
            statement = statement_from_parts(sid="", actions=[name], resources=[arn])
            ref = StatementRef(self.resource.arn, PolicyKind.RESOURCE, "", 0, "")
            grant = Grant(ref, CURRENT_VERSION, statement, frozenset({action}), ())
            why = observability.blind_spot(action, account, regions, (grant,))
            if not why and not has_data and observability.visibility(action) is Visibility.DATA:
                why = next(iter(observability.unrecorded(action, account, grant).values()), "")
            if why:
                return why
        return ""

    # ---------------------------------------------------------------- reasons

    def _first_reasons(self, kind: DenyKind) -> Iterator[PerimeterReason]:
        """Why there is no document, whatever it would say."""
        resource, world = self.resource, self.world
        if kind is not DenyKind.NETWORK and world.choices.organization is None:
            yield reason(ReasonKind.UNKNOWN_ORGANIZATION)
        if kind is not DenyKind.CONFUSED_DEPUTY and any(call.caller == ANONYMOUS for call in self.calls):
            yield reason(ReasonKind.ANONYMOUS_USE, (ANONYMOUS,))
        if kind is DenyKind.NETWORK and not self.endpoints:
            yield reason(ReasonKind.NO_ENDPOINT)
        if resource.row.always and resource.policy is None:
            yield reason(ReasonKind.LOCK_OUT, detail=_NO_POLICY)
        if has_deny(kind, resource, world):
            yield reason(ReasonKind.ALREADY)

    def _reasons_against(
        self, kind: DenyKind, added: Policy, exceptions: Sequence[Exempt], editors: Sequence[str]
    ) -> Iterator[PerimeterReason]:
        """What objects to a Deny, with the names that it is about."""
        resource, world = self.resource, self.world
        refused = {call.caller for call in self._of(kind) if is_refused(added, call, world)}
        hidden = set(self._hidden(kind))
        names = {ReasonKind.OBSERVED_REFUSED: refused | hidden}
        if kind is DenyKind.NETWORK:
            root = _ROOT.format(partition=resource.arn.split(":")[1], account=resource.account)
            names[ReasonKind.CONSOLE_USERS] = {caller for caller in refused if world.use.is_person(caller)}
            names[ReasonKind.CONSOLE_USERS] |= hidden & {root}
            names[ReasonKind.SERVICE_ROLE_UNSEEN] = set(self._unseen_roles(exceptions))
            names[ReasonKind.UNKNOWN_ENDPOINT] = set(self._unknown_endpoints())
        names[ReasonKind.ROLE_NAMES] = {writer for one in exceptions for writer in one.writers} - {*editors}
        yield from (reason(about, found) for about, found in names.items() if found)
        if not editors:
            yield reason(ReasonKind.LOCK_OUT)
        if not resource.row.fits(with_added(resource, (added,))):
            yield reason(ReasonKind.TOO_LARGE)

    def _hidden(self, kind: DenyKind) -> Iterator[str]:
        """The callers of skipped calls that the Deny may refuse. Principals of the account are no outsiders."""
        partition, is_network = self.resource.arn.split(":")[1], kind is DenyKind.NETWORK
        for hidden in self.world.use.hidden_on(self.resource):
            if is_network and hidden.reason is SkipReason.ROOT_CALLER:
                yield _ROOT.format(partition=partition, account=self.resource.account)
            elif is_network or (kind is DenyKind.IDENTITY and hidden.reason in _MAY_BE_OUTSIDE):
                yield _HIDDEN.format(principal=hidden.principal or hidden.reason.value, event=hidden.event)

    def _unseen_roles(self, exceptions: Sequence[Exempt]) -> Iterator[str]:
        """The roles that services may assume and that can reach the resource, without a call on it."""
        seen = {call.caller for call in self.calls} | {one.principal for one in exceptions}
        for role in self.world.principals:
            is_candidate = trusted_services(role) and role.arn not in seen and not role.is_service_linked
            if is_candidate and self._reaches_any(role, self.resource.common_uses()):
                yield role.arn

    def _reaches_any(self, principal: Principal, uses: Iterable[tuple[str, str]]) -> bool:
        policy, owner = self.resource.policy, self.resource.account
        return any(self.world.may(principal, action, arn, policy, owner) for action, arn in uses)

    def _unknown_endpoints(self) -> set[str]:
        """The endpoints of any call that aren't known to be of the organization."""
        known = self.world.endpoints
        own = {one.id for one in (self.endpoints if known is None else known.values()) if one.owner in self.own}
        return {call.endpoint for call in self.calls} - {*own, ""}

    # ---------------------------------------------------------------- what is inside

    def _exceptions(self, kind: DenyKind) -> Iterator[Exempt]:
        """The principals to except: the given ones and, from networks, roles that services use without an endpoint."""
        if kind is DenyKind.CONFUSED_DEPUTY:
            return
        choices, is_network = self.world.choices, kind is DenyKind.NETWORK
        seen = self._of(kind) if is_network else ()
        why = {call.caller: SERVICE_ROLE for call in seen if call.by_service and not call.endpoint}
        why |= {arn: BREAK_GLASS for given in choices.break_glass for arn in self.world.in_accounts(given)}
        why |= {choices.caller: CALLER} if choices.caller else {}
        for arn, word in sorted(why.items()):
            is_inside = not is_network and arn.split(":")[4] in self.world.own
            if not is_inside and ":role/aws-service-role/" not in arn:
                yield exempt(arn, word, self.world)
        partners = {*self.named.accounts} - self.own
        if is_network:
            partners &= {call.account for call in self.calls}
        for outsider in sorted({*partners, *self.named.principals}):
            yield Exempt(principal=outsider, why=PARTNER, writers=())

    def _inside(self, kind: DenyKind, exceptions: Sequence[Exempt]) -> Inside:
        organization, owner = self.world.choices.organization, self.resource.account
        organizations = (organization,) if organization else ()
        # The owner's account stays inside even if the organization's id is wrong.
        own = {owner} if organization else {owner, *self.world.own}
        excepted = [one.principal for one in exceptions]
        partners = {one for one in excepted if is_account_id(one)}
        principals = tuple(one for one in excepted if one not in partners)
        if kind is DenyKind.IDENTITY:
            return Inside((*organizations, *self.named.organizations), tuple(sorted(own | partners)), principals)
        if kind is DenyKind.CONFUSED_DEPUTY:
            named = sources_named_in(self.resource.policy)
            # A service may leave out the organization of the account that it acts for.
            members = self.world.own if len(self.world.own) <= _FEW_ACCOUNTS else ()
            accounts = tuple(sorted({*own, *members, *named.accounts}))
            return replace(named, organizations=(*organizations, *named.organizations), accounts=accounts)
        ids, vpcs = ({getattr(one, name) for one in self.endpoints} - {""} for name in ("id", "vpc"))
        return Inside((), tuple(sorted(partners)), principals, tuple(sorted(ids)), tuple(sorted(vpcs)))
