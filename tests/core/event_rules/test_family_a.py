"""Records of storage, messaging, secrets, compute and management services, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from lpgen.core.event_names import strip_version
from lpgen.core.event_rules import (
    dynamodb,
    kms,
    lambda_functions,
    s3_buckets,
    s3_objects,
    secretsmanager,
    sns,
    sqs,
    ssm,
)
from lpgen.core.record_place import call_from_record
from tests.core.event_rules.mapping_cases import expected_needs, needs_from_actions, read_cases, record_from_case

MODULES = (dynamodb, kms, lambda_functions, s3_buckets, s3_objects, secretsmanager, sns, sqs, ssm)
RULES = {key: rule for module in MODULES for key, rule in module.RULES.items()}
FAMILIES = ("s3", "dynamodb", "messaging", "secrets", "lambda", "ssm")


@pytest.mark.parametrize("case", read_cases(*FAMILIES), ids=lambda case: case["name"])
def test_rule_maps_the_record_as_documented(case: Any) -> None:
    record = record_from_case(case)
    names = (record.eventName, strip_version(record.eventName))
    operation = next(name for name in names if (record.eventSource, name) in RULES)
    actions = RULES[record.eventSource, operation](call_from_record(record, operation))
    assert actions is not None
    beside_passed_roles = [need for need in expected_needs(case) if need[0] != "iam:PassRole"]
    assert needs_from_actions(actions) == beside_passed_roles
