"""The policies that principals have: around what their work needs, as tight or wide as people write them.

A third of the statements is tight. The others have service wildcards, `Resource: "*"`, or both, as in public
infrastructure code; some principals have AWS managed policies, and most have leftovers that nobody ever needs.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.corpus.draw import Draw
from bench.corpus.profile import Grant, Profile, grant

Document = dict[str, Any]

_REFERENCE: Final = json.loads((Path(__file__).parent / "aws_policies.json").read_text(encoding="utf-8"))
AWS_MANAGED: Final[dict[str, list[Document]]] = {
    **{name.rpartition("/")[2]: statements for name, statements in _REFERENCE.items()},
    "AdministratorAccess": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    "AmazonS3FullAccess": [{"Effect": "Allow", "Action": ["s3:*", "s3-object-lambda:*"], "Resource": "*"}],
    "AmazonSQSFullAccess": [{"Effect": "Allow", "Action": ["sqs:*"], "Resource": "*"}],
    "AmazonKinesisFullAccess": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}],
    "AWSLambdaBasicExecutionRole": [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "*",
        }
    ],
    "AmazonECSTaskExecutionRolePolicy": [
        {
            "Effect": "Allow",
            "Action": [
                *("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"),
                *("ecr:BatchGetImage", "logs:CreateLogStream", "logs:PutLogEvents"),
            ],
            "Resource": "*",
        }
    ],
    "AmazonEC2ContainerRegistryReadOnly": [
        {
            "Effect": "Allow",
            "Action": [
                *("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"),
                *("ecr:GetRepositoryPolicy", "ecr:DescribeRepositories", "ecr:ListImages", "ecr:DescribeImages"),
                *("ecr:BatchGetImage", "ecr:GetLifecyclePolicy", "ecr:GetLifecyclePolicyPreview"),
                *("ecr:ListTagsForResource", "ecr:DescribeImageScanFindings"),
            ],
            "Resource": "*",
        }
    ],
    "AmazonEKSWorkerNodePolicy": [
        {
            "Effect": "Allow",
            "Action": [
                *("ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeRouteTables"),
                *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVolumes"),
                *("ec2:DescribeVolumesModifications", "ec2:DescribeVpcs", "eks:DescribeCluster"),
                "eks-auth:AssumeRoleForPodIdentity",
            ],
            "Resource": "*",
        }
    ],
}
"""The documents of some managed policies, as the reference gives them.

Of `SecurityAudit` and `ViewOnlyAccess` only the services that the corpus knows are here.
"""
AWS_PATHS: Final = {name.rpartition("/")[2]: name for name in _REFERENCE}
"""The path and name of those whose ARN has a path."""

_MANAGED_OF: Final = {"s3": "AmazonS3FullAccess", "sqs": "AmazonSQSFullAccess", "kinesis": "AmazonKinesisFullAccess"}
_LEFTOVERS: Final = (
    grant("ec2:Describe*"),
    grant("cloudwatch:*"),
    grant("logs:*"),
    grant("ses:SendEmail SendRawEmail"),
    grant("iam:PassRole"),
    grant("sns:*"),
    grant("ssm:Get* Put* Describe*"),
    grant("rds:*"),
    grant("elasticache:*"),
    grant("secretsmanager:*"),
    grant("lambda:InvokeFunction UpdateFunctionCode"),
    grant("dynamodb:DeleteTable UpdateTable DeleteBackup"),
)
_IDENTITY: Final = ("iam", "organizations", "sts")
_POWER: Final[Document] = {"Effect": "Allow", "NotAction": [f"{one}:*" for one in _IDENTITY], "Resource": "*"}
"""All but what manages identities, as in `PowerUserAccess`."""
_GUARD: Final[Document] = {
    "Effect": "Deny",
    "Action": ["organizations:LeaveOrganization", "cloudtrail:DeleteTrail", "iam:DeleteAccountPasswordPolicy"],
    "Resource": "*",
}


@dataclass(frozen=True, slots=True)
class Attached:
    """Inline documents by name, customer managed documents by name, names of AWS managed policies, the boundary."""

    inline: dict[str, Document]
    customer: dict[str, Document]
    aws: tuple[str, ...]
    boundary: Document | None = None

    def documents(self) -> list[Document]:
        """All documents."""
        managed = [{"Version": "2012-10-17", "Statement": AWS_MANAGED[name]} for name in self.aws]
        return [*self.inline.values(), *self.customer.values(), *managed]


def write_policies(draw: Draw, profile: Profile, extra: Sequence[Grant] = ()) -> Attached:
    """The policies of a principal. `extra` are grants that its work doesn't need, but that it has."""
    if profile.is_admin:
        return Attached({}, {}, ("AdministratorAccess",))
    statements, managed = [], list(profile.managed)
    for one in profile.grants:
        name = _MANAGED_OF.get(one.service)
        if name and draw.chance(0.2):
            managed.append(name)
        else:
            statements.append(_statement(one, draw.pick("tight", "tight", "wild-actions", "star", "wild-on-star")))
    if draw.chance(0.06):
        statements = [one for one in statements if _service(one) in _IDENTITY] + [_POWER]
        managed = list(profile.managed)
    if draw.chance(0.1):
        statements.append(_GUARD)
    leftovers = draw.rng.sample(_LEFTOVERS, draw.between(0, 3))
    statements += [_statement(one, "tight") for one in (*leftovers, *extra)]
    document = {"Version": "2012-10-17", "Statement": statements}
    if not statements:
        return Attached({}, {}, tuple(dict.fromkeys(managed)))
    if draw.chance(0.5):
        return Attached({"access": document}, {}, tuple(dict.fromkeys(managed)))
    return Attached({}, {f"{profile.name[:100]}-access": document}, tuple(dict.fromkeys(managed)))


def write_exact_policies(draw: Draw, profile: Profile) -> Attached:
    """The policies of a principal of a judged kind: its grants and its denies as they are."""
    statements = [_statement(part, "tight") for part in profile.grants]
    statements += [_statement(part, "tight") | {"Effect": "Deny"} for part in profile.denies]
    limits = [_statement(part, "tight") for part in profile.boundary]
    boundary = {"Version": "2012-10-17", "Statement": limits} if limits else None
    managed = (("AdministratorAccess",) if profile.is_admin else ()) + profile.managed
    documents = (
        {f"{profile.name[:100]}-access": {"Version": "2012-10-17", "Statement": statements}} if statements else {}
    )
    inline, customer = (documents, {}) if draw.chance(0.5) else ({}, documents)
    return Attached(inline, customer, managed, boundary)


def _service(statement: Document) -> str:
    action = statement["Action"]
    return str(action if isinstance(action, str) else action[0]).partition(":")[0]


def _statement(one: Grant, width: str) -> Document:
    """A statement that allows the grant; wildcards for actions never cover `iam` and `sts`."""
    is_wide = width in ("wild-actions", "wild-on-star") and one.service not in ("iam", "sts")
    actions = [f"{one.service}:*"] if is_wide else [f"{one.service}:{name}" for name in one.actions]
    resources = ["*"] if width in ("star", "wild-on-star") else list(one.resources)
    return {
        "Effect": "Allow",
        "Action": actions[0] if len(actions) == 1 else actions,
        "Resource": resources[0] if len(resources) == 1 else resources,
    }
