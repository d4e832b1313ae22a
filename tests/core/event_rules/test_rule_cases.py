"""Documented records through the event map, and laws that every rule keeps."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.catalog import Catalog
from lpgen.core.event_map import EventMap
from lpgen.core.event_rules import (
    apigateway,
    athena,
    billing,
    cloudfront,
    cognito,
    dynamodb,
    eventbridge,
    glue,
    iot,
    kms,
    lambda_functions,
    logs,
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
)
from lpgen.core.event_rules.inferences import INFERENCES
from lpgen.core.model import OBSERVED, MappedAction, MappingStatus, ResourceKind
from lpgen.core.record_place import call_from_record
from lpgen.core.records import Record, RecordResource
from lpgen.edge.catalog_files import bundled_catalog
from tests.core.event_rules.mapping_cases import expected_needs, needs_from_actions, read_cases, record_from_case

FAMILIES = (
    "apigateway",
    "data_and_billing",
    "dynamodb",
    "lambda",
    "logs",
    "messaging",
    "orchestration",
    "passed_by_service",
    "s3",
    "s3_family",
    "secrets",
    "ssm",
    "streaming",
)
CASES = read_cases(*FAMILIES)

MODULES: tuple[ModuleType, ...] = (
    apigateway,
    athena,
    billing,
    cloudfront,
    cognito,
    dynamodb,
    eventbridge,
    glue,
    iot,
    kms,
    lambda_functions,
    logs,
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
)
RULES = {key: rule for module in MODULES for key, rule in module.RULES.items()}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return bundled_catalog()


@pytest.fixture(scope="module")
def event_map(catalog: Catalog) -> EventMap:
    return EventMap(catalog)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_record_maps_as_documented(case: Any, event_map: EventMap) -> None:
    mapping = event_map.map_record(record_from_case(case))
    assert mapping.status is MappingStatus.MAPPED
    assert needs_from_actions(mapping.actions) == expected_needs(case)


def test_cases_cover_renamed_and_several_actions() -> None:
    kinds = [case["kind"] for case in CASES]
    assert kinds.count("renamed") >= 200
    assert kinds.count("several") >= 90
    for case in CASES:
        event = case["record"]["eventName"]
        actions = [row["action"].partition(":")[2] for row in case["expected"]]
        assert (case["kind"] == "several") == (len(actions) > 1), case["name"]
        assert (case["kind"] == "identity") == (actions == [event]), case["name"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case_resources_are_of_types_that_the_action_takes(case: Any, catalog: Catalog, event_map: EventMap) -> None:
    for mapped in event_map.map_record(record_from_case(case)).actions:
        if mapped.action.startswith(("apigateway:", "iam:PassRole")):
            continue  # the request path is API Gateway's resource, whatever its types are
        for resource in mapped.resources:
            if resource.kind is ResourceKind.ARN:
                assert catalog.resource_type(mapped.action, resource.text), (mapped.action, resource.text)


@pytest.mark.parametrize("key", RULES, ids=":".join)
def test_rule_names_only_actions_of_the_catalog(key: tuple[str, str], catalog: Catalog) -> None:
    source, operation = key
    record = Record(eventSource=source, eventName=operation, awsRegion="us-east-1", recipientAccountId="111122223333")
    for mapped in RULES[key](call_from_record(record, operation)) or ():
        assert catalog.canonical(mapped.action) == mapped.action
        assert mapped.how == OBSERVED or mapped.how in INFERENCES


# ---------------------------------------------------------------- whatever an attacker writes into a request

PARAMETERS = sorted(
    {name for case in CASES for name in case["record"]["requestParameters"]}
    | {"responseElements", "restApiId", "statement", "statements", "delete", "objects", "versionId", "taskHandle"}
)
TEXTS = st.sampled_from(
    (
        "",
        "x",
        "*",
        "arn:",
        "arn:aws:s3:::b/k",
        "arn:aws:lambda:us-east-1:1:function:",
        "arn:aws:sns:::t:u:v",
        "a:b:c:d",
        "alias/x",
        "SELECT * FROM",
        "ecs:",
        "{}",
        "////",
        "?versionId=",
        "i-0",
        "\x00é",
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 5) | TEXTS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PARAMETERS) | TEXTS, inner, max_size=3),
    max_leaves=6,
)
REQUESTS = st.dictionaries(st.sampled_from(PARAMETERS), VALUES, max_size=5)
LISTED = st.lists(st.builds(RecordResource, ARN=st.none() | TEXTS, type=st.none() | TEXTS), max_size=2)


@settings(max_examples=600, deadline=None)
@given(key=st.sampled_from(sorted(RULES)), request=REQUESTS, response=REQUESTS, listed=LISTED)
def test_rule_answers_any_request_with_sorted_resources(
    key: tuple[str, str], request: dict[str, object], response: dict[str, object], listed: list[RecordResource]
) -> None:
    record = Record(
        eventSource=key[0],
        eventName=key[1],
        requestParameters=request,
        responseElements=response,
        resources=listed,
    )
    answer: tuple[MappedAction, ...] = RULES[key](call_from_record(record, key[1])) or ()
    for mapped in answer:
        assert mapped.resources
        assert list(mapped.resources) == sorted(set(mapped.resources))
        for resource in mapped.resources:
            assert resource.text == "*" or resource.text.startswith("arn:")
