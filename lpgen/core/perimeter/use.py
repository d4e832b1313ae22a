"""Who used a resource, and how: the calls in the tables, and those that the tables may hide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Final, NamedTuple

from lpgen.core.analysis.grants.trust import NOBODYS, trusted_services
from lpgen.core.arns import account_in_arn, is_account_id
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.operation_rows import Operations, strip_version
from lpgen.core.cloudtrail.origin import AgentFamily, NetworkKind
from lpgen.core.cloudtrail.rules.inferences import ACCESS_LOG_LINE
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.principals import PrincipalForm, principal_from_text
from lpgen.core.identity_center import permission_set_of
from lpgen.core.model import OBSERVED, Action, CallerKind, Outcome, Principal, PrincipalKind, ResourceKind, SkipReason
from lpgen.core.perimeter.resources import PolicyResource, ResourceType, container_with_policy
from lpgen.core.usage.assumptions import assumptions_from_usage
from lpgen.core.usage.columns import distinct_rows, table_rows
from lpgen.core.usage.foreign_callers import arns_by_id
from lpgen.core.usage.tables import Usage


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """Calls on a resource that a policy can't tell apart.

    `caller` is an ARN, an account, a service principal, or `anonymous`. `through` is the AWS service that called with
    the caller's session. `by_service`: this session is the service's own, because it assumed the role. `certain`: the
    record shows that the call was on this resource and was allowed. `in_access_log`: only a server access log shows it,
    which doesn't say through which VPC endpoint.
    """

    caller: str
    account: str
    action: str
    resource: str
    endpoint: str = ""
    through: str = ""
    by_service: bool = False
    certain: bool = True
    in_access_log: bool = False

    @property
    def is_of_service(self) -> bool:
        """Whether an AWS service called on its own."""
        return not self.account and principal_from_text(self.caller).form is PrincipalForm.SERVICE


class HiddenCalls(NamedTuple):
    """Skipped calls of a service that may be on a resource: the reason, the caller ("" if unknown), and the event."""

    reason: SkipReason
    principal: str
    event: str


class _Seen(NamedTuple):
    """A call with the kind of its resource, the account whose log has it, its Region and its days."""

    call: Call
    kind: str
    log: str
    region: str
    days: frozenset[date]


_HIDING: Final = frozenset(
    map(SkipReason, ("root_caller", "federated_caller", "unknown_caller", "unmapped", "aggregated"))
)
_FOREIGN_CALLERS: Final = frozenset({SkipReason.ANONYMOUS_CALLER, SkipReason.CROSS_ACCOUNT_CALLER})
"""Callers whose use of resources has a table, unless the event map doesn't know the call."""

_CALL: Final = ("action", "outcome", "resource", "resource_kind")
_OWN: Final = (
    *(*_CALL, "principal", "principal_id", "account", "recipient_account", "region", "event_source"),
    *("how", "invoked_by", "service_session", "vpc_endpoint", "day"),
)
_FOREIGN: Final = (*_CALL, "account", "caller_kind", "caller", "day")


