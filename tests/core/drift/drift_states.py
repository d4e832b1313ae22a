"""States of an account in a line each, and the drift between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.grants.trust import own_accounts, trusted_kinds
from lpgen.core.analysis.observability.rare_needs import peers_from_actions
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.danger import Dangers
from lpgen.core.choices import Severity
from lpgen.core.drift import states
from lpgen.core.drift.comparison import DriftOptions, DriftParts, comparison_of
from lpgen.core.drift.coverage import region_days_from_usage
from lpgen.core.drift.findings import Drift, DriftKind
from lpgen.core.drift.members import Member
from lpgen.core.drift.states import KeptProposal, Stamp
from lpgen.core.evidence import LogCoverage, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.findings import UngrantedUse
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.model import Action, AttachedPolicy, Policy, PolicyKind, Principal
from lpgen.core.trails import Selector, Trail
from lpgen.core.usage.log_coverage import coverage_from_usage
from tests.support.proofs import counted_usages
from tests.support.worlds import ACCOUNT, LAST_DAY, allow, catalog, policy, role, usage_of, use

ARN = f"arn:aws:iam::{ACCOUNT}:role/app"
OPTIONS = DriftOptions(unused_days=30, apply_days=30)
TRAIL = Trail(
    f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main",
    "main",
    ACCOUNT,
    "us-east-1",
    True,
    True,
    False,
    True,
    (Selector("Management", ()),),
)


@dataclass(frozen=True, slots=True)
class State:
    """One side of a comparison with all its principals."""

    stamp: Stamp
    known_actions: frozenset[Action]
    grants: tuple[PrincipalGrants, ...]
    usages: Mapping[str, PrincipalUsage]
    coverage: LogCoverage
    region_days: Mapping[tuple[str, str], tuple[date, ...]]
    trails: tuple[Trail, ...]
    proposals: Mapping[str, KeptProposal]
    ungranted: Mapping[str, tuple[UngrantedUse, ...]] = field(default_factory=dict)
    organization: str = ""

    @property
    def shared(self) -> states.State:
        """What its principals share."""
        return states.State(
            self.stamp,
            self.known_actions,
            tuple(grant.principal for grant in self.grants),
            self.coverage,
            self.region_days,
            self.trails,
            any(limit.name.endswith("SCPs") for grant in self.grants for limit in grant.limits),
            own_accounts((grant.principal for grant in self.grants), NO_GUARDS, None, self.coverage),
            self.organization,
        )

    @property
    def members(self) -> list[Member]:
        """Its principals."""
        return [
            Member(
                grant, self.usages.get(arn, PrincipalUsage(arn)), self.proposals.get(arn), self.ungranted.get(arn, ())
            )
            for grant in self.grants
            for arn in (grant.principal.arn,)
        ]


def drift_between(before: State, after: State, catalog: Catalog, options: DriftOptions, *, size: int = 100) -> Drift:
    """The drift between two states, whose principals are compared in batches of a size."""
    principals = [grant.principal for grant in after.grants]
    used = ((one.arn, trusted_kinds(one), after.usages.get(one.arn, PrincipalUsage(one.arn))) for one in principals)
    peers = peers_from_actions(
        (arn, kinds, [use.action for use in usage.uses if use.is_done and not use.suspected])
        for arn, kinds, usage in used
    )
    comparison = comparison_of(before.shared, after.shared, catalog, options, peers)
    then, parts = {member.grants.principal.arn: member for member in before.members}, DriftParts()
    for start in range(0, len(after.grants), size):
        some = after.members[start : start + size]
        arns = [member.grants.principal.arn for member in some]
        parts.merge(comparison.compare({arn: then[arn] for arn in arns if arn in then}, some))
    novelty = parts.novelty()
    for usage in before.usages.values():
        new = parts.novelty()
        new.discard(use.resource for use in usage.uses)
        novelty.keep(new)
    return comparison.conclude(parts, novelty)


def document(*statements: Mapping[str, object]) -> Policy:
    found = policy(*statements).document
    assert found is not None
    return found


def managed(*statements: Mapping[str, object], name: str = "shared", aws: bool = False) -> AttachedPolicy:
    kind, account = (PolicyKind.AWS_MANAGED, "aws") if aws else (PolicyKind.CUSTOMER_MANAGED, ACCOUNT)
    return AttachedPolicy(kind, name, f"arn:aws:iam::{account}:policy/{name}", "", None, document(*statements))


def seen(*actions: str, day: date = LAST_DAY) -> tuple[Use, ...]:
    return tuple(use(action, seen=f"{day.isoformat()}T12:00:00Z") for action in actions)


def proposal(*statements: Mapping[str, object], since: date | None = LAST_DAY, dangerous: int = 0) -> KeptProposal:
    return KeptProposal(ARN, (document(*statements),), since, dangerous)


def state(
    *principals: Principal,
    uses: Mapping[str, Sequence[Use]] | None = None,
    guards: Guards = Guards(),  # noqa: B008
    proposals: Sequence[KeptProposal] = (),
    trails: tuple[Trail, ...] = (),
    as_of: date = LAST_DAY,
    unknown: frozenset[str] = frozenset(),
) -> State:
    usage = usage_of(uses or {})
    grants = grants_from_principals(principals, catalog(), guards)
    return State(
        Stamp("one", as_of, "1", "2026-09-26"),
        catalog().actions() - {Action(one) for one in unknown},
        grants,
        counted_usages(usage, grants, (), Dangers(catalog())),
        coverage_from_usage(usage),
        region_days_from_usage(usage),
        trails,
        {proposal.principal: proposal for proposal in proposals},
    )


def later(state: State, days: int = 7) -> State:
    """The same state so many days later, with records on each day."""
    last = state.stamp.as_of + timedelta(days=days)
    accounts = tuple(replace(found, last_day=last) for found in state.coverage.accounts)
    more = tuple(state.stamp.as_of + timedelta(days=at) for at in range(1, days + 1))
    return replace(
        state,
        stamp=replace(state.stamp, name="now", as_of=last),
        coverage=replace(state.coverage, accounts=accounts),
        region_days={place: (*found, *more) for place, found in state.region_days.items()},
    )


def found(before: State, after: State, *, size: int = 100) -> Drift:
    return drift_between(before, after, catalog(), OPTIONS, size=size)


def kinds(before: State, after: State) -> list[tuple[DriftKind, Severity]]:
    return [(finding.kind, finding.severity) for finding in found(before, after).findings]


APP = role(policy(allow("s3:Get*"), allow("sqs:SendMessage")))
