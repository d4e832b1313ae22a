"""Rules answer soundly whatever every parameter that they look at holds: a log line is its caller's text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.operation_rows import read_operation_table
from lpgen.core.cloudtrail.records import Record
from lpgen.core.cloudtrail.rules.call import call_from_record
from lpgen.core.cloudtrail.rules.tables import RULE_TABLES
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.cloudtrail.rules.test_rule_laws import assert_sound
from tests.support.law_examples import examples

RULES = sorted(((key, rule) for table in RULE_TABLES for key, rule in table.items()), key=lambda item: item[0])
CATALOG = bundled_catalog()
TEXTS = (
    "",
    "*",
    "a/b",
    "a:b:c:d:e:f:g",
    "arn:",
    "arn:aws:redshift",
    "arn:aws:redshift:us-east-1:111122223333:snapshot:",
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:s3:::bucket/*",
    "{}{0}",
    "not an arn",
)


class EveryParameter(dict[str, Any]):
    """Request parameters in which every key that is asked for holds one and the same value."""

    def __init__(self, value: object) -> None:
        super().__init__(arn=value)
        self.value = value

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        return self.value

    def get(self, _key: str, _default: Any = None) -> Any:
        return self.value


def record_of_every_parameter(source: str, operation: str, value: object) -> Record:
    return Record(
        eventSource=source,
        eventName=operation,
        awsRegion="us-east-1",
        recipientAccountId="111122223333",
        requestParameters=EveryParameter(value),
    )


def assert_answers_soundly(value: object) -> None:
    for (source, operation), rule in RULES:
        record = record_of_every_parameter(source, operation, value)
        for need in rule(call_from_record(record, operation, CATALOG)) or ():
            assert_sound(need)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("listed", [False, True], ids=["text", "list"])
def test_every_rule_answers_soundly_when_all_parameters_hold_one_text(text: str, *, listed: bool) -> None:
    assert_answers_soundly([text, text] if listed else text)


@settings(max_examples=examples(6), deadline=None)
@given(text=st.one_of(st.text(max_size=30), st.from_regex(r"arn(:[a-z*?/{}-]{0,4}){0,7}", fullmatch=True)))
def test_every_rule_answers_soundly_when_all_parameters_hold_any_text(text: str) -> None:
    assert_answers_soundly(text)


SNAPSHOT_OPERATIONS = [
    operation
    for operation, row in read_operation_table(CATALOG.source, "redshift.amazonaws.com").operations.items()
    if "snapshot" in row.resources and "snapshot" not in row.creates
]


@pytest.mark.parametrize("operation", SNAPSHOT_OPERATIONS)
@pytest.mark.parametrize("text", ["not-an-arn", "one/two", "{}", "arn:aws:iam::111122223333:role/a"])
def test_redshift_reads_no_snapshot_off_a_snapshot_arn_that_is_none(operation: str, text: str) -> None:
    record = Record(
        eventSource="redshift.amazonaws.com",
        eventName=operation,
        awsRegion="us-east-1",
        recipientAccountId="111122223333",
        requestParameters={"snapshotArn": text},
    )
    needs = EventMap(CATALOG).map_record(record).actions
    assert needs
    assert all(text not in resource.text for need in needs for resource in need.resources)


def test_redshift_has_operations_on_snapshots() -> None:
    assert len(SNAPSHOT_OPERATIONS) >= 3
