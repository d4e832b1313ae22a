"""People who read: those who help customers, and those who audit.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SecurityAudit.html
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/ViewOnlyAccess.html
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Use
from bench.corpus.draw import Draw
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()
_SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def _permission_set(d: Draw, name: str) -> str:
    return f"AWSReservedSSO_{d.subject.title()}{name}{d.between(1, 99)}_{d.hex(16)}"


@KINDS.kind()
def support_desk(d: Draw) -> Profile:
    group = d.own("logs", f"log-group:/app/{d.app}:*")
    tables = d.growing(d.table, d.between(1, 4), (60, 180))
    busy = d.rng.uniform(0.5, 0.95)

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday or not today.chance(busy):
            return
        yield today.use("logs:DescribeLogGroups", d.arn("logs", "log-group:*"))
        yield today.use("logs:FilterLogEvents", group)
        for table in today.some(tables, 1):
            yield today.use("dynamodb:ListTables")
            yield today.use("dynamodb:DescribeTable", table)
            yield today.use("dynamodb:Query", table)
        if today.chance(0.15):
            for queue in today.some(d.account.estate.get("sqs", []), 1):
                yield today.use("sqs:ListQueues")
                yield today.use("sqs:GetQueueAttributes", queue)
        if today.chance(0.05):
            yield today.use("health:DescribeEvents")
            yield today.use("support:DescribeCases")
        if today.chance(0.01):
            yield today.use("support:CreateCase", kind=NeedKind.RARE)
        if today.chance(0.03):
            for secret in today.some(d.account.estate.get("secretsmanager", []), 1):
                yield today.use("secretsmanager:GetSecretValue", secret, NeedKind.DENIED)

    grants = [
        grant("logs:Describe* Get* FilterLogEvents StartQuery"),
        grant("dynamodb:Describe* List* Query GetItem"),
        grant("sqs:Get* List*"),
        grant("health:Describe*"),
        grant("support:*"),
    ]
    about = "support staff, who look into what customers report"
    return Profile(_permission_set(d, "Support"), about, grants, day, "sso", (6, 20), _SSO)


@KINDS.kind()
def external_auditor(d: Draw) -> Profile:
    earliest = max(0, d.account.opened)
    first, length = d.between(earliest, max(earliest, d.days - 30)), d.between(8, 25)
    again = first + d.pick(90, 180, 1000)

    def day(today: Day) -> Iterator[Use]:
        is_there = first <= today.index < first + length or again <= today.index < again + length // 2
        if not is_there or not today.is_workday:
            return
        yield today.use("iam:ListRoles")
        yield today.use("iam:ListPolicies")
        yield today.use("config:DescribeConfigRules")
        yield today.use("cloudtrail:DescribeTrails")
        if today.chance(0.4):
            yield today.use("iam:GenerateCredentialReport")
            yield today.use("iam:GetCredentialReport")
            yield today.use("iam:GetAccountPasswordPolicy")
        if today.chance(0.5):
            yield today.use("s3:ListAllMyBuckets")
            for bucket in today.some(d.account.estate.get("s3", []), 3):
                yield today.use("s3:GetBucketPolicy", bucket)
                yield today.use("s3:GetEncryptionConfiguration", bucket)
        if today.chance(0.3):
            yield today.use("kms:ListKeys")
            for key in today.some(d.account.estate.get("kms", []), 2):
                yield today.use("kms:GetKeyRotationStatus", key)

    grants = [
        grant("iam:Get* List* GenerateCredentialReport"),
        grant("config:Describe* Get* List*"),
        grant("cloudtrail:Describe* Get* List* LookupEvents"),
        grant("s3:GetBucket* GetEncryptionConfiguration ListAllMyBuckets"),
        grant("kms:Describe* Get* List*"),
    ]
    about = "auditors from outside, who come for some weeks of the year"
    return Profile(_permission_set(d, "Audit"), about, grants, day, "sso", (7, 18), _SSO)
