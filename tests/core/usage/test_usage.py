"""The usage tables: every record counts once, and merging is free of order."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.cloudtrail.records import HIDDEN, RawRecord, Record, Unusable
from lpgen.core.model import SkipReason
from lpgen.core.usage.event_time import LatestTime, TimeWindow
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.principal_usage import principal_usages_from_usage
from lpgen.core.usage.tables import (
    EMPTY_USAGE,
    TABLES,
    Usage,
    UsageSum,
    count_records,
    count_used_records,
    merge_usage,
)
from lpgen.core.usage.tally import UsageTally
from tests.support.law_examples import examples
from tests.support.log_samples import ACCOUNT, ROLE, PlainMap, record_json, rows
from tests.support.record_usage import raw_from_record, usage_from_records

LIMIT = 4


def record(number: int = 0, **changes: Any) -> Record:
    return msgspec.convert(record_json(number, **changes), Record)


def usage(*records: Record | Unusable, **options: Any) -> Usage:
    return usage_from_records(records, PlainMap(), **options)


def counted_skips(found: Usage) -> int:
    without_record = ("unreadable_file", "not_cloudtrail")
    return sum(row["records"] for row in rows(found.skips) if row["reason"] not in without_record)


# ---------------------------------------------------------------- one record


def test_usage_from_records_keeps_the_whole_key() -> None:
    one = record(
        3,
        requestParameters={"arns": ["arn:aws:s3:::b/x/y/z"]},
        vpcEndpointId="vpce-1",
        userIdentity={**record_json()["userIdentity"], "invokedBy": "athena.amazonaws.com"},
    )
    assert rows(usage(one).table) == [
        {
            "principal": ROLE,
            "principal_id": "AROAEXAMPLE",
            "account": ACCOUNT,
            "recipient_account": ACCOUNT,
            "region": "us-east-1",
            "day": date(2024, 3, 4),
            "event_source": "s3.amazonaws.com",
            "event_name": "GetObject",
            "category": "data",
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::b/x/y/*",
            "resource_kind": "fold",
            "outcome": "allowed",
            "error_code": "",
            "denial_kind": "",
            "denied_by": "",
            "how": "observed",
            "invoked_by": "athena.amazonaws.com",
            "service_session": False,
            "vpc_endpoint": "vpce-1",
            "context": "{}",
            "first_seen": datetime(2024, 3, 4, 10, 0, 3, tzinfo=UTC),
            "last_seen": datetime(2024, 3, 4, 10, 0, 3, tzinfo=UTC),
            "records": 1,
            "example_event_id": "00000000-0000-0000-0000-000000000003",
            "example_resource": "arn:aws:s3:::b/x/y/z",
        }
    ]


def test_usage_from_records_counts_a_record_once_per_folded_resource() -> None:
    one = record(requestParameters={"arns": ["arn:aws:s3:::b/d/2", "arn:aws:s3:::b/d/1", "arn:aws:s3:::b"]})
    found = [(row["resource"], row["records"], row["example_resource"]) for row in rows(usage(one).table)]
    assert found == [
        ("arn:aws:s3:::b", 1, "arn:aws:s3:::b"),
        ("arn:aws:s3:::b/d/*", 1, "arn:aws:s3:::b/d/1"),
    ]


@pytest.mark.parametrize(("code", "outcome"), [("AccessDenied", "denied"), ("ThrottlingException", "undetermined")])
def test_usage_from_records_keeps_refused_calls_as_rows_of_their_own(code: str, outcome: str) -> None:
    found = usage(record(errorCode=code))
    assert [(row["outcome"], row["error_code"]) for row in rows(found.table)] == [(outcome, code)]
    assert found.skips.num_rows == 0


def test_usage_from_records_keeps_whose_unmapped_call_it_was() -> None:
    (skip,) = rows(usage(record(eventName="Unknown"), source="f00d").skips)
    assert (skip["reason"], skip["principal"], skip["event_name"], skip["outcome"]) == (
        "unmapped",
        ROLE,
        "Unknown",
        "allowed",
    )
    assert (skip["example_source"], skip["example_position"]) == ("f00d", "record 1")


def test_usage_from_records_goes_on_when_a_rule_breaks() -> None:
    found = usage(record(1, eventName="Odd"), record(2))
    assert [(row["reason"], row["principal"], row["detail"]) for row in rows(found.skips)] == [
        ("unmapped", ROLE, "a mapping rule failed with KeyError")
    ]
    assert count_used_records(found) == 1


def test_usage_from_records_skips_a_second_record_of_one_event_id() -> None:
    found = usage(record(1), record(1), record(2))
    assert count_used_records(found) == 2
    assert [(row["reason"], row["example_position"]) for row in rows(found.skips)] == [("duplicate", "record 2")]


def test_usage_from_records_keeps_records_without_event_id_apart() -> None:
    assert count_used_records(usage(record(1, eventID=None), record(1, eventID=None))) == 2


def test_usage_from_records_needs_only_source_and_name() -> None:
    found = usage(Record(eventSource="s3.amazonaws.com", eventName="GetObject"))
    assert [row["reason"] for row in rows(found.skips)] == ["no_time"]


def test_usage_from_records_takes_no_use_from_a_record_without_time() -> None:
    found = usage(record(eventTime=None), record(1))
    (skip,) = rows(found.skips)
    assert (skip["reason"], skip["principal"], skip["outcome"]) == ("no_time", ROLE, "allowed")
    assert [row["day"] for row in rows(found.table)] == [date(2024, 3, 2)]
    assert {row["day"]: row["records"] for row in rows(found.coverage)} == {None: 1, date(2024, 3, 2): 1}


def test_usage_from_records_takes_no_day_from_a_record_of_the_future() -> None:
    late = {"eventTime": "2099-01-01T00:00:00Z"}
    records = [record(0), record(1, **late), record(3, **late), record(2, eventName="", **late)]
    found = usage(*records, latest=LatestTime("2024-03-02T00:00:00", "too late"))
    assert {(row["reason"], row["detail"], row["records"]) for row in rows(found.skips)} == {
        ("future", "too late", 2),
        ("bad_record", "`eventSource` or `eventName` is empty", 1),
    }
    assert {row["day"] for row in rows(found.coverage)} == {None, date(2024, 3, 1)}
    assert (count_records(found), count_used_records(found)) == (4, 1)


def test_usage_from_records_gives_no_use_to_whom_credentials_name_wrongly() -> None:
    found = usage(record(errorCode="InvalidClientTokenId"), record(1, errorCode="ThrottlingException"))
    assert [(row["reason"], row["records"]) for row in rows(found.skips)] == [("unauthenticated", 1)]
    assert [row["outcome"] for row in rows(found.table)] == ["undetermined"]


@pytest.mark.parametrize("changes", [{"eventTime": "yesterday"}, {"eventSource": ""}, {"eventName": ""}])
def test_usage_from_records_counts_a_senseless_record_as_bad(changes: dict[str, Any]) -> None:
    found = usage(record(**changes), record(1))
    assert [row["reason"] for row in rows(found.skips)] == ["bad_record"]
    assert (count_records(found), count_used_records(found)) == (2, 1)


def test_usage_from_records_leaves_out_what_lies_outside_the_window() -> None:
    window = TimeWindow("2024-03-02T00:00:00", "2024-03-04T00:00:00")
    records = [record(number) for number in range(5)] + [record(9, eventTime=None)]
    found = usage(*records, window=window)
    assert {str(row["day"]) for row in rows(found.table)} == {"2024-03-02", "2024-03-03"}
    assert {row["detail"]: row["records"] for row in rows(found.skips)} == {"": 3, "`eventTime` is missing": 1}
    assert {row["reason"]: row["records"] for row in rows(found.skips)} == {"out_of_window": 3, "no_time": 1}


def test_usage_from_records_covers_no_day_outside_the_window() -> None:
    found = usage(record(0), record(5), window=TimeWindow("2024-03-02T00:00:00"))
    assert [(row["day"], row["category"], row["records"]) for row in rows(found.coverage)] == [
        (None, "", 1),
        (date(2024, 3, 6), "data", 1),
    ]


def test_usage_from_records_names_the_source_of_data_events_alone() -> None:
    management = record(1, eventCategory="Management", managementEvent=True)
    found = {row["category"]: row["event_source"] for row in rows(usage(record(), management).coverage)}
    assert found == {"data": "s3.amazonaws.com", "management": ""}


def test_usage_from_records_counts_in_coverage_what_records_say_of_reading() -> None:
    said = [record(number, readOnly=value) for number, value in enumerate((True, False, True, None))]
    old = record(40, readOnly=False, eventName="")
    found = usage(*said, old, record(0, readOnly=False))  # the last is a duplicate
    assert [row["category"] for row in rows(found.coverage)] == ["data"] * 5
    assert sum(row["records"] for row in rows(found.coverage)) == 6
    assert sum(row["read_only"] for row in rows(found.coverage)) == 2
    assert sum(row["writing"] for row in rows(found.coverage)) == 3


@pytest.mark.parametrize(
    "parameters",
    [
        {"tags": [{"key": "team", "value": "x"}, {"key": "app", "value": "y"}]},
        {"tagSet": {"items": [{"key": "team", "value": "x"}, {"key": "app", "value": "y"}]}},
        {"tagSpecificationSet": {"items": [{"resourceType": "instance", "tags": [{"key": "team"}, {"key": "app"}]}]}},
        {"tags": {"team": "x", "app": "y"}},
        {"Tags": [{"TagKey": "team"}, {"TagKey": "app"}]},
    ],
)
def test_usage_from_records_keeps_the_keys_of_tags_that_a_call_sets(parameters: dict[str, Any]) -> None:
    (row,) = rows(usage(record(readOnly=False, requestParameters=parameters)).table)
    assert row["context"] == '{"aws:TagKeys":["app","team"]}'


def test_usage_from_records_takes_hidden_tags_for_unknown() -> None:
    parameters = {"tags": [{"key": HIDDEN, "value": HIDDEN}]}
    (row,) = rows(usage(record(readOnly=False, requestParameters=parameters)).table)
    assert row["context"] == "{}"


def test_usage_from_records_bounds_tag_keys() -> None:
    parameters = {"tags": {f"key-{number:04}" + "x" * (number % 2) * 600: "v" for number in range(500)}}
    (row,) = rows(usage(record(readOnly=False, requestParameters=parameters)).table)
    assert json.loads(row["context"])["aws:TagKeys"] == [f"key-{number:04}" for number in range(0, 100, 2)]


def test_usage_from_records_counts_parts_without_a_record_apart() -> None:
    broken = Unusable(SkipReason.UNREADABLE_FILE, "input data was truncated", "line 1")
    found = usage(broken, broken, record())
    assert count_records(found) == count_used_records(found) == 1
    assert [(row["reason"], row["records"], row["example_position"]) for row in rows(found.skips)] == [
        ("unreadable_file", 2, "line 1")
    ]


# ---------------------------------------------------------------- the law of counting


def _session(name: str, **issuer: str) -> dict[str, Any]:
    whole = {"type": "Role", "principalId": "AROAOTHER", "arn": f"{ROLE}-2", "accountId": ACCOUNT, **issuer}
    return {
        "type": "AssumedRole",
        "principalId": f"{whole['principalId']}:{name}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/{name}",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": whole},
    }


_CALLERS: list[Any] = [
    record_json()["userIdentity"],
    _session("ann"),
    _session("AWSBackup-ann"),
    _session("ann", principalId="AROARECREATED"),
    _session("ann", arn=f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"),
    _session("ann", arn=f"arn:aws:iam::{ACCOUNT}:root", type="Root"),
    _session("ann", arn=""),
    {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/ann", "principalId": "AIDAEXAMPLE", "accountId": ACCOUNT},
    {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
    {"type": "Root", "accountId": ACCOUNT},
    None,
]
_ARNS = st.sampled_from([f"arn:aws:s3:::b{number}" for number in range(6)] + ["arn:aws:s3:::b/d/k", "arn:aws:s3:::b/*"])
_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "eventID": st.sampled_from(["1", "2", None]),
        "eventTime": st.sampled_from(["2024-03-01T00:00:00Z", "2024-03-02T00:00:00.5Z", "", "never", None]),
        "eventVersion": st.sampled_from(["1.11", "2.0"]),
        "eventName": st.sampled_from(["GetObject", "PutObject", "Unknown", "Free", "Odd", ""]),
        "eventType": st.sampled_from(["AwsApiCall", "AwsServiceEvent", "AwsCloudTrailInsight", "AwsVpceEvent"]),
        "eventCategory": st.sampled_from(["Management", "Data", "Insight", "NetworkActivity", None]),
        "errorCode": st.sampled_from(["AccessDenied", "ThrottlingException", "NoSuchKey"]),
        "userIdentity": st.sampled_from(_CALLERS),
        "requestParameters": st.builds(lambda arns: {"arns": arns}, st.lists(_ARNS, max_size=3)),
    },
)
_RECORDS = st.builds(lambda number, changes: record(number, **changes), st.integers(0, 40), _CHANGES)
_UNUSABLE = st.sampled_from(
    [
        Unusable(SkipReason.UNREADABLE_FILE, "not JSON", "line 1"),
        Unusable(SkipReason.NOT_CLOUDTRAIL, "a digest", "record 1"),
        Unusable(SkipReason.BAD_RECORD, "wrong type", "record 2"),
        Unusable(SkipReason.BAD_RECORD, "wrong type", "record 3", record(4)),
        Unusable(SkipReason.AGGREGATED, "", "record 4", record(4, eventName=""), (ROLE, f"{ROLE}-2")),
        Unusable(SkipReason.AGGREGATED, "", "record 5", record(2, eventName=""), (ROLE,)),
    ]
)
_FILES = st.lists(st.lists(_RECORDS | _UNUSABLE, max_size=8), max_size=6)


def as_logged(items: list[Record | Unusable]) -> Iterator[RawRecord | Unusable]:
    return (raw_from_record(item) if isinstance(item, Record) else item for item in items)


_WINDOWS = st.sampled_from(
    [TimeWindow(), TimeWindow(since="2024-03-02T00:00:00"), TimeWindow(until="2024-03-05T00:00:00")]
)


@settings(deadline=None)
@given(st.lists(_RECORDS | _UNUSABLE, max_size=30), _WINDOWS)
def test_usage_from_records_counts_each_record_as_usage_or_as_a_skip(
    items: list[Record | Unusable], window: TimeWindow
) -> None:
    tally = UsageTally(MappingCache(PlainMap()), window=window)
    counts = tally.add_source(as_logged(items), "f00d")
    found = tally.usage()
    without_record = (SkipReason.UNREADABLE_FILE, SkipReason.NOT_CLOUDTRAIL)
    records = [item for item in items if isinstance(item, Record) or item.reason not in without_record]
    assert count_records(found) == counts.records == len(records)
    assert count_records(found) == count_used_records(found) + counted_skips(found)
    assert count_used_records(found) == counts.usage_records
    assert sum(row["records"] for row in rows(found.skips)) == sum(number for _, number in counts.skips)
    assert sum(row["records"] for row in rows(found.table)) >= counts.usage_records
    assert records_by_day(found.activity) == records_by_day(found.coverage)


def records_by_day(table: pa.Table) -> Counter[tuple[str, date]]:
    """Records by account and day; rows without a day say nothing of any."""
    found: Counter[tuple[str, date]] = Counter()
    for row in rows(table):
        if row["day"]:
            found[row["account"], row["day"]] += row["records"]
    return found


def test_activity_names_roles_services_and_kinds_of_callers() -> None:
    identities: list[tuple[dict[str, Any], str]] = [
        ({}, ROLE),
        ({"userIdentity": {"type": "AWSService", "invokedBy": "config.amazonaws.com"}}, "config.amazonaws.com"),
        ({"userIdentity": {"type": "AWSService"}}, "service"),
        ({"userIdentity": {"type": "Root", "accountId": ACCOUNT}}, "root"),
        ({"eventName": ""}, ROLE),
    ]
    found = usage(*(record(at, **changes) for at, (changes, _) in enumerate(identities)))
    assert sorted(row["caller"] for row in rows(found.activity)) == sorted(name for _, name in identities)


@pytest.mark.parametrize("name", ["service-role/copier", "app"])
def test_a_service_that_assumes_a_role_is_a_skip_that_names_the_role(name: str) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    service = {"type": "AWSService", "invokedBy": "s3.amazonaws.com"}
    call: dict[str, Any] = {"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "userIdentity": service}
    asked = {"requestParameters": {"roleArn": arn, "roleSessionName": "s3-replication"}}
    again: dict[str, Any] = {**call, **asked, "eventTime": "2026-03-05T10:00:00Z"}
    refused = {**call, **asked, "errorCode": "AccessDenied"}
    others: list[dict[str, Any]] = [{**call, "requestParameters": None}, {**asked, "userIdentity": service}]
    found = usage(*(record(at, **one) for at, one in enumerate([{**call, **asked}, again, refused, *others])))
    named = [(row["principal"], row["detail"], row["outcome"], row["records"]) for row in rows(found.skips)]
    assert named == [
        ("", "", "allowed", 1),
        ("", "", "allowed", 1),
        (arn, "s3.amazonaws.com", "allowed", 2),
        (arn, "s3.amazonaws.com", "denied", 1),
    ]
    (known,) = principal_usages_from_usage(found).values()
    assert (known.principal, known.assumed, known.uses) == (arn, (("s3.amazonaws.com", "2026-03-05"),), ())


# ---------------------------------------------------------------- merging


def tables(found: Usage) -> dict[str, Any]:
    return {name: table.to_pydict() for name, table in found.tables().items()}


@settings(max_examples=examples(60), deadline=None)
@given(_FILES, st.data())
def test_merge_usage_gives_the_same_tables_for_any_partition_and_order(
    files: list[list[Record | Unusable]], data: st.DataObject
) -> None:
    parts = [usage(*items, source=str(at), limit=LIMIT) for at, items in enumerate(files)]
    whole = merge_usage(parts, limit=LIMIT)
    shuffled = data.draw(st.permutations(parts))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(parts)), max_size=3)))
    groups = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(parts)], strict=True)]
    nested = merge_usage([merge_usage(group, limit=LIMIT) for group in groups], limit=LIMIT)
    assert tables(nested) == tables(whole)
    tally = UsageTally(MappingCache(PlainMap()))
    for at, items in data.draw(st.permutations(list(enumerate(files)))):
        tally.add_source(as_logged(items), str(at))
    assert tables(tally.usage(limit=LIMIT)) == tables(whole)


@settings(deadline=None)
@given(st.lists(_RECORDS, max_size=6))
def test_merge_usage_has_the_empty_usage_as_identity(items: list[Record]) -> None:
    found = usage(*items)
    assert tables(merge_usage([found, EMPTY_USAGE])) == tables(merge_usage([EMPTY_USAGE, found])) == tables(found)


def test_merge_usage_of_nothing_has_the_schemas() -> None:
    found = merge_usage([])
    assert {name: table.schema for name, table in found.tables().items()} == {
        name: shape.schema for name, shape in TABLES.items()
    }


def test_tables_have_a_key_and_one_rule_for_every_other_column() -> None:
    for name, shape in TABLES.items():
        rules = (*shape.keys, *shape.example, *(column for column, _ in shape.reductions))
        assert sorted(rules) == sorted(shape.schema.names), name
        assert all(not field.nullable or not pa.types.is_string(field.type) for field in shape.schema), name


def test_merge_usage_keeps_a_record_and_its_correction_in_any_order() -> None:
    """CloudTrail corrects a record by another with an id of its own, which names the one that it corrects."""
    first = record_json(1, requestParameters={"arns": []})
    correction = {
        **record_json(1, requestParameters={"arns": ["arn:aws:s3:::b/k"]}, eventID="correction"),
        "addendum": {
            "reason": "UPDATED_DATA",
            "updatedFields": "requestParameters",
            "originalRequestID": "request",
            "originalEventID": first["eventID"],
        },
    }
    files = [usage(msgspec.convert(one, Record)) for one in (first, correction)]
    found = merge_usage(files)
    assert tables(merge_usage(files[::-1])) == tables(found)
    assert {(row["resource_kind"], row["resource"]) for row in rows(found.table)} >= {("arn", "arn:aws:s3:::b/k")}
    assert count_records(found) == 2


def test_merge_usage_takes_the_least_example_and_the_widest_time() -> None:
    arns = {"arns": ["arn:aws:s3:::b/d/k"]}
    early = record(7, eventTime="2024-03-01T08:00:00Z", eventID="b", requestParameters=arns)
    twin = record(7, eventTime="2024-03-01T08:00:00Z", eventID="a", requestParameters=arns)
    late = record(7, eventTime="2024-03-01T09:00:00.250Z", eventID="0", requestParameters=arns)
    (row,) = rows(merge_usage([usage(late), usage(early), usage(twin)]).table)
    assert (row["first_seen"].hour, row["last_seen"].microsecond, row["records"]) == (8, 250_000, 3)
    assert row["example_event_id"] == "a"


def test_merge_usage_prefers_a_skip_with_a_time_as_the_example() -> None:
    dated = Unusable(SkipReason.BAD_RECORD, "x", "record 9", record(1, eventName="", eventID="z"))
    undated = Unusable(SkipReason.BAD_RECORD, "x", "record 1", record(1, eventName="", eventID="a", eventTime=None))
    (row,) = rows(merge_usage([usage(undated), usage(dated)]).skips)
    assert (row["example_event_id"], row["records"]) == ("z", 2)
    assert row["first_seen"] == row["last_seen"] is not None


def _touching(numbers: Sequence[int], **changes: Any) -> Usage:
    return usage(
        *(record(n, requestParameters={"arns": [f"arn:aws:s3:::bucket-{n}"]}, **changes) for n in numbers), limit=LIMIT
    )


def test_merge_usage_collapses_what_names_too_many_resources() -> None:
    kept = merge_usage([_touching([0, 1]), _touching([2, 3])], limit=LIMIT)
    assert {row["resource_kind"] for row in rows(kept.table)} == {"arn"}
    crowded = merge_usage([_touching([0, 1]), _touching([2, 3, 4])], limit=LIMIT)
    assert {(row["resource_kind"], row["resource"]) for row in rows(crowded.table)} == {("overflow", "*")}
    assert sum(row["records"] for row in rows(crowded.table)) == 5


def test_merge_usage_lets_one_overflow_row_absorb_the_rest() -> None:
    crowded = _touching([0, 1, 2, 3, 4])
    found = merge_usage([_touching([9]), crowded], limit=LIMIT)
    assert {row["resource_kind"] for row in rows(found.table)} == {"overflow"}


def test_merge_usage_keeps_refused_calls_from_blurring_allowed_ones() -> None:
    probes = _touching(range(20, 30), errorCode="AccessDenied")
    found = merge_usage([_touching([0, 1]), probes], limit=LIMIT)
    kinds = {(row["outcome"], row["resource_kind"]) for row in rows(found.table)}
    assert kinds == {("allowed", "arn"), ("denied", "overflow")}


def test_merge_usage_keeps_calls_for_missing_things_from_blurring_others() -> None:
    found = merge_usage([_touching([0, 1]), _touching(range(20, 30), errorCode="NoSuchBucket")], limit=LIMIT)
    kinds = {(row["error_code"], row["resource_kind"]) for row in rows(found.table)}
    assert kinds == {("", "arn"), ("NoSuchBucket", "overflow")}


def test_usage_from_records_names_the_denying_policy() -> None:
    scp = "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd"
    why = f"User: x is not authorized to perform: s3:GetObject with an explicit deny in a service control policy: {scp}"
    denied = {"errorCode": "AccessDenied"}
    found = usage(record(1, errorMessage=why, **denied), record(2, errorMessage=why[:-4], **denied))
    assert {row["denied_by"] for row in rows(found.table)} == {scp, scp[:-4]}


@settings(deadline=None)
@given(_FILES)
def test_usage_sum_equals_the_merge_of_all_parts(files: list[list[Record | Unusable]]) -> None:
    parts = [usage(*items, source=str(at)) for at, items in enumerate(files)]
    total = UsageSum()
    for part in parts:
        total.add(part)
    assert tables(total.total()) == tables(merge_usage(parts))


def test_usage_is_made_without_pandas() -> None:
    """Importing pandas would add a fifth of a second to every command."""
    script = (
        "import sys, msgspec\n"
        "from lpgen.core.cloudtrail.records import Record\n"
        "from tests.support.log_samples import PlainMap, record_json\n"
        "from tests.support.record_usage import raw_from_record, usage_from_records\n"
        "records = [msgspec.convert(record_json(n), Record) for n in range(20)]\n"
        "found = usage_from_records(records, PlainMap(), limit=3)\n"
        "assert found.table.num_rows\n"
        "sys.exit('pandas' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
