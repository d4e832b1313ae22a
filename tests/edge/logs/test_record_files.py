"""Files of every shape give their records, and what gives none says where and why."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lpgen.edge.logs.record_files as record_files
from lpgen.core.cloudtrail.records import RawRecord, Record, Unusable, record_from_raw
from lpgen.edge.logs.inflate import ReadLimits
from lpgen.edge.logs.json_documents import MAX_NESTING, without_depths
from lpgen.edge.logs.record_files import records_from_bytes
from tests.support.case_tables import each_case
from tests.support.law_examples import examples
from tests.support.log_samples import ROLE, record_json

FIRST, SECOND = record_json(1), record_json(2)
BOTH = [FIRST["eventID"], SECOND["eventID"]]


def event_bridge(record: dict[str, Any]) -> dict[str, Any]:
    return {"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "detail": record}


def lookup(*records: dict[str, Any]) -> dict[str, Any]:
    return {
        "Events": [{"EventId": record["eventID"], "CloudTrailEvent": json.dumps(record)} for record in records],
        "NextToken": "x",
    }


def log_event(message: str) -> dict[str, Any]:
    return {
        "id": "31953106606966983378809025079804211143289615424298221568",
        "timestamp": 1432826855000,
        "message": message,
    }


def subscription(*messages: str, kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    """What CloudWatch Logs sends to a subscription."""
    return {
        "messageType": kind,
        "owner": "111122223333",
        "logGroup": "CloudTrail",
        "logStream": "111122223333_CloudTrail_us-east-1",
        "subscriptionFilters": ["all"],
        "logEvents": [log_event(message) for message in messages],
    }


def filtered(*messages: str) -> dict[str, Any]:
    """What `aws logs filter-log-events` prints."""
    events = [{"logStreamName": "s", **log_event(message), "ingestionTime": 1} for message in messages]
    return {"events": events, "searchedLogStreams": [], "nextToken": "x"}


CONTROL = subscription("CWL CONTROL MESSAGE: Checking health of destination Firehose.", kind="CONTROL_MESSAGE")


def lines(*documents: object) -> str:
    return "\n".join(json.dumps(document) for document in documents)


def read(data: bytes | str, **options: Any) -> list[Record | Unusable]:
    items = records_from_bytes(data.encode() if isinstance(data, str) else data, **options)
    return [record_from_raw(item) if isinstance(item, RawRecord) else item for item in items]


def ids(items: list[Record | Unusable]) -> list[str | None]:
    return [item.eventID for item in items if isinstance(item, Record)]


def faults(items: list[Record | Unusable]) -> list[tuple[str, str, str]]:
    return [(item.reason.value, item.detail, item.position) for item in items if isinstance(item, Unusable)]


SHAPES: dict[str, str] = {
    "log file": json.dumps({"Records": [FIRST, SECOND]}),
    "pretty log file": json.dumps({"Records": [FIRST, SECOND]}, indent=4),
    "log file with more keys": json.dumps({"a": 1, "Records": [FIRST, SECOND], "z": {"Records": []}}),
    "array": json.dumps([FIRST, SECOND]),
    "array of log files": json.dumps([{"Records": [FIRST]}, {"Records": [SECOND]}]),
    "json lines": lines(FIRST, SECOND),
    "json lines with blank lines": "\n\n" + json.dumps(FIRST) + "\r\n\r\n" + json.dumps(SECOND) + "\n\n",
    "lookup-events": json.dumps(lookup(FIRST, SECOND)),
    "lookup-events by --query": json.dumps([json.dumps(FIRST), json.dumps(SECOND)], indent=4),
    "lookup-events by --query as text": json.dumps(FIRST) + "\t" + json.dumps(SECOND) + "\n",
    "pages of lookup-events": json.dumps(lookup(FIRST), indent=4) + "\n" + json.dumps(lookup(SECOND), indent=4),
    "EventBridge lines": lines(event_bridge(FIRST), event_bridge(SECOND)),
    "EventBridge array": json.dumps([event_bridge(FIRST), event_bridge(SECOND)]),
    "pretty records in a row": json.dumps(FIRST, indent=2) + json.dumps(SECOND, indent=2),
    "documents on one line": json.dumps(FIRST) + json.dumps(SECOND),
    "a mixture": json.dumps({"Records": [FIRST]}, indent=1) + "\n" + lines(event_bridge(SECOND)),
    "lines of log files": lines({"Records": [FIRST]}, {"Records": [SECOND]}),
    "subscription": json.dumps(subscription(json.dumps(FIRST), json.dumps(SECOND))),
    "subscriptions on one line": "".join(json.dumps(subscription(json.dumps(one))) for one in (FIRST, SECOND)),
    "lines of subscriptions": lines(subscription(json.dumps(FIRST)), subscription(json.dumps(SECOND))),
    "EventBridge by a subscription": json.dumps(
        [subscription(json.dumps(event_bridge(FIRST))), subscription(json.dumps(SECOND))]
    ),
    "filter-log-events": json.dumps(filtered(json.dumps(FIRST), json.dumps(SECOND)), indent=4),
    "get-log-events": json.dumps({"events": [log_event(json.dumps(one)) for one in (FIRST, SECOND)]}),
    "log events with parsed messages": "\n".join(
        json.dumps({"timestamp": 1, "message": one}) for one in (FIRST, SECOND)
    ),
    "export of CloudWatch Logs": "\n".join(f"2024-03-01T10:00:00.000Z {json.dumps(one)}" for one in (FIRST, SECOND)),
    "aws logs tail": "\n".join(
        f"2024-03-01T10:00:00.000000+00:00 1_CloudTrail_us-east-1 {json.dumps(one)}" for one in (FIRST, SECOND)
    ),
    "aws logs tail in short": "\n".join(f"2024-03-01T10:00:00 {json.dumps(one)}\n" for one in (FIRST, SECOND)),
}

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "with byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "gzip": gzip.compress,
    "gzip in members": lambda data: b"".join(gzip.compress(data[at : at + 100]) for at in range(0, len(data), 100)),
    "gzip in gzip": lambda data: gzip.compress(gzip.compress(data[:100]) + gzip.compress(data[100:])),
    "gzip padded with zeros": lambda data: gzip.compress(data) + bytes(512),
    "with newline": lambda data: data + b"\n",
}


@each_case("shape, packing", list(product(SHAPES, PACKINGS)))
def test_records_from_bytes_reads_every_shape(shape: str, packing: str) -> None:
    items = read(PACKINGS[packing](SHAPES[shape].encode()))
    assert faults(items) == []
    assert ids(items) == BOTH


@pytest.mark.parametrize("shape", SHAPES)
def test_records_from_bytes_reads_large_documents_record_by_record(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(SHAPES[shape])
    monkeypatch.setattr(record_files, "MAX_TYPED_BYTES", 10)
    assert read(SHAPES[shape]) == whole


@pytest.mark.parametrize("document", [FIRST, event_bridge(FIRST), lookup(FIRST), [FIRST], {"Records": [FIRST]}])
@pytest.mark.parametrize("indent", [None, 2])
def test_records_from_bytes_reads_one_record(document: object, indent: int | None) -> None:
    assert ids(read(json.dumps(document, indent=indent))) == [FIRST["eventID"]]


@pytest.mark.parametrize(
    "data", [b"", b" \n\n", b"[]", b'{"Records": []}', b'{"Events": []}', gzip.compress(b"", mtime=0)]
)
def test_records_from_bytes_finds_nothing_in_an_empty_file(data: bytes) -> None:
    assert read(data) == []


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (
            {"awsAccountId": "1", "digestStartTime": "x", "digestS3Object": "y", "logFiles": []},
            "a CloudTrail digest file",
        ),
        ({"fileVersion": "1.0", "configurationItems": []}, "an AWS Config file"),
        ({"fileVersion": "1.0", "configSnapshotId": "1", "x": 1}, "an AWS Config file"),
        (
            {"detail-type": "EC2 Instance State-change Notification", "detail": {}},
            "an EventBridge event of another kind",
        ),
    ],
)
def test_records_from_bytes_recognizes_other_documents(document: dict[str, Any], name: str) -> None:
    assert faults(read(json.dumps(document))) == [("not_cloudtrail", name, "record 1")]


@pytest.mark.parametrize(
    "text",
    [
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end\n2 1 eni",
        "https 2024-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80",
        "2024-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048",
    ],
)
def test_records_from_bytes_recognizes_other_logs(text: str) -> None:
    ((reason, _, position),) = faults(read(gzip.compress(text.encode())))
    assert (reason, position) == ("not_cloudtrail", "line 1")


OTHER_EVENT = "an event of CloudWatch Logs that is not a record"


def test_records_from_bytes_leaves_out_what_else_a_subscription_sends() -> None:
    other = subscription("START RequestId: 1", '{"level": "INFO"}', json.dumps(FIRST), "5", "")
    items = read(lines(CONTROL, other))
    assert ids(items) == [FIRST["eventID"]]
    assert faults(items) == [("not_cloudtrail", OTHER_EVENT, f"record {number}") for number in (1, 2, 3, 5, 6)]


def test_records_from_bytes_counts_a_record_that_cloudwatch_logs_holds_in_part_as_bad() -> None:
    text = json.dumps(FIRST)
    nameless = {key: value for key, value in FIRST.items() if key != "eventName"}
    items = read(json.dumps(subscription(text[:-9], json.dumps(nameless), text)))
    assert ids(items) == [FIRST["eventID"]]
    assert faults(items) == [
        ("bad_record", "the message is broken JSON", "record 1"),
        ("bad_record", "object missing required field `eventName`", "record 2"),
    ]


@pytest.mark.parametrize("events", [[{"a": 1}, {"b": 2}], [5], "x", {}])
def test_records_from_bytes_takes_other_lists_called_events_for_no_log(events: object) -> None:
    why = "the JSON has no known form of CloudTrail records"
    assert faults(read(json.dumps({"events": events}))) == [("unreadable_file", why, "line 1")]


def test_records_from_bytes_reads_an_export_around_a_broken_line() -> None:
    texts = [json.dumps(FIRST), json.dumps(FIRST)[:-9], json.dumps(SECOND)]
    items = read("\n".join(f"2024-03-01T10:00:00.000Z {text}" for text in texts))
    assert ids(items) == BOTH
    assert [(reason, position) for reason, _, position in faults(items)] == [("unreadable_file", "line 2")]


def test_records_from_bytes_reads_many_documents_on_one_line_in_time_of_their_size() -> None:
    records = [record_json(number) for number in range(10_000)]
    text = "".join(json.dumps(subscription(json.dumps(record))) for record in records)
    began = time.process_time()
    assert ids(read(text)) == [record["eventID"] for record in records]
    assert time.process_time() - began < 20  # a quadratic walk takes minutes


@pytest.mark.parametrize(
    "header",
    [
        '"eventversion","useridentity","eventtime","eventsource","eventname","awsregion"',
        "Event name,Event time,User name,Event source,Resource type",
        "useridentity,eventname",
    ],
)
def test_records_from_bytes_says_what_to_take_instead_of_csv(header: str) -> None:
    ((reason, detail, position),) = faults(read(f"{header}\n1,2,3,4\n"))
    assert (reason, position) == ("unreadable_file", "line 1")
    assert "athena://DATABASE.TABLE" in detail


def test_records_from_bytes_recognizes_records_without_a_call() -> None:
    insight = {"eventVersion": "1.07", "eventType": "AwsCloudTrailInsight", "eventCategory": "Insight", "eventID": "i"}
    aggregate = {"eventVersion": "1.0", "eventType": "AwsAggregatedEvent", "eventSource": "s3.amazonaws.com"}
    items = read(json.dumps({"Records": [insight, FIRST, aggregate]}))
    assert ids(items) == [FIRST["eventID"]]
    assert faults(items) == [("insight", "", "record 1"), ("aggregated", "", "record 3")]


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"eventName": 5}, "expected `str`, got `int` - at `$.eventName`"),
        ({"awsRegion": ["x"]}, "expected `str | null`, got `array` - at `$.awsRegion`"),
        ({"requestParameters": 5}, "expected `str | object | null`, got `int` - at `$.requestParameters`"),
    ],
)
def test_records_from_bytes_skips_a_record_of_wrong_types_alone(changes: dict[str, Any], detail: str) -> None:
    bad = {**record_json(9), **changes}
    for text in (
        json.dumps({"Records": [FIRST, bad, SECOND]}),
        lines(FIRST, bad, SECOND),
        json.dumps([FIRST, bad, SECOND]),
    ):
        items = read(text)
        assert ids(items) == BOTH
        assert faults(items) == [("bad_record", detail, "record 2")]
        assert isinstance(items[1], Unusable)
        assert items[1].record is not None
        assert items[1].record.userIdentity is not None
        assert items[1].record.userIdentity.sessionContext.sessionIssuer.arn == ROLE  # type: ignore[union-attr]


def test_records_from_bytes_skips_what_is_no_record_among_records() -> None:
    items = read(json.dumps({"Records": [FIRST, 5, {"a": 1}, None, "x", '"x"', '["x', SECOND]}))
    assert ids(items) == BOTH
    assert [position for _, _, position in faults(items)] == [f"record {number}" for number in range(2, 8)]


def test_records_from_bytes_skips_a_broken_line_alone() -> None:
    one, other = json.dumps(FIRST), json.dumps(SECOND)
    items = read(f"{one}\n{one[:-9]}\nnonsense\n{{oops}}\n{other}\n{other[:40]}")
    assert ids(items) == BOTH
    assert [(reason, position) for reason, _, position in faults(items)] == [
        ("unreadable_file", "line 2"),
        ("unreadable_file", "line 4, byte 1"),
        ("unreadable_file", "line 6"),
    ]


def test_records_from_bytes_says_how_a_lookup_event_is_broken() -> None:
    document = {"Events": [{"EventId": "1"}, {"CloudTrailEvent": "{x"}, {"CloudTrailEvent": 5}]}
    assert [reason for reason, _, _ in faults(read(json.dumps(document)))] == ["bad_record"] * 3


@pytest.mark.parametrize(
    ("data", "detail", "position"),
    [
        (json.dumps({"Records": [FIRST, SECOND]})[:-30].encode(), "input data was truncated", "line 1"),
        (json.dumps({"Records": [FIRST, SECOND]}, indent=1)[:-30].encode(), "input data was truncated", "line 1"),
        (gzip.compress(b"x" * 5000, mtime=0)[:-9], "the gzip data ends too early", "byte 31"),
        (gzip.compress(b"{}", mtime=0) + b"junk", "the gzip data is followed by something else", "byte 22"),
        (b"\x1f\x8b", "the gzip data ends too early", "byte 2"),
        (b'{"name": "no log"}', "the JSON has no known form of CloudTrail records", "line 1"),
        (b"hello\nworld\n", "it is neither JSON nor gzip", "line 1"),
        (b"\x00\x01\x02" * 50, "it is neither JSON nor gzip", "line 1"),
        (b"[" * 100_000, "the JSON is nested too deep", "line 1"),
    ],
)
def test_records_from_bytes_names_the_place_in_an_unreadable_file(data: bytes, detail: str, position: str) -> None:
    assert faults(read(data)) == [("unreadable_file", detail, position)]


def test_records_from_bytes_notices_a_damaged_gzip() -> None:
    data = bytearray(gzip.compress(SHAPES["log file"].encode()))
    data[-8] ^= 0xFF
    ((reason, detail, _),) = faults(read(bytes(data)))
    assert reason == "unreadable_file"
    assert detail.startswith("the gzip data is damaged")


def test_records_from_bytes_bounds_what_a_file_inflates_to() -> None:
    bomb, small = gzip.compress(bytes(5_000_000)), ReadLimits(file_bytes=1_000_000)
    assert faults(read(bomb, limits=small)) == [("unreadable_file", "the file inflates to more than 1000000 bytes", "")]
    assert faults(read(bytes(2_000_000), limits=small))[0][1] == "the file holds more than 1000000 bytes"
    halves = gzip.compress(b" " * 600_000) * 2
    assert faults(read(halves, limits=small)) == faults(read(bomb, limits=small))
    assert read(halves, limits=ReadLimits(file_bytes=1_200_000)) == []


def test_records_from_bytes_survives_text_that_is_not_unicode() -> None:
    """Some of what an error says is a caller's choice, which must not make a whole file unreadable."""
    message = b'"errorMessage": "\xff \\ud800 \\\\ud800 \\ud83d\\ude00", '
    text = json.dumps({"Records": [FIRST, SECOND]}).encode().replace(b'"eventVersion"', message + b'"eventVersion"')
    items = read(text)
    assert ids(items) == BOTH
    assert isinstance(items[0], Record)
    assert items[0].errorMessage == "\ufffd \ufffd \\ud800 \U0001f600"


