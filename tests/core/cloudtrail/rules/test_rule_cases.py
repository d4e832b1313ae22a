"""Documented records through the event map, and laws that every rule keeps."""

from __future__ import annotations

from typing import Any

import pytest

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record
from lpgen.core.cloudtrail.rules.call import call_from_record
from lpgen.core.cloudtrail.rules.inferences import inferences_from_catalog
from lpgen.core.cloudtrail.rules.tables import RULE_TABLES
from lpgen.core.model import OBSERVED, MappingStatus, ResourceKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.cloudtrail.rules.mapping_cases import expected_needs, needs_from_actions, read_cases, record_from_case
from tests.support.case_tables import each_case

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

INFERENCES = inferences_from_catalog(bundled_catalog().source)
CASES = read_cases(*FAMILIES)

RULES = {key: rule for table in RULE_TABLES for key, rule in table.items()}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return bundled_catalog()


@pytest.fixture(scope="module")
def event_map(catalog: Catalog) -> EventMap:
    return EventMap(catalog)


@each_case("case", CASES, ids=lambda case: case["name"])
def test_record_maps_as_documented(case: Any, event_map: EventMap) -> None:
    mapping = event_map.map_record(record_from_case(case))
    assert mapping.status is MappingStatus.MAPPED
    assert needs_from_actions(mapping.actions, case) == expected_needs(case)


def test_cases_cover_renamed_and_several_actions() -> None:
    kinds = [case["kind"] for case in CASES]
    assert kinds.count("renamed") >= 200
    assert kinds.count("several") >= 90
    for case in CASES:
        event = case["record"]["eventName"]
        actions = [row["action"].partition(":")[2] for row in case["expected"]]
        assert (case["kind"] == "several") == (len(actions) > 1), case["name"]
        assert (case["kind"] == "identity") == (actions == [event]), case["name"]


@each_case("case", CASES, ids=lambda case: case["name"])
def test_case_resources_are_of_types_that_the_action_takes(case: Any, catalog: Catalog, event_map: EventMap) -> None:
    for mapped in event_map.map_record(record_from_case(case)).actions:
        if mapped.action.startswith(("apigateway:", "iam:PassRole")):
            continue  # the request path is API Gateway's resource, whatever its types are
        for resource in mapped.resources:
            if resource.kind is ResourceKind.ARN:
                assert catalog.resource_type(mapped.action, resource.text), (mapped.action, resource.text)


@each_case("key", RULES, ids=":".join)
def test_rule_names_only_actions_of_the_catalog(key: tuple[str, str], catalog: Catalog) -> None:
    source, operation = key
    record = Record(eventSource=source, eventName=operation, awsRegion="us-east-1", recipientAccountId="111122223333")
    for mapped in RULES[key](call_from_record(record, operation, catalog)) or ():
        assert catalog.canonical(mapped.action) == mapped.action
        assert mapped.how == OBSERVED or mapped.how in INFERENCES


# ---------------------------------------------------------------- whatever an attacker writes into a request


@pytest.mark.parametrize(
    ("source", "operation", "request_parameters", "patterns"),
    [
        ("dynamodb", "ImportTable", {"s3BucketSource": {"s3Bucket": "b*", "s3KeyPrefix": "*"}}, "arn:aws:s3:::b?/?*"),
        ("secretsmanager", "GetSecretValue", {"secretId": "a*${x}"}, "arn:aws:secretsmanager:r:1:secret:a??{x}-??????"),
        ("logs", "FilterLogEvents", {"logGroupName": "/aws/*"}, "arn:aws:logs:r:1:log-group:/aws/?:*"),
        ("apigateway", "GetRestApi", {"restApiId": "*"}, "arn:aws:apigateway:r::/restapis/?"),
        ("s3", "DeleteObjects", {"bucketName": "*"}, "arn:aws:s3:::?/*"),
        (
            "s3-outposts",
            "GetObject",
            {"bucketName": "*", "key": "*"},
            "arn:aws:s3-outposts:r:1:outpost/*/bucket/?/object/?",
        ),
    ],
)
def test_wildcards_in_names_never_widen_a_pattern(
    source: str, operation: str, request_parameters: dict[str, object], patterns: str, event_map: EventMap
) -> None:
    event_source = f"{source}.amazonaws.com"
    record = Record(
        eventSource=event_source,
        eventName=operation,
        awsRegion="r",
        recipientAccountId="1",
        requestParameters=request_parameters,
    )
    actions = event_map.map_record(record).actions
    folds = {resource.text for need in actions for resource in need.resources if resource.kind is ResourceKind.FOLD}
    assert folds == {patterns}


def test_passed_roles_name_the_service_that_gets_them(event_map: EventMap) -> None:
    checked = 0
    for case in CASES:
        wanted = [row["context"] for row in case["expected"] if row["action"] == "iam:PassRole"]
        actions = event_map.map_record(record_from_case(case)).actions if wanted else ()
        assert [dict(need.context) for need in actions if need.action == "iam:PassRole"] == wanted
        checked += len(wanted)
    assert checked > 30
