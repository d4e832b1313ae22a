"""Signs of unrecorded use: of an action, of the data of one resource, and of a principal as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from lpgen.core.analysis.grants.aws_policies import is_aws_policy, is_service_policy
from lpgen.core.analysis.grants.granting import NOTHING, Granting, named_actions, named_services, narrow_scope
from lpgen.core.analysis.grants.trust import may_be_people, trusted_services
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse, UnrecordedUse
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import UnobservableKind
from lpgen.core.cloudtrail.kms_context import Sides, keys_by_service
from lpgen.core.cloudtrail.visibility import Users, VisibilityTable
from lpgen.core.evidence import AccountCoverage, Grant, PrincipalUsage, StatementRef
from lpgen.core.globs.match import as_glob
from lpgen.core.iam.match_resource import resources_intersect
from lpgen.core.last_accessed import TRACKED_DAYS, LastAccessed
from lpgen.core.model import READ_LEVELS, Action, Outcome, Principal, PrincipalKind, Resource, ResourceKind, Visibility
from lpgen.core.replacements import Line, LineKind

_MOST_SERVICES_OF_POLICY: Final = 10
"""A statement of an AWS policy that names more services, such as one for auditors, isn't a sign for any action."""

_USED: Final = "the principal used {service}"
_COPIED: Final = "copies or summaries of calls name the principal as a caller of {service}"
_COMPANION: Final = "the principal used {companion}, which is used together with {service}"
_DENY_NAMES: Final = "a Deny of its own names {service} ({statement})"
_POLICY_NAMES: Final = "the policy names {named} ({statement})"


class _Sign(NamedTuple):
    """A sign that a service is in use. IAM's report of no attempt at an action may outweigh it."""

    text: str
    is_outweighed: bool = False


