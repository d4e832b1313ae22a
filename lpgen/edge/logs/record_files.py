"""Reads the records in a file's bytes, in every form that people keep CloudTrail records in.

A file holds one or more JSON documents, one for each line or over several lines. In exports of CloudWatch Logs, a time
precedes each document. A document is a CloudTrail log file (`Records`), the output of `lookup-events` (`Events`), an
EventBridge event (`detail`), a batch that CloudWatch Logs sends to a subscription (`logEvents`), the output of
`filter-log-events` (`events`), one record, or a list of these.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html

Nothing in a file is an error here. A part without a record becomes an `Unusable` with its place and reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

import msgspec

from lpgen.core.cloudtrail.access_logs import is_access_log
from lpgen.core.cloudtrail.records import RawRecord, Unusable
from lpgen.core.model import SkipReason
from lpgen.edge.logs.inflate import DEFAULT_LIMITS, ReadLimits, UnreadableError, inflate
from lpgen.edge.logs.json_documents import (
    Broken,
    KnownKeys,
    is_blank,
    items_of_list,
    plain_text,
    repair_text,
    sound_document,
    split_documents,
    why_and_place,
)
from lpgen.edge.logs.log_format import LogFormat
from lpgen.edge.logs.rejected_records import unusable_from_record

Item = RawRecord | Unusable
_Text = bytes | memoryview | msgspec.Raw
_Object = Mapping[str, msgspec.Raw]

MAX_TYPED_BYTES: Final = 1 << 26
"""Up to this size a document is decoded at once, which is fastest. A larger one is decoded record by record."""

_MAX_TYPED_OBJECTS: Final = 1_000_000
"""With more objects than this, a document is decoded record by record too. A decoded record with few fields takes more
memory than its text."""

_MAX_DEPTH: Final = 5
"""How deep documents may nest, such as a record in an event in a list."""

_UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_RECORD_KEYS: Final = frozenset({"eventVersion", "eventSource", "eventName", "eventTime", "eventID", "userIdentity"})
_LISTS: Final = ("Records", "Events", "logEvents")
_WRAPPER_KEYS: Final = (*_LISTS, "events", "CloudTrailEvent", "message", "timestamp")
_BROKEN: Final = (SkipReason.UNREADABLE_FILE, SkipReason.BAD_RECORD)

_CSV: Final = "CSV lacks parts of the records: use JSON, or read the table with athena://DATABASE.TABLE"
_NO_JSON: Final = "it is neither JSON nor gzip"
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
_DETAILS_KEYS: Final = frozenset({"UserDetailList", "RoleDetailList"})
_DETAILS: Final = Unusable(
    SkipReason.UNREADABLE_FILE,
    "these are authorization details: give them to `lpgen review` as its `--policies`",
    "line 1",
)
_NO_SHAPE: Final = Unusable(SkipReason.UNREADABLE_FILE, "the JSON has no known form of CloudTrail records", "line 1")
_OTHER_LOG: Final = Unusable(SkipReason.NOT_CLOUDTRAIL, "an event of CloudWatch Logs that is not a record", "")


class _LogFile(msgspec.Struct):
    Records: list[RawRecord]


_decode_log_file: Final = msgspec.json.Decoder(_LogFile).decode
_decode_records: Final = msgspec.json.Decoder(list[RawRecord]).decode
_decode_lines: Final = msgspec.json.Decoder(RawRecord).decode_lines
_decode_record: Final = msgspec.json.Decoder(RawRecord).decode


# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
# https://docs.aws.amazon.com/config/latest/developerguide/example-s3-snapshot.html
_DOCUMENTS: Final = (
    ("a CloudTrail digest file", {"digestStartTime", "digestS3Object"}),
    ("an AWS Config file", {"fileVersion", "configurationItems"}),
    ("an AWS Config file", {"fileVersion", "configSnapshotId"}),
    ("an EventBridge event of another kind", {"detail-type", "detail"}),
)

_OTHER_KEYS: Final = frozenset().union(*(telling for _, telling in _DOCUMENTS))
"""The keys that distinguish other documents from records."""

_keys_of: Final = KnownKeys(*sorted({*_RECORD_KEYS, *_WRAPPER_KEYS, *_DETAILS_KEYS, *_OTHER_KEYS})).read


_REFUSED: Final = {
    LogFormat.CLOUDTRAIL: "line 1: it is an S3 server access log",
    LogFormat.S3_ACCESS: "line 1: it isn't an S3 server access log",
}


def why_refused(data: bytes, only: LogFormat | None, limits: ReadLimits) -> str:
    """Why a file isn't of the only format to read, or ""."""
    if only is None:
        return ""
    try:
        text = plain_text(inflate(data, limit=limits.file_bytes))
    except UnreadableError:
        return ""  # the reader reports it
    return "" if is_blank(text) or is_access_log(text) is (only is LogFormat.S3_ACCESS) else _REFUSED[only]


