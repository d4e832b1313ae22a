"""Lines of S3 server access logs, as the records that CloudTrail writes of the same requests.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
Callers write the request URI, the referrer and the user agent, and S3 doesn't escape quotes in them. So a line counts
only if it can be split into its fields in exactly one way. The fields before the URI hold no quotes and no spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

import msgspec

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.cloudtrail.caller import identity_of_requester
from lpgen.core.cloudtrail.records import ACCESS_LOG, RawRecord, Unusable, record_from_raw
from lpgen.core.model import SkipReason

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TOKEN: Final = "[!#-~]+"  # no space, no quote

_HEAD: Final = re.compile(
    rf"(?P<owner>{_TOKEN}) (?P<bucket>[a-z0-9A-Z][\w.-]{{1,254}}) "
    r"\[(?P<day>\d\d)/(?P<month>[A-Z][a-z]{2})/(?P<year>\d{4}):(?P<clock>\d\d:\d\d:\d\d) \+0000\] "
    rf"{_TOKEN} (?P<requester>{_TOKEN}) (?P<id>{_TOKEN}) (?P<operation>[\w.]+) (?P<key>{_TOKEN}) (?=[\"-])",
    re.ASCII,
)
# The end of the URI, the referrer and the user agent: a quote, or a dash for none, and what follows.
_STATUS: Final = re.compile(r"[\"-] (?=(\d{3}|-) ([\w.]{1,128}|-)(?: (?:\d{1,20}|-)){4} (\"|-(?= )))", re.ASCII)
_AGENT: Final = re.compile(r'" (?=["-])')
_TAIL: Final = re.compile(
    rf"[\"-] (?=({_TOKEN})$"
    rf"|({_TOKEN}) {_TOKEN} (?:SigV\w+|-) {_TOKEN} (?:[A-Za-z]+|-) {_TOKEN} {_TOKEN}(?: ({_TOKEN}))?(?: |$))",
    re.ASCII,
)
_ACCESS_POINT: Final = re.compile(r"arn:aws[a-z-]*:s3:[a-z0-9-]*:\d{12}:accesspoint/[\w.-]+", re.ASCII)
_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")

_MAX_QUOTES: Final = 32
"""A line with more quotes doesn't count. This bounds the time for a line."""

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PartitionedPrefix.html
_PLACE: Final = re.compile(
    r"(\d{12})/([a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2})/([\w.-]+)/(\d{4})/(\d\d)/(\d\d)/\4-\5-\6-[^/]*$", re.ASCII
)

_NOT_A_LINE: Final = "it isn't a line of an S3 server access log"
_AMBIGUOUS: Final = "it can't be split into its fields in exactly one way"
_NO_KEY: Final = "its key can't be read"
_OTHER_BUCKET: Final = "a line of bucket {bucket} in the folder of bucket {place}"


class _OperationRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The events that CloudTrail records of a request with a key (`object`) and of one without (`bucket`). A request
    with neither needs no permission of its own. S3 encodes keys twice, or `once`."""

    source: str
    object: str = ""
    bucket: str = ""
    once: bool = False


_UNKNOWN: Final = _OperationRow("")


def _operations_from_catalog(source: CatalogSource) -> dict[str, _OperationRow]:
    return read_catalog_table(source, "access_log_operations", dict[str, _OperationRow])


@dataclass(frozen=True, slots=True)
class LogPlace:
    """The account, the Region and the bucket whose requests a log object holds; "" if its key doesn't say."""

    account: str = ""
    region: str = ""
    bucket: str = ""


def place_from_path(path: str) -> LogPlace:
    """The place that the key of a log object with date-based partitioning states."""
    found = _PLACE.search(path.replace("\\", "/"))
    return LogPlace(*found.group(1, 2, 3)) if found else LogPlace()


def is_access_log(text: bytes) -> bool:
    """Whether a text begins with a line of an access log."""
    head = text[: 1 << 13].lstrip(b"\r\n").partition(b"\n")[0]
    return _HEAD.match(head.decode("latin-1")) is not None


def records_of_access_log(text: bytes, catalog: Catalog, path: str) -> Iterator[RawRecord | Unusable]:
    """The record of each line of a log at a path, or what is wrong with the line."""
    rows, place = catalog.facts(_operations_from_catalog), place_from_path(path)
    start, number = 0, 0
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        number += 1
        line = text[start:end].rstrip(b"\r").decode("latin-1")
        start = end + 1
        if line:
            yield _item_from_line(line, number, rows, place)


class _Reading(NamedTuple):
    """The fields after the URI that lpgen reads."""

    status: str
    error: str
    version: str
    access_point: str