class SignsOfUse:
    """The signs of use of a principal's actions, found on first request.

    Only the principal's own use counts: passing a role to ECS isn't a sign of administering IAM. `versioned` are the
    ARNs of buckets that are known to have versions.
    """

    def __init__(
        self,
        observed: ObservedUse,
        unrecorded: UnrecordedUse,
        catalog: Catalog,
        versioned: Collection[str],
        dangers: Dangers,
    ) -> None:
        # Anyone can make a dangerous call that fails.
        taught = {use.action for use in observed.believed if use.is_done or not dangers.is_dangerous(use.action)}
        lines = (line for line in observed.lines.lines if line.kind is not LineKind.INFERRED and not line.suspected)
        self._used = frozenset(line.action for line in lines if line.action in taught)
        self._services = frozenset(action.partition(":")[0] for action in self._used)
        self._unrecorded, self._versioned = unrecorded, versioned
        self._copied = frozenset(observed.usage.copied)
        # IAM also counts denied attempts and may report their dates.
        uses = observed.usage.uses
        self._denied = frozenset(use.action.partition(":")[0] for use in uses if use.outcome is Outcome.DENIED)
        self._observed, self._table = observed, unrecorded.table
        self._catalog, self._of_resources = catalog, _ResourceSigns(observed, catalog)
        principal = observed.grants.principal
        self._trusted = trusted_services(principal)
        self._is_unknown = principal.kind is PrincipalKind.ROLE and principal.trust is None
        self._is_people = may_be_people(principal)
        self._fitting: dict[tuple[Users, Granting], bool] = {}
        self._known: dict[tuple[str, Granting, bool], _Sign | None] = {}
        self._named: dict[StatementRef, frozenset[str]] = {}

    def of(self, action: Action) -> str:
        """The evidence that an action is in use though the logs can't show it, or "".

        If IAM reports no attempt, that outweighs names in the policy and companion services, but only for API calls:
        IAM counts no other actions. For an action that only other principals use, the only sign is its name in a
        policy. Actions that only a service performs have no sign.
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
        naming = (grant.ref for grant in granting.grants if action.lower() in self._named_by(grant))
        return next((_POLICY_NAMES.format(named=action, statement=ref) for ref in naming), "")

    def on_resources(self, action: Action, why_on: Callable[[str], str]) -> MissedUse | None:
        """The use of an action on resources that calls of KMS name, or None.

        `why_on` says why use on a resource would have left no record, or "". It is a sign only for actions that such
        principals use.
        """
        return self._of_resources.missed_use(action, why_on) if self.is_user(action) else None

    def is_user(self, action: Action) -> bool:
        """Whether the principal is one of the clients that use an action: few special ones, or all ordinary ones."""
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
        """Whether the principal may make a call that is a management event and that the logs lack."""
        granting = self._observed.granting.get(action)
        is_management = self._table.visibility(action).visibility is Visibility.MANAGEMENT
        return granting is not None and is_management and bool(self._unrecorded.why(action, granting))

    def _is_of_versions(self, grant: Grant) -> bool:
        """Whether a statement may be about a bucket with versions, or objects in such a bucket."""
        whole = [arn for bucket in self._versioned for arn in (bucket, f"{bucket}/*")]
        patterns = [as_glob(pattern, grant.version) for pattern in grant.statement.resources]
        is_any = grant.statement.not_resource
        return any(is_any or resources_intersect(pattern, arn) for pattern in patterns for arn in whole)

    def possible(self, actions: Iterable[Action]) -> Iterator[Action]:
        """The actions that may have a sign of use. The others have none."""
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
        """The actions that a statement names, empty for statements in which AWS grants many services."""
        if grant.ref not in self._named:
            is_broad = is_aws_policy(grant.ref.policy) and len(named_services(grant)) > _MOST_SERVICES_OF_POLICY
            self._named[grant.ref] = frozenset() if is_broad else named_actions(grant)
        return self._named[grant.ref]

    def _of_service(self, service: str, granting: Granting, *, writes: bool) -> _Sign | None:
        """The strongest sign that read or, with `writes`, write actions of a service in these statements are in use."""
        key = (service, granting, writes)
        if key not in self._known:
            self._known[key] = next(self._find(service, granting, writes=writes), None)
        return self._known[key]

    def _find(self, service: str, granting: Granting, *, writes: bool) -> Iterator[_Sign]:
        if service in self._services:
            yield _Sign(_USED.format(service=service))
        if service in self._copied:
            yield _Sign(_COPIED.format(service=service))
        accessed = self._observed.accessed
        tried = accessed.tried(service) if accessed and service not in self._denied else ""
        if tried and not (writes and self._only_reads(service)):
            yield _Sign(tried, is_outweighed=True)
        companions = sorted(set(self._table.companions(service)) & (self._services | self._copied))
        if companions:
            yield _Sign(_COMPANION.format(companion=companions[0], service=service), is_outweighed=True)
        for grant in granting.grants:
            if _names_service(grant, service):
                yield _Sign(_POLICY_NAMES.format(named=service, statement=grant.ref), is_outweighed=True)
        for grant in self._observed.grants.denies:
            if _names_service(grant, service):
                yield _Sign(_DENY_NAMES.format(service=service, statement=grant.ref), is_outweighed=True)

    def _only_reads(self, service: str) -> bool:
        """Whether records show that the service was read, and none that it was written."""
        uses = [use for use in self._observed.usage.uses if use.action.partition(":")[0] == service]
        levels = {self._catalog.detail(use.action).level for use in uses}
        shown = list(self._of_resources.sides(service))
        return bool(levels or shown) and levels <= READ_LEVELS and not any(sides.writes for sides in shown)

    def _is_untried(self, action: Action) -> bool:
        """Whether IAM, which counts every attempt at an API call, reports none."""
        accessed, visibility = self._observed.accessed, self._table.visibility(action).visibility
        is_call = visibility in (Visibility.MANAGEMENT, Visibility.DATA)
        return accessed is not None and is_call and bool(accessed.never(action, visibility))


def _names_service(grant: Grant, service: str) -> bool:
    """Whether a customer's policy names a service, or AWS's policy for a service role does."""
    policy = grant.ref.policy
    return service in named_services(grant) and (not is_aws_policy(policy) or is_service_policy(policy))


# ---------------------------------------------------------------- of one resource


_KMS_CALL: Final = "a call of KMS names {resource}"


class _ResourceSigns:
    """The resources whose data a principal's calls of KMS were for, by service, with the sides that they show.

    A call supports only use of its resource. The lack of a call is never a sign against use.
    """

    def __init__(self, observed: ObservedUse, catalog: Catalog) -> None:
        self._observed, self._catalog, self._keys = observed, catalog, catalog.facts(keys_by_service)
        found: dict[str, list[tuple[str, Sides]]] = defaultdict(list)
        for arn, action in observed.usage.protected:
            service = split_arn(arn).service
            found[service].append((arn, self._keys[service].sides_shown(action)))
        self._named = dict(found)

    @property
    def services(self) -> frozenset[str]:
        """The services with such a sign."""
        return frozenset(self._named)

    def sides(self, service: str) -> Iterator[Sides]:
        """The read and write sides of a service's data that the calls show."""
        return (sides for _, sides in self._named.get(service, ()))

    def missed_use(self, action: Action, why_on: Callable[[str], str]) -> MissedUse | None:
        """The use of an action on those of these resources on which it would have left no record; None if none is
        granted.

        `why_on` says why for one resource, or "".
        """
        service, reads = action.partition(":")[0], self._catalog.detail(action).level in READ_LEVELS
        if service not in self._named or not self._keys[service].is_needed(action):
            return None
        found = {
            resource: (why, _KMS_CALL.format(resource=arn))
            for arn, sides in self._named[service]
            if (sides.reads if reads else sides.writes)
            for resource in self._resources_of(action, arn)
            if (why := why_on(resource.text))
        }
        grants = tuple(
            grant
            for grant in self._observed.grants_of(action)
            if any(narrow_scope(grant, action, resource, catalog=self._catalog) for resource in found)
        )
        if not grants:
            return None
        why, sign = next(iter(found.values()))
        return MissedUse(action, MissReason.UNRECORDED, why, sign, grants, tuple(found))

    def _resources_of(self, action: Action, arn: str) -> Iterator[Resource]:
        """The resource and its contents, if the action takes them."""
        own, inner = (self._catalog.resource_type(action, name) for name in (arn, f"{arn}/*"))
        if own:
            yield Resource(ResourceKind.ARN, arn)
        if inner not in ("", own):
            yield Resource(ResourceKind.FOLD, f"{arn}/*")


