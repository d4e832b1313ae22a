"""Principals that came, went, or were deleted and made again."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.actions.catalog import Catalog
from lpgen.core.analysis.granted.wildcards import wildcards_of_grant
from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, DriftKind
from lpgen.core.drift.gains import Gains, Weights
from lpgen.core.drift.holdings import is_of_aws, is_recreated
from lpgen.core.drift.states import State
from lpgen.core.grounds import PrincipalGrants

_WEIGHTS = Weights(Severity.HIGH, Severity.MEDIUM, Severity.LOW)


def find_people(before: State, after: State, gains: Gains, catalog: Catalog) -> Iterator[DriftFinding]:
    """A finding for each principal that is new, was made again, or is gone."""
    known = {one.principal.arn: one.principal for one in before.grants}
    for grants in after.grants:
        earlier = known.pop(grants.principal.arn, None)
        if earlier is None:
            yield _came(grants, "is new", gains, catalog)
        elif is_recreated(earlier, grants.principal):
            yield _came(grants, "was deleted and made again: it is another principal of the same name", gains, catalog)
    for arn in known:
        yield DriftFinding(
            DriftKind.GONE_PRINCIPAL,
            Severity.INFO,
            arn,
            (arn,),
            "is gone",
            (),
            "nothing, if it was meant to go",
            f"{DriftKind.GONE_PRINCIPAL} {arn}",
        )


def _came(grants: PrincipalGrants, what: str, gains: Gains, catalog: Catalog) -> DriftFinding:
    principal, granted = grants.principal, grants.granted()
    patterns = {pattern for grant in grants.allows for pattern, _ in wildcards_of_grant(grant, catalog)}
    severity = gains.severity(granted, _WEIGHTS)
    if patterns and severity is Severity.LOW:
        severity = Severity.MEDIUM
    details = gains.details(gains.dangerous(granted), "may")
    if patterns:
        details = (f"wildcards: {', '.join(sorted(patterns))}", *details)
    if grants.missing:
        details = (f"what it may do isn't all known: {', '.join(grants.missing)} is missing", *details)
    return DriftFinding(
        DriftKind.NEW_PRINCIPAL,
        Severity.INFO if is_of_aws(principal) else severity,
        principal.arn,
        (principal.arn,),
        f"{what}; it is granted {gains.counted(granted)}",
        details,
        "make sure that somebody meant it, and who may assume it",
        f"{DriftKind.NEW_PRINCIPAL} {principal.arn}{f' {principal.principal_id}' if principal.principal_id else ''}",
    )
