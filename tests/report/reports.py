"""Report values for the renderers, made by hand: an organization with one principal of every kind, and a large one.

Nothing here reads logs, policies or the catalog, so what the renderers print depends on the renderers alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from lpgen.core.analysis.grants.trust import OutsideTrustKind
from lpgen.core.choices import Severity
from lpgen.core.evidence import AccountCoverage, LogCoverage, LogGap, PrincipalUsage, SeenEvents
from lpgen.core.findings import Diff, OutsideTrust, Report, Saving, SavingKind, SkipCount
from lpgen.core.model import SkipReason
from lpgen.core.replacements import Decision, DecisionKind, DecisionsStamp
from tests.report.cases import SECURITY, SHOP, Case, seen, use_of
from tests.report.cases_without_replacement import without_replacement
from tests.report.safe_cases import applied, deployer, exporter, sso, storefront, user_in_group
from tests.report.unsafe_cases import analyst, failing, inventory, too_large

MANAGEMENT = frozenset({SeenEvents("", "", True), SeenEvents("", "", False)})
"""Management events of both sides."""


def organization() -> Report:
    """One principal of every kind, in two covered accounts and one without logs."""
    cases = [
        *(make() for make in (deployer, storefront, inventory, analyst, exporter, user_in_group)),
        *(make() for make in (too_large, failing, sso, applied)),
        *without_replacement(),
    ]
    stranger = PrincipalUsage(
        f"arn:aws:iam::{SHOP}:role/deleted-in-august",
        ("AROADELETED",),
        (use_of("s3:GetBucketTagging", "arn:aws:s3:::old", seen(3, "2026-08-01", "2026-08-02", "dead-beef")),),
        (),
        ("us-east-1",),
    )
    expired = Decision(
        DecisionKind.KEEP, "*", "s3:PutObject", "", "", "", "", "holiday sale", "shop team", "2026-01-31"
    )
    found = report_of(
        cases,
        problems=("444455556666: the document of arn:aws:iam::444455556666:policy/etl is missing",),
        unlisted=(stranger,),
        expired=(expired,),
        skips=(
            SkipCount(SkipReason.NO_PERMISSION, 105, example_event_id="3b9d3c1e-0000-4000-8000-000000000001"),
            SkipCount(SkipReason.SERVICE_CALLER, 1308, example_event_id="3b9d3c1e-0000-4000-8000-000000000002"),
            SkipCount(SkipReason.UNMAPPED, 7, example_event_id="2d7a44c0-9a53-4e0e-9d43-07b5a9a5b0aa"),
            SkipCount(SkipReason.UNREADABLE_FILE, 1, example_event_id=""),
        ),
    )
    ways = (trust("everyone", "anyone"), trust("account", "999988887777", "sts:ExternalId"))
    kinds = (DecisionKind.KEEP, DecisionKind.ACCEPT, DecisionKind.ACCEPT)
    arns = [proposal.diff.principal.arn for proposal in found.proposals]
    savings = (
        Saving(SavingKind.MERGE, tuple(arns[:3]), 1, 2),
        Saving(SavingKind.SPLIT, (arns[3],), 5, 1234),
        Saving(SavingKind.USER, (arns[-1],), 1, 2),
    )
    return replace(found, trust=ways, decisions=DecisionsStamp("policies/decisions.toml", kinds), savings=savings)


def trust(case: str, who: str, limits: str = "") -> OutsideTrust:
    """A way into a role from outside, worse without limits."""
    under = f", if the conditions on {limits} are met" if limits else ""
    facts = {"case": case, "who": who, "limits": limits, "under": under}
    role = f"arn:aws:iam::{SHOP}:role/app/storefront-api"
    severity = Severity.HIGH if limits else Severity.CRITICAL
    return OutsideTrust(OutsideTrustKind.OUTSIDE_TRUST, facts, principal=role, severity=severity)


def report_of(
    cases: Iterable[Case],
    *,
    problems: tuple[str, ...] = (),
    unlisted: tuple[PrincipalUsage, ...] = (),
    expired: tuple[Decision, ...] = (),
    skips: tuple[SkipCount, ...] = (),
) -> Report:
    """A report on some principals, sorted as the analysis sorts them."""
    proposals = tuple(sorted((case.proposal() for case in cases), key=lambda proposal: proposal.diff.principal.arn))
    coverage = LogCoverage(
        (
            AccountCoverage(
                SHOP,
                date(2026, 6, 3),
                date(2026, 9, 30),
                120,
                (),
                ("eu-west-1", "us-east-1", "us-west-2"),
                6103,
                frozenset({*MANAGEMENT, SeenEvents("us-east-1", "dynamodb.amazonaws.com", True)}),
                summed=frozenset({"s3.amazonaws.com"}),
            ),
            AccountCoverage(
                SECURITY,
                date(2026, 6, 3),
                date(2026, 9, 30),
                61,
                (LogGap(date(2026, 7, 4), date(2026, 8, 31)),),
                ("us-east-1",),
                892,
                MANAGEMENT,
            ),
        )
    )
    diff = Diff(
        as_of=date(2026, 9, 30),
        catalog_date="2026-11-02",
        catalog_version="2026.11.2",
        coverage=coverage,
        skips=skips,
        principals=tuple(proposal.diff for proposal in proposals),
        unlisted=unlisted,
        expired=expired,
    )
    unread = sum(skip.records for skip in skips if skip.reason is SkipReason.UNREADABLE_FILE)
    return Report(diff, proposals, problems=problems, min_days=90, max_risk=0.03, unread_files=unread)


def large_report(principals: int = 200) -> Report:
    """Many principals: an administrator in ten, else applications, some of them not safe yet."""
    cases: list[Case] = []
    for number in range(principals):
        case = deployer() if number % 10 == 0 else storefront() if number % 3 else inventory()
        cases.append(replace(case, name=f"{case.name}-{number:04}", account=f"{111122223333 + number % 7}"))
    return report_of(cases)
