"""The evidence about a trust policy: the recorded assumptions of its role, the days of the logs, and other facts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from lpgen.core.arns import account_in_arn, split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import ENOUGH_DAYS
from lpgen.core.evidence import AccountCoverage, LogCoverage
from lpgen.core.globs.match import glob_match
from lpgen.core.iam.limits import TRUST_POLICY_LIMIT
from lpgen.core.model import CallerKind, Effect, Outcome, Principal, PrincipalKind
from lpgen.core.principal_names import is_named
from lpgen.core.replacements import Decision, DecisionKind
from lpgen.core.trails import Trail
from lpgen.core.trust.conditions import demanded_values
from lpgen.core.trust.issuers import issuer_of
from lpgen.core.trust.known_parties import SOURCE_ACCOUNT, services_with_source_keys
from lpgen.core.trust.log_regions import unread_regions
from lpgen.core.trust.subjects import subject_from_text
from lpgen.core.usage.assumptions import Assumption, assumptions_from_usage
from lpgen.core.usage.columns import distinct_rows
from lpgen.core.usage.foreign_callers import arns_by_id
from lpgen.core.usage.overflow import ANY
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.trail_changes import rows_of_names


@dataclass(frozen=True, slots=True)
class ExistingProviders:
    """The ARNs of all identity providers of some accounts, or of all accounts that count (None)."""

    arns: frozenset[str]
    accounts: frozenset[str] | None = None

    def lack(self, arn: str) -> bool:
        """Whether a provider is known not to exist."""
        return arn not in self.arns and (self.accounts is None or account_in_arn(arn) in self.accounts)


@dataclass(frozen=True, slots=True)
class TrustEvidence:
    """What is known besides the trust policies. Without logs, `coverage` is None.

    `by_role` has the assumptions of each role by its ARN. `services` are pairs of an account and a service that
    assumed some role there. `changed` has the day of the last recorded change of each trust policy, by the role's ARN
    or `*` for any role. `unread` are the accounts whose logs may lack Regions, with why. `own` are your accounts,
    `complete` those whose roles and users are all known. `providers` are the identity providers that exist,
    or None if unknown. `ids` are GitHub's ids of repositories.
    `source_services` are the services that state for which account they act.
    `actions_used` is the number of actions that each role used, and `decisions` are the current ones. `quotas` are the
    quotas for the size of trust policies, by account. `pods` are the session tags of the EKS Pod Identity associations
    of each role, if all associations of its account are known.
    """

    own: frozenset[str]
    complete: frozenset[str]
    principals: Mapping[str, Principal]
    by_role: Mapping[str, tuple[Assumption, ...]] = field(default_factory=dict)
    services: frozenset[tuple[str, str]] = frozenset()
    changed: Mapping[str, date] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    coverage: LogCoverage | None = None
    providers: ExistingProviders | None = None
    ids: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    source_services: frozenset[str] = frozenset()
    actions_used: Mapping[str, int] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    min_days: int = ENOUGH_DAYS
    quotas: Mapping[str, int] = field(default_factory=dict)
    pods: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)

    def quota(self, role: Principal) -> int:
        """How many characters the role's trust policy may have."""
        return self.quotas.get(role.account, TRUST_POLICY_LIMIT)

    def logs(self, role: Principal) -> AccountCoverage | None:
        """The coverage of the role's account by read-only management events, which requests for sessions are. None
        without logs of them.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
        """
        found = self.coverage.account(role.account) if self.coverage else None
        return _of_reads(found) if found else None

    def since(self, role: Principal) -> date:
        """The day since which the role has its trust policy, as far as the role and the records tell. Before it, nobody
        could use what the policy allows now."""
        created = role.created.date() if role.created else date.min
        return max(created, *(self.changed.get(arn, created) for arn in (role.arn, ANY)))

    def covered(self, role: Principal) -> AccountCoverage | None:
        """The part of `logs` in which the role has its trust policy, or None if there is none."""
        found = self.logs(role)
        return _between(found, self.since(role), found.last_day) if found else None

    def enough(self, role: Principal) -> AccountCoverage | None:
        """The coverage if it is enough to say that somebody never assumed the role, otherwise None."""
        covered = self.covered(role)
        is_enough = covered and covered.covered_days >= self.min_days and role.account not in self.unread
        return covered if is_enough else None

    def successes(self, role: Principal) -> tuple[Assumption, ...]:
        """The successful assumptions of a role, and of earlier roles with its ARN, whose callers may still need it."""
        return tuple(assumption for assumption in self.by_role.get(role.arn, ()) if assumption.succeeded)

    def is_unrecorded(self, role: Principal) -> bool:
        """Whether the role's sessions called, and no record shows how they came about. So its callers are unknown."""
        return bool(self.actions_used.get(role.arn)) and not self.successes(role)

    def failures(self, role: Principal) -> tuple[Assumption, ...]:
        """The failed assumptions of a role."""
        return tuple(assumption for assumption in self.by_role.get(role.arn, ()) if not assumption.succeeded)

    def keeps(self, trusted: str, action: str, role: Principal) -> bool:
        """Whether a decision keeps the permission of a trusted principal, or of a subject, to assume a role."""
        return any(
            decision.kind is DecisionKind.KEEP
            and (is_named(trusted, decision.principal) or glob_match(decision.principal, trusted))
            and glob_match(decision.action or "*", action, ignore_case=True)
            and glob_match(decision.resource or "*", role.arn)
            for decision in self.decisions
        )

    def until(self, last: date, role: Principal) -> TrustEvidence:
        """The evidence about one role as it was at the end of a day."""
        if self.coverage is None:
            return self
        accounts = tuple(
            replace(covered, last_day=min(covered.last_day, last))
            for covered in self.coverage.accounts
            if covered.first_day <= last
        )
        seen = tuple(assumption for assumption in self.by_role.get(role.arn, ()) if assumption.day <= last)
        return replace(self, by_role={role.arn: seen}, coverage=LogCoverage(accounts))


