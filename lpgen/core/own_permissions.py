"""The permissions that lpgen itself needs, command by command, as policies to put in place.

A test proves that what the commands really call is within them, and that each action is one that AWS has.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from lpgen.core.model import CURRENT_VERSION

Document = dict[str, Any]


class Duty(StrEnum):
    """What lpgen is to do, or what another account grants it."""

    INGEST_S3 = "ingest-s3"
    INGEST_CLOUDTRAIL = "ingest-cloudtrail"
    SNAPSHOT = "snapshot"
    MEMBER_ROLE = "member-role"
    MEMBER_TRUST = "member-trust"
    ROLLOUT_APPLY = "rollout-apply"
    ROLLOUT_UNDO = "rollout-undo"
    ROLLOUT_WATCH = "rollout-watch"


_ORGANIZATION: Final = (
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListPolicies",
    "organizations:ListRoots",
    "organizations:ListTargetsForPolicy",
)
_ACCOUNT: Final = (
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrail",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTrails",
    "iam:GenerateServiceLastAccessedDetails",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetServiceLastAccessedDetails",
)
_RESOURCE_POLICIES: Final = (
    "ec2:DescribeRegions",
    "ecr:DescribeRepositories",
    "ecr:GetRepositoryPolicy",
    "kms:GetKeyPolicy",
    "kms:ListKeys",
    "lambda:GetPolicy",
    "lambda:ListFunctions",
    "s3:GetBucketPolicy",
    "s3:ListAllMyBuckets",
    "secretsmanager:GetResourcePolicy",
    "secretsmanager:ListSecrets",
    "sns:GetTopicAttributes",
    "sns:ListTopics",
    "sqs:GetQueueAttributes",
    "sqs:ListQueues",
)
_READ_PRINCIPALS: Final = (
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:GetUser",
    "iam:GetUserPolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListAttachedUserPolicies",
    "iam:ListGroupsForUser",
    "iam:ListRolePolicies",
    "iam:ListUserPolicies",
)
_CHANGE_PRINCIPALS: Final = (
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:DeleteRolePolicy",
    "iam:DeleteUserPolicy",
    "iam:DetachRolePolicy",
    "iam:DetachUserPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
)
_READ_POLICIES: Final = (
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListPolicyVersions",
)
_CHANGE_POLICIES: Final = ("iam:CreatePolicy", "iam:DeletePolicy", "iam:TagPolicy")


def own_policies(*, bucket: str, role: str, caller: str) -> dict[Duty, Document]:
    """The policy for each duty: identity policies of whoever runs lpgen, but for the last two of a snapshot.

    `bucket` holds the logs; `role` is the name of the role that lpgen assumes in other accounts, to which MEMBER_ROLE
    is attached and of which MEMBER_TRUST is the trust policy; `caller` is the ARN of the role or user that runs lpgen.
    """
    partition, account = caller.split(":")[1], caller.split(":")[4]
    s3 = (
        _allow("ListLogs", ("s3:ListBucket",), f"arn:{partition}:s3:::{bucket}"),
        _allow("ReadLogs", ("s3:GetObject",), f"arn:{partition}:s3:::{bucket}/*"),
        # A trail's key is often in another account than its bucket, and its name isn't known here.
        _allow("DecryptLogs", ("kms:Decrypt",), "*", StringLike={"kms:ViaService": "s3.*.amazonaws.com*"}),
    )
    events = _allow("LookUpEvents", ("cloudtrail:LookupEvents",), "*")
    account_reads = (
        _allow("ReadAccount", _ACCOUNT, "*"),
        _allow("ReadResourcePolicies", _RESOURCE_POLICIES, "*"),
    )
    rollout = _document(*_rollout(partition, account))
    return {
        Duty.INGEST_S3: _document(*s3),
        Duty.INGEST_CLOUDTRAIL: _document(events),
        Duty.SNAPSHOT: _document(
            _allow("ReadOrganization", _ORGANIZATION, "*"),
            *account_reads,
            _allow("ReadOtherAccounts", ("sts:AssumeRole",), f"arn:{partition}:iam::*:role/{role}"),
        ),
        Duty.MEMBER_ROLE: _document(*account_reads),
        Duty.MEMBER_TRUST: _document(_trust(partition, account, caller)),
        Duty.ROLLOUT_APPLY: rollout,
        Duty.ROLLOUT_UNDO: rollout,
        Duty.ROLLOUT_WATCH: _document(*s3, events),
    }


def _rollout(partition: str, account: str) -> Iterable[Document]:
    principals = [f"arn:{partition}:iam::{account}:{kind}/*" for kind in ("role", "user")]
    yield _allow("ReadLimits", ("iam:GetAccountSummary",), "*")
    yield _allow("ReadPrincipals", _READ_PRINCIPALS, principals)
    yield _allow("ReadPolicies", _READ_POLICIES, "*")  # those of AWS too
    yield _allow("ReplacePolicies", _CHANGE_PRINCIPALS, principals)
    yield _allow("MakePolicies", _CHANGE_POLICIES, f"arn:{partition}:iam::{account}:policy/lpgen/*")


def _trust(partition: str, account: str, caller: str) -> Document:
    """Whoever assumes the role is named by a condition: as the principal it would be lost when it is made anew.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """
    return {
        "Sid": "LpgenAlone",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": caller}},
    }


def _allow(sid: str, actions: Iterable[str], resource: str | list[str], **condition: Document) -> Document:
    statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def _document(*statements: Document) -> Document:
    return {"Version": CURRENT_VERSION, "Statement": list(statements)}
