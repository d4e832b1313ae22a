"""Principals whose replacement isn't safe: open caveats, a refusal, and a verification that fails."""

from __future__ import annotations

from datetime import UTC, date, datetime

from lpgen.core.analysis.caveats.dangerous_use import DangerCaveat
from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.evidence import UnmappedEvent
from lpgen.core.findings import Confidence, DangerousUse, Detachment, DroppedLine, UngrantedUse, Verdict
from lpgen.core.model import Action
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import Check, CheckStatus, Decision, DecisionKind, Line, LineKind, Scope
from tests.report.cases import ADMIN, SECURITY, Case, own, passed_checks, seen, use_of, used_line, verdict


def inventory() -> Case:
    """A role with a use that nothing explains, so that it isn't safe."""
    parent = own("describe")
    when = seen(31, "2026-06-20", "2026-09-28", "0e7c7c52-16f4-4a51-b0b5-3b1a6a4a7b6e")
    case = Case("inventory-collector", detach=Detachment(managed=(), inline=("describe",), groups=()))
    case.verdicts = [
        verdict("rds:DescribeDBInstances", Verdict.USED, parents=(parent,), keep="used", evidence=when),
        verdict("ec2:DescribeVolumes", Verdict.UNGRANTED, evidence=when),
        verdict("ec2:DescribeInstances", parents=(parent,)),
        verdict("ec2:DescribeVpcs", parents=(parent,)),
        verdict("ec2:CreateTags", parents=(parent,)),
        verdict("kms:ListGrants", Verdict.ATTEMPTED, parents=(parent,), keep="tried", evidence=when),
    ]
    case.lines = [
        used_line("rds:DescribeDBInstances", parent, when),
        Line(
            Action("kms:ListGrants"),
            Scope(("*",)),
            parent,
            LineKind.ATTEMPTED,
            "tried, outcome undetermined (ThrottlingException)",
            "",
            when,
        ),
    ]
    why = "ec2:DescribeVolumes was used without a grant and nothing explains it, so this may be what was meant"
    for name in ("DescribeInstances", "DescribeVpcs"):
        case.lines.append(Line(Action(f"ec2:{name}"), Scope(("*",)), parent, LineKind.REVIEW, why, "", None))
    use = use_of("ec2:DescribeVolumes", "*", when)
    made = use_of(
        "sqs:CreateQueue",
        "arn:aws:sqs:us-east-1:111122223333:backfill",
        seen(1, "2026-07-02", "2026-07-02", "1f0d8f3b-3c1e-49a5-8d0c-b0a1c0de0001"),
    )
    refused = "no Allow matches the action and resource"
    changed = "its policies were changed later, by iam:DeleteRolePolicy on 2026-07-03 (example 77aa)"
    case.ungranted = [UngrantedUse(made, refused, explanation=changed), UngrantedUse(use, refused, explanation="")]
    case.caveats = [
        Caveat.of(UnknownCaveat.UNEXPLAINED_USE, action="ec2:DescribeVolumes", resource="*", reason=refused)
    ]
    return case