class UseOfResources:
    """The calls of a usage by resource, for the types of the table. `named` has those whose resource is certain."""

    def __init__(
        self, usage: Usage, principals: Iterable[Principal], types: Mapping[str, ResourceType], catalog: Catalog
    ) -> None:
        self._usage, self._catalog = usage, catalog
        self._principals = {principal.arn: principal for principal in principals}
        self._services = frozenset(row.service for row in types.values())
        self.named: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
        self._open: list[_Seen] = []
        for seen in (*self._own_calls(), *self._foreign_calls()):
            found = container_with_policy(seen.call.resource, types)
            (self._open if found is None or has_wildcard(found[1]) else self.named[found]).append(seen)

    # ---------------------------------------------------------------- reading the tables

    def _rows(self, table: Any, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        """The rows of calls that weren't denied, each once with its days."""
        found: dict[tuple[Any, ...], set[date]] = defaultdict(set)
        for *row, day in table_rows(table, columns):
            if row[0].partition(":")[0] in self._services and row[1] != Outcome.DENIED:
                found[tuple(row)].update((day,) if day else ())
        return ((*row, frozenset(days)) for row, days in found.items())

    def _own_calls(self) -> Iterator[_Seen]:
        known = arns_by_id(self._principals.values())
        for action, outcome, resource, kind, principal, unique_id, account, log, *rest in self._rows(
            self._usage.table, _OWN
        ):
            region, source, how, invoked_by, service_session, endpoint, days = rest
            arn = principal if principal.startswith("arn:") else known.get(unique_id, "")
            # Another service's call shows the use, so this service makes it with the caller's session.
            is_inner = how != OBSERVED and source.partition(".")[0] != action.partition(":")[0]
            by_service = not is_inner and (service_session or self._serves(arn, invoked_by, endpoint))
            through = invoked_by or (source if is_inner else "")
            certain = outcome == Outcome.ALLOWED
            in_log = how == ACCESS_LOG_LINE
            call = Call(arn or account, account, action, resource, endpoint, through, by_service, certain, in_log)
            yield _Seen(call, kind, log, region, days)

    def _foreign_calls(self) -> Iterator[_Seen]:
        """Calls of services, anonymous callers and accounts. The usage has those of callers that a record names."""
        for action, outcome, resource, kind, log, caller_kind, caller, days in self._rows(
            self._usage.resource_callers, _FOREIGN
        ):
            if caller_kind != CallerKind.CROSS_ACCOUNT_ID:
                account = caller if is_account_id(caller) else ""
                if caller_kind == CallerKind.CROSS_ACCOUNT and not account:
                    account = NOBODYS  # records don't show it, as for CloudFront, or there are too many
                call = Call(caller, account, action, resource, certain=outcome == Outcome.ALLOWED)
                yield _Seen(call, kind, log, "", days)

    def _serves(self, arn: str, invoked_by: str, endpoint: str) -> bool:
        """Whether a service calls with a session of a role that it assumed. Policies see these calls as the role's own.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-viaawsservice
        """
        role = self._principals.get(arn)
        if role is None or role.kind is not PrincipalKind.ROLE or endpoint:
            return False
        services = trusted_services(role) | self._assumed_by[arn]
        from_aws = {kind for kind, _ in self._origins[arn]} == {NetworkKind.AWS}
        return invoked_by.removesuffix(".cn") in services if invoked_by else bool(services) and from_aws

    @cached_property
    def _assumed_by(self) -> Mapping[str, set[str]]:
        """The services that assumed each role."""
        found: dict[str, set[str]] = defaultdict(set)
        for seen in assumptions_from_usage(self._usage):
            if seen.caller_kind == CallerKind.SERVICE and seen.succeeded:
                found[seen.role].add(seen.service)
        return found

    @cached_property
    def _origins(self) -> Mapping[str, set[tuple[str, str]]]:
        """The kinds of networks and of programs with which each principal called without a VPC endpoint."""
        found: dict[str, set[tuple[str, str]]] = defaultdict(set)
        columns = ("principal", "vpc_endpoint", "network_kind", "agent")
        for principal, endpoint, kind, agent in distinct_rows(self._usage.networks, columns):
            found[principal].update(() if endpoint else ((kind, agent),))
        return found

    # ---------------------------------------------------------------- questions

    def owner_of(self, type_: str, arn: str) -> str:
        """The account that owns a resource whose ARN has none: one whose log holds calls of others, or one that used
        it."""
        logs = [(seen.log == seen.call.account, seen.log) for seen in self.named[type_, arn] if seen.log]
        return min(logs, default=(False, account_in_arn(arn)))[1]

    def calls_on(self, resource: PolicyResource) -> dict[Call, frozenset[date]]:
        """The calls that were or may have been on a resource, each with its days."""
        found: dict[Call, frozenset[date]] = {}
        named = [(seen.call, seen.days) for seen in self.named[resource.type, resource.arn]]
        others = (seen for seen in self._open if self._may_concern(seen, resource))
        open_ = [(replace(seen.call, resource=resource.arn, certain=False), seen.days) for seen in others]
        for call, days in (*named, *open_):
            found[call] = days | found.get(call, frozenset())
        return found

    def regions_of(self, resource: PolicyResource) -> tuple[str, ...]:
        """The Regions of the calls on a resource."""
        return tuple(sorted({seen.region for seen in self.named[resource.type, resource.arn]} - {""}))

    def _may_concern(self, seen: _Seen, resource: PolicyResource) -> bool:
        call = seen.call
        if call.action.partition(":")[0] != resource.row.service or seen.kind == ResourceKind.NONE:
            return False
        if seen.kind in (ResourceKind.ARN, ResourceKind.FOLD):
            return resource.may_be(call.resource)
        return resource.account in (call.account, seen.log, "") and self._takes(call.action, resource)

    def _takes(self, action: str, resource: PolicyResource) -> bool:
        known = self._catalog.canonical(action)
        arns = (pattern.replace("*", "x") for pattern in resource.covered)
        return known is not None and any(self._catalog.takes_resource(known, arn) for arn in arns)

    @cached_property
    def _hidden(self) -> Mapping[tuple[str, str], set[HiddenCalls]]:
        found: dict[tuple[str, str], set[HiddenCalls]] = defaultdict(set)
        columns = ("reason", "principal", "account", "event_source", "event_name", "outcome")
        for reason, principal, account, source, event, outcome in table_rows(self._usage.skips, columns):
            service = source.partition(".")[0]
            is_lost = reason in _FOREIGN_CALLERS and (principal or not any(self._actions(service, event)))
            if (reason in _HIDING or is_lost) and outcome != Outcome.DENIED:
                found[account, service].add(HiddenCalls(SkipReason(reason), principal, event))
        return found

    def hidden_on(self, resource: PolicyResource) -> list[HiddenCalls]:
        """The skipped calls that may be on a resource: those of unknown events, and of events that take such one."""
        found = self._hidden[resource.account, resource.row.service]
        return [hidden for hidden in found if self._event_may_concern(hidden.event, resource)]

    def _event_may_concern(self, event: str, resource: PolicyResource) -> bool:
        actions = self._actions(resource.row.service, event)
        return any(action is None or self._takes(action, resource) for action in actions)

    def _actions(self, service: str, event: str) -> list[Action | None]:
        """The actions that a call of an event needs; None for one that the catalog doesn't know."""
        operation = self._catalog.facts(Operations).find(f"{service}.amazonaws.com", strip_version(event))
        names = (operation[1].actions if operation else ()) or (f"{service}:{event}",)
        return list(map(self._catalog.canonical, names))

    def is_person(self, arn: str) -> bool:
        """Whether people use a principal: a role of IAM Identity Center, or one that was seen in the console. A user
        counts if the logs don't show its programs."""
        agents = {agent for _, agent in self._origins[arn]}
        in_console = bool(agents & {AgentFamily.CONSOLE, AgentFamily.BROWSER})
        return in_console or permission_set_of(arn) is not None or (":user/" in arn and not agents)
