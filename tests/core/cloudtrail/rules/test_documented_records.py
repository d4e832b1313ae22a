"""Records of compute, identity, container, database, delivery and governance services, through the whole event map."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.operation_rows import OperationRow, read_operation_table
from lpgen.core.cloudtrail.records import Record
from lpgen.core.cloudtrail.rules.call import call_from_record
from lpgen.core.cloudtrail.rules.inferences import inferences_from_catalog
from lpgen.core.cloudtrail.rules.tables import READER_TABLES
from lpgen.core.cloudtrail.rules.types import ResourceType, name_in_token
from lpgen.core.model import (
    OBSERVED,
    UNKNOWN_RESOURCE,
    AccessLevel,
    Action,
    MappedAction,
    MappingStatus,
    ResourceKind,
)
from lpgen.edge.catalog.files import bundled_catalog, open_catalog
from tests.core.cloudtrail.rules.mapping_cases import expected_needs, needs_from_actions, read_cases, record_from_case
from tests.support.case_tables import each_case

INFERENCES = inferences_from_catalog(bundled_catalog().source)

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


TYPES: dict[str, ChainMap[str, ResourceType]] = defaultdict(ChainMap)
for _source, _types in (item for table in READER_TABLES for item in table.items()):
    TYPES[_source].maps.append(_types)  # type: ignore[arg-type]  # only read


LISTED_WITHOUT = ("glue.amazonaws.com", "CreateDevEndpoint")
"""Takes a development endpoint by the developer guide, and nothing by the service authorization reference.

https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
"""


def rows_read_by_code() -> Iterator[tuple[str, str, OperationRow]]:
    for source in TYPES:
        for operation, row in read_operation_table(open_catalog().source, source).operations.items():
            if row.reads or row.tagged_reads:
                yield source, operation, row


@each_case(
    "source, operation, row", list(rows_read_by_code()), ids=lambda source, operation, _: f"{source}:{operation}"
)
def test_row_read_by_code_agrees_with_the_catalog(
    source: str, operation: str, row: OperationRow, catalog: Catalog
) -> None:
    """Code or a binding has each type that the row reads, and the row's actions take it."""
    call = call_from_record(
        Record(source, operation, awsRegion="us-east-1", recipientAccountId="111122223333"), operation, catalog
    )
    own = row.actions or (catalog.canonical(f"{source.removesuffix('.amazonaws.com')}:{operation}") or "",)
    tagging = [name for name in row.also if catalog.detail(Action(name)).level is AccessLevel.TAGGING]
    for actions, tokens in ((own, row.reads), (tagging, row.tagged_reads)):
        for token in (token for token in tokens if token != "*"):
            name = name_in_token(token)
            if name in row.resources and name not in TYPES[source]:
                continue  # test_operation_rows.py looks at bindings
            pattern = TYPES[source][name].pattern(call)
            taken = [catalog.takes_resource(Action(action), pattern.text) for action in actions]
            assert pattern == UNKNOWN_RESOURCE or any(taken) or (source, operation) == LISTED_WITHOUT, pattern


def test_no_two_modules_read_one_name_of_an_event_source() -> None:
    names = [(source, name) for table in READER_TABLES for source, types in table.items() for name in types]
    assert len(names) == len(set(names))


def test_cases_cover_every_class() -> None:
    kinds = [case["kind"] for case in CASES]
    assert len(kinds) >= 400
    assert kinds.count("renamed") >= 40
    assert kinds.count("several") >= 90
    assert kinds.count("none") >= 8