def records_from_bytes(
    data: bytes,
    *,
    limits: ReadLimits = DEFAULT_LIMITS,
    access_log: Callable[[bytes], Iterator[Item]] | None = None,
) -> Iterable[Item]:
    """The records of one file, in order, within the limits.

    `access_log` reads the lines of an S3 server access log. Without it, such a log has no records.

    Time grows with the inflated size, whatever the file holds. Memory is a small multiple of the inflated size up to
    `MAX_TYPED_BYTES`, and about the inflated size for larger files.
    """
    try:
        text = _without_times(plain_text(inflate(data, limit=limits.file_bytes)))
    except UnreadableError as error:
        return [Unusable(SkipReason.UNREADABLE_FILE, error.message, error.position)]
    if is_blank(text):
        return []
    if is_access_log(text):
        return _within(limits, access_log(text)) if access_log else []
    records = _records_at_once(text)
    if records is None and (repaired := repair_text(text)) != text:
        text = repaired
        records = _records_at_once(text)
    if records is not None and len(records) <= limits.records:
        return records
    return _within(limits, _records_one_by_one(text) if records is None else iter(records))


def _records_at_once(text: bytes) -> list[RawRecord] | None:
    """The records of a log file, list or JSON lines if every record is sound, otherwise None."""
    if len(text) > MAX_TYPED_BYTES or text.count(b"{") > _MAX_TYPED_OBJECTS:
        return None
    try:
        return _decode_records(text) if text[:1] == b"[" else _decode_log_file(text).Records
    except _UNDECODABLE:
        pass
    try:
        return _decode_lines(text)
    except _UNDECODABLE:
        return None


def _within(limits: ReadLimits, items: Iterator[Item]) -> Iterator[Item]:
    """The items within the limits. Items without a position get `record N`."""
    broken = 0
    for number, item in enumerate(items, 1):
        here = f"record {number}"
        if number > limits.records:
            yield _limit_met(f"the file holds more than {limits.records:,} records", here)
            return
        if type(item) is not Unusable:
            yield item
            continue
        yield item if item.position else replace(item, position=here)
        broken += item.reason in _BROKEN
        if broken > limits.broken:
            yield _limit_met(f"more than {limits.broken:,} parts of the file are broken, so it is not a log", here)
            return


def _limit_met(why: str, position: str) -> Unusable:
    return Unusable(SkipReason.UNREADABLE_FILE, f"{why}; the rest is not read", position)


def _records_one_by_one(text: bytes) -> Iterator[Item]:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except _UNDECODABLE:
        yield from _records_of_many(text)
        return
    yield from _records_of_document(text, depth=0, stranger=_NO_SHAPE)


def _records_of_many(text: bytes) -> Iterator[Item]:
    """The records of a text that isn't a single JSON document."""
    other = _name_other_text(text)
    if other:
        yield Unusable(SkipReason.NOT_CLOUDTRAIL, other, "line 1")
        return
    if _is_table(text):
        yield Unusable(SkipReason.UNREADABLE_FILE, _CSV, "line 1")
        return
    if b"{" not in text and not text.lstrip().startswith(b"["):
        yield Unusable(SkipReason.UNREADABLE_FILE, _CSV if b"," in text.partition(b"\n")[0] else _NO_JSON, "line 1")
        return
    for document in split_documents(text):
        if isinstance(document, Broken):
            yield Unusable(SkipReason.UNREADABLE_FILE, document.why, document.position)
        else:
            yield from _records_of_document(document, depth=0)


def _records_of_document(text: _Text, *, depth: int, stranger: Unusable | None = None) -> Iterator[Item]:
    """The records of one sound JSON document.

    `stranger` is the result for an object of an unknown form. If it is None, the object counts as a bad record.
    """
    first = _first_byte(text)
    if depth > _MAX_DEPTH:
        yield Unusable(SkipReason.BAD_RECORD, "documents nest too deep", "")
    elif first == b"[":
        for item in items_of_list(text):
            yield from _records_of_document(item, depth=depth + 1)
    elif first == b"{":
        yield from _records_of_object(text, depth=depth, stranger=stranger)
    elif first == b'"' and (inner := _event_text(text)):
        yield from _records_of_document(inner, depth=depth + 1)
    else:
        yield Unusable(SkipReason.BAD_RECORD, "not a JSON object", "")


def _records_of_object(text: _Text, *, depth: int, stranger: Unusable | None) -> Iterator[Item]:
    keys = _keys_of(text)
    inner = _inner_document(keys)
    if "eventSource" in keys and "eventName" in keys:
        yield _record_from_json(text)
    elif inner is not None:
        yield from _records_of_document(inner, depth=depth + 1)
    elif _is_log_event(keys):
        yield from _records_of_log_event(keys["message"], depth=depth)
    elif other := _name_other_document(keys):
        yield Unusable(SkipReason.NOT_CLOUDTRAIL, other, "")
    elif keys.keys() >= _DETAILS_KEYS:
        yield _DETAILS
    elif stranger is not None and _RECORD_KEYS.isdisjoint(keys):
        yield stranger
    else:
        yield _record_from_json(text)


