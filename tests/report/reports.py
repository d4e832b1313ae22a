"""Report values for the renderers, made by hand: an organization with one principal of every kind, and a large one.

Nothing here reads logs, policies or the catalog, so what the renderers print depends on the renderers alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from lpgen.core.findings import (
    ActionVerdict,
    Caveat,
    CaveatKind,
    Confidence,
    Detachment,
    Diff,
    DroppedLine,
    PrincipalClass,
    PrincipalDiff,
    Proposal,
    Report,
    SkipCount,
    UngrantedUse,
    Verdict,
    WildcardUse,
)
from lpgen.core.grounds import (
    AccountCoverage,
    Evidence,
    Gap,
    LogCoverage,
    PrincipalUsage,
    RecordedContext,
    StatementRef,
    UnmappedEvent,
    Use,
)
from lpgen.core.model import (
    AccessLevel,
    Action,
    ActionPattern,
    AttachedPolicy,
    DenialKind,
    Outcome,
    PolicyKind,
    Principal,
    PrincipalKind,
    Resource,
    ResourceKind,
    SkipReason,
)
from lpgen.core.policies.policy import policy_from_json
from lpgen.core.replacements import (
    AppliedRule,
    Check,
    CheckStatus,
    Decision,
    DecisionKind,
    Line,
    LineKind,
    Replacement,
    ReplacementDocument,
    ReplacementStatement,
    Scope,
    Verification,
)

SHOP, SECURITY = "111122223333", "444455556666"
ADMIN = StatementRef("arn:aws:iam::aws:policy/AdministratorAccess", PolicyKind.AWS_MANAGED, "", 0, "")
TRAIL = "the principal used s3"

OWN_ACCESS = Detachment((), ("access",), ())

LEVELS = {"Get": AccessLevel.READ, "Describe": AccessLevel.LIST, "List": AccessLevel.LIST, "Tag": AccessLevel.TAGGING}


def own(name: str, index: int = 0, sid: str = "", *, group: str = "") -> StatementRef:
    """A statement of an inline policy."""
    return StatementRef(name, PolicyKind.INLINE, group, index, sid)


def seen(records: int, first: str, last: str, event: str, resource: str = "*") -> Evidence:
    """Evidence between two days."""
    return Evidence(records, f"{first}T06:12:09Z", f"{last}T22:40:51Z", event, resource)


def level_of(action: str) -> AccessLevel:
    """A plausible access level, read off the name."""
    name = action.partition(":")[2]
    if action.startswith("iam:") and not name.startswith(("Get", "List")):
        return AccessLevel.PERMISSIONS_MANAGEMENT
    return next((level for verb, level in LEVELS.items() if name.startswith(verb)), AccessLevel.WRITE)


def verdict(
    action: str,
    kind: Verdict = Verdict.UNUSED,
    *,
    parents: Sequence[StatementRef] = (),
    keep: str = "",
    danger: str = "",
    confidence: Confidence = Confidence.HIGH,
    evidence: Evidence | None = None,
    level: AccessLevel | None = None,
) -> ActionVerdict:
    """A verdict with the reason that goes with its kind."""
    reason = {
        Verdict.USED: "used",
        Verdict.ATTEMPTED: "tried, but no record says whether it was allowed",
        Verdict.UNUSED: "no record, and its use would have shown",
        Verdict.UNOBSERVABLE: f"a data event, and the logs hold none of {action.partition(':')[0]}.amazonaws.com",
        Verdict.UNGRANTED: "used, but no current policy grants it",
    }[kind]
    if kind is Verdict.UNOBSERVABLE and confidence is Confidence.HIGH:
        confidence = Confidence.MEDIUM
    where = level or level_of(action)
    return ActionVerdict(Action(action), where, kind, reason, keep, confidence, danger, tuple(parents), evidence)


def kept_line(action: str, parent: StatementRef, *resources: str, sign: str) -> Line:
    """A line that stays because the logs can't show its use."""
    why = f"a data event, and the logs hold none of {action.partition(':')[0]}.amazonaws.com; {sign}"
    return Line(Action(action), Scope(resources or ("*",)), parent, LineKind.KEPT, why, "", None)


def used_line(action: str, parent: StatementRef, evidence: Evidence, *resources: str, rule: str = "") -> Line:
    """A line that records of the action need."""
    scope = Scope(resources or ("*",))
    return Line(Action(action), scope, parent, LineKind.OBSERVED, "a record of this action", rule, evidence)


