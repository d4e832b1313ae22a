"""What the accounts of a unit used: calls that an SCP could refuse, from the tables of a data folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.operation_rows import EventSources
from lpgen.core.globs.match import has_wildcard
from lpgen.core.guardrails.organization import is_profile
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import NO_RESOURCE, Outcome, Policy, Principal, SkipReason
from lpgen.core.usage.columns import distinct_rows, table_rows
from lpgen.core.usage.foreign_callers import arns_by_id
from lpgen.core.usage.tables import Usage

ALLOW_ALL: Final = policy_from_json(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, place="a caller"
)
_RESTRICTED: Final = frozenset(
    {
        SkipReason.ROOT_CALLER,
        SkipReason.FEDERATED_CALLER,
        SkipReason.UNKNOWN_CALLER,
        SkipReason.UNMAPPED,
        SkipReason.AGGREGATED,
    }
)
"""Skipped records of callers that SCPs restrict. They also restrict the root users of member accounts."""

_ROOT: Final = "arn:aws:iam::{account}:root"
_ROW: Final = ("principal", "principal_id", "account", "action", "event_source", "region", "outcome", "day")
_SKIP: Final = ("reason", "principal", "account", "event_source", "event_name", "region", "outcome", "last_seen")


@dataclass(frozen=True, slots=True, order=True)
class UnitCall:
    """Calls that an SCP can't tell apart. `principal` is an ARN, or "" if the record doesn't show it.

    `services` are the prefixes of the action and of the service that received the call.
    """

    principal: str
    account: str
    action: str
    region: str
    services: tuple[str, ...]


class UseOfAccounts:
    """The calls by account, each with its last day, without denied calls and calls of service-linked roles."""

    def __init__(self, usage: Usage, principals: Iterable[Principal], catalog: Catalog) -> None:
        self._sources = catalog.facts(EventSources.from_catalog)
        known = list(principals)
        linked = {principal.arn for principal in known if principal.is_service_linked}
        self._by_account: dict[str, dict[UnitCall, date | None]] = defaultdict(dict)
        self._profiles = {
            (account, resource)
            for account, resource in distinct_rows(usage.table, ("account", "resource"))
            if is_profile(resource)
        }
        for call, day in (*self._recorded(usage, arns_by_id(known)), *self._skipped(usage, catalog)):
            if call.principal not in linked and ":role/aws-service-role/" not in call.principal:
                found = self._by_account[call.account]
                found[call] = max(filter(None, (day, found.get(call))), default=None)

    def _recorded(self, usage: Usage, known: Mapping[str, str]) -> Iterator[tuple[UnitCall, date | None]]:
        days: dict[tuple[Any, ...], date | None] = {}
        for *row, outcome, day in table_rows(usage.table, _ROW):
            if outcome != Outcome.DENIED:
                key = tuple(row)
                days[key] = max(filter(None, (day, days.get(key))), default=None)
        for (principal, unique_id, account, action, source, region), day in days.items():
            arn = principal if principal.startswith("arn:") else known.get(unique_id, "")
            services = {action.partition(":")[0], *self._sources.resolve(source).prefixes}
            yield UnitCall(arn, account, action, region, tuple(sorted(services))), day

    def _skipped(self, usage: Usage, catalog: Catalog) -> Iterator[tuple[UnitCall, date | None]]:
        for reason, principal, account, source, event, region, outcome, seen in table_rows(usage.skips, _SKIP):
            if reason in _RESTRICTED and outcome not in (Outcome.DENIED, Outcome.UNAUTHENTICATED):
                services = self._sources.resolve(source).prefixes
                actions = [f"{service}:{event}" for service in services]
                action = next(filter(None, map(catalog.canonical, actions)), actions[0])
                caller = _ROOT.format(account=account) if reason == SkipReason.ROOT_CALLER else principal
                yield UnitCall(caller, account, action, region, tuple(services)), seen.date() if seen else None

    def profiles_of(self, accounts: Collection[str]) -> list[str]:
        """The inference profiles that some accounts used, sorted."""
        return sorted({resource for account, resource in self._profiles if account in accounts})

    def of(self, accounts: Collection[str]) -> dict[UnitCall, date | None]:
        """The calls of some accounts, each with its last day."""
        return {call: day for account in sorted(accounts) for call, day in self._by_account.get(account, {}).items()}


def request_of_call(principal: str, action: str, region: str) -> Request:
    """The request of a call as an SCP sees it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
    """
    context = {"aws:RequestedRegion": (region,) if region else ()}
    if principal:
        context["aws:PrincipalArn"] = (principal,)
    return Request(principal or STRANGER, action, NO_RESOURCE, context, AbsentKeys.MISSING)


STRANGER: Final = "arn:aws:iam::000000000000:role/lpgen"
"""A principal that no policy names."""


def is_refused(policy: Policy, call: UnitCall) -> bool:
    """Whether an SCP of Deny statements refuses a call, or may do so."""
    request = request_of_call("" if has_wildcard(call.principal) else call.principal, call.action, call.region)
    decided = decide(request, PolicySet(identity=(ALLOW_ALL,), scps=((ALLOW_ALL, policy),)))
    return decided.result in (Result.EXPLICITLY_DENIED, Result.DEPENDS)
