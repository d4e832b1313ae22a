"""Principals that came, went, or were deleted and made again, and whom outside roles let in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lpgen.core.analysis.grants.granting import each_wildcard
from lpgen.core.analysis.grants.trust import outside_trust
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding
from lpgen.core.drift.gains import Gains
from lpgen.core.drift.holdings import is_of_aws, is_recreated
from lpgen.core.drift.states import Member, State
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.model import Principal
from lpgen.core.registry.drift import DriftKind


def find_new_people(
    then: Mapping[str, Member], now: Iterable[Member], gains: Gains, catalog: Catalog
) -> Iterator[DriftFinding]:
    """A finding for each principal that is new, or was made again."""
    for grants in (one.grants for one in now):
        earlier = then.get(grants.principal.arn)
        if earlier is None:
            yield _came(grants, gains, catalog, is_recreated=False)
        elif is_recreated(earlier.grants.principal, grants.principal):
            yield _came(grants, gains, catalog, is_recreated=True)


def find_gone_people(before: State, after: State) -> Iterator[DriftFinding]:
    """A finding for each principal that is gone."""
    known = {one.arn for one in after.principals}
    for earlier in before.principals:
        if earlier.arn not in known:
            yield DriftFinding(
                DriftKind.GONE_PRINCIPAL,
                severity=Severity.INFO,
                subject=earlier.arn,
                principals=(earlier.arn,),
                ties=(f"account {earlier.account}", _name_of(earlier)),
            )


def find_outside_trust(before: State, after: State) -> Iterator[DriftFinding]:
    """A finding for each way into a role from outside that wasn't there before, of new roles too."""
    own, organization = before.accounts | after.accounts, after.organization
    old, new = (outside_trust(state.principals, own, organization) for state in (before, after))
    known = {(one.principal, *one.parameters.values()) for one in old}
    for one in new:
        if (one.principal, *one.parameters.values()) not in known:
            yield DriftFinding(
                DriftKind.OUTSIDE_TRUST,
                one.parameters,
                severity=one.severity,
                subject=one.principal,
                principals=(one.principal,),
                ties=(one.message,),
            )


def _came(grants: PrincipalGrants, gains: Gains, catalog: Catalog, *, is_recreated: bool) -> DriftFinding:
    principal, granted, made = grants.principal, grants.granted(), grants.principal.created
    patterns = {pattern for _, pattern, _ in each_wildcard(grants.allows, catalog)}
    severity = gains.severity(granted, DriftKind.NEW_PRINCIPAL)
    if patterns and severity is Severity.LOW:
        severity = Severity.MEDIUM
    details = gains.details(gains.dangerous(granted), "may")
    if patterns:
        details = (f"wildcards: {', '.join(sorted(patterns))}", *details)
    if grants.missing:
        details = (f"what it may do isn't all known: {', '.join(grants.missing)} is missing", *details)
    return DriftFinding(
        DriftKind.NEW_PRINCIPAL,
        {"is_recreated": is_recreated, "granted": gains.counted(granted), "principal_id": principal.principal_id},
        severity=Severity.INFO if is_of_aws(principal) else severity,
        subject=principal.arn,
        principals=(principal.arn,),
        details=details,
        ties=(_name_of(principal), *([f"account {principal.account}, made on {made:%Y-%m-%d}"] if made else [])),
    )


def _name_of(principal: Principal) -> str:
    """What a stack set, or a permission set, calls a principal in each account."""
    return f"{principal.kind}{principal.path}{principal.name}"
