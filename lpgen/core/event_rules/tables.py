"""Every rule table: a new family is imported and listed here."""

from __future__ import annotations

from types import ModuleType

from lpgen.core.event_rules import (
    acm,
    apigateway,
    autoscaling,
    cloudformation,
    dynamodb,
    ec2,
    ec2_launch,
    ecs,
    efs,
    eks,
    elasticache,
    elb,
    eventbridge,
    iam,
    kms,
    lambda_functions,
    logs,
    rds,
    redshift,
    registries,
    route53,
    s3_buckets,
    s3_control,
    s3_family,
    s3_objects,
    secretsmanager,
    sns,
    sqs,
    ssm,
    stepfunctions,
    streaming,
    sts,
)
from lpgen.core.event_rules.call import RuleTable

RULE_MODULES: tuple[ModuleType, ...] = (
    acm,
    apigateway,
    autoscaling,
    cloudformation,
    dynamodb,
    ec2,
    ec2_launch,
    ecs,
    efs,
    eks,
    elasticache,
    elb,
    eventbridge,
    iam,
    kms,
    lambda_functions,
    logs,
    rds,
    redshift,
    registries,
    route53,
    s3_buckets,
    s3_control,
    s3_family,
    s3_objects,
    secretsmanager,
    sns,
    sqs,
    ssm,
    stepfunctions,
    streaming,
    sts,
)

RULE_TABLES: tuple[RuleTable, ...] = tuple(module.RULES for module in RULE_MODULES)
"""The rules of every family. No two families hold a rule for one operation."""
