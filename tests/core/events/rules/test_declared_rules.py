"""Records of compute, identity, container, database, delivery and governance services, through the whole event map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lpgen.core.actions.catalog import Catalog
from lpgen.core.events.event_map import EventMap
from lpgen.core.events.record_place import call_from_record
from lpgen.core.events.records import Record
from lpgen.core.events.rules import (
    autoscaling,
    batch,
    bedrock,
    cloudformation,
    developer_tools,
    ec2,
    ec2_launch,
    ec2_operations,
    ecs,
    efs,
    eks,
    elasticache,
    elb,
    emr,
    groups,
    iam,
    identity_center,
    monitoring,
    organizations,
    rds,
    redshift,
    registries,
    resource_tagging,
    route53,
    sagemaker,
    security_services,
    ses,
    sts,
)
from lpgen.core.events.rules.declared import DeclaredRule
from lpgen.core.events.rules.ec2 import TYPES as EC2_TYPES
from lpgen.core.events.rules.inferences import INFERENCES
from lpgen.core.events.rules.tables import RULE_MODULES
from lpgen.core.model import OBSERVED, Action, MappedAction, MappingStatus, ResourceKind
from lpgen.edge.catalog.files import open_catalog
from tests.core.events.rules.mapping_cases import expected_needs, needs_from_actions, read_cases, record_from_case
from tests.support.case_tables import each_case

MODULES = (
    autoscaling,
    batch,
    bedrock,
    cloudformation,
    developer_tools,
    ec2,
    ec2_launch,
    ecs,
    efs,
    eks,
    elasticache,
    elb,
    emr,
    groups,
    iam,
    identity_center,
    monitoring,
    organizations,
    rds,
    redshift,
    registries,
    resource_tagging,
    route53,
    sagemaker,
    security_services,
    ses,
    sts,
)
FAMILIES = ("ec2", "iam_sts", "containers", "databases", "infrastructure", "management_and_ml", "operation_tables")
CASES = read_cases(*FAMILIES)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return open_catalog()


@pytest.fixture(scope="module")
def event_map(catalog: Catalog) -> EventMap:
    return EventMap(catalog)


def actions_of(event_map: EventMap, case: Any) -> tuple[MappedAction, ...]:
    return event_map.map_record(record_from_case(case)).actions


@each_case("case", CASES, ids=lambda case: case["name"])
def test_map_record_gives_the_documented_actions_and_resources(case: Any, event_map: EventMap) -> None:
    mapping = event_map.map_record(record_from_case(case))
    wanted = MappingStatus.MAPPED if case["expected"] else MappingStatus.NO_PERMISSION
    assert mapping.status is wanted
    assert needs_from_actions(mapping.actions, case) == expected_needs(case)


@each_case("case", CASES, ids=lambda case: case["name"])
def test_map_record_states_the_context_of_what_it_infers(case: Any, event_map: EventMap) -> None:
    found = {need.action: dict(need.context) for need in actions_of(event_map, case)}
    for row in case["expected"]:
        if "context" in row:
            assert found[row["action"]] == row["context"]


@each_case("case", CASES, ids=lambda case: case["name"])
def test_map_record_names_only_resources_that_the_action_takes(
    case: Any, event_map: EventMap, catalog: Catalog
) -> None:
    for need in actions_of(event_map, case):
        for resource in need.resources:
            # An instance profile stands for its role until a snapshot of IAM tells which that is.
            is_profile = need.action == "iam:PassRole" and ":instance-profile/" in resource.text
            assert is_profile or catalog.takes_resource(need.action, resource.text), (need.action, resource.text)


@each_case("case", CASES, ids=lambda case: case["name"])
def test_map_record_tells_none_unknown_exact_and_pattern_apart(
    case: Any, event_map: EventMap, catalog: Catalog
) -> None:
    for need in actions_of(event_map, case):
        assert need.how == OBSERVED or need.how in INFERENCES
        for resource in need.resources:
            if resource.kind is ResourceKind.NONE:
                assert catalog.takes_no_resource(need.action)
            elif resource.kind is ResourceKind.ARN:
                assert "*" not in resource.text
                assert "?" not in resource.text
            elif resource.kind is ResourceKind.FOLD:
                assert "*" in resource.text or "?" in resource.text
                assert resource.text != "*"


def declared_lines() -> Iterator[tuple[str, str, DeclaredRule]]:
    for module in MODULES:
        for (source, operation), rule in module.RULES.items():
            if isinstance(rule, DeclaredRule):
                yield source, operation, rule


@each_case("source, operation, rule", list(declared_lines()), ids=lambda source, operation, _: f"{source}:{operation}")
def test_declared_line_agrees_with_the_catalog(
    source: str, operation: str, rule: DeclaredRule, catalog: Catalog
) -> None:
    """The action exists, takes each declared type, and is declared without types only where it takes none."""
    line = rule.declaration
    call = call_from_record(
        Record(source, operation, awsRegion="us-east-1", recipientAccountId="111122223333"), operation
    )
    assert catalog.canonical(line.action) == line.action
    for action, tokens in ((line.action, line.tokens), (line.tag_action, (line.tagged,) if line.tagged else ())):
        for token in tokens if action else ():
            name = token.strip("+").partition("=")[0].removesuffix("?")
            pattern = rule.types[name].pattern(call).text
            assert catalog.takes_resource(Action(action), pattern), (action, pattern)
    assert line.tokens or catalog.takes_no_resource(Action(line.action))


@each_case("tokens", sorted(ec2_operations.OPERATIONS_BY_TOKENS))
def test_ec2_operations_name_the_types_that_the_catalog_lists(tokens: str, catalog: Catalog) -> None:
    names = {token.strip("+").partition("=")[0].removesuffix("?") for token in tokens.split()}
    assert names <= EC2_TYPES.keys()
    for operation in ec2_operations.OPERATIONS_BY_TOKENS[tokens].split():
        action = catalog.canonical(f"ec2:{operation}")
        assert action == f"ec2:{operation}"
        assert names == {use.type for use in catalog.detail(action).resources}


def test_rule_modules_are_all_listed() -> None:
    assert set(MODULES) <= set(RULE_MODULES)


def test_cases_cover_every_class() -> None:
    kinds = [case["kind"] for case in CASES]
    assert len(kinds) >= 400
    assert kinds.count("renamed") >= 40
    assert kinds.count("several") >= 90
    assert kinds.count("none") >= 8
