"""Managed policies that AWS wrote for the roles of its services."""

from __future__ import annotations

from typing import Final

_OF_AWS: Final = ":iam::aws:policy/"
_SERVICE_ROLE_PATH: Final = "service-role/"
_OUTSIDE_THAT_PATH: Final = (
    # https://docs.aws.amazon.com/eks/latest/userguide/security-iam-awsmanpol.html
    "AmazonEKS",
    # https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/iam-instanceprofile.html
    "AWSElasticBeanstalkManagedUpdates",
    "AWSElasticBeanstalkMulticontainerDocker",
    "AWSElasticBeanstalkWebTier",
    "AWSElasticBeanstalkWorkerTier",
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/security-iam-awsmanpol.html
    "AWSBackupServiceRolePolicyFor",
    # https://docs.aws.amazon.com/codedeploy/latest/userguide/managed-policies.html
    "AWSCodeDeployRoleFor",
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/security-iam-awsmanpol.html
    "AmazonSSMManaged",
)


def is_aws_policy(arn: str) -> bool:
    """Whether a policy is a managed one that AWS wrote."""
    return _OF_AWS in arn


def aws_policy_name(arn: str) -> str:
    """The path and name of a managed policy that AWS wrote, or ""."""
    return arn.partition(_OF_AWS)[2]


def is_service_policy(arn: str) -> bool:
    """Whether a managed policy is one that AWS wrote for the role of a service or of its agent.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html calls those of the path
    `service-role/` service role policies.
    """
    return aws_policy_name(arn).startswith((_SERVICE_ROLE_PATH, *_OUTSIDE_THAT_PATH))
