"""What holds for every rule, whatever a log line holds: log lines are written by whoever made the call."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.cloudtrail.records import Record, RecordResource, UserIdentity
from lpgen.core.cloudtrail.rules.call import Call, Rule, call_from_record
from lpgen.core.cloudtrail.rules.inferences import inferences_from_catalog
from lpgen.core.cloudtrail.rules.tables import RULE_TABLES
from lpgen.core.model import OBSERVED, MappedAction, ResourceKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.cloudtrail.rules.mapping_cases import CASES, read_cases
from tests.support.law_examples import examples

RULES: list[tuple[tuple[str, str], Rule]] = sorted(
    ((key, rule) for table in RULE_TABLES for key, rule in table.items()), key=lambda item: item[0]
)


def keys_below(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in keys_below(item)}
    if isinstance(value, list):
        return {key for item in value for key in keys_below(item)}
    return set()


KEYS = sorted(
    key
    for case in read_cases(*sorted(path.stem for path in CASES.glob("*.json")))
    for key in keys_below(case["record"].get("requestParameters"))
)
AWKWARD = st.sampled_from(
    [
        "",
        "*",
        "?",
        "arn:",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
        "i-*",
        "i-1",
        "{}",
        "{0}{1}",
        "a/b/../c",
        "a:b:c:d:e:f:g",
        "HIDDEN_DUE_TO_SECURITY_REASONS",
        "é\u0000\n",
        "$" * 300,
    ]
)
LEAVES = st.one_of(AWKWARD, st.text(max_size=8), st.integers(-3, 10**13), st.booleans(), st.none(), st.floats(0, 9))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=8,
)
PARAMETERS = st.one_of(st.none(), st.text(max_size=5), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=12))
RECORDS = st.builds(
    Record,
    eventSource=st.just(""),
    eventName=st.just(""),
    awsRegion=st.sampled_from(["us-east-1", "cn-north-1", "", None]),
    recipientAccountId=st.sampled_from(["111122223333", "", None]),
    userIdentity=st.sampled_from([None, UserIdentity(), UserIdentity(type="IAMUser", arn="arn:aws:iam::1:user/a")]),
    requestParameters=PARAMETERS,
    responseElements=PARAMETERS,
    additionalEventData=PARAMETERS,
    resources=st.lists(st.builds(RecordResource, ARN=AWKWARD, type=AWKWARD), max_size=2),
)

INFERENCES = inferences_from_catalog(bundled_catalog().source)


def assert_sound(need: MappedAction) -> None:
    """Resources are there, sorted, distinct, and of the kind that their text shows; the derivation has a name."""
    assert need.resources
    assert list(need.resources) == sorted(set(need.resources))
    assert need.how == OBSERVED or need.how in INFERENCES
    assert need.context == tuple(sorted(need.context))
    for resource in need.resources:
        if resource.kind in (ResourceKind.NONE, ResourceKind.UNKNOWN):
            assert resource.text == "*"
        else:
            assert resource.text.startswith("arn:")


def call_of(record: Record, source: str, operation: str) -> Call:
    named = Record(source, operation)
    for field in record.__struct_fields__[2:]:
        setattr(named, field, getattr(record, field))
    return call_from_record(named, operation, bundled_catalog())


@settings(max_examples=examples(60), deadline=None)
@given(record=RECORDS, start=st.integers(0, len(RULES) - 1))
def test_rules_answer_any_record_soundly(record: Record, start: int) -> None:
    for step in range(60):
        (source, operation), rule = RULES[(start + step * 37) % len(RULES)]
        for need in rule(call_of(record, source, operation)) or ():
            assert_sound(need)


@settings(max_examples=examples(60), deadline=None)
@given(record=RECORDS, start=st.integers(0, len(RULES) - 1))
def test_rules_are_functions_of_the_record_alone(record: Record, start: int) -> None:
    (source, operation), rule = RULES[start]
    assert rule(call_of(record, source, operation)) == rule(call_of(record, source, operation))
