"""What is remembered of records is what each of them would have given by itself."""

from __future__ import annotations

import json
import os
import random
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.cloudtrail.caller import caller_from_record
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import RawRecord, Record, record_from_raw
from lpgen.core.usage import mapping_cache as contribution_memo
from lpgen.core.usage.contribution import Contribution, RowKey, contribution_from_record
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.unbounded_names import MARK
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.cloudtrail.rules.mapping_cases import read_cases
from tests.core.cloudtrail.test_event_map import FAMILIES
from tests.support.law_examples import examples
from tests.support.log_samples import record_json
from tests.support.record_usage import raw_from_record
from tests.support.sample_organization import records as sample_records

Said = tuple[Any, ...]

_LEAVES = ("", "*", "a?b", "${aws:x}", "arn:aws:s3:::q/w", 1, 1.0, True, False, None, ["x"], {"key": "v"})
_IDENTITIES: list[dict[str, Any]] = [
    {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/jo", "accountId": "111122223333", "userName": "jo"},
    {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/al", "accountId": "111122223333", "userName": "al"},
    {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
    {"type": "AWSAccount", "principalId": "AROAFAR:run-1", "accountId": "222233334444"},
    {"type": "AWSAccount", "principalId": "AROAFAR:AWSCloudFormation", "accountId": "222233334444"},
    {"type": "AWSAccount", "principalId": "AIDAFAR", "accountId": "1", "arn": "arn:aws-cn:iam::1:user/x"},
    {
        "type": "AWSAccount",
        "principalId": "AROAFAR:run-2",
        "accountId": "222233334444",
        "sessionContext": {"sessionIssuer": {"arn": "arn:aws-us-gov:iam::1:role/x"}},
    },
    record_json()["userIdentity"],
    {**record_json()["userIdentity"], "invokedBy": "athena.amazonaws.com"},
]


@cache
def event_map() -> EventMap:
    return EventMap(bundled_catalog())


def said_by(found: Contribution, end: str = "") -> Said:
    """All that a contribution says, with the end of names put back."""
    rows: dict[RowKey, set[str]] = {
        behind: {text[:-1] + end if end and text.endswith(MARK) else text for text in resources}
        for behind, resources in found.rows
    }
    return (
        found.skip,
        found.detail,
        found.outcome,
        found.account,
        found.region,
        found.category,
        found.event_source,
        found.event_name,
        rows,
    )


def said_alone(record: Record) -> Said:
    return said_by(contribution_from_record(record, caller_from_record(record), event_map()))


def logged(fields: dict[str, Any]) -> RawRecord:
    return msgspec.json.decode(json.dumps(fields), type=RawRecord)


def said_from_memory(memo: MappingCache, record: Record) -> Said:
    raw = raw_from_record(record)
    found, end = memo.find(raw, memo.find_caller(raw).alike)
    return said_by(found, end)


def _twisted(value: Any, rng: random.Random) -> Any:
    """A JSON value with some leaves changed, left out or added, so that records are alike in part."""
    if isinstance(value, dict):
        kept = {key: _twisted(item, rng) for key, item in value.items() if rng.random() > 0.04}
        return kept | (
            {rng.choice(("tags", "roleArn", "versionId", "x")): rng.choice(_LEAVES)} if rng.random() < 0.05 else {}
        )
    if isinstance(value, list):
        return [_twisted(item, rng) for item in value]
    return rng.choice(_LEAVES) if rng.random() < 0.06 else value


def _record(fields: dict[str, Any], rng: random.Random, *, twist: bool) -> Record | None:
    fields = {"recipientAccountId": "111122223333", "awsRegion": "eu-west-1", **fields}
    fields.setdefault("userIdentity", rng.choice(_IDENTITIES))
    if twist:
        fields["userIdentity"] = rng.choice(_IDENTITIES)
        for name in {"requestParameters", "responseElements", "additionalEventData", "resources"} & fields.keys():
            fields[name] = _twisted(fields[name], rng)
    if rng.random() < 0.1:
        fields |= {"errorCode": "AccessDenied", "errorMessage": "x is not authorized to perform: s3:GetObject"}
    try:
        return msgspec.convert(fields, Record)
    except msgspec.ValidationError:
        return None


def test_memo_says_of_every_documented_case_what_it_says_alone() -> None:
    rng = random.Random(6)
    cases = [case["record"] for case in read_cases(*FAMILIES)]
    memo = MappingCache(event_map())
    for twist in (False, False, True, True):
        for fields in rng.sample(cases, examples(len(cases))):
            record = _record(fields, rng, twist=twist)
            if record is not None:
                assert said_from_memory(memo, record) == said_alone(record), json.dumps(fields)


_PARTS = ("requestParameters", "responseElements", "additionalEventData", "resources")
_FIELDS: dict[str, tuple[Any, ...]] = {
    "awsRegion": ("us-gov-west-1", "cn-north-1", None),
    "recipientAccountId": ("222233334444", None),
    "eventType": ("AwsServiceEvent", "AwsApiCall", None),
    "eventCategory": ("Data", "Insight", None),
    "managementEvent": (True, False),
    "readOnly": (True, False, None),
    "errorCode": ("AccessDenied", "ThrottlingException", "Client.DryRunOperation", None),
    "errorMessage": (
        "User: x is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::far/k",
        "explicit deny in a service control policy",
    ),
    "vpcEndpointId": ("vpce-1", "vpce-2"),
    "userIdentity": tuple(_IDENTITIES),
    "requestParameters": (None, {}, "HIDDEN_DUE_TO_SECURITY_REASONS", {"omitted": True, "originalSize": 9}),
    "responseElements": (None, {}, {"errorCode": "AccessDenied"}, {"error": {"code": "Forbidden"}}),
    "additionalEventData": (None, {}, "x"),
    "resources": (None, [], [{"ARN": "arn:aws:s3:::other/k", "type": "AWS::S3::Object"}]),
}


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Each object or list in a JSON value with each of its keys or indices."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((value, key), *_places(item))]


def _varied(fields: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A record that differs in one thing: a value anywhere in it is changed, left out or added, or a field is."""
    copy: dict[str, Any] = json.loads(json.dumps(fields))
    places = [place for name in _PARTS if name in copy for place in _places(copy[name])]
    if not places or rng.random() < 0.3:
        name = rng.choice([*_FIELDS])
        return copy | {name: rng.choice(_FIELDS[name])}
    holder, key = rng.choice(places)
    known = rng.choice(places)
    other = rng.choice((*_LEAVES, json.loads(json.dumps(known[0][known[1]])), f"{holder[key]}2"))
    match rng.randrange(3), holder:
        case 0, _:
            holder[key] = other
        case 1, _:
            del holder[key]
        case _, dict():
            holder[rng.choice((f"{key}2", str(key).swapcase(), "tags", "roleArn", str(known[1])))] = other
        case _:
            holder.append(other)
    return copy


def test_memo_says_of_every_variation_of_a_documented_case_what_it_says_alone() -> None:
    """A memo that took two calls for one would lose use without a word."""
    rng = random.Random(os.environ.get("TEST_SEED", "9"))
    cases = [case["record"] for case in read_cases(*FAMILIES)]
    memo = MappingCache(event_map())
    for fields in rng.sample(cases, examples(len(cases))):
        base = {"userIdentity": rng.choice(_IDENTITIES), **fields}
        for varied in (base, *(_varied(base, rng) for _ in range(4)), base):
            try:
                record = msgspec.convert(varied, Record)
            except msgspec.ValidationError:
                continue
            assert said_from_memory(memo, record) == said_alone(record), json.dumps(varied)


def test_memo_says_of_the_sample_logs_what_they_say_alone() -> None:
    memo = MappingCache(event_map())
    for fields in sample_records():
        record = msgspec.convert(fields, Record)
        assert said_from_memory(memo, record) == said_alone(record)


def test_memo_says_of_records_with_odd_parts_what_they_say_alone() -> None:
    rng = random.Random(8)
    memo = MappingCache(event_map())
    cases = [*read_cases(*FAMILIES)]
    for case in rng.sample(cases, examples(len(cases))):
        for odd in ({}, {"resources": "x"}, {"additionalEventData": [1]}, {"resources": [{"ARN": 5}]}):
            fields = {"userIdentity": rng.choice(_IDENTITIES), **case["record"], **odd}
            raw = logged(fields)
            found, end = memo.find(raw, memo.find_caller(raw).alike)
            assert said_by(found, end) == said_alone(record_from_raw(raw)), json.dumps(fields)


def test_memo_maps_records_that_differ_in_nothing_that_matters_once() -> None:
    memo = MappingCache(event_map())
    request = {"bucketName": "b", "Host": "h"}
    fields = {"eventSource": "s3.amazonaws.com", "eventName": "GetObject"}
    found = [
        memo.find(record, memo.find_caller(record).alike)
        for number in range(20)
        for record in [
            logged(
                record_json(
                    number,
                    **fields,
                    requestParameters={**request, "key": f"logs/2024/{number}", "Host": f"{number}"},
                    sourceIPAddress=f"10.0.0.{number}",
                    additionalEventData={"x-amz-id-2": f"{number}"},
                )
            )
        ]
    ]
    assert len({contribution for contribution, _ in found}) == 1
    assert [end for _, end in found] == [f"{number}" for number in range(20)]


def test_memo_tells_records_apart_that_differ_in_what_the_response_names() -> None:
    memo = MappingCache(event_map())
    request = {"clusterName": "c", "nodeType": "db.t4g.small", "aCLName": "open-access"}
    fields = {"eventSource": "memorydb.amazonaws.com", "eventName": "CreateCluster", "requestParameters": request}
    said = []
    for number, group in enumerate(("default.memorydb-redis6", "default.memorydb-redis7", None)):
        response = {"cluster": {"status": f"{number}", "parameterGroupName": group, "subnetGroupName": "default"}}
        record = msgspec.convert(record_json(number, **fields, responseElements=response), Record)
        said.append(said_from_memory(memo, record))
        assert said[-1] == said_alone(record)
    assert len({str(one) for one in said}) == 3


_KEYS = st.text(st.sampled_from("ab/:%*?$ü\0 +."), min_size=1, max_size=12)
_SOURCES = st.sampled_from(
    [
        ("s3.amazonaws.com", "GetObject", "key"),
        ("s3.amazonaws.com", "PutObject", "key"),
        ("s3.amazonaws.com", "CopyObject", "key"),
        ("s3.amazonaws.com", "ListObjects", "prefix"),
        ("s3.amazonaws.com", "Unheard", "key"),
        ("logs.amazonaws.com", "CreateLogStream", "logStreamName"),
        ("logs.amazonaws.com", "GetLogEvents", "logStreamName"),
    ]
)
_BUCKETS = st.sampled_from(["b", "b--x-s3", "arn:aws:s3:eu-west-1:111122223333:accesspoint/p", "a.mrap"])


@given(_SOURCES, _BUCKETS, st.lists(_KEYS, min_size=1, max_size=5), st.booleans())
def test_memo_puts_open_names_back(call: tuple[str, str, str], bucket: str, keys: list[str], listed: bool) -> None:
    source, name, parameter = call
    memo = MappingCache(event_map())
    for number, key in enumerate(keys):
        request = {"bucketName": bucket, "logGroupName": "g", parameter: key, "x-amz-copy-source": "c/k"}
        resources = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"}, {"type": "AWS::S3::Bucket"}]
        fields = {"eventSource": source, "eventName": name, "requestParameters": request}
        record = msgspec.convert(record_json(number, **fields, resources=resources if listed else None), Record)
        assert said_from_memory(memo, record) == said_alone(record)
        assert record.requestParameters == request


def test_memo_forgets_when_it_holds_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_MAX_CONTRIBUTIONS", "_MAX_IDENTITIES", "_MAX_CALLERS", "_MAX_FORMS"):
        monkeypatch.setattr(contribution_memo, name, 3)
    memo = MappingCache(event_map())
    rng = random.Random(7)
    for fields in [case["record"] for case in read_cases(*FAMILIES)][:300]:
        record = _record(fields, rng, twist=False)
        assert record is not None
        assert said_from_memory(memo, record) == said_from_memory(memo, record) == said_alone(record)
        assert len(memo._contributions) <= 3