# ---------------------------------------------------------------- of a principal


@dataclass(frozen=True, slots=True, order=True)
class SignOfLife:
    """A sign of use, as a clause, and the day of the last use. A service may have assumed the role."""

    is_by_service: bool
    day: date
    text: str


def sign_of_life(
    principal: Principal,
    usage: PrincipalUsage,
    coverage: AccountCoverage | None,
    accessed: LastAccessed | None,
    *,
    as_of: date,
    elsewhere: Iterable[Line] = (),
) -> SignOfLife | None:
    """The strongest sign that a principal was in use in the days that IAM tracks, or None.

    `elsewhere` are lines for uses that only another account's log shows. IAM also reports denied attempts, so a date
    within the logs isn't a sign if the logs show denied attempts.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
    """
    is_explained = coverage if usage.uses else None
    found = (
        sign
        for sign in (*_signs(principal, usage, accessed), *map(_sign_of_line, elsewhere))
        if sign.is_by_service or (as_of - sign.day).days <= TRACKED_DAYS
        if sign.is_by_service or not (is_explained and is_explained.first_day <= sign.day <= is_explained.last_day)
    )
    return max(found, default=None)


_ASSUMED: Final = "{service} assumed it, last on {last}"
_LAST_USE: Final = "IAM reports its last use on {day}"
_LAST_ATTEMPT: Final = "IAM reports its last attempt to use {service} on {last}"
_ELSEWHERE: Final = "another account's log shows {action} on {last}"


def _signs(principal: Principal, usage: PrincipalUsage, accessed: LastAccessed | None) -> Iterator[SignOfLife]:
    for service, last in usage.assumed:
        yield SignOfLife(True, date.fromisoformat(last), _ASSUMED.format(service=service, last=last))
    if principal.last_used is not None:
        day = principal.last_used.date()
        yield SignOfLife(False, day, _LAST_USE.format(day=day))
    for tried in accessed.report.services if accessed else ():
        if tried.last is not None:
            yield SignOfLife(False, tried.last, _LAST_ATTEMPT.format(service=tried.service, last=tried.last))


def _sign_of_line(line: Line) -> SignOfLife:
    last = line.evidence.last_seen[:10] if line.evidence else ""
    return SignOfLife(False, date.fromisoformat(last), _ELSEWHERE.format(action=line.action, last=last))


_MOST_SERVICES: Final = 3
_MORE_SERVICES: Final = "and {more} more services"
_NO_PAGE: Final = "no page of AWS says what records it"


def unrecorded_text(lines: Iterable[Line], table: VisibilityTable) -> str:
    """Why use of the actions that are kept without a record leaves no management event, by service and with AWS's page,
    or ""."""
    found: dict[str, tuple[bool, str]] = {}
    for line in lines:
        entry, service = table.visibility(line.action), line.action.partition(":")[0]
        if line.kind is not LineKind.KEPT or entry.visibility is Visibility.MANAGEMENT:
            continue
        is_unknown = entry.kind is UnobservableKind.UNCLASSIFIED
        said = _NO_PAGE if is_unknown else f"{entry.reason} ({entry.source})"
        found[service] = min(found.get(service, (True, "~")), (is_unknown, said))
    texts = [f"{service}: {said}" for service, (_, said) in sorted(found.items())]
    more = [_MORE_SERVICES.format(more=len(texts) - _MOST_SERVICES)] if len(texts) > _MOST_SERVICES else []
    return "; ".join([*texts[:_MOST_SERVICES], *more])
