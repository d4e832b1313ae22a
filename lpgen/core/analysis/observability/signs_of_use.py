"""Signs of use: why an action may well be in use though the logs can't show it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final, NamedTuple

from lpgen.core.analysis.grants.aws_policies import is_aws_policy, is_service_policy
from lpgen.core.analysis.grants.granting import NOTHING, Granting, named_actions, named_services
from lpgen.core.analysis.grants.trust import may_be_people, trusted_services
from lpgen.core.analysis.observability.missed_use import MissedUse, ObservedUse
from lpgen.core.analysis.observability.resource_signs import ResourceSigns
from lpgen.core.analysis.observability.unrecorded_use import UnrecordedUse
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.cloudtrail.visibility import Users
from lpgen.core.evidence import Grant, StatementRef
from lpgen.core.globs.match import as_glob
from lpgen.core.iam.match_resource import resources_intersect
from lpgen.core.model import READ_LEVELS, Action, Outcome, PrincipalKind, Visibility
from lpgen.core.replacements import LineKind

_MOST_SERVICES: Final = 10
"""A statement of an AWS policy that names more services, such as one for auditors, says nothing about any action."""


class _Sign(NamedTuple):
    """A sign that a service is in use. It may count less than IAM's report of no attempt at an action."""

    text: str
    is_outweighed: bool = False


