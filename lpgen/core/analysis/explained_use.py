"""Explanations of use that no policy of a principal grants now: changed policies, KMS grants, resource policies."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa

from lpgen.core.analysis.grants.applicable_policies import policies_met, recorded_request
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.caller import names_of
from lpgen.core.cloudtrail.kms_context import GRANTEE, OPERATION, RETIRING
from lpgen.core.cloudtrail.rules.inferences import MAY_BE_NEEDED
from lpgen.core.evidence import PrincipalGrants, PrincipalUsage, Use
from lpgen.core.findings import UngrantedUse
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AuthorizationDecision, Layer, PolicySet, Result
from lpgen.core.model import Outcome, Principal, Resource, ResourceKind
from lpgen.core.usage.columns import TableParts, integer_column, table_rows
from lpgen.core.usage.principal_usage import name_arn

# ---------------------------------------------------------------- policies


# The IAM calls after which a principal may hold fewer rights than before.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagement.html
POLICY_CHANGES: Final = frozenset(
    {
        "iam:AttachGroupPolicy",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreatePolicyVersion",
        "iam:DeleteGroupPolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DeleteUserPermissionsBoundary",
        "iam:DeleteUserPolicy",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:PutGroupPolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:PutUserPermissionsBoundary",
        "iam:PutUserPolicy",
        "iam:SetDefaultPolicyVersion",
        "iam:UpdateRole",
    }
)

_CHANGED_LATER: Final = "its policies were changed later, by {action} on {day} (example {event})"


@dataclass(frozen=True, slots=True, eq=False)
class PolicyChanges:
    """The recorded changes of policies, by the changed resource."""

    _by_resource: dict[str, list[Use]]

    def of(self, principal: Principal) -> list[Use]:
        """The changes of a principal's policies, and of those of its groups."""
        groups = (f"{principal.arn.partition(':user/')[0]}:group/{name}" for name in principal.groups)
        resources = [principal.arn, *groups, *(policy.arn for policy in principal.policies if policy.arn)]
        return [change for arn in resources for change in self._by_resource.get(name_arn(arn), ())]

    def explanation(self, principal: Principal, use: Use) -> str:
        """The recorded policy change that explains a use no policy grants now, or "".

        A change explains only use that was last seen before the last change. When a user is removed from a group, the
        usage names only the group, so the change explains nothing.
        """
        later = [change for change in self.of(principal) if change.evidence.last_seen >= use.evidence.last_seen]
        if not later:
            return ""
        change = max(later, key=lambda change: (change.evidence.last_seen, change.action))
        day, event = change.evidence.last_seen[:10], change.evidence.example_event_id
        return _CHANGED_LATER.format(action=change.action, day=day, event=event)


def policy_changes_from_usages(usages: Iterable[PrincipalUsage]) -> PolicyChanges:
    """The changes of policies that principals made."""
    found: dict[str, list[Use]] = defaultdict(list)
    for usage in usages:
        for use in usage.uses:
            is_change = use.action in POLICY_CHANGES and use.outcome is Outcome.ALLOWED
            if is_change and use.resource.kind is ResourceKind.ARN:
                found[name_arn(use.resource.text)].append(use)
    return PolicyChanges(found)


# ---------------------------------------------------------------- KMS grants

_MAKES: Final = "kms:CreateGrant"
_ENDS: Final = frozenset({"kms:RetireGrant", "kms:RevokeGrant"})
_ACTIONS: Final = frozenset({_MAKES, *_ENDS})
_RETIRE: Final = frozenset({"RetireGrant"})
_GRANTED: Final = "a grant allows it, made by {maker} on {day} (example {event})"

_LINGERING: Final = timedelta(minutes=5)
"""How long a retired or revoked grant may still be used.
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-eventual-consistency"""


@dataclass(frozen=True, slots=True)
class _DailyGrants:
    """The grants of one key that a principal made for one grantee on one day, from the first to the last."""

    grantee: str
    operations: frozenset[str]
    maker: str
    first: datetime
    last: datetime
    event_id: str


@dataclass(frozen=True, slots=True, eq=False)
class KeyGrants:
    """The recorded grants by the ARN of the key, and the first and last time at which grants ended on a day.

    Related keys of several Regions have separate grants.

    https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
    """

    _made: dict[str, list[_DailyGrants]]
    _ended: dict[str, list[tuple[datetime, datetime]]]

    def explanation(self, principal: Principal, use: Use) -> str:
        """The recorded grant that explains use of a key, or "".

        A grant explains use that began after the grant was made, unless a grant of the key ended before the last use
        and no new one was made: records of ends don't name the grantee. Constraints aren't compared.
        """
        service, _, operation = use.action.partition(":")
        evidence = use.evidence
        if service != "kms" or use.resource.kind is not ResourceKind.ARN or not evidence.first_seen:
            return ""
        began, last = datetime.fromisoformat(evidence.first_seen), datetime.fromisoformat(evidence.last_seen)
        names = names_of(principal.arn)
        made = [
            grants
            for grants in self._made.get(use.resource.text, ())
            if operation in grants.operations and grants.first <= last and grants.grantee in names
        ]
        before = [grants for grants in made if grants.first <= began]
        if not before or _has_ended(made, self._ended.get(use.resource.text, ()), last):
            return ""
        latest = max(before, key=lambda grants: (grants.first, grants.event_id))
        return _GRANTED.format(maker=latest.maker, day=latest.first.date(), event=latest.event_id)