@dataclass
class Case:
    """What one principal's proposal is made of; `proposal()` puts it together."""

    name: str
    principal_class: PrincipalClass = PrincipalClass.ACTIVE
    proposal_text: str = "replace the policies"
    account: str = SHOP
    kind: PrincipalKind = PrincipalKind.ROLE
    path: str = "/"
    covered_days: int = 120
    created: datetime | None = datetime(2023, 2, 14, 9, 30, tzinfo=UTC)
    last_used: datetime | None = None
    verdicts: list[ActionVerdict] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    ungranted: list[UngrantedUse] = field(default_factory=list)
    denied: list[Use] = field(default_factory=list)
    unmapped: list[UnmappedEvent] = field(default_factory=list)
    wildcards: list[WildcardUse] = field(default_factory=list)
    caveats: list[Caveat] = field(default_factory=list)
    dropped: list[DroppedLine] = field(default_factory=list)
    detach: Detachment = OWN_ACCESS
    policies: tuple[AttachedPolicy, ...] = ()
    boundary: AttachedPolicy | None = None
    denies: list[dict[str, object]] = field(default_factory=list)
    rules: tuple[AppliedRule, ...] = ()
    refusal: str = ""
    inline: bool = False
    checks: tuple[Check, ...] | None = None
    sizes: tuple[tuple[str, int], ...] = ()

    @property
    def arn(self) -> str:
        """The principal's ARN."""
        return f"arn:aws:iam::{self.account}:{self.kind}{self.path}{self.name}"

    def proposal(self) -> Proposal:
        """The whole proposal, with documents made of the lines and with checks that pass unless told."""
        principal = Principal(
            arn=self.arn,
            principal_id=f"AROA{self.name.upper().replace('-', '')[:12]}",
            account=self.account,
            kind=self.kind,
            name=self.name,
            path=self.path,
            created=self.created,
            last_used=self.last_used,
            policies=self.policies,
            boundary=self.boundary,
            trust=None,
            groups=self.detach.groups,
            instance_profiles=(),
            tags=(),
        )
        diff = PrincipalDiff(
            principal,
            self.principal_class,
            self.proposal_text,
            self.covered_days,
            tuple(sorted(self.verdicts, key=lambda one: one.action)),
            tuple(self.ungranted),
            tuple(self.denied),
            tuple(self.unmapped),
            tuple(self.wildcards),
            tuple(self.caveats),
            tuple(sorted(self.lines, key=lambda one: (one.action, one.scope, one.parent))),
            tuple(self.dropped),
            self.detach,
        )
        if self.principal_class not in (PrincipalClass.ACTIVE, PrincipalClass.SSO):
            return Proposal(diff, None, None)
        documents = () if self.refusal else (self._document(principal, diff.lines),)
        replacement = Replacement(principal, documents, self.rules, self.sizes, self.refusal)
        checks = passed_checks(len(self.lines)) if self.checks is None else self.checks
        return Proposal(diff, replacement, None if self.refusal else Verification(self.arn, checks))

    def _document(self, principal: Principal, lines: Sequence[Line]) -> ReplacementDocument:
        groups: dict[tuple[str, StatementRef, Scope], list[Line]] = defaultdict(list)
        for line in lines:
            groups[line.action.partition(":")[0], line.parent, line.scope].append(line)
        statements = tuple(
            ReplacementStatement(
                f"{service.title()}{number:010x}",
                tuple(sorted({line.action for line in found})),
                scope,
                parent,
                tuple(found),
            )
            for number, ((service, parent, scope), found) in enumerate(sorted(groups.items()), start=1)
        )
        written: list[dict[str, object]] = [
            {
                "Sid": one.sid,
                "Effect": "Allow",
                "Action": list(one.actions),
                "NotResource" if one.scope.not_resource else "Resource": list(one.scope.resources),
            }
            for one in statements
        ]
        document = {"Version": "2012-10-17", "Statement": [*written, *self.denies]}
        text = json.dumps(document, indent=2) + "\n"
        size = len(json.dumps(document, separators=(",", ":")))
        return ReplacementDocument(f"lpgen-{principal.name}-1", self.inline, text, size, statements)


def passed_checks(examined: int) -> tuple[Check, ...]:
    """All checks, passed."""
    names = (
        ("no wildcard action, only known actions", examined),
        ("everything used stays allowed", examined * 2),
        ("replayed requests stay allowed", examined * 2),
        ("nothing new is allowed", examined * 3),
        ("every pair of action and resource has a reason", examined * 3),
        ("every Deny is kept", 1),
        ("fits AWS's size limits", 1),
    )
    return tuple(Check(name, CheckStatus.PASSED, number, ()) for name, number in names)


