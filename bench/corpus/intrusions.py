"""Intruders: for one to four days somebody abuses a principal's permissions, inside or after any learning window.

The scenarios follow what AWS describes of incidents: stolen CI tokens, leaked access keys, credentials taken from
instance metadata, insiders, persistence by new roles and keys, and logging that is turned off first.
https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
https://docs.aws.amazon.com/whitepapers/latest/aws-security-incident-response-guide/aws-security-incident-response-guide.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds import held_back
from bench.corpus.kinds.held_back import harms as held_back_harms
from bench.corpus.operations import harms
from bench.corpus.profile import Grant, grant, stable_number

_READS_DATA: Final = frozenset(
    {
        *("s3:GetObject", "s3:GetObjectVersion", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"),
        *("dynamodb:GetRecords", "secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParameters"),
        *("ssm:GetParametersByPath", "sqs:ReceiveMessage", "kinesis:GetRecords", "kms:Decrypt"),
        *("logs:FilterLogEvents", "redshift:GetClusterCredentials", "cognito-idp:AdminGetUser"),
    }
)

DANGEROUS: Final = frozenset(
    {
        *("iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:CreateUser", "iam:CreateRole"),
        *("iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:PassRole", "sts:AssumeRole"),
        *("s3:PutBucketPolicy", "s3:DeleteBucket", "s3:PutBucketPublicAccessBlock", "s3:PutEncryptionConfiguration"),
        *("s3:DeleteObject", "dynamodb:DeleteTable", "kms:ScheduleKeyDeletion", "ec2:ModifySnapshotAttribute"),
        *("ec2:AuthorizeSecurityGroupIngress", "ec2:TerminateInstances", "ec2:StopInstances", "ec2:DeleteSnapshot"),
        *("ec2:DeleteVolume", "rds:ModifyDBInstance", "rds:DeleteDBSnapshot", "sqs:SetQueueAttributes"),
        *("sqs:DeleteQueue", "sqs:SendMessage", "sns:DeleteTopic", "sns:SetTopicAttributes", "kinesis:DeleteStream"),
        *("lambda:UpdateFunctionCode", "lambda:AddPermission", "lambda:DeleteFunction", "lambda:CreateFunction"),
        *("lambda:InvokeFunction", "lambda:UpdateFunctionConfiguration", "lambda:PutFunctionConcurrency"),
        *("ssm:SendCommand", "ssm:PutParameter", "secretsmanager:PutSecretValue", "cloudformation:DeleteStack"),
        *("cloudformation:CreateStack", "cloudformation:UpdateStack", "codebuild:StartBuild", "ecs:RunTask"),
        *("ecs:RegisterTaskDefinition", "ecs:UpdateService", "states:StartExecution", "glue:DeleteTable"),
        *("glue:StartJobRun", "elasticmapreduce:TerminateJobFlows", "elasticmapreduce:AddJobFlowSteps"),
        *("route53:ChangeResourceRecordSets", "wafv2:UpdateIPSet", "cognito-idp:AdminAddUserToGroup"),
        *("redshift-data:ExecuteStatement", "rds:CopyDBSnapshot", "cloudtrail:StopLogging"),
        *_READS_DATA,
        *harms.HARMS,
        *held_back_harms.HARMS,
    }
)
"""What does harm among the intruders' actions: it takes data, grants rights, destroys, opens networks or blinds."""

STOPPED_AT: Final = 3 * 3600
STARTED_AT: Final = 5 * 3600


@dataclass(frozen=True, slots=True)
class Intrusion:
    """An intrusion of a principal: from its first to its last day, both included.

    `grants` are what the victim has, doesn't need, and the intruder uses.
    """

    scenario: str
    first: int
    last: int
    grants: Sequence[Grant]
    schedule: Callable[[Day], Iterator[Use]]

    def uses(self, today: Day) -> Iterator[Use]:
        """What the intruder does today."""
        if self.first <= today.index <= self.last:
            for use in self.schedule(today):
                yield replace(use, kind=NeedKind.INTRUDER, scenario=self.scenario)

    @property
    def silences(self) -> bool:
        """Whether it stops the account's trail from its first day to its last."""
        return self.scenario == "logging_switched_off"


_Schedule = Callable[[Day], Iterator[Use]]


def _stolen_ci_token(d: Draw) -> tuple[list[Grant], _Schedule]:
    role = d.arn("iam", f"role/{d.app}-ops", region="")

    def day(today: Day) -> Iterator[Use]:
        yield today.use("iam:ListRoles")
        yield today.use("secretsmanager:ListSecrets")
        for secret in today.some(d.account.estate.get("secretsmanager", []), 3):
            yield today.use("secretsmanager:GetSecretValue", secret)
        yield today.use("iam:AttachRolePolicy", role)

    return [grant("secretsmanager:ListSecrets GetSecretValue"), grant("iam:ListRoles AttachRolePolicy")], day