def key_grants_from_table(usage_table: pa.Table | TableParts) -> KeyGrants:
    """The grants of keys that a usage table shows."""
    made: dict[str, list[_DailyGrants]] = defaultdict(list)
    ended: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for action, key, context, maker, first, last, event_id in _rows(usage_table):
        values: dict[str, list[str]] = json.loads(context or "{}")
        if action in _ENDS:
            ended[key].append((first, last))
        allowed = frozenset(values.get(OPERATION, ()))
        holders = [(grantee, allowed) for grantee in values.get(GRANTEE, ())]
        holders += [(retiring, _RETIRE) for retiring in values.get(RETIRING, ())]
        for grantee, operations in holders:
            made[key].append(_DailyGrants(grantee, operations, maker, first, last, event_id))
    return KeyGrants(made, ended)


def _has_ended(made: Iterable[_DailyGrants], ended: Iterable[tuple[datetime, datetime]], last: datetime) -> bool:
    """Whether some grant of the key ended between the last of these that was made and the last use."""
    since = max(grants.last if grants.last <= last else grants.first for grants in made)
    return any(until > since and start + _LINGERING < last for start, until in ended)


def _rows(table: pa.Table | TableParts) -> Iterator[tuple[str, str, str, str, datetime, datetime, str]]:
    """The rows of grants that were made or ended, with a known key and time."""
    numbers = [number for number, (action,) in enumerate(table_rows(table, ("action",))) if action in _ACTIONS]
    if not numbers:
        return
    for outcome, kind, *row in table_rows(table.take(integer_column(numbers)), _COLUMNS):
        if outcome == Outcome.ALLOWED and kind == ResourceKind.ARN and row[4] is not None:
            yield tuple(row)


_COLUMNS: Final = (
    *("outcome", "resource_kind", "action", "resource", "context"),
    *("principal", "first_seen", "last_seen", "example_event_id"),
)


# ---------------------------------------------------------------- resource policies

_ALLOWED_BY: Final = "the policy of {resource} allows it"


def resource_policy_explanation(principal: Principal, use: Use, guards: Guards) -> str:
    """The known resource policy that may have allowed a use that no policy of the principal grants, as a clause, or "".

    Boundary and SCPs limit the resource policy too. It is enough if it may have allowed one context of the use.
    """
    resource = use.replayed_resource
    found = None if resource is None else guards.policy_of(resource.text)
    if resource is None or found is None:
        return ""
    held = policies_met(principal, resource.text, guards, identity=())
    decisions = _decisions_on_use(principal, use, resource, held, guards)
    if any(decision.result in (Result.ALLOWED, Result.DEPENDS) for _, decision in decisions):
        return _ALLOWED_BY.format(resource=found.resource)
    return ""


def _decisions_on_use(
    principal: Principal,
    use: Use,
    resource: Resource,
    held: PolicySet,
    guards: Guards,
    *,
    catalog: Catalog | None = None,
) -> Iterator[tuple[str, AuthorizationDecision]]:
    """The decisions of policies on a use in each of its contexts, with the Region."""
    for seen in use.contexts:
        request = recorded_request(principal, use.action, resource, seen, guards)
        yield seen.region, decide(request, held, catalog=catalog)


# ---------------------------------------------------------------- all explanations

NO_ALLOW: Final = "no Allow matches the action and resource"
"""Why a use is ungranted if nothing denies it."""

_CONTRADICTED: Final = "the given policies and guards deny it{where}, so other policies applied"


@dataclass(frozen=True, slots=True)
class Explanations:
    """The facts that may explain a use that no policy of the principal grants."""

    key_grants: KeyGrants
    changes: PolicyChanges
    guards: Guards

    def of_uses(self, principal: Principal, ungranted: Iterable[tuple[Use, str]]) -> tuple[UngrantedUse, ...]:
        """The uses that are ungranted for these reasons, each with its explanation or ""."""
        return tuple(
            UngrantedUse(use, reason, explanation=self._of_use(principal, use, reason)) for use, reason in ungranted
        )

    def contradicted(self, grants: PrincipalGrants, uses: Iterable[Use], catalog: Catalog) -> Iterator[UngrantedUse]:
        """The allowed uses that the given policies and guards deny in a recorded context, each with its explanation or
        "". Other policies must have applied."""
        principal = grants.principal
        is_limited = grants.denies or grants.limits or any(grant.statement.conditions for grant in grants.allows)
        for use in uses:
            resource = use.replayed_resource
            if resource is None or use.outcome is not Outcome.ALLOWED or use.how in MAY_BE_NEEDED:
                continue
            if is_limited or self.guards.policy_of(resource.text):
                region = _denied_region(principal, use, resource, self.guards, catalog)
                if region is not None:
                    where = f" in {region}" if region else ""
                    reason = _CONTRADICTED.format(where=where)
                    yield UngrantedUse(use, reason, explanation=self._of_use(principal, use, reason))

    def _of_use(self, principal: Principal, use: Use, reason: str) -> str:
        # A KMS grant doesn't override a Deny or a boundary, so it explains only a missing Allow.
        return (
            (self.key_grants.explanation(principal, use) if reason == NO_ALLOW else "")
            or self.changes.explanation(principal, use)
            or resource_policy_explanation(principal, use, self.guards)
        )


def _denied_region(principal: Principal, use: Use, resource: Resource, guards: Guards, catalog: Catalog) -> str | None:
    """The Region of a context in which a use is certainly denied; None if there is no such context.

    A missing Allow of a resource policy isn't a sign: the trust policy of a role may have been narrowed since.
    """
    held = policies_met(principal, resource.text, guards)
    for region, found in _decisions_on_use(principal, use, resource, held, guards, catalog=catalog):
        is_stopped = any(stop.layer is not Layer.RESOURCE for stop in found.stops)
        if found.result is Result.EXPLICITLY_DENIED or (found.result is Result.IMPLICITLY_DENIED and is_stopped):
            return region
    return None
