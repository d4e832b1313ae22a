"""Readers of logs: files of every shape, single records, and answers of the event history."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from lpgen.app.map import map_line
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import RawRecord, Unusable, record_from_raw
from lpgen.core.usage.mapping_cache import MappingCache
from lpgen.core.usage.tables import Usage
from lpgen.core.usage.tally import UsageTally
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.ingest.event_history import open_event_history
from lpgen.edge.logs.inflate import ReadLimits
from lpgen.edge.logs.record_files import records_from_bytes
from tests.attack.fuzz.target import Target
from tests.attack.fuzz.world import record

_CASES: Final = Path(__file__).parents[2] / "cases" / "event_map"
_LIMITS: Final = ReadLimits(file_bytes=1 << 24)
_SEEDS: Final = 400


@cache
def event_map() -> EventMap:
    """The event map of the bundled catalog."""
    return EventMap(bundled_catalog())


def read_log(data: bytes) -> Usage:
    """The usage of one file, which accounts for each of its records."""
    items = list(records_from_bytes(data, limits=_LIMITS))
    assert all(isinstance(item, RawRecord | Unusable) for item in items)
    tally = UsageTally(MappingCache(event_map()))
    counts = tally.add_source(items, "file")
    usage = tally.usage()
    assert sum(usage.coverage.column("records").to_pylist()) == counts.records, "records are lost"
    assert sum(usage.coverage.column("usage_records").to_pylist()) == counts.usage_records, "usage is lost"
    return usage


def read_record(data: bytes) -> object:
    """What one record says: its caller, its outcome, the actions that it needs, and its usage."""
    found = [record_from_raw(record) for record in records_from_bytes(data) if isinstance(record, RawRecord)]
    lines = [map_line(record, event_map()) for record in found]
    return json.dumps(lines), read_log(data)


class _Session:
    """Stands in for an AWS session whose CloudTrail gives one answer."""

    def __init__(self, answer: Any) -> None:
        self.boto, self._answer = self, answer

    def get_partition_for_region(self, _region: str) -> str:
        return "aws"

    def known_client(self, *_: str) -> Any:
        return self

    def lookup_events(self, **_: Any) -> Any:
        return self._answer


def read_event_history(data: bytes) -> object:
    """The usage of the records that an answer to `LookupEvents` holds, each a text that a caller shaped."""
    text = data.decode("utf-8", "replace")
    event = {"EventId": text[:8], "EventTime": datetime(2026, 9, 1, tzinfo=UTC), "CloudTrailEvent": text}
    session: Any = _Session({"Events": [event]})
    history = open_event_history(session, ("us-east-1",), _all_time())
    return [read_log(event.record) for page in history.pages() for event in page]


def _all_time() -> Any:
    from lpgen.core.usage.event_time import ALL_TIME

    return ALL_TIME


# ---------------------------------------------------------------- seeds

_FIRST: Final = record(1, "GetBucketTagging", "s3.amazonaws.com", bucketName="data")
_SECOND: Final = record(2, "PutParameter", "ssm.amazonaws.com", name="/app/key")
_BOTH: Final = (_FIRST, _SECOND)


def _log_event(one: object) -> dict[str, Any]:
    return {"id": "1", "timestamp": 1432826855000, "message": json.dumps(one)}


def _event_bridge(one: object) -> dict[str, Any]:
    return {"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "detail": one}


def _lines(documents: Iterable[object]) -> str:
    return "\n".join(json.dumps(document) for document in documents)


def _aggregated() -> dict[str, Any]:
    """An aggregated event, as CloudTrail writes them in place of data events."""
    return {
        "eventVersion": "1.11", "accountId": "111122223333", "eventId": "1", "eventCategory": "Aggregated",
        "awsRegion": "us-east-1", "eventSource": "s3.amazonaws.com", "timeWindow":
        {"windowStart": "2026-09-01T00:00:00Z", "windowEnd": "2026-09-01T00:05:00Z"},
        "summary": {"primaryDimension": {"dimension": "RESOURCE_ARN", "statistics": [{"name": "a", "value": 1}]}},
    }  # fmt: skip


SHAPES: Final = {
    "plain": json.dumps({"Records": _BOTH}),
    "indented": json.dumps({"Records": _BOTH}, indent=1),
    "array": json.dumps(_BOTH),
    "json lines": _lines(_BOTH),
    "concatenated": json.dumps(_FIRST) + json.dumps(_SECOND),
    "event history": json.dumps({"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(one)} for one in _BOTH]}),
    "EventBridge": _lines(map(_event_bridge, _BOTH)),
    "CloudWatch subscription": json.dumps(
        {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [_log_event(one) for one in _BOTH]}
    ),
    "CloudWatch filter": json.dumps({"events": [_log_event(one) for one in _BOTH], "searchedLogStreams": []}),
    "CloudWatch export": "\n".join(f"2024-03-01T10:00:00.000Z {json.dumps(one)}" for one in _BOTH),
    "aggregated": json.dumps({"Records": [_aggregated()]}),
    "CSV": "eventversion,useridentity,eventtime\n1.08,{},2026-09-01T00:00:00Z\n",
}


def _texts() -> Iterator[bytes]:
    yield from (shape.encode() for shape in SHAPES.values())
    yield from (b"", b" ", b"{", b"[", b"null", b'{"Records":[]}', b"\xef\xbb\xbf{}")


def _packed() -> Iterator[bytes]:
    for shape in SHAPES.values():
        yield gzip.compress(shape.encode(), mtime=0)
    plain = SHAPES["plain"].encode()
    yield b"".join(gzip.compress(plain[at : at + 200], mtime=0) for at in range(0, len(plain), 200))
    yield gzip.compress(gzip.compress(plain, mtime=0), mtime=0) + bytes(64)
    yield from (plain.decode().encode(one) for one in ("utf-16", "utf-16-be", "utf-8-sig"))


def _records() -> Iterator[bytes]:
    """Records of the event map's test cases, every so many, so that each file gives some."""
    found = [
        case["record"]
        for path in sorted(_CASES.glob("*.json"))
        for case in json.loads(path.read_bytes())
        if isinstance(case, dict) and "record" in case
    ]
    step = max(1, len(found) // _SEEDS)
    yield from (json.dumps(one).encode() for one in (_FIRST, _SECOND, *found[::step]))


def _history() -> Iterator[bytes]:
    yield from (json.dumps(one).encode() for one in _BOTH)


TARGETS: Final = (
    Target("log-text", read_log, _texts),
    Target("log-packed", read_log, _packed),
    Target("record", read_record, _records),
    Target("event-history", read_event_history, _history),
)
