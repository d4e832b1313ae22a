"""Principals whose replacement is safe: an administrator, an application, a user, a role of SSO; and one in place."""

from __future__ import annotations

import json
from datetime import date

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.backtests import EvidenceClass, Risk
from lpgen.core.evidence import StatementRef
from lpgen.core.findings import Confidence, Detachment, PrincipalClass, Verdict, WildcardUse
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import (
    AccessLevel,
    Action,
    ActionPattern,
    AttachedPolicy,
    DenialKind,
    Outcome,
    PolicyKind,
    PrincipalKind,
)
from lpgen.core.registry.row import Caveat
from lpgen.core.replacements import AppliedRule, Line, LineKind, Scope
from tests.report.cases import ADMIN, Case, kept_line, own, seen, use_of, used_line, verdict


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
    case = Case(
        "platform-deployer",
        path="/platform/",
        detach=Detachment(managed=(ADMIN.policy,), inline=(), groups=()),
        risk=Risk(EvidenceClass.STEADY, 0.01, 0.02, 30),
    )
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
            danger="passes a role to a service that the holder controls",
        )
    )
    case.lines.append(
        Line(Action("iam:PassRole"), Scope((passed,)), ADMIN, LineKind.INFERRED, "pass-role:ecs", "", when)
    )
    dangers = {
        "iam:AttachRolePolicy": "attaches any policy to a role, including AdministratorAccess",
        "iam:PutRolePolicy": "writes any inline policy into a role",
        "ec2:AssociateIamInstanceProfile": "gives an instance the rights of another role",
        "ec2:ReplaceIamInstanceProfileAssociation": "swaps the role of a running instance",
    }
    for action, danger in dangers.items():
        case.verdicts.append(verdict(action, parents=(ADMIN,), danger=danger))
    for service in ("s3", "kms", "sns", "lambda", "rds", "glue", "athena", "sqs", "logs", "route53", "organizations"):
        for verb in ("Get", "List", "Describe", "Create", "Delete", "Tag", "Put"):
            for noun in ("Thing", "ThingPolicy", "ThingSet"):
                danger = "changes permissions" if verb == "Put" and noun == "ThingPolicy" else ""
                case.verdicts.append(verdict(f"{service}:{verb}{noun}", parents=(ADMIN,), danger=danger))
    for name in ("SendCommandOutput", "PutInventory"):
        action = f"ssm:{name}"
        case.verdicts.append(verdict(action, Verdict.UNOBSERVABLE, parents=(ADMIN,), keep="the principal used ssm"))
        case.lines.append(kept_line(action, ADMIN, sign="the principal used ssm"))
    for name in ("SendMessage", "ReceiveMessage"):
        case.verdicts.append(verdict(f"sqs:{name}", Verdict.UNOBSERVABLE, parents=(ADMIN,)))
    everything = tuple(verdict.action for verdict in case.verdicts if verdict.verdict is Verdict.USED)
    case.wildcards = [
        WildcardUse(ADMIN, ActionPattern("*"), not_action=False, expands_to=len(case.verdicts), used=everything)
    ]
    case.rules = (
        AppliedRule(
            "name-family",
            "arn:aws:cloudformation:us-east-1:111122223333:stack/storefront/*",
            136,
            "5 or more names differ only in generated parts, so any name of this shape",
            "a prefix of its own",
        ),
    )
    return case


def storefront() -> Case:
    """An application whose object reads the logs can't show."""
    bucket, table = own("data", 0, "Images"), own("data", 1, "Orders")
    orders = "arn:aws:dynamodb:us-east-1:111122223333:table/storefront-orders"
    when = seen(5211, "2026-06-03", "2026-09-30", "fdba19ca-c71b-474c-9b35-96df91c43da1", orders)
    case = Case(
        "storefront-api", path="/app/", detach=Detachment(managed=(), inline=("data",), groups=()), active_days=96
    )
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
        WildcardUse(bucket, ActionPattern("s3:*"), not_action=False, expands_to=5, used=()),
        WildcardUse(
            table,
            ActionPattern("dynamodb:*"),
            not_action=False,
            expands_to=9,
            used=tuple(verdict.action for verdict in case.verdicts[:4]),
        ),
    ]
    return case


def exporter() -> Case:
    """A role that an attacker probed with."""
    parent = own("export", 0, "Reports")
    when = seen(120, "2026-06-03", "2026-09-30", "c1c77f0a-52a4-4a07-95fb-3f9b2f1a5c11")
    case = Case("reporting-export", risk=Risk(EvidenceClass.FEW_DAYS, 0.004, 0.01, 30))
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
        proposal_text="replace the policies and remove the user from operators: the replacement includes what the user "
        "used from the group policies",
        detach=Detachment(
            managed=("arn:aws:iam::111122223333:policy/ops/on-call",), inline=("home",), groups=("operators",)
        ),
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


def sso() -> Case:
    """A role of IAM Identity Center."""
    parent = StatementRef("arn:aws:iam::aws:policy/PowerUserAccess", PolicyKind.AWS_MANAGED, "", 0, "")
    when = seen(44, "2026-06-10", "2026-09-29", "e5e5e5e5-0000-4000-8000-000000000002")
    case = Case(
        "AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356",
        PrincipalClass.SSO,
        "put the replacement into the permission set, beside those of its other accounts, all of which that changes;"
        " the role itself can't be edited",
        path="/aws-reserved/sso.amazonaws.com/eu-west-1/",
        detach=Detachment(managed=(parent.policy,), inline=(), groups=()),
        inline=True,
    )
    case.verdicts = [
        verdict("logs:FilterLogEvents", Verdict.USED, parents=(parent,), keep="used", evidence=when),
        verdict("ec2:RunInstances", parents=(parent,)),
    ]
    case.lines = [used_line("logs:FilterLogEvents", parent, when)]
    case.wildcards = [
        WildcardUse(
            parent,
            ActionPattern("iam:*, organizations:*, account:*"),
            not_action=True,
            expands_to=17204,
            used=(Action("logs:FilterLogEvents"),),
        )
    ]
    return case


def applied() -> Case:
    """A role whose replacement is in place, by a policy that is younger than the logs need."""
    own_policy = own("lpgen-price-watcher-1")
    when = seen(41, "2026-06-04", "2026-09-28", "5e0c8a11-41de-4f0a-9a57-0a1d5f2b7c21")
    table = "arn:aws:dynamodb:us-east-1:111122223333:table/prices"
    case = Case("price-watcher", detach=Detachment(managed=(own_policy.policy,), inline=(), groups=()), in_place=True)
    case.verdicts.append(verdict("dynamodb:GetItem", Verdict.USED, parents=(own_policy,), keep="used", evidence=when))
    case.lines.append(used_line("dynamodb:GetItem", own_policy, when, table))
    age = {
        "case": "young-policy",
        "policy": "price-watcher",
        "days": 9,
        "counted": 9,
        "min_days": 90,
        "until": date(2026, 12, 20),
    }
    case.caveats.append(Caveat(LogsCaveat.YOUNG, age))
    return case