@pytest.mark.parametrize("beside", [b"[1]", b'{"a": "\xff"}', b"[" * 2_000 + b"]" * 2_000])
def test_what_is_read_for_few_calls_alone_costs_no_record(beside: bytes) -> None:
    text = json.dumps({"Records": [FIRST | {"additionalEventData": 0, "resources": 0}, SECOND]}).encode()
    odd = b'"additionalEventData": ' + beside + b', "resources": ' + beside
    items = read(text.replace(b'"additionalEventData": 0, "resources": 0', odd))
    assert ids(items) == BOTH
    assert isinstance(items[0], Record)
    assert items[0].resources is None
    assert items[0].additionalEventData in (None, {"a": "\ufffd"})


NEST = b"[" * 50_000 + b'"]}"' + b"]" * 50_000
"""Deeper than any Python's decoder follows."""


@pytest.mark.parametrize("place", ["requestParameters", "responseElements", "resources", "unknown"])
@pytest.mark.parametrize("shape", ["file", "lines", "laid out"])
def test_a_record_that_nests_too_deep_costs_no_other(place: str, shape: str) -> None:
    """A caller who nests a parameter deep enough must not hide the calls that share the file."""
    records = [FIRST, {**SECOND, place: {"name": "kept", "deep": "NEST"}}]
    written = {
        "file": json.dumps({"Records": records}),
        "lines": lines(*records),
        "laid out": "\n".join(json.dumps(record, indent=1) for record in records),
    }
    items = read(written[shape].encode().replace(b'"NEST"', NEST))
    assert ids(items) == BOTH
    last = items[-1]
    assert isinstance(last, Record)
    if place == "requestParameters":
        assert isinstance(last.requestParameters, dict)
        assert last.requestParameters["name"] == "kept"