def _of_reads(covered: AccountCoverage) -> AccountCoverage | None:
    """The coverage of only the days with read-only management events, which trails may leave out."""
    reads = next((events for events in covered.seen if events.read_only and not events.is_data), None)
    if reads is None:
        return None
    return _between(covered, reads.since or covered.first_day, reads.until or covered.last_day)


def _between(covered: AccountCoverage, first: date, last: date) -> AccountCoverage | None:
    """The coverage of only the days from `first` to `last`, or None if it has none of them."""
    first, last = max(covered.first_day, first), min(covered.last_day, last)
    if (first, last) == (covered.first_day, covered.last_day):
        return covered
    days = sum(first <= day <= last for day in covered.days)
    return replace(covered, first_day=first, last_day=last, covered_days=days) if days else None


def by_role(
    assumptions: Iterable[Assumption], principals: Iterable[Principal], *, from_all: bool = False
) -> dict[str, tuple[Assumption, ...]]:
    """The assumptions of each role by its ARN, from the logs of its own account if they have any, otherwise from those
    of its callers. Both accounts' logs hold the same call. With `from_all`, from the logs of all accounts.

    They have the ARN of each caller that the record knows only by its id, if the principals or the log of the caller's
    account know it. A record of a denied call or of a switch in the console has a role's name without its path, so such
    a name counts for the one role that has it.
    """
    seen, known = tuple(assumptions), tuple(principals)
    arns = {
        assumption.principal_id: assumption.principal
        for assumption in seen
        if assumption.principal and assumption.principal_id
    }
    arns |= arns_by_id(known)
    paths = _paths(known)
    found: dict[str, list[Assumption]] = defaultdict(list)
    own = {assumption.role for assumption in seen if account_in_arn(assumption.role) == assumption.account}
    for assumption in seen:
        arn = assumption.role
        if not from_all and arn in own and account_in_arn(arn) != assumption.account:
            continue
        caller = assumption.principal or arns.get(assumption.principal_id, "")
        if split_arn(caller).service == "sts":
            caller = _with_path(caller, paths)
        found[_with_path(arn, paths)].append(replace(assumption, principal=caller))
    return {role: tuple(some) for role, some in found.items()}


