"""Signs of use: why an action may well be in use though the logs can't show it."""

from __future__ import annotations

from typing import Final

from lpgen.core.analysis.granted.granting import NOTHING, Granting, named_actions
from lpgen.core.analysis.granted.service_policies import is_aws_policy, is_service_policy
from lpgen.core.analysis.granted.trust import trusted_services
from lpgen.core.analysis.observability.missed_use import ObservedUse
from lpgen.core.events.visibility import VisibilityTable
from lpgen.core.grounds import Grant, StatementRef
from lpgen.core.model import Action, Outcome, Visibility
from lpgen.core.replacements import LineKind

_MOST_SERVICES: Final = 10
"""A statement of an AWS policy that names more services, such as one for auditors, says nothing about any action."""


class SignsOfUse:
    """The signs of use of a principal's actions, found when first asked for.

    Only what the principal did itself counts: passing a role to ECS is no sign of administering IAM.
    """

    def __init__(self, observed: ObservedUse, table: VisibilityTable) -> None:
        own = (line.action for line in observed.lines.lines if line.kind is not LineKind.INFERRED)
        self._services = frozenset(action.partition(":")[0] for action in own)
        self._copied = frozenset(observed.usage.copied)
        # IAM counts denied attempts too, and may date those.
        uses = observed.usage.uses
        self._denied = frozenset(one.action.partition(":")[0] for one in uses if one.outcome is Outcome.DENIED)
        self._observed, self._table = observed, table
        self._trusted = frozenset(trusted_services(observed.grants.principal))
        self._known: dict[tuple[str, Granting], str] = {}
        self._named: dict[StatementRef, frozenset[str]] = {}

    def of(self, action: Action) -> str:
        """Why an action may well be in use though the logs can't show it, or "" where nothing says so.

        That IAM knows of no attempt outweighs what the policy names, and companions, but only for actions that are API
        calls: those are what IAM counts. For an action that ordinary clients have no use for, only its own name in a
        policy is a sign, and for what a service does by itself only that the role trusts the service.
        """
        granting, service = self._observed.granting.get(action, NOTHING), action.partition(":")[0]
        internal_to = self._table.visibility(action).internal_to
        if internal_to and internal_to not in self._trusted:
            return ""
        found = "" if self._table.is_rare(action) else self._of_service(action, service, granting)
        if found or self._is_untried(action):
            return found
        naming = (one.ref for one in granting.grants if action.lower() in self._named_by(one))
        return next((f"the policy names {action} ({ref})" for ref in naming), "")

    def _named_by(self, grant: Grant) -> frozenset[str]:
        """The actions that a statement names itself; those by which AWS grants many services don't count."""
        if grant.ref not in self._named:
            is_broad = is_aws_policy(grant.ref.policy) and len(_named_services(grant)) > _MOST_SERVICES
            self._named[grant.ref] = frozenset() if is_broad else named_actions(grant)
        return self._named[grant.ref]

    def _of_service(self, action: Action, service: str, granting: Granting) -> str:
        if self._observed.accessed is not None:  # what IAM knows is of single actions, all else is of services
            return self._find(action, service, granting)
        key = (service, granting)
        if key not in self._known:
            self._known[key] = self._find(action, service, granting)
        return self._known[key]

    def _find(self, action: Action, service: str, granting: Granting) -> str:
        if service in self._services:
            return f"the principal used {service}"
        if service in self._copied:
            return f"copies or summaries of calls name the principal as a caller of {service}"
        if self._is_untried(action):
            return ""
        accessed = self._observed.accessed
        if accessed and service not in self._denied and (tried := accessed.tried(action)):
            return tried
        companions = sorted(set(self._table.companions(service)) & (self._services | self._copied))
        if companions:
            return f"the principal used {companions[0]}, which goes with {service}"
        naming = (f"the policy names {service} ({one.ref})" for one in granting.grants if _names_service(one, service))
        return next(naming, "")

    def _is_untried(self, action: Action) -> bool:
        """Whether IAM, which counts every attempt at an API call, knows of none."""
        accessed, visibility = self._observed.accessed, self._table.visibility(action).visibility
        is_call = visibility in (Visibility.MANAGEMENT, Visibility.DATA)
        return accessed is not None and is_call and bool(accessed.never(action, visibility))


def _names_service(grant: Grant, service: str) -> bool:
    """Whether a customer names a service, or AWS in a policy that it wrote for the role of one."""
    policy = grant.ref.policy
    if grant.statement.not_action or (is_aws_policy(policy) and not is_service_policy(policy)):
        return False
    return service in _named_services(grant)


def _named_services(grant: Grant) -> set[str]:
    return {pattern.partition(":")[0].lower() for pattern in grant.statement.patterns}
