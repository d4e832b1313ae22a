"""Selections hold what a policy's pattern stands for, keep out log files, and stay within CloudTrail's quota."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.analysis.observability.trail_coverage import OBJECTS, Events, recording_trails
from lpgen.core.observe.selections import (
    Selection,
    merge_selectors,
    selections_of_events,
    selector_document,
    selectors_of_selections,
    values_of_selectors,
    widest_selections,
)
from lpgen.core.trails import FieldOperator, FieldTest, Selector, Trail

TABLE = "AWS::DynamoDB::Table"
QUEUE = "AWS::SQS::Queue"


def events(*resources: str, kind: str = QUEUE, sides: tuple[bool, ...] = (True, False)) -> Events:
    return Events("any", "Data", kind, sides, ("any.amazonaws.com",), (), resources, ("",))


def trail(*selectors: Selector) -> Trail:
    arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t"
    return Trail(arn, "t", "111122223333", "us-east-1", True, True, False, True, selectors, "logs")


@pytest.mark.parametrize(
    ("kind", "pattern", "operator", "value"),
    [
        (OBJECTS, "arn:aws:s3:::photos/*", "StartsWith", "arn:aws:s3:::photos/"),
        (OBJECTS, "arn:aws:s3:::photos/2026/*.jpg", "StartsWith", "arn:aws:s3:::photos/2026/"),
        (OBJECTS, "arn:aws:s3:::photos", "StartsWith", "arn:aws:s3:::photos/"),
        (OBJECTS, "arn:aws:s3:::photos/a.jpg", "Equals", "arn:aws:s3:::photos/a.jpg"),
        (OBJECTS, "arn:aws:s3:::photos-*", "StartsWith", "arn:aws:s3:::photos-"),
        (OBJECTS, "arn:aws:s3:::*/config.json", "EndsWith", "/config.json"),
        (OBJECTS, "arn:aws:s3:::*-logs", "StartsWith", ""),
        (OBJECTS, "arn:aws:s3:::*", "StartsWith", ""),
        (OBJECTS, "*", "StartsWith", ""),
        (OBJECTS, "arn:aws:s3:::home/${aws:username}/*", "StartsWith", "arn:aws:s3:::home/"),
        (TABLE, "arn:aws:dynamodb:eu-west-1:1:table/orders", "Equals", "arn:aws:dynamodb:eu-west-1:1:table/orders"),
        (
            TABLE,
            "arn:aws:dynamodb:eu-west-1:1:table/orders/index/*",
            "Equals",
            "arn:aws:dynamodb:eu-west-1:1:table/orders",
        ),
        (TABLE, "arn:aws:dynamodb:*:1:table/orders", "EndsWith", ":1:table/orders"),
        (QUEUE, "arn:aws:sqs:eu-*:1:orders", "EndsWith", ":1:orders"),
        (QUEUE, "arn:aws:sqs:eu-west-1:1:*-dead", "EndsWith", "-dead"),
        (QUEUE, "arn:aws:sqs:eu-west-1:1:*", "StartsWith", "arn:aws:sqs:eu-west-1:1:"),
    ],
)
def test_the_selection_of_a_pattern_is_the_narrowest_that_holds_it(
    kind: str, pattern: str, operator: str, value: str
) -> None:
    (found,) = selections_of_events(events(pattern, kind=kind))
    assert (found.operator, found.value) == (operator, value)


PARTS = st.sampled_from(["orders", "a", "*", "o?d*", "-x", "${aws:username}", "table/", "index/*", "/", ""])
PATTERNS = st.one_of(
    st.just("*"),
    st.builds(
        "arn:aws:{}:{}:{}:{}".format,
        st.sampled_from(["sqs", "dynamodb", "s3", "*"]),
        st.sampled_from(["eu-west-1", "*", "eu-*", ""]),
        st.sampled_from(["111122223333", "*", ""]),
        st.lists(PARTS, min_size=1, max_size=4).map("".join),
    ),
)
KINDS = st.sampled_from([OBJECTS, TABLE, QUEUE])
SIDES = st.sampled_from([(True,), (False,), (False, True)])


@given(patterns=st.lists(PATTERNS, min_size=1, max_size=5, unique=True), kind=KINDS, sides=SIDES)
def test_selectors_record_all_events_on_the_patterns_they_are_made_of(
    patterns: list[str], kind: str, sides: tuple[bool, ...]
) -> None:
    wanted = events(*patterns, kind=kind, sides=sides)
    selectors = selectors_of_selections(set(widest_selections(selections_of_events(wanted)).values()), ())
    assert not isinstance(recording_trails(wanted, (trail(*selectors),)), str)


OPERATORS = st.sampled_from([FieldOperator.EQUALS, FieldOperator.STARTS_WITH, FieldOperator.ENDS_WITH])
VALUES = st.text("ab:/", min_size=1, max_size=4)
SELECTIONS = st.builds(Selection, KINDS, SIDES, OPERATORS, VALUES)


@given(some=st.lists(SELECTIONS, max_size=8), arn=st.text("ab:/", max_size=6), side=st.booleans())
def test_the_widest_selection_holds_what_the_selection_holds_and_no_other_holds_it(
    some: list[Selection], arn: str, side: bool
) -> None:
    def holds(selection: Selection) -> bool:
        if selection.operator is FieldOperator.EQUALS:
            return side in selection.sides and arn == selection.value
        starts = selection.operator is FieldOperator.STARTS_WITH
        return side in selection.sides and (arn.startswith if starts else arn.endswith)(selection.value)

    widest = widest_selections(some)
    for one, wide in widest.items():
        assert wide.kind == one.kind
        assert set(wide.sides) >= set(one.sides)
        assert not holds(one) or holds(wide)
    kept = set(widest.values())
    assert all(widest_selections(kept)[one] == one for one in kept)


@given(some=st.lists(SELECTIONS, max_size=8))
def test_no_selector_records_log_files(some: list[Selection]) -> None:
    prefix = "arn:aws:s3:::logs/"
    selectors = selectors_of_selections([*some, Selection(OBJECTS, (True,), FieldOperator.STARTS_WITH, "")], (prefix,))
    logs = events(f"{prefix}AWSLogs/x.json.gz", kind=OBJECTS, sides=(True,))
    assert isinstance(recording_trails(logs, (trail(*selectors),)), str)


SELECTORS = st.builds(
    lambda kind, operator, values, side: Selector(
        "Data",
        tuple(
            sorted(
                [
                    FieldTest("resources.type", FieldOperator.EQUALS, (kind,)),
                    *([FieldTest("readOnly", FieldOperator.EQUALS, (side,))] if side else []),
                    *([FieldTest("resources.ARN", operator, tuple(sorted(values)))] if values else []),
                ]
            )
        ),
    ),
    KINDS,
    st.sampled_from(list(FieldOperator)),
    st.sets(VALUES, max_size=3),
    st.sampled_from(["", "true", "false"]),
)


@given(some=st.lists(SELECTORS, max_size=6), arn=VALUES, kind=KINDS, sides=SIDES)
def test_merged_selectors_record_the_same_with_no_more_values(
    some: list[Selector], arn: str, kind: str, sides: tuple[bool, ...]
) -> None:
    merged = merge_selectors(some)
    one = events(arn, kind=kind, sides=sides[:1])
    before, after = (isinstance(recording_trails(one, (trail(*side),)), str) for side in (some, merged))
    assert before == after
    assert values_of_selectors(merged) <= values_of_selectors(some)


def test_a_selector_document_says_what_the_selector_says() -> None:
    one = Selection(OBJECTS, (False,), FieldOperator.STARTS_WITH, "")
    (selector,) = selectors_of_selections([one], ("arn:aws:s3:::logs/",))
    assert selector_document(selector) == {
        "Name": "Data write events of AWS::S3::Object",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "readOnly", "Equals": ["false"]},
            {"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::logs/"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        ],
    }
