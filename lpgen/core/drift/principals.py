"""Principals that are new, gone, or recreated, and roles with new trust in outside principals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from lpgen.core.analysis.grants.granting import each_wildcard
from lpgen.core.analysis.grants.trust import OutsideTrustKind, outside_trust
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, DriftKind, Gains
from lpgen.core.drift.members import Member, is_recreated
from lpgen.core.drift.states import State
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.model import Principal
from lpgen.core.registry.row import IAM_GUIDE, Row


def _new_principal(*, is_recreated: bool, granted: str, **_: object) -> str:
    what = "was deleted and created again: another principal has its name" if is_recreated else "is new"
    return f"{what}; it is granted {granted}"


class PrincipalDrift(DriftKind):
    """Drift of principals, and of the principals that roles trust."""

    OUTSIDE_TRUST = replace(OutsideTrustKind.OUTSIDE_TRUST.row, title="An outside principal can newly assume a role.")
    NEW_PRINCIPAL = Row(
        "new-principal",
        "A role or user is new.",
        parameters={"is_recreated": bool, "granted": str, "principal_id": str},
        message=_new_principal,
        step="find out who created it and who may assume it",
        item=lambda *, subject, principal_id, **_: f"new-principal {subject} {principal_id}".rstrip(" "),
        source=f"{IAM_GUIDE}/id_roles.html",
        score="6.0",
        by_gain=(Severity.HIGH, Severity.MEDIUM, Severity.LOW),
    )
    GONE_PRINCIPAL = Row(
        "gone-principal",
        "A role or user no longer exists.",
        message="no longer exists",
        step="find out who deleted it, if you didn't expect this",
        item="gone-principal {subject}",
        source=f"{IAM_GUIDE}/id_roles.html",
        severity=Severity.INFO,
    )


def find_new_principals(
    then: Mapping[str, Member], now: Iterable[Member], gains: Gains, catalog: Catalog
) -> Iterator[DriftFinding]:
    """A finding for each principal that is new or was created again."""
    for grants in (member.grants for member in now):
        earlier = then.get(grants.principal.arn)
        if earlier is None:
            yield _came(grants, gains, catalog, is_recreated=False)
        elif is_recreated(earlier.grants.principal, grants.principal):
            yield _came(grants, gains, catalog, is_recreated=True)


def find_gone_principals(before: State, after: State) -> Iterator[DriftFinding]:
    """A finding for each principal that no longer exists."""
    known = {principal.arn for principal in after.principals}
    for earlier in before.principals:
        if earlier.arn not in known:
            yield DriftFinding(
                PrincipalDrift.GONE_PRINCIPAL,
                severity=Severity.INFO,
                subject=earlier.arn,
                principals=(earlier.arn,),
                ties=(f"account {earlier.account}", _name_of(earlier)),
            )


def find_outside_trust(before: State, after: State) -> Iterator[DriftFinding]:
    """A finding for each new way into a role from outside, including new roles."""
    own, organization = before.accounts | after.accounts, after.organization
    old, new = (outside_trust(state.principals, own, organization) for state in (before, after))
    known = {(trust.principal, *trust.parameters.values()) for trust in old}
    for trust in new:
        if (trust.principal, *trust.parameters.values()) not in known:
            yield DriftFinding(
                PrincipalDrift.OUTSIDE_TRUST,
                trust.parameters,
                severity=trust.severity,
                subject=trust.principal,
                principals=(trust.principal,),
                ties=(trust.message,),
            )


_UNKNOWN: Final = "some of its permissions are unknown: {missing} is missing"
_MADE: Final = "account {account}, created on {day:%Y-%m-%d}"


def _came(grants: PrincipalGrants, gains: Gains, catalog: Catalog, *, is_recreated: bool) -> DriftFinding:
    principal, granted, made = grants.principal, grants.granted(), grants.principal.created
    patterns = {pattern for _, pattern, _ in each_wildcard(grants.allows, catalog)}
    severity = gains.severity(granted, PrincipalDrift.NEW_PRINCIPAL)
    if patterns and severity is Severity.LOW:
        severity = Severity.MEDIUM
    details = gains.details(gains.dangerous(granted), "may")
    if patterns:
        details = (f"wildcards: {', '.join(sorted(patterns))}", *details)
    if grants.missing:
        details = (_UNKNOWN.format(missing=", ".join(grants.missing)), *details)
    return DriftFinding(
        PrincipalDrift.NEW_PRINCIPAL,
        {"is_recreated": is_recreated, "granted": gains.counted(granted), "principal_id": principal.principal_id},
        severity=Severity.INFO if principal.is_service_linked else severity,
        subject=principal.arn,
        principals=(principal.arn,),
        details=details,
        ties=(_name_of(principal), *([_MADE.format(account=principal.account, day=made)] if made else [])),
    )


def _name_of(principal: Principal) -> str:
    """The name of a principal that a stack set or permission set creates in each account."""
    return f"{principal.kind}{principal.path}{principal.name}"