def _paths(principals: Iterable[Principal]) -> dict[tuple[str, str], list[str]]:
    """The ARNs of the roles by account and name."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for principal in principals:
        if principal.kind is PrincipalKind.ROLE:
            found[principal.account, principal.name].append(principal.arn)
    return found


def _with_path(arn: str, paths: Mapping[tuple[str, str], Sequence[str]]) -> str:
    """The ARN of the one role that has the name in an ARN, or the ARN itself."""
    named = paths.get((account_in_arn(arn), arn.rpartition("/")[2]), ())
    return named[0] if len(named) == 1 else arn


def _services_in(assumptions: Iterable[Assumption]) -> frozenset[tuple[str, str]]:
    """The services that assumed any role, with the account of the role."""
    return frozenset(
        (assumption.account, assumption.service)
        for assumption in assumptions
        if assumption.caller_kind == CallerKind.SERVICE and assumption.outcome is Outcome.ALLOWED
    )


_GITHUB: Final = "token.actions.githubusercontent.com:sub"


def pinned_ids(roles: Iterable[Principal], given: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """GitHub's ids of owner and repository, given or from subjects that a trust policy names exactly.

    Records aren't a source: after a rename or deletion, the new holder of a name sends its own ids, and roles that
    trust every repository accept them. A name with two ids counts for neither.
    """
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    issuer = issuer_of(_GITHUB.partition(":")[0])
    for role in roles:
        for statement in role.trust.statements if role.trust else ():
            subjects = demanded_values(statement.conditions, _GITHUB) if statement.effect is Effect.ALLOW else ()
            for subject in (subject_from_text(issuer, _exact(text)) for text in subjects):
                if subject and subject.owner_id and subject.repository_id:
                    names = dict(subject.fields)
                    found[f"{names['owner']}/{names['repository']}"].add((subject.owner_id, subject.repository_id))
    return {name: ids.pop() for name, ids in found.items() if len(ids) == 1} | dict(given)


def _exact(text: str) -> str:
    """A subject of the repository that a pattern names, whatever its ref. Other patterns stay patterns."""
    return f"{text[:-1]}pull_request" if text.endswith(":*") else text


_CHANGE: Final = frozenset({"iam:UpdateAssumeRolePolicy"})


def _last_changes(usage: Usage, paths: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, date]:
    """The day of the last recorded change of each trust policy, by the role's ARN, or `*` for too many roles. A request
    has the role's name without its path.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
    """
    found: dict[str, date] = {}
    for table in (usage.table, usage.resource_callers):
        for _, outcome, resource, _, last in rows_of_names(table, ("action", "outcome", "resource"), _CHANGE):
            if outcome == Outcome.ALLOWED and last is not None:
                role = _with_path(resource, paths)
                found[role] = max(last.date(), found.get(role, date.min))
    return found


def with_use(
    evidence: TrustEvidence,
    usage: Usage,
    coverage: LogCoverage,
    principals: Collection[Principal],
    catalog: Catalog,
    trails: Collection[Trail] = (),
) -> TrustEvidence:
    """The evidence with the assumptions and the use that the tables of a data folder show. `trails` are the settings of
    the trails that recorded them."""
    seen = assumptions_from_usage(usage)
    used = distinct_rows(usage.table, ("principal", "action", "outcome"))
    stating = services_with_source_keys(catalog)
    return replace(
        evidence,
        by_role=by_role(seen, principals),
        services=_services_in(seen),
        changed=_last_changes(usage, _paths(principals)),
        coverage=coverage,
        unread=dict(unread_regions(coverage, principals, trails)),
        ids=pinned_ids(principals, evidence.ids),
        source_services=frozenset(service for service, row in stating.items() if SOURCE_ACCOUNT in row.keys),
        actions_used=Counter(principal for principal, _, outcome in used if outcome == Outcome.ALLOWED),
    )
