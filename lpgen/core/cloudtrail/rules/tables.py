"""The code that the modules of this folder add to the operation tables: a new module is imported here.

A module has `RULES`, which answer for operations, `COMPLETIONS`, which add to the answers of the operations' rows, or
`READERS`: by event source, the resource types that rows read by name.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from lpgen.core.cloudtrail import rules
from lpgen.core.cloudtrail.rules import (  # noqa: F401 - they are found in their package
    apigateway,
    appsync,
    autoscaling,
    batch,
    bedrock,
    billing,
    cloudformation,
    cloudfront,
    cognito,
    config_recording,
    developer_tools,
    dynamodb,
    ec2,
    ec2_launch,
    ecs,
    efs,
    eks,
    elasticbeanstalk,
    elb,
    eventbridge,
    fis,
    fsx,
    glue,
    groups,
    iam,
    identity_center,
    imagebuilder,
    kms,
    lambda_functions,
    logs,
    monitoring,
    network_firewall,
    oam,
    organizations,
    performance_insights,
    rds,
    resource_tagging,
    route53,
    s3_access_grants,
    s3_buckets,
    s3_control,
    s3_family,
    s3_objects,
    s3_tables,
    s3_vectors,
    secretsmanager,
    ses,
    sms_voice,
    sns,
    sqs,
    ssm,
    stepfunctions,
    streaming,
    sts,
    wafv2,
)
from lpgen.core.cloudtrail.rules.call import CompletionTable, RuleTable
from lpgen.core.cloudtrail.rules.types import ReaderTable

_KINDS: Final = ("RULES", "COMPLETIONS", "READERS")

HANDLER_MODULES: Final = tuple(
    module
    for _, module in sorted(vars(rules).items())
    if isinstance(module, ModuleType) and any(hasattr(module, kind) for kind in _KINDS)
)


def _tables(kind: str) -> tuple[Any, ...]:
    return tuple(getattr(module, kind) for module in HANDLER_MODULES if hasattr(module, kind))


RULE_TABLES: Final[tuple[RuleTable, ...]] = _tables("RULES")
"""No two modules hold a rule for one operation."""

COMPLETION_TABLES: Final[tuple[CompletionTable, ...]] = _tables("COMPLETIONS")

READER_TABLES: Final[tuple[ReaderTable, ...]] = _tables("READERS")
"""No two modules have the same name for one event source."""