def analyst() -> Case:
    """A role with an unmapped event, an unknown pattern that was accepted, and drops by decision."""
    parent = own("lens", 2)
    when = seen(12, "2026-08-01", "2026-09-30", "5b0c1c7a-60a6-4a5e-8a55-6d2ff32c7b1d")
    case = Case("storage-analyst", path="/data/", created=datetime(2026, 9, 10, tzinfo=UTC))
    case.verdicts = [
        verdict("s3:ListAllMyBuckets", Verdict.USED, parents=(parent,), keep="used", evidence=when),
        verdict("s3:GetBucketAcl", Verdict.USED, parents=(parent,), keep="used", evidence=when),
        verdict("s3:GetStorageLensConfiguration", parents=(parent,), confidence=Confidence.LOW),
    ]
    case.lines = [used_line("s3:ListAllMyBuckets", parent, when)]
    event = UnmappedEvent(
        "s3.amazonaws.com",
        "GetStorageLensDashboardDataInternal",
        seen(7, "2026-09-12", "2026-09-26", "2d7a44c0-9a53-4e0e-9d43-07b5a9a5b0aa"),
    )
    case.unmapped = [event]
    case.caveats = [
        Caveat.of(
            UnknownCaveat.UNMAPPED_EVENT,
            records=7,
            call="s3.amazonaws.com GetStorageLensDashboardDataInternal",
            reason=event.reason,
            example="2d7a44c0-9a53-4e0e-9d43-07b5a9a5b0aa",
            event=event.item,
        ),
        Caveat.of(
            LogsCaveat.YOUNG,
            case="young-principal",
            kind="role",
            days=20,
            counted=20,
            min_days=90,
            until=date(2026, 12, 9),
        ),
        Caveat(
            UnknownCaveat.UNKNOWN_PATTERN,
            {"case": "new", "pattern": "s3:GetObjectMetadata", "statement": "lens, statement 3"},
            "storage team: a typing error from 2021",
        ),
    ]
    drop = Decision(
        DecisionKind.DROP,
        case.arn,
        "s3:GetBucketAcl",
        "arn:aws:s3:::larkspur-audit*",
        "",
        "",
        "",
        "one-off audit in August",
        "storage team",
        "2027-06-30",
    )
    case.dropped = [DroppedLine(used_line("s3:GetBucketAcl", parent, when, "arn:aws:s3:::larkspur-audit-logs"), drop)]
    return case


def too_large() -> Case:
    """A replacement that was refused."""
    case = Case(
        "mesh-router",
        refusal=Caveat.of(
            ReplacementCaveat.TOO_LARGE,
            needed=81205,
            room="AWS's limits",
            largest="sqs 50110, sns 31095",
            advice="split the role into several by what they do",
            instead="",
        ),
    )
    case.sizes = (("sns", 31095), ("sqs", 50110))
    case.verdicts = [verdict("sqs:CreateQueue", Verdict.USED, parents=(ADMIN,), keep="used")]
    return case


def failing() -> Case:
    """A replacement that fails its verification, and holds what an intruder may have done."""
    parent = own("share")
    when = seen(4, "2026-09-01", "2026-09-04", "b0b0b0b0-0000-4000-8000-000000000001")
    case = Case("partner-share", account=SECURITY, covered_days=61)
    case.verdicts = [
        verdict("s3:GetBucketLocation", Verdict.USED, parents=(parent,), keep="used", evidence=when),
        verdict("s3:PutBucketTagging", parents=(parent,), confidence=Confidence.LOW),
    ]
    case.lines = [used_line("s3:GetBucketLocation", parent, when, "arn:aws:s3:::partner-drop")]
    opened = seen(2, "2026-09-03", "2026-09-03", "b0b0b0b0-0000-4000-8000-000000000007", "arn:aws:s3:::partner-drop")
    harm = "opens a bucket to any principal"
    case.verdicts.append(verdict("s3:PutBucketPolicy", Verdict.USED, parents=(parent,), keep="used", evidence=opened))
    case.lines.append(used_line("s3:PutBucketPolicy", parent, opened, "arn:aws:s3:::partner-drop"))
    case.dangerous = (DangerousUse(Action("s3:PutBucketPolicy"), harm, on=(date(2026, 9, 3),), evidence=opened),)
    case.caveats = [
        Caveat.of(LogsCaveat.SHORT_COVERAGE, days=61, min_days=90, account=SECURITY),
        Caveat.of(
            DangerCaveat.UNUSUAL_USE,
            action="s3:PutBucketPolicy",
            harm=harm,
            resource="arn:aws:s3:::partner-drop",
            first=date(2026, 9, 3),
            last=date(2026, 9, 3),
            days=1,
            records=2,
            example=opened.example_event_id,
            rank=30,
            case="few-days",
        ),
    ]
    good = passed_checks(1)
    case.checks = (
        good[0],
        Check(
            "everything used stays allowed",
            CheckStatus.FAILED,
            2,
            (
                "s3:GetBucketLocation on arn:aws:s3:::partner-in was granted by share, statement 1 and used (example "
                "b0b0b0b0-0000-4000-8000-000000000001), and no new statement grants it",
            ),
        ),
        Check("replayed requests stay allowed", CheckStatus.UNPROVEN, 2, ("a condition on `aws:SourceVpce`",)),
        *good[3:],
    )
    return case