@given(st.recursive(st.none() | st.text('[]{}"\\a'), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_what_is_cut_is_nothing_but_what_lies_too_deep(value: object) -> None:
    text = json.dumps(value).encode()
    assert without_depths(text) == text
    nested = json.loads(
        without_depths(b"[" * 150 + b'{"a": ' + b"[" * 100 + text + b"]" * 100 + b', "b": 1}' + b"]" * 150)
    )
    for _ in range(150):
        (nested,) = nested
    assert nested["b"] == 1
    for _ in range(MAX_NESTING - 151):
        (nested["a"],) = nested["a"]
    assert nested["a"] is None


def test_records_from_bytes_gives_up_on_documents_in_documents() -> None:
    assert faults(read("[" * 9 + "]" * 9)) == [("bad_record", "documents nest too deep", "record 1")]


@settings(max_examples=examples(300))
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\\n \x1eaR0', max_size=60).map(str.encode))
def test_records_from_bytes_never_raises(data: bytes) -> None:
    for text in (
        data,
        b'{"Records": [' + data + b"]}",
        b'{"eventSource":"a","eventName":"b"}\n' + data,
        gzip.compress(data),
    ):
        for item in records_from_bytes(text):
            assert isinstance(item, RawRecord) or item.position


@given(st.integers(0, 400), st.sampled_from(["log file", "json lines", "a mixture"]))
def test_records_from_bytes_reports_a_file_cut_anywhere(cut: int, shape: str) -> None:
    text = SHAPES[shape].encode()
    kept = text[: len(text) * cut // 400]
    items = read(kept)
    assert set(ids(items)) <= set(BOTH)
    # Lines stand for themselves: a file that ends with a whole one shows no sign of the lines that are gone.
    at_line_end = b"\n" in text[max(0, len(kept) - 1) : len(kept) + 1]
    assert len(ids(items)) == 2 or faults(items) or at_line_end or not kept