class SignsOfUse:
    """The signs of use of a principal's actions, found when first asked for.

    Only the principal's own use counts: passing a role to ECS is no sign of administering IAM. `versioned` are the ARNs
    of the buckets that are known to have versions.
    """

    def __init__(
        self,
        observed: ObservedUse,
        unrecorded: UnrecordedUse,
        catalog: Catalog,
        versioned: Collection[str],
        dangers: Dangers,
    ) -> None:
        # Anybody can make a dangerous call that fails.
        taught = {use.action for use in observed.usage.believed if use.is_done or not dangers.is_dangerous(use.action)}
        lines = (line for line in observed.lines.lines if line.kind is not LineKind.INFERRED and not line.suspected)
        self._used = frozenset(line.action for line in lines if line.action in taught)
        self._services = frozenset(action.partition(":")[0] for action in self._used)
        self._unrecorded, self._versioned = unrecorded, versioned
        self._copied = frozenset(observed.usage.copied)
        # IAM counts denied attempts too, and may date those.
        uses = observed.usage.uses
        self._denied = frozenset(one.action.partition(":")[0] for one in uses if one.outcome is Outcome.DENIED)
        self._observed, self._table = observed, unrecorded.table
        self._catalog, self._of_resources = catalog, ResourceSigns(observed, catalog)
        principal = observed.grants.principal
        self._trusted = trusted_services(principal)
        self._is_unknown = principal.kind is PrincipalKind.ROLE and principal.trust is None
        self._is_people = may_be_people(principal)
        self._fitting: dict[tuple[Users, Granting], bool] = {}
        self._known: dict[tuple[str, Granting, bool], _Sign | None] = {}
        self._named: dict[StatementRef, frozenset[str]] = {}

    def of(self, action: Action) -> str:
        """Why an action may well be in use though the logs can't show it, or "" where nothing indicates it.

        If IAM reports no attempt, that outweighs the names in the policy and companion actions, but only for actions
        that are API calls: IAM counts no others. For an action that only others use, the only sign is its own name in a
        policy, and for what only a service does by itself there is none.
        """
        granting, service = self._observed.granting.get(action, NOTHING), action.partition(":")[0]
        users, is_user = self._table.visibility(action).users, self.is_user(action)
        if users and not users.named and not is_user:
            return ""
        writes = self._catalog.detail(action).level not in READ_LEVELS
        found = self._of_service(service, granting, writes=writes) if is_user else None
        if found and not found.is_outweighed:
            return found.text
        if self._is_untried(action):
            return ""
        if found:
            return found.text
        naming = (one.ref for one in granting.grants if action.lower() in self._named_by(one))
        return next((f"the policy names {action} ({ref})" for ref in naming), "")

    def on_resources(self, action: Action, why_on: Callable[[str], str]) -> MissedUse | None:
        """The use of an action on resources that calls of KMS name, None where they name none.

        `why_on` says why use on a resource would have left no record, or "". It is a sign only for what such principals
        use.
        """
        return self._of_resources.missed_use(action, why_on) if self.is_user(action) else None

    def is_user(self, action: Action) -> bool:
        """Whether the principal is one of those that use an action: of few, or of all ordinary clients."""
        users = self._table.visibility(action).users
        if users is None:
            return True
        key = users, self._observed.granting.get(action, NOTHING)
        if key not in self._fitting:
            self._fitting[key] = self._fits(*key)
        return self._fitting[key]

    def _fits(self, users: Users, granting: Granting) -> bool:
        granted = self._observed.granting
        return bool(
            (self._is_unknown and users.named and (users.trusts or users.people))
            or not users.trusts.isdisjoint(self._trusted)
            or (users.people and self._is_people)
            or (users.grants and users.grants <= granted.keys())
            or any(action in self._used or self._is_blind_to_call(action) for action in users.uses)
            or (users.versioned and any(self._is_of_versions(grant) for grant in granting.grants))
        )

    def _is_blind_to_call(self, action: Action) -> bool:
        """Whether the principal may make a call that is a management event, which the logs lack."""
        granting = self._observed.granting.get(action)
        is_management = self._table.visibility(action).visibility is Visibility.MANAGEMENT
        return granting is not None and is_management and bool(self._unrecorded.why(action, granting))

    def _is_of_versions(self, grant: Grant) -> bool:
        """Whether a statement may be of a bucket with versions, or of objects in one."""
        whole = [arn for bucket in self._versioned for arn in (bucket, f"{bucket}/*")]
        patterns = [as_glob(pattern, grant.version) for pattern in grant.statement.resources]
        is_any = grant.statement.not_resource
        return any(is_any or resources_intersect(pattern, arn) for pattern in patterns for arn in whole)

    def possible(self, actions: Iterable[Action]) -> Iterator[Action]:
        """The actions that may have a sign of use; the others have none."""
        named = frozenset[str]().union(*map(self._named_by, self._observed.grants.allows))
        protected = self._of_resources.services
        for action in actions:
            granting = self._observed.granting.get(action, NOTHING)
            service = action.partition(":")[0]
            if (
                service in protected
                or self._of_service(service, granting, writes=False)
                or (named and action.lower() in named)
            ):
                yield action

    def _named_by(self, grant: Grant) -> frozenset[str]:
        """The actions that a statement names itself; statements in which AWS grants many services don't count."""
        if grant.ref not in self._named:
            is_broad = is_aws_policy(grant.ref.policy) and len(named_services(grant)) > _MOST_SERVICES
            self._named[grant.ref] = frozenset() if is_broad else named_actions(grant)
        return self._named[grant.ref]

    def _of_service(self, service: str, granting: Granting, *, writes: bool) -> _Sign | None:
        """The strongest sign that what reads or `writes` of a service granted by these statements is in use."""
        key = (service, granting, writes)
        if key not in self._known:
            self._known[key] = next(self._find(service, granting, writes=writes), None)
        return self._known[key]

    def _find(self, service: str, granting: Granting, *, writes: bool) -> Iterator[_Sign]:
        if service in self._services:
            yield _Sign(f"the principal used {service}")
        if service in self._copied:
            yield _Sign(f"copies or summaries of calls name the principal as a caller of {service}")
        accessed = self._observed.accessed
        tried = accessed.tried(service) if accessed and service not in self._denied else ""
        if tried and not (writes and self._only_reads(service)):
            yield _Sign(tried, is_outweighed=True)
        companions = sorted(set(self._table.companions(service)) & (self._services | self._copied))
        if companions:
            yield _Sign(f"the principal used {companions[0]}, which goes with {service}", is_outweighed=True)
        for one in granting.grants:
            if _names_service(one, service):
                yield _Sign(f"the policy names {service} ({one.ref})", is_outweighed=True)
        for one in self._observed.grants.denies:
            if _names_service(one, service):
                yield _Sign(f"a Deny of its own names {service} ({one.ref})", is_outweighed=True)

    def _only_reads(self, service: str) -> bool:
        """Whether records show that the service was read, and none that it was written."""
        uses = [one for one in self._observed.usage.uses if one.action.partition(":")[0] == service]
        levels = {self._catalog.detail(one.action).level for one in uses}
        sides = list(self._of_resources.sides(service))
        return bool(levels or sides) and levels <= READ_LEVELS and not any(one.writes for one in sides)

    def _is_untried(self, action: Action) -> bool:
        """Whether IAM, which counts every attempt at an API call, knows of none."""
        accessed, visibility = self._observed.accessed, self._table.visibility(action).visibility
        is_call = visibility in (Visibility.MANAGEMENT, Visibility.DATA)
        return accessed is not None and is_call and bool(accessed.never(action, visibility))


def _names_service(grant: Grant, service: str) -> bool:
    """Whether a customer names a service, or AWS in a policy that it wrote for the role of one."""
    policy = grant.ref.policy
    return service in named_services(grant) and (not is_aws_policy(policy) or is_service_policy(policy))
