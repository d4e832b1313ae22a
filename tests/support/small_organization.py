"""A made-up account with a principal of each kind that reports count in a way of its own, and 115 days of its logs.

Each role says what is special about it. The policies are files of authorization details, as the AWS CLI prints them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from tests.support.log_samples import log_bytes, record_json

ACCOUNT: Final = "222233334444"
LAST_DAY: Final = date(2026, 9, 30)
DAYS: Final = 115
"""Fewer than `lpgen backtest` needs for its windows without options."""
AWS_CONFIG: Final = "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"

Json = dict[str, Any]


def allow(actions: str | list[str], resources: str | list[str] = "*") -> Json:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def call(action: str, **more: Any) -> Json:
    """The fields of a record by which it shows a call, such as `ec2:DescribeInstances`; further fields by keyword."""
    service, name = action.split(":")
    reads = name.startswith(("Describe", "Get", "List"))
    return {"eventSource": f"{service}.amazonaws.com", "eventName": name, "readOnly": reads, **more}


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the account: the statements of its inline policy, its calls of each day, and its exceptions."""

    name: str
    statements: tuple[Json, ...]
    calls: tuple[Json, ...] = ()
    service: str = "ec2"
    attached: str = ""
    created: date = date(2020, 1, 1)
    days: range = field(default=range(DAYS))
    varying: tuple[str, ...] = ()
    """Reads of which it makes one a day: each is new where the one before it is done with."""

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:iam::{ACCOUNT}:role/{self.name}"

    @property
    def unique_id(self) -> str:
        """AWS's unique id of the role."""
        return f"AROA{self.name.upper().replace('-', ''):X<17}"[:21]

    def details(self) -> Json:
        """The role in the authorization details."""
        trusted = {"Effect": "Allow", "Principal": {"Service": f"{self.service}.amazonaws.com"}}
        attached = [{"PolicyName": self.attached.rpartition("/")[2], "PolicyArn": self.attached}]
        return {
            "Path": "/",
            "RoleName": self.name,
            "RoleId": self.unique_id,
            "Arn": self.arn,
            "CreateDate": f"{self.created}T00:00:00+00:00",
            "AssumeRolePolicyDocument": _document({**trusted, "Action": "sts:AssumeRole"}),
            "InstanceProfileList": [],
            "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": _document(*self.statements)}],
            "AttachedManagedPolicies": attached if self.attached else [],
        }

    def records(self) -> Iterator[Json]:
        """Its calls of all days."""
        issuer = {"type": "Role", "principalId": self.unique_id, "arn": self.arn, "accountId": ACCOUNT}
        for at in self.days:
            day = LAST_DAY - timedelta(days=at)
            turn = self.varying[at * len(self.varying) // DAYS :][:1]
            for number, fields in enumerate((*self.calls, *map(call, turn))):
                yield record_json(
                    eventTime=f"{day}T{8 + number:02}:00:00Z",
                    eventID=f"{self.name}-{day}-{number}",
                    eventCategory="Management",
                    managementEvent=True,
                    recipientAccountId=ACCOUNT,
                    userIdentity={
                        "type": "AssumedRole",
                        "principalId": f"{self.unique_id}:session",
                        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.name}/session",
                        "accountId": ACCOUNT,
                        "sessionContext": {"sessionIssuer": issuer},
                    },
                    **{"requestParameters": {}, **fields},
                )


ROLES: Final = (
    # Uses some of what it has. A throttled call leaves open whether it was allowed.
    Role(
        "worker",
        (allow(["ec2:*", "sqs:*"]),),
        (
            call("ec2:DescribeInstances"),
            call("sqs:CreateQueue", requestParameters={"queueName": "jobs"}),
            call("ec2:DescribeVolumes", errorCode="ThrottlingException"),
        ),
    ),
    # Attached are a policy of AWS that stays and one of its own.
    Role(
        "config-recorder",
        (allow("iam:*"),),
        (call("ec2:DescribeInstances"), call("iam:ListRoles")),
        service="config",
        attached=AWS_CONFIG,
    ),
    # Its policy says what the replacement would say.
    Role("reader", (allow("ec2:DescribeInstances"),), (call("ec2:DescribeInstances"),)),
    # Keeps what a trail without data events can't show, and may pass a role.
    Role(
        "uploader",
        (allow("s3:*", ["arn:aws:s3:::files", "arn:aws:s3:::files/*"]), allow("kms:*")),
        (call("s3:GetBucketTagging", requestParameters={"bucketName": "files"}),),
        service="lambda",
    ),
    # Uses what none of its policies allows.
    Role(
        "stranger",
        (allow(["ec2:DescribeInstances", "ec2:DescribeSubnets", "ec2:DescribeVpcs"]),),
        (call("ec2:DescribeInstances"), call("ec2:DescribeVolumes")),
    ),
    # Too new, and too seldom at work, to be called safe.
    Role(
        "newcomer",
        (allow("sns:*"),),
        (call("sns:ListTopics"),),
        created=LAST_DAY - timedelta(days=20),
        days=range(18),
    ),
    # Does something else every ten days, so replacements made earlier would have denied it.
    Role(
        "analyst",
        (allow("ec2:Describe*"),),
        varying=(
            "ec2:DescribeAddresses",
            "ec2:DescribeHosts",
            "ec2:DescribeImages",
            "ec2:DescribeInstances",
            "ec2:DescribeKeyPairs",
            "ec2:DescribeNatGateways",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSnapshots",
            "ec2:DescribeSubnets",
            "ec2:DescribeVolumes",
            "ec2:DescribeVpcs",
        ),
    ),
    # Nobody uses it, and it may do harm.
    Role("idle", (allow("iam:*"),)),
)


@dataclass(frozen=True, slots=True)
class SmallOrganization:
    """The files of the account."""

    logs: Path
    policies: Path


def write_small_organization(home: Path) -> SmallOrganization:
    """Writes logs and policies below a folder."""
    organization = SmallOrganization(home / "logs", home / "policies")
    for folder in (organization.logs, organization.policies):
        folder.mkdir(parents=True)
    records = [record for role in ROLES for record in role.records()]
    (organization.logs / "log.json.gz").write_bytes(log_bytes(records))
    of_aws = {
        "Arn": AWS_CONFIG,
        "PolicyName": "AWS_ConfigRole",
        "DefaultVersionId": "v1",
        "PolicyVersionList": [
            {
                "VersionId": "v1",
                "IsDefaultVersion": True,
                "CreateDate": "2020-01-01T00:00:00+00:00",
                "Document": _document(allow(["ec2:Describe*", "iam:Get*", "rds:Describe*"])),
            }
        ],
    }
    details = {
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": [role.details() for role in ROLES],
        "Policies": [of_aws],
    }
    (organization.policies / "account.json").write_text(json.dumps(details), encoding="utf-8")
    return organization


def _document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}
