"""CloudTrail records and files for tests, as AWS writes them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import Action, MappedAction, MappingStatus, RecordMapping, Resource, ResourceKind
from lpgen.edge.catalog.files import bundled_catalog

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/worker"


def record_json(number: int = 0, **changes: Any) -> dict[str, Any]:
    """One record of a role that reads an S3 object; `number` makes its event id and time its own."""
    return {
        "eventVersion": "1.09",
        "eventTime": f"2024-03-{number % 28 + 1:02}T10:00:{number % 60:02}Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "us-east-1",
        "eventID": f"00000000-0000-0000-0000-{number:012}",
        "eventType": "AwsApiCall",
        "eventCategory": "Data",
        "managementEvent": False,
        "readOnly": True,
        "recipientAccountId": ACCOUNT,
        "requestParameters": {"bucketName": "bucket", "key": f"a/b/object-{number}"},
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:session",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/session",
            "accountId": ACCOUNT,
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": ROLE, "accountId": ACCOUNT}
            },
        },
        **changes,
    }


def log_bytes(records: Sequence[object]) -> bytes:
    """A CloudTrail log file of these records, as the service delivers it."""
    return gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)


def write_logs(folder: Path, numbers: Sequence[Sequence[int]]) -> list[Path]:
    """One log file per sequence of record numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for at, inside in enumerate(numbers):
        path = folder / f"{at:04}.json.gz"
        path.write_bytes(log_bytes([record_json(number) for number in inside]))
        paths.append(path)
    return paths


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """A table's rows as dictionaries."""
    return list(table.to_pylist())


class PlainMap:
    """An event map without operation tables: one action named after the call, on the ARNs in the parameter `arns`."""

    catalog = bundled_catalog()

    def map_record(self, record: Record) -> RecordMapping:
        """`eventName` `Unknown` is unmapped, `Free` needs no permission, and `Odd` breaks the rule for it."""
        if record.eventName == "Odd":
            raise KeyError(record.eventName)
        if record.eventName == "Unknown":
            return RecordMapping(MappingStatus.UNMAPPED)
        if record.eventName == "Free":
            return RecordMapping(MappingStatus.NO_PERMISSION)
        request = record.requestParameters
        arns = request.get("arns", []) if isinstance(request, dict) else []
        found = tuple(Resource(ResourceKind.ARN, str(arn)) for arn in (arns if isinstance(arns, list) else []))
        action = Action(f"{record.eventSource.partition('.')[0]}:{record.eventName}")
        return RecordMapping(MappingStatus.MAPPED, (MappedAction(action, found or (Resource(ResourceKind.NONE),)),))
