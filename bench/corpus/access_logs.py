"""Lines of S3 server access logs for uses of objects that no trail records.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.support.access_logs import encoded, line, log

Json = dict[str, Any]

IN_ACCESS_LOGS: Final = "S3 server access log"
"""The category of a record that only an access log holds. It is written as a line."""

_OPERATIONS: Final = {
    "GetObject": ("REST.GET.OBJECT", "GET"),
    "PutObject": ("REST.PUT.OBJECT", "PUT"),
    "DeleteObject": ("REST.DELETE.OBJECT", "DELETE"),
    "ListObjects": ("REST.GET.BUCKET", "GET"),
    "ListObjectVersions": ("REST.GET.BUCKETVERSIONS", "GET"),
    "GetObjectTagging": ("REST.GET.OBJECT_TAGGING", "GET"),
    "PutObjectTagging": ("REST.PUT.OBJECT_TAGGING", "PUT"),
}
"""The operation and method of each event. `GetObjectAttributes` isn't in AWS's list of operations."""


def is_in_access_logs(record: Json) -> bool:
    """Whether an access log of the bucket shows the use of a record."""
    return record["eventSource"] == "s3.amazonaws.com" and record["eventName"] in _OPERATIONS


def write_access_logs(folder: Path, records: Iterable[Json]) -> None:
    """Writes the lines of a day into a log object for each account, Region and bucket."""
    files: dict[Path, list[tuple[str, str]]] = defaultdict(list)
    for record in records:
        moment = datetime.fromisoformat(record["eventTime"])
        bucket = record["requestParameters"]["bucketName"]
        place = folder / record["recipientAccountId"] / record["awsRegion"] / bucket / f"{moment:%Y/%m/%d}"
        files[place].append((record["eventTime"], _line(record, bucket, moment)))
    for place, lines in files.items():
        place.mkdir(parents=True, exist_ok=True)
        day = place.relative_to(place.parents[2]).as_posix().replace("/", "-")
        text = log(*(text for _, text in sorted(lines)))
        (place / f"{day}-00-00-00-ABCDEF0123456789").write_bytes(text)


def _line(record: Json, bucket: str, moment: datetime) -> str:
    operation, method = _OPERATIONS[record["eventName"]]
    key = record["requestParameters"].get("key", "")
    refused = record.get("errorCode") == "AccessDenied"
    return line(
        bucket=bucket,
        time=f"{moment:%d/%b/%Y:%H:%M:%S} +0000",
        requester=record["userIdentity"]["arn"],
        request=record["eventID"].replace("-", "")[:16].upper(),
        operation=operation,
        key=encoded(key) or "-",
        uri=f'"{method} /{encoded(key, 1)} HTTP/1.1"',
        status="403" if refused else "200",
        error="AccessDenied" if refused else "-",
    )
