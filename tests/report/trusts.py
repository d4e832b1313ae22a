"""A report on trust with findings, callers, a narrowed trust policy and a refusal."""

from __future__ import annotations

from lpgen.core.guards import NO_GUARDS
from lpgen.core.trust.callers import Callers
from lpgen.core.trust.roles import TrustReport, trust_of_role
from tests.core.trust.cases import allow, call_by, evidence_of, github, role_with, sign_in


def trust_report() -> TrustReport:
    """One role with a narrowed trust policy, and one without."""
    subject = "repo:acme/shop:ref:refs/heads/main"
    seen = [sign_in(day, subject) for day in range(0, 90, 5)]
    denied = sign_in(7, "repo:evil/shop:ref:refs/heads/main", error_code="AccessDenied")
    vendor = allow({"AWS": "arn:aws:iam::999988887777:root"})
    role, evidence = role_with(github("repo:acme/*"), vendor), evidence_of(*seen, denied)
    narrowed = trust_of_role(role, evidence, callers=Callers((), NO_GUARDS), vendor_of=lambda _: "Vendor")
    refused = trust_of_role(
        role_with(vendor),
        evidence_of(call_by(3, "arn:aws:iam::999988887777:role/x"), days=20),
        callers=Callers((), NO_GUARDS),
        vendor_of=lambda _: "",
    )
    return TrustReport((narrowed, refused), ("a problem of the files",))
