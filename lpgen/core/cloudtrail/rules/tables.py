"""The rules, completions and readers of the modules in this folder, and the services of each module.

A module has `RULES`, which map operations, `COMPLETIONS`, which add to the actions of an operation's row, or `READERS`:
by event source, the resource types that rows refer to by name.
"""

from __future__ import annotations

from typing import Any, Final

from lpgen.core.cloudtrail.rules import (
    analytics,
    apis,
    bedrock,
    cloudfront,
    cloudwatch,
    compute,
    containers,
    developer_tools,
    dynamodb,
    ec2,
    file_systems,
    governance,
    iam,
    identity,
    keys_and_secrets,
    lambda_functions,
    messaging,
    networking,
    rds,
    resource_groups,
    s3,
    s3_control,
    s3_family,
    s3_tables,
    ssm,
)
from lpgen.core.cloudtrail.rules.call import CompletionTable, RuleTable
from lpgen.core.cloudtrail.rules.types import ReaderTable

HANDLER_MODULES: Final = (
    analytics,  # Glue, Kinesis
    apis,  # API Gateway, AppSync
    bedrock,  # Bedrock
    cloudfront,  # CloudFront
    cloudwatch,  # CloudTrail, CloudWatch Logs, Observability Access Manager
    compute,  # Batch, EC2 Auto Scaling, EC2 Image Builder, Elastic Beanstalk
    containers,  # ECS, EKS
    developer_tools,  # CodeBuild, CodePipeline, Fault Injection Service
    dynamodb,  # DynamoDB
    ec2,  # EC2, VPC
    file_systems,  # EFS, FSx
    governance,  # CloudFormation, Config, Data Exports, Organizations
    iam,  # IAM
    identity,  # Cognito, IAM Identity Center, STS
    keys_and_secrets,  # KMS, Secrets Manager
    lambda_functions,  # Lambda
    messaging,  # End User Messaging SMS, EventBridge, SES, SNS, SQS, Step Functions
    networking,  # Elastic Load Balancing, Network Firewall, Route 53, WAF
    rds,  # DocumentDB, Neptune, Performance Insights, RDS
    resource_groups,  # AppRegistry, Resource Groups, the Tagging API
    s3,  # S3: general purpose buckets and objects
    s3_control,  # S3: access points, Access Grants, Batch Operations, Storage Lens
    s3_family,  # S3: directory buckets, Object Lambda, Outposts
    s3_tables,  # S3 Tables, S3 Vectors
    ssm,  # Systems Manager
)


def _tables(kind: str) -> tuple[Any, ...]:
    return tuple(getattr(module, kind) for module in HANDLER_MODULES if hasattr(module, kind))


RULE_TABLES: Final[tuple[RuleTable, ...]] = _tables("RULES")
"""No two modules have a rule for the same operation."""

COMPLETION_TABLES: Final[tuple[CompletionTable, ...]] = _tables("COMPLETIONS")

READER_TABLES: Final[tuple[ReaderTable, ...]] = _tables("READERS")
"""No two modules use the same name for an event source."""