def _records_of_log_event(message: msgspec.Raw, *, depth: int) -> Iterator[Item]:
    """The record in the message of an event of CloudWatch Logs, as AWS or a log collector writes it."""
    inner = message if _first_byte(message) == b"{" else _event_text(message)
    if inner is not None and _first_byte(inner) == b"{":
        yield from _records_of_document(inner, depth=depth + 1, stranger=_OTHER_LOG)
    elif bytes(memoryview(message)[:2]) == b'"{':
        yield Unusable(SkipReason.BAD_RECORD, "the message is broken JSON", "")
    else:
        yield _OTHER_LOG


def _inner_document(keys: _Object) -> bytes | msgspec.Raw | None:
    """The document inside a wrapper: a log file, a command's output or one of its events, or an EventBridge event."""
    for name in _LISTS:
        if name in keys and _first_byte(keys[name]) == b"[":
            return keys[name]
    if "events" in keys and _are_log_events(keys["events"]):
        return keys["events"]
    if "CloudTrailEvent" in keys:
        return _event_text(keys["CloudTrailEvent"])
    return keys["detail"] if "detail" in keys and _is_from_cloudtrail(keys) else None


def _are_log_events(value: msgspec.Raw) -> bool:
    """Whether the first item of a list is an event of CloudWatch Logs. Many programs call a list `events`."""
    if _first_byte(value) != b"[":
        return False
    try:
        return all(_is_log_event(_keys_of(item)) for item in islice(items_of_list(value), 1))
    except _UNDECODABLE:
        return False


def _event_text(value: _Text) -> bytes | None:
    """The JSON document in a string, or None if there is none."""
    try:
        return sound_document(repair_text(msgspec.json.decode(value, type=str).encode()))
    except _UNDECODABLE:
        return None


def _is_from_cloudtrail(keys: _Object) -> bool:
    """Whether an EventBridge event carries a record: its `detail-type` says "via CloudTrail"."""
    return "detail-type" not in keys or bytes(memoryview(keys["detail-type"])[-15:]) == b'via CloudTrail"'


def _first_byte(text: _Text) -> bytes:
    """The first byte that isn't white space, among the first 64."""
    return bytes(memoryview(text)[:64]).lstrip()[:1]


def _record_from_json(text: _Text) -> Item:
    try:
        return _decode_record(text)
    except msgspec.ValidationError as error:
        return unusable_from_record(text, str(error))
    except _UNDECODABLE as error:
        return Unusable(SkipReason.BAD_RECORD, why_and_place(error, "").why, "")


# ---------------------------------------------------------------- events of CloudWatch Logs


# The text before a JSON object: the time in an export to S3, and the stream too in the output of `aws logs tail`.
_TIME: Final = rb"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?(?: [^\s{]+)? (?=\{)"
_FIRST_TIME: Final = re.compile(_TIME)
_PIECE: Final = 1 << 16
_TIMES: Final = re.compile(rb"^" + _TIME, re.MULTILINE)


def _without_times(text: bytes) -> bytes:
    """Lines of a time and a JSON object, without the times. Other text is unchanged."""
    if not _FIRST_TIME.match(text):
        return text
    found = bytearray()
    at = 0
    while at < len(text):  # in pieces, because a substitution holds every line of its input
        end = text.find(b"\n", at + _PIECE) + 1 or len(text)
        found += _TIMES.sub(b"", text[at:end])
        at = end
    return bytes(found)


def _is_log_event(keys: Container[str]) -> bool:
    """Whether an object with these keys is an event of CloudWatch Logs, whose `message` is the logged text."""
    return "message" in keys and "timestamp" in keys


# ---------------------------------------------------------------- files other than records in a log bucket

# https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html: a header of field names, `-` within them.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html: type and time.
_TEXTS: Final = (
    ("a VPC flow log file", re.compile(rb"(?:[a-z0-9-]+ )*(?:account-id|interface-id|srcaddr|log-status)\b")),
    ("a load balancer access log file", re.compile(rb"(?:https?|h2|grpcs|wss?|tls) (?:\d\.\d )?\d{4}-\d\d-\d\dT")),
    ("a load balancer access log file", re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+Z [^\s{\[]+ \d")),
)

# The header of an answer of Athena, or of a download of the console's event history.
_TABLE: Final = re.compile(rb'"?event ?name\b|"?[\w ]+"?,[^\n]*\bevent ?name\b', re.IGNORECASE)

_HEAD: Final = 1 << 12
"""How many bytes of a first line to check. A header is far shorter."""


def _name_other_document(keys: Iterable[str]) -> str:
    """The kind of a JSON object with these keys, or "" if it may hold a record."""
    names = set(keys)
    return next((name for name, telling in _DOCUMENTS if telling <= names), "")


def _name_other_text(text: bytes) -> str:
    """The kind of a text that isn't JSON, by its first line, or "" if unknown."""
    return next((name for name, telling in _TEXTS if telling.match(text, 0, _HEAD)), "")


def _is_table(text: bytes) -> bool:
    """Whether a text is records as CSV, by its header.

    Records in CSV can't be restored exactly. Athena writes structures such as `userIdentity` without quoting their
    content, and the console omits most fields.
    """
    return _TABLE.match(text, 0, _HEAD) is not None
