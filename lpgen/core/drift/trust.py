"""Findings about trust policies that an earlier state didn't have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.drift.findings import DriftFinding, DriftKind
from lpgen.core.drift.states import State
from lpgen.core.model import Principal
from lpgen.core.registry.row import IAM_GUIDE, Row
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.trust.findings import TrustFinding, TrustFindingKind, findings_of
from lpgen.core.trust.lines import trust_lines


class TrustDrift(DriftKind):
    """Drift of trust policies, apart from new ways in from outside."""

    TRUST_WEAKENED = Row(
        "trust-weakened",
        "A trust policy has a fault that it didn't have.",
        parameters={"finding": str, "fault": str, "advice": str},
        message="its trust policy has a new fault: {fault}",
        step="correct its trust policy: {advice}",
        item="trust-weakened {subject} {finding}",
        help="`lpgen trust` finds this fault in the trust policy of a role now, and didn't in the earlier one: pull "
        "requests may assume it, a longer name matches a condition, or a condition never matches, for example.",
        to_do="Run `lpgen trust --principal ROLE`.",
        source=f"{IAM_GUIDE}/id_roles_create_for-idp_oidc.html",
        score="7.0",
    )


_SHOWN_ELSEWHERE: Final = (TrustFindingKind.ANYONE, TrustFindingKind.ANY_IDENTITY, TrustFindingKind.OTHER_ACCOUNT)
"""Kinds that `outside-trust` covers."""


def find_weakened_trust(before: State, after: State) -> Iterator[DriftFinding]:
    """A finding for each fault of a trust policy that the earlier policy of the role didn't have."""
    own = before.accounts | after.accounts
    earlier = {role.arn: role for role in before.principals}
    for role in after.principals:
        then = earlier.get(role.arn)
        if role.trust is None or (then is not None and then.trust == role.trust):
            continue
        known = {_identity(finding) for finding in _faults(then, own)} if then else set()
        for finding in _faults(role, own):
            if _identity(finding) not in known:
                yield _found(role, finding)


def _faults(role: Principal, own: frozenset[str]) -> tuple[TrustFinding, ...]:
    evidence = TrustEvidence(own=own, complete=frozenset(), principals={})
    lines = trust_lines(role.trust) if role.trust else ()
    found = findings_of(role, lines, evidence, lambda _: "")
    return tuple(
        finding for finding in found if finding.kind not in _SHOWN_ELSEWHERE and finding.severity is not Severity.LOW
    )


def _identity(finding: TrustFinding) -> tuple[str, ...]:
    return (finding.kind, *(str(value) for _, value in sorted(finding.parameters.items())))


def _found(role: Principal, finding: TrustFinding) -> DriftFinding:
    return DriftFinding(
        TrustDrift.TRUST_WEAKENED,
        {"finding": finding.kind.value, "fault": finding.message, "advice": finding.step},
        severity=finding.severity,
        subject=role.arn,
        principals=(role.arn,),
        ties=(finding.message,),
    )