def _item_from_line(line: str, number: int, rows: Mapping[str, _OperationRow], place: LogPlace) -> RawRecord | Unusable:
    position = f"line {number}"
    head = _HEAD.match(line)
    if head is None or head["month"] not in _MONTHS:
        return Unusable(SkipReason.UNREADABLE_FILE, _NOT_A_LINE, position)
    record = _record_from_head(head, number, place)
    row = rows.get(head["operation"], _UNKNOWN)
    key = _decoded(head["key"], 1 if row.once else 2)
    reading = _only_reading(line[head.end() :])
    if place.bucket not in ("", head["bucket"]):
        why = _OTHER_BUCKET.format(bucket=head["bucket"], place=place.bucket)
        return Unusable(SkipReason.MISPLACED, why, position, record_from_raw(record))
    if reading is None:
        return Unusable(SkipReason.BAD_RECORD, _AMBIGUOUS, position, record_from_raw(record))
    if key is None or (row.object and not row.bucket and not key):
        return Unusable(SkipReason.BAD_RECORD, _NO_KEY, position, record_from_raw(record))
    record.errorCode = _error_code(reading)
    if row is not _UNKNOWN and not (row.object or row.bucket):
        return Unusable(SkipReason.NO_PERMISSION, "", position, record_from_raw(record))
    record.eventName = (row.object if key else row.bucket) or head["operation"]
    record.requestParameters = {
        "bucketName": head["bucket"],
        **({"key": key} if key else {}),
        **({"versionId": reading.version} if reading.version != "-" else {}),
    }
    if _ACCESS_POINT.fullmatch(reading.access_point):
        entry = {"ARN": reading.access_point, "type": "AWS::S3::AccessPoint"}
        record.resources = msgspec.Raw(msgspec.json.encode([entry]))
    return record


def _record_from_head(head: re.Match[str], number: int, place: LogPlace) -> RawRecord:
    """The record of a line without its call. The requests in a batch share an id."""
    operation = head["operation"]
    month = _MONTHS.index(head["month"]) + 1
    end = f"#{number}" if operation.startswith("BATCH.") else ""
    return RawRecord(
        eventSource="s3.amazonaws.com",
        eventName=operation,
        eventTime=f"{head['year']}-{month:02}-{head['day']}T{head['clock']}Z",
        userIdentity=identity_of_requester(
            "svc:s3.amazonaws.com" if operation.startswith("S3.") else head["requester"], head["owner"], place.account
        ),
        awsRegion=place.region or None,
        eventID=f"{head['id']}/{operation}{end}",
        eventCategory=ACCESS_LOG,
        recipientAccountId=place.account or None,
    )


def _only_reading(rest: str) -> _Reading | None:
    """The only way to read the text after the key, or None if there is none or several."""
    if rest.count('"') > _MAX_QUOTES:
        return None
    found: _Reading | None = None
    agents = [match.start() for match in _AGENT.finditer(rest)]
    tails = {match.start(): match for match in _TAIL.finditer(rest)}
    closing = [at for at in tails if rest[at] == '"']
    for status in _STATUS.finditer(rest):
        at, referrer = status.start(), status.start(3)
        if not (rest[at] == '"' and at > 0 if rest[0] == '"' else at == 0):
            continue
        starts = [agent + 2 for agent in agents if agent > referrer] if rest[referrer] == '"' else [referrer + 2]
        for start in starts:
            ends = [end for end in closing if end > start] if rest[start : start + 1] == '"' else [start]
            for tail in filter(None, map(tails.get, ends)):
                if found is not None:
                    return None
                found = _Reading(status[1], status[2], tail[1] or tail[2], tail[3] or "-")
    return found


def _decoded(text: str, times: int) -> str | None:
    """The key that S3 encoded this often, "" without a key, or None if it can't be read.

    AWS doesn't state the encoding: https://engineeringblog.yelp.com/2025/09/s3-server-access-logs-at-scale.html. S3
    encodes a space as a plus sign, which a second encoding replaces.
    """
    if text == "-":
        return ""
    if times > 1 and "+" in text:
        return None
    try:
        for _ in range(times):
            if _PERCENT.search(text):
                return None
            text = unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        return None
    return text


def _error_code(reading: _Reading) -> str | None:
    """The error code; for a failure without one, as for HEAD requests, a code of the same meaning."""
    if reading.error != "-":
        return reading.error
    if reading.status == "403":
        return "AccessDenied"
    if reading.status == "404":
        return "NotFound"
    return f"Server.{reading.status}" if reading.status[0] in "45" else None