def use_of(
    action: str,
    resource: str,
    evidence: Evidence,
    *,
    outcome: Outcome = Outcome.ALLOWED,
    wall: DenialKind = DenialKind.NONE,
    error: str = "",
    region: str = "us-east-1",
) -> Use:
    """One use."""
    kind = ResourceKind.NONE if resource == "*" else ResourceKind.ARN
    return Use(
        Action(action), Resource(kind, resource), outcome, "observed", wall, error, (RecordedContext(region),), evidence
    )


# ---------------------------------------------------------------- one principal of every kind


def deployer() -> Case:
    """An administrator that needs little."""
    used = {
        "cloudformation:CreateChangeSet": "arn:aws:cloudformation:us-east-1:111122223333:stack/storefront/*",
        "cloudformation:DescribeStacks": "*",
        "cloudformation:ExecuteChangeSet": "arn:aws:cloudformation:us-east-1:111122223333:stack/storefront/*",
        "ecs:DescribeServices": "arn:aws:ecs:us-east-1:111122223333:service/shop/storefront",
        "ecs:UpdateService": "arn:aws:ecs:us-east-1:111122223333:service/shop/storefront",
        "ssm:GetParameter": "arn:aws:ssm:us-east-1:111122223333:parameter/shop/image",
    }
    when = seen(68, "2026-06-03", "2026-09-29", "8f2c0f5e-5d0c-4d53-9c0c-5a6f0d6f6b11")
    case = Case("platform-deployer", path="/platform/", detach=Detachment((ADMIN.policy,), (), ()))
    for action, resource in used.items():
        case.verdicts.append(verdict(action, Verdict.USED, parents=(ADMIN,), keep="used", evidence=when))
        rule = "name-family" if resource.endswith("/*") else ""
        case.lines.append(used_line(action, ADMIN, when, resource, rule=rule))
    passed = "arn:aws:iam::111122223333:role/shop-task"
    case.verdicts.append(
        verdict(
            "iam:PassRole",
            Verdict.USED,
            parents=(ADMIN,),
            keep="used",
            evidence=when,
            level=AccessLevel.WRITE,
            danger="hands a role's rights to a service that the holder controls",
        )
    )
    case.lines.append(
        Line(Action("iam:PassRole"), Scope((passed,)), ADMIN, LineKind.INFERRED, "pass-role:ecs", "", when)
    )
    dangers = {
        "iam:AttachRolePolicy": "attaches any policy to a role, AdministratorAccess included",
        "iam:PutRolePolicy": "writes any inline policy into a role",
        "ec2:AssociateIamInstanceProfile": "gives an instance the rights of another role",
        "ec2:ReplaceIamInstanceProfileAssociation": "swaps the role of a running instance",
    }
    for action, danger in dangers.items():
        case.verdicts.append(verdict(action, parents=(ADMIN,), danger=danger))
    for service in ("s3", "kms", "sns", "lambda", "rds", "glue", "athena", "sqs", "logs", "route53", "organizations"):
        for verb in ("Get", "List", "Describe", "Create", "Delete", "Tag", "Put"):
            for noun in ("Thing", "ThingPolicy", "ThingSet"):
                danger = "changes who may do what" if verb == "Put" and noun == "ThingPolicy" else ""
                case.verdicts.append(verdict(f"{service}:{verb}{noun}", parents=(ADMIN,), danger=danger))
    for name in ("SendCommandOutput", "PutInventory"):
        action = f"ssm:{name}"
        case.verdicts.append(verdict(action, Verdict.UNOBSERVABLE, parents=(ADMIN,), keep="the principal used ssm"))
        case.lines.append(kept_line(action, ADMIN, sign="the principal used ssm"))
    for name in ("SendMessage", "ReceiveMessage"):
        case.verdicts.append(verdict(f"sqs:{name}", Verdict.UNOBSERVABLE, parents=(ADMIN,)))
    everything = tuple(one.action for one in case.verdicts if one.verdict is Verdict.USED)
    case.wildcards = [WildcardUse(ADMIN, ActionPattern("*"), False, len(case.verdicts), everything)]
    case.rules = (
        AppliedRule(
            "name-family",
            "arn:aws:cloudformation:us-east-1:111122223333:stack/storefront/*",
            136,
            "5 or more names differ only in generated parts, so any name of this shape",
        ),
    )
    return case


