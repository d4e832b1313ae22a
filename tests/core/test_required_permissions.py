"""The permissions that lpgen prints for itself: real actions, and none that changes what it only reads."""

from __future__ import annotations

import json

import pytest

from lpgen.core.choices import Duty
from lpgen.core.iam.policy import policy_from_json, policy_size
from lpgen.core.model import AccessLevel
from lpgen.core.required_permissions import own_policies
from lpgen.edge.catalog.files import bundled_catalog

CALLER = "arn:aws-cn:iam::111122223333:role/tools/lpgen"
POLICIES = own_policies(bundled_catalog(), bucket="logs", role="reader", caller=CALLER, answers="answers")
CHANGES = {Duty.ROLLOUT_APPLY, Duty.ROLLOUT_UNDO, Duty.MEMBER_ROLLOUT}
HARMLESS = {"sts:AssumeRole", "kms:Decrypt", "kms:GenerateDataKey", "lakeformation:GetDataAccess"}
QUERIES = {"athena:StartQueryExecution", "athena:StopQueryExecution", "s3:AbortMultipartUpload", "s3:PutObject"}
"""What running a query takes, which makes an object with the answer and changes nothing else."""


@pytest.mark.parametrize("duty", Duty)
def test_each_policy_is_valid_and_holds_real_actions_without_wildcards(duty: Duty) -> None:
    catalog = bundled_catalog()
    policy_from_json(json.dumps(POLICIES[duty]), place=duty)
    assert policy_size(json.dumps(POLICIES[duty])) <= 6144
    for statement in POLICIES[duty]["Statement"]:
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert actions == sorted(set(actions))
        for action in actions:
            assert catalog.canonical(action) == action, f"{action} is no action as the catalog spells it"


@pytest.mark.parametrize("duty", sorted(set(Duty) - CHANGES))
def test_only_a_rollout_may_change_anything(duty: Duty) -> None:
    catalog = bundled_catalog()
    allowed = QUERIES if duty is Duty.INGEST_ATHENA else set()
    levels = {
        catalog.detail(catalog.canonical(action)).level  # type: ignore[arg-type]
        for statement in POLICIES[duty]["Statement"]
        for action in statement["Action"]
        if isinstance(statement["Action"], list) and action not in HARMLESS | allowed
    }
    assert levels <= {AccessLevel.LIST, AccessLevel.READ}


@pytest.mark.parametrize("duty", Duty)
def test_each_resource_takes_the_actions_it_stands_with(duty: Duty) -> None:
    catalog = bundled_catalog()
    for statement in POLICIES[duty]["Statement"]:
        resources = statement.get("Resource", "*")
        for resource in [resources] if isinstance(resources, str) else resources:
            if resource != "*":
                fitting = [action for action in statement["Action"] if catalog.takes_resource(action, resource)]
                assert fitting, f"{resource} is no resource of these actions"


def test_names_given_are_those_in_the_policies() -> None:
    text = json.dumps([POLICIES[duty] for duty in Duty])
    for part in (
        "arn:aws-cn:s3:::logs/*",
        "arn:aws-cn:s3:::answers/*",
        "arn:aws-cn:iam::*:role/reader",
        "arn:aws-cn:iam::111122223333:root",
        "arn:aws-cn:iam::111122223333:role/*",
        CALLER,
    ):
        assert part in text
    assert "arn:aws:" not in text


def test_assuming_a_role_takes_that_role_alone() -> None:
    (statement,) = POLICIES[Duty.ASSUME_ROLE]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["sts:AssumeRole"], "arn:aws-cn:iam::*:role/reader")


def test_the_trust_policy_lets_the_caller_alone_in() -> None:
    (statement,) = POLICIES[Duty.MEMBER_TRUST]["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": CALLER}}