def _leaked_key(d: Draw) -> tuple[list[Grant], _Schedule]:
    def day(today: Day) -> Iterator[Use]:
        yield today.use("s3:ListAllMyBuckets")
        yield today.use("iam:ListUsers")
        for bucket in today.some(d.account.estate.get("s3", []), 4):
            yield today.use("s3:ListBucket", bucket)
            yield today.use("s3:GetObject", bucket.at("backup.sql"))
        yield today.use("iam:CreateAccessKey", d.arn("iam", "user/admin", region=""))

    return [grant("s3:Get* List*")], day


def _instance_credentials(d: Draw) -> tuple[list[Grant], _Schedule]:
    def day(today: Day) -> Iterator[Use]:
        yield today.use("ec2:DescribeInstances")
        for snapshot in range(2):
            arn = d.arn("ec2", f"snapshot/snap-0{d.rng.getrandbits(60) + snapshot:016x}", account="")
            yield today.use("ec2:ModifySnapshotAttribute", arn)
        yield today.use("iam:ListRoles")
        yield today.use("sts:AssumeRole", d.arn("iam", "role/admin", region=""))

    return [grant("ec2:Describe* ModifySnapshotAttribute"), grant("sts:AssumeRole", "arn:aws:iam::*:role/*")], day


def _insider(d: Draw) -> tuple[list[Grant], _Schedule]:
    def day(today: Day) -> Iterator[Use]:
        for table in today.some(d.account.estate.get("dynamodb", []), 3):
            yield today.use("dynamodb:Scan", table)
        for key in today.some(d.account.estate.get("kms", []), 1):
            yield today.use("kms:ScheduleKeyDeletion", key)
        for bucket in today.some(d.account.estate.get("s3", []), 1):
            yield today.use("s3:PutBucketPolicy", bucket)

    return [grant("dynamodb:Scan Query"), grant("s3:Put* Get*")], day


def _persistence(d: Draw) -> tuple[list[Grant], _Schedule]:
    def day(today: Day) -> Iterator[Use]:
        user = d.arn("iam", f"user/svc-sync{today.index}", region="")
        role = d.arn("iam", f"role/{d.app}-sync{today.index}", region="")
        yield today.use("iam:CreateUser", user)
        yield today.use("iam:AttachUserPolicy", user)
        yield today.use("iam:CreateAccessKey", user)
        yield today.use("iam:CreateRole", role)
        yield today.use("iam:UpdateAssumeRolePolicy", role)

    return [grant("iam:CreateUser AttachUserPolicy CreateAccessKey CreateRole UpdateAssumeRolePolicy")], day


def _logging_switched_off(d: Draw, first: int, last: int) -> tuple[list[Grant], _Schedule]:
    trail = Place(d.account.trail)

    def day(today: Day) -> Iterator[Use]:
        if today.index == first:
            yield today.use("cloudtrail:StopLogging", trail, at=STOPPED_AT)
        yield today.use("ec2:AuthorizeSecurityGroupIngress", d.arn("ec2", f"security-group/sg-0{today.index:016x}"))
        for secret in today.some(d.account.estate.get("secretsmanager", []), 2):
            yield today.use("secretsmanager:GetSecretValue", secret)
        if today.index == last:
            yield today.use("cloudtrail:StartLogging", trail, at=STARTED_AT)

    grants = [
        grant("cloudtrail:StopLogging StartLogging DescribeTrails"),
        grant("ec2:AuthorizeSecurityGroupIngress"),
        grant("secretsmanager:GetSecretValue"),
    ]
    return grants, day


_SCENARIOS: Final = {
    "stolen_ci_token": _stolen_ci_token,
    "leaked_key": _leaked_key,
    "instance_credentials": _instance_credentials,
    "insider": _insider,
    "persistence": _persistence,
}
_VICTIMS: Final[dict[str, tuple[str, ...]]] = {
    "stolen_ci_token": ("image_pusher", "stack_deployer", "terraform_deployer", "function_publisher", "ecs_deployer"),
    "leaked_key": ("script_key", "on_call", "log_forwarder"),
    "instance_credentials": ("queue_worker", "web_api", "telemetry_agent", "tenant_service"),
    "insider": ("developer", "analyst", "archive_reader"),
    "persistence": ("terraform_deployer", "administrator", "access_reviewer", "build_runner"),
    "logging_switched_off": ("patch_runner", "break_glass", "night_stopper", "inventory_crawler"),
}
VICTIMS: Final = {scenario: kinds + held_back.VICTIMS[scenario] for scenario, kinds in _VICTIMS.items()}
"""By scenario the kinds that have one victim each."""


def draw_intrusion(d: Draw, kind: str, number: int, copies: int) -> Intrusion | None:
    """The intrusion of a kind's principal of that number, None where it isn't a victim.

    `copies` is how many principals each kind of the half has at least.
    """
    for scenario, kinds in VICTIMS.items():
        if kind in kinds and number == stable_number(f"{scenario}/{kind}") % copies:
            first = d.between(max(d.days // 12, d.account.opened), d.days - 6)
            last = first + d.between(0, 3)
            if scenario == "logging_switched_off":
                last = max(last, first + 1)
                return Intrusion(scenario, first, last, *_logging_switched_off(d, first, last))
            return Intrusion(scenario, first, last, *_SCENARIOS[scenario](d))
    return None