def storefront() -> Case:
    """An application whose object reads the logs can't show."""
    bucket, table = own("data", 0, "Images"), own("data", 1, "Orders")
    orders = "arn:aws:dynamodb:us-east-1:111122223333:table/storefront-orders"
    when = seen(5211, "2026-06-03", "2026-09-30", "fdba19ca-c71b-474c-9b35-96df91c43da1", orders)
    case = Case("storefront-api", path="/app/", detach=Detachment((), ("data",), ()))
    for name in ("GetItem", "PutItem", "Query", "UpdateItem"):
        case.verdicts.append(verdict(f"dynamodb:{name}", Verdict.USED, parents=(table,), keep="used", evidence=when))
        case.lines.append(used_line(f"dynamodb:{name}", table, when, orders))
    for name in ("DeleteItem", "DeleteTable", "Scan", "TagResource", "DescribeTable"):
        case.verdicts.append(verdict(f"dynamodb:{name}", parents=(table,)))
    for name in ("GetObject", "PutObject", "ListBucket"):
        sign = "the policy names s3 (data, statement 1 (Images))"
        case.verdicts.append(verdict(f"s3:{name}", Verdict.UNOBSERVABLE, parents=(bucket,), keep=sign))
        case.lines.append(
            kept_line(f"s3:{name}", bucket, "arn:aws:s3:::larkspur-images", "arn:aws:s3:::larkspur-images/*", sign=sign)
        )
    case.verdicts.append(verdict("s3:PutBucketPolicy", parents=(bucket,), danger="opens a bucket to anybody"))
    case.verdicts.append(verdict("s3:DeleteBucket", parents=(bucket,)))
    case.wildcards = [
        WildcardUse(bucket, ActionPattern("s3:*"), False, 5, ()),
        WildcardUse(table, ActionPattern("dynamodb:*"), False, 9, tuple(one.action for one in case.verdicts[:4])),
    ]
    return case


def inventory() -> Case:
    """A role with a use that nothing explains, so that it isn't safe."""
    parent = own("describe")
    when = seen(31, "2026-06-20", "2026-09-28", "0e7c7c52-16f4-4a51-b0b5-3b1a6a4a7b6e")
    case = Case("inventory-collector", detach=Detachment((), ("describe",), ()))
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
    case.ungranted = [UngrantedUse(made, refused, changed), UngrantedUse(use, refused, "")]
    case.caveats = [
        Caveat(
            CaveatKind.UNEXPLAINED_USE,
            f"ec2:DescribeVolumes on * was allowed, but {refused}",
            "unexplained ec2:DescribeVolumes",
        )
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
        Caveat(
            CaveatKind.UNMAPPED_EVENT,
            "7 successful s3.amazonaws.com GetStorageLensDashboardDataInternal can't be mapped to an action (example "
            "2d7a44c0-9a53-4e0e-9d43-07b5a9a5b0aa)",
            event.item,
        ),
        Caveat(
            CaveatKind.YOUNG_PRINCIPAL,
            "the role was created 20 days before the end of the logs, fewer than 90",
            "young-principal",
        ),
        Caveat(
            CaveatKind.UNKNOWN_PATTERN,
            "the catalog has no action for `s3:GetObjectMetadata` in lens, statement 3; the replacement leaves it out",
            "unknown-pattern s3:GetObjectMetadata",
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


def exporter() -> Case:
    """A role that an attacker probed with."""
    parent = own("export", 0, "Reports")
    when = seen(120, "2026-06-03", "2026-09-30", "c1c77f0a-52a4-4a07-95fb-3f9b2f1a5c11")
    case = Case("reporting-export")
    case.verdicts = [
        verdict("athena:StartQueryExecution", Verdict.USED, parents=(parent,), keep="used", evidence=when),
        verdict("s3:DeleteBucket", parents=(parent,)),
    ]
    case.lines = [
        used_line("athena:StartQueryExecution", parent, when, "arn:aws:athena:us-east-1:111122223333:workgroup/finance")
    ]
    probe = seen(3, "2026-08-14", "2026-08-15", "aa4fd0d5-7b1e-4ac6-9d5c-8a9a1df0c001")
    case.denied = [
        use_of(action, "*", probe, outcome=Outcome.DENIED, wall=wall, error="AccessDenied", region=region)
        for region in ("us-east-1", "eu-west-1")
        for action, wall in (
            ("iam:ListUsers", DenialKind.IDENTITY),
            ("secretsmanager:ListSecrets", DenialKind.IDENTITY),
            ("iam:CreateUser", DenialKind.IDENTITY),
            ("s3:DeleteBucket", DenialKind.SCP),
        )
    ]
    return case


def user_in_group() -> Case:
    """A user with a group, a boundary and a Deny that is carried."""
    parent = own("Operators", 0, group="operators")
    when = seen(9, "2026-07-01", "2026-09-20", "9a9a5b1e-1d45-4f4a-8a40-1f6a5f0c0001")
    case = Case(
        "tomas.lindqvist",
        kind=PrincipalKind.USER,
        proposal_text="replace the policies and end the membership in operators: the replacement covers what the user "
        "used of it",
        detach=Detachment(("arn:aws:iam::111122223333:policy/ops/on-call",), ("home",), ("operators",)),
    )
    forbid: dict[str, object] = {"Sid": "NoKeys", "Effect": "Deny", "Action": "kms:*", "Resource": "*"}
    old = {"Version": "2012-10-17", "Statement": [{**forbid, "Sid": "Old"}]}
    case.policies = (
        AttachedPolicy(PolicyKind.INLINE, "home", "", "", None, policy_from_json(json.dumps(old), place="home")),
    )
    arn = "arn:aws:iam::111122223333:policy/limits/people"
    case.boundary = AttachedPolicy(PolicyKind.CUSTOMER_MANAGED, "people", arn, "", None, None)
    case.denies = [forbid]
    case.verdicts = [
        verdict("ec2:DescribeInstances", Verdict.USED, parents=(parent,), keep="used", evidence=when),
        verdict("rds:StopDBInstance", parents=(parent,), confidence=Confidence.LOW),
    ]
    case.lines = [used_line("ec2:DescribeInstances", parent, when)]
    return case


def too_large() -> Case:
    """A replacement that was refused."""
    case = Case(
        "mesh-router",
        refusal="the replacement needs 81205 characters and doesn't fit AWS's limits (largest: "
        "sqs 50110, sns 31095); split the role into several by what they do",
    )
    case.sizes = (("sns", 31095), ("sqs", 50110))
    case.verdicts = [verdict("sqs:CreateQueue", Verdict.USED, parents=(ADMIN,), keep="used")]
    return case


def failing() -> Case:
    """A replacement that fails its verification."""
    parent = own("share")
    when = seen(4, "2026-09-01", "2026-09-04", "b0b0b0b0-0000-4000-8000-000000000001")
    case = Case("partner-share", account=SECURITY, covered_days=61)
    case.verdicts = [
        verdict("s3:GetBucketLocation", Verdict.USED, parents=(parent,), keep="used", evidence=when),
        verdict("s3:PutBucketTagging", parents=(parent,), confidence=Confidence.LOW),
    ]
    case.lines = [used_line("s3:GetBucketLocation", parent, when, "arn:aws:s3:::partner-drop")]
    case.caveats = [Caveat(CaveatKind.SHORT_COVERAGE, "the logs cover 61 days, fewer than 90", "short-coverage")]
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


def sso() -> Case:
    """A role of IAM Identity Center."""
    parent = StatementRef("arn:aws:iam::aws:policy/PowerUserAccess", PolicyKind.AWS_MANAGED, "", 0, "")
    when = seen(44, "2026-06-10", "2026-09-29", "e5e5e5e5-0000-4000-8000-000000000002")
    case = Case(
        "AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356",
        PrincipalClass.SSO,
        "put the replacement into the permission set; the role itself can't be edited",
        path="/aws-reserved/sso.amazonaws.com/eu-west-1/",
        detach=Detachment((parent.policy,), (), ()),
        inline=True,
    )
    case.verdicts = [
        verdict("logs:FilterLogEvents", Verdict.USED, parents=(parent,), keep="used", evidence=when),
        verdict("ec2:RunInstances", parents=(parent,)),
    ]
    case.lines = [used_line("logs:FilterLogEvents", parent, when)]
    case.wildcards = [
        WildcardUse(
            parent, ActionPattern("iam:*, organizations:*, account:*"), True, 17204, (Action("logs:FilterLogEvents"),)
        )
    ]
    return case


def without_replacement() -> list[Case]:
    """One principal of each class that gets no replacement."""
    unused = Case(
        "break-glass-admin",
        PrincipalClass.UNUSED,
        "disable the role: deny everything in it, ask the owner, delete it later (IAM knows of no use either, and the "
        "role is older than 400 days)",
        verdicts=[
            verdict("iam:CreateUser", parents=(ADMIN,), danger="makes an identity of its own"),
            verdict("s3:GetObject", Verdict.UNOBSERVABLE, parents=(ADMIN,)),
        ],
        wildcards=[WildcardUse(ADMIN, ActionPattern("*"), False, 2, ())],
    )
    hole = Case(
        "fulfilment-sync",
        PrincipalClass.UNUSED,
        "find the logs of its last use before anything else: IAM dates it inside the window",
        path="/app/",
        last_used=datetime(2026, 9, 12, 4, 0, tzinfo=UTC),
        caveats=[
            Caveat(
                CaveatKind.COVERAGE_HOLE,
                "IAM says the role was last used on 2026-09-12, but the logs hold no record of it",
                "coverage-hole",
            )
        ],
    )
    unknown = Case(
        "legacy-etl",
        PrincipalClass.GRANTS_UNKNOWN,
        "export the missing policy documents and run again",
        account=SECURITY,
        caveats=[
            Caveat(
                CaveatKind.GRANTS_UNKNOWN,
                "the snapshot lacks the document of arn:aws:iam::444455556666:policy/etl",
                "missing-document arn:aws:iam::444455556666:policy/etl",
            )
        ],
    )
    no_logs = Case(
        "auditor",
        PrincipalClass.NOT_COVERED,
        "ingest logs of its account; nothing can be said without them",
        account="777788889999",
        covered_days=0,
    )
    linked = Case(
        "AWSServiceRoleForAutoScaling",
        PrincipalClass.SERVICE_LINKED,
        "nothing: AWS owns the policies of a service-linked role",
        path="/aws-service-role/autoscaling.amazonaws.com/",
    )
    bare = Case("empty-shell", PrincipalClass.NO_GRANTS, "nothing: no policy of its own allows anything")
    return [unused, hole, unknown, no_logs, linked, bare]


# ---------------------------------------------------------------- whole reports


def organization() -> Report:
    """One principal of every kind, in two covered accounts and one without logs."""
    cases = [
        *(make() for make in (deployer, storefront, inventory, analyst, exporter, user_in_group)),
        *(make() for make in (too_large, failing, sso)),
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
    return report_of(
        cases,
        problems=("444455556666: the document of arn:aws:iam::444455556666:policy/etl is missing",),
        unlisted=(stranger,),
        expired=(expired,),
        skips=(
            SkipCount(SkipReason.NO_PERMISSION, 105, "3b9d3c1e-0000-4000-8000-000000000001"),
            SkipCount(SkipReason.SERVICE_CALLER, 1308, "3b9d3c1e-0000-4000-8000-000000000002"),
            SkipCount(SkipReason.UNMAPPED, 7, "2d7a44c0-9a53-4e0e-9d43-07b5a9a5b0aa"),
            SkipCount(SkipReason.UNREADABLE_FILE, 1, ""),
        ),
    )


def report_of(
    cases: Iterable[Case],
    *,
    problems: tuple[str, ...] = (),
    unlisted: tuple[PrincipalUsage, ...] = (),
    expired: tuple[Decision, ...] = (),
    skips: tuple[SkipCount, ...] = (),
) -> Report:
    """A report on some principals, sorted as the analysis sorts them."""
    proposals = tuple(sorted((case.proposal() for case in cases), key=lambda one: one.diff.principal.arn))
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
                frozenset({("us-east-1", "dynamodb.amazonaws.com")}),
            ),
            AccountCoverage(
                SECURITY,
                date(2026, 6, 3),
                date(2026, 9, 30),
                61,
                (Gap(date(2026, 7, 4), date(2026, 8, 31)),),
                ("us-east-1",),
                892,
                frozenset(),
            ),
        )
    )
    diff = Diff(
        as_of=date(2026, 9, 30),
        catalog_date="2026-11-02",
        catalog_version="2026.11.2",
        coverage=coverage,
        skips=skips,
        principals=tuple(one.diff for one in proposals),
        unlisted=unlisted,
        expired=expired,
    )
    return Report(diff, proposals, problems, 90)


def large_report(principals: int = 200) -> Report:
    """Many principals: an administrator in ten, else applications, some of them not safe yet."""
    cases: list[Case] = []
    for number in range(principals):
        case = deployer() if number % 10 == 0 else storefront() if number % 3 else inventory()
        cases.append(replace(case, name=f"{case.name}-{number:04}", account=f"{111122223333 + number % 7}"))
    return report_of(cases)
