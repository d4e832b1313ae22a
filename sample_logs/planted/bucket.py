"""The bucket as CloudTrail and its neighbours fill it: log files by account, region and day, and the other files."""

from __future__ import annotations

import gzip
import io
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from sample_logs.planted.identities import Json
from sample_logs.planted.records import Planted
from sample_logs.planted.world import EAST, SHOP, WEST, hex_of, instant, mixed_of, uuid_of, zulu

Files = dict[str, bytes]
"""File contents by path below `sample_logs/`."""


def pack(value: Json) -> bytes:
    """Compact JSON in gzip whose header holds neither time nor name."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=9) as packed:
        packed.write(text)
    return buffer.getvalue()


def log_files(planted: Sequence[Planted]) -> Files:
    """One log file per account, region and day; a second one holds a record that was delivered twice."""
    days: dict[tuple[str, str, str], list[Planted]] = defaultdict(list)
    for entry in planted:
        days[entry.account, entry.region, f"{entry.moment:%Y/%m/%d}"].append(entry)
    files: Files = {}
    for (account, region, day), entries in sorted(days.items()):
        records = [entry.record for entry in sorted(entries, key=lambda e: (e.moment, str(e.record["eventID"])))]
        files[_log_path(account, region, day, "2359")] = pack({"Records": records})
    again = redelivered(planted)
    path = _log_path(again.account, again.region, f"{again.moment:%Y/%m/%d}", "2355")
    files[path] = pack({"Records": [again.record]})
    return files


def redelivered(planted: Sequence[Planted]) -> Planted:
    """The record that lies in two files: the first `UpdateItem` of 14 August."""
    return next(e for e in planted if e.record["eventName"] == "UpdateItem" and f"{e.moment:%m%d}" == "0814")


def _log_path(account: str, region: str, day: str, clock: str) -> str:
    stamp = day.replace("/", "") + f"T{clock}Z"
    name = f"{account}_CloudTrail_{region}_{stamp}_{mixed_of(16, 'file', account, region, stamp)}.json.gz"
    return f"AWSLogs/{account}/CloudTrail/{region}/{day}/{name}"


def other_files() -> Files:
    """A digest, an Insights file and a Config history file, which hold no calls."""
    digest_name = f"{SHOP}_CloudTrail-Digest_{EAST}_organization_{EAST}_20260701T001500Z.json.gz"
    insight_name = f"{SHOP}_CloudTrail-Insight_{EAST}_20260823T0235Z_{mixed_of(16, 'insight')}.json.gz"
    config_name = (
        f"{SHOP}_Config_{WEST}_ConfigHistory_AWS::EC2::SecurityGroup_20260701T020000Z_{mixed_of(16, 'config')}.json.gz"
    )
    return {
        f"AWSLogs/{SHOP}/CloudTrail-Digest/{EAST}/2026/07/01/{digest_name}": pack(_digest()),
        f"AWSLogs/{SHOP}/CloudTrail-Insight/{EAST}/2026/08/23/{insight_name}": pack({"Records": _insights()}),
        # A colon can't stand in a file name everywhere, so it is written as S3 clients replace it.
        f"AWSLogs/{SHOP}/Config/{WEST}/2026/7/1/ConfigHistory/{config_name.replace('::', '_')}": pack(_config()),
    }


def _digest() -> Json:
    end = instant(date(2026, 7, 1), 0, 15)
    return {
        "awsAccountId": SHOP,
        "digestStartTime": zulu(end - timedelta(hours=1)),
        "digestEndTime": zulu(end),
        "digestS3Bucket": "larkspur-org-cloudtrail",
        "digestS3Object": f"AWSLogs/{SHOP}/CloudTrail-Digest/{EAST}/2026/07/01/digest.json.gz",
        "digestPublicKeyFingerprint": hex_of(32, "fingerprint"),
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": zulu(end - timedelta(minutes=9)),
        "oldestEventTime": zulu(end - timedelta(minutes=58)),
        "previousDigestS3Bucket": "larkspur-org-cloudtrail",
        "previousDigestS3Object": f"AWSLogs/{SHOP}/CloudTrail-Digest/{EAST}/2026/06/30/digest.json.gz",
        "previousDigestHashValue": hex_of(64, "previous digest"),
        "previousDigestHashAlgorithm": "SHA-256",
        "previousDigestSignature": hex_of(128, "previous signature"),
        "logFiles": [
            {
                "s3Bucket": "larkspur-org-cloudtrail",
                "s3Object": _log_path(SHOP, EAST, "2026/06/30", "2359"),
                "hashValue": hex_of(64, "log file"),
                "hashAlgorithm": "SHA-256",
                "newestEventTime": zulu(end - timedelta(minutes=9)),
                "oldestEventTime": zulu(end - timedelta(minutes=58)),
            }
        ],
    }


def _insights() -> list[Json]:
    shared = uuid_of("insight")
    return [
        {
            "eventVersion": "1.09",
            "eventTime": f"2026-08-23T02:{minute}:00Z",
            "awsRegion": EAST,
            "eventID": uuid_of("insight", state),
            "eventType": "AwsCloudTrailInsight",
            "recipientAccountId": SHOP,
            "sharedEventID": shared,
            "insightDetails": {
                "state": state,
                "eventSource": "iam.amazonaws.com",
                "eventName": "ListUsers",
                "insightType": "ApiErrorRateInsight",
                "errorCode": "AccessDenied",
                "insightContext": {
                    "statistics": {"baseline": {"average": 0.0017}, "insight": {"average": 3}, "insightDuration": 6}
                },
            },
            "eventCategory": "Insight",
        }
        for state, minute in (("Start", "15"), ("End", "21"))
    ]


def _config() -> Json:
    return {
        "fileVersion": "1.0",
        "configSnapshotId": uuid_of("config"),
        "configurationItems": [
            {
                "relatedEvents": [],
                "relationships": [],
                "configuration": {"groupId": "sg-0d9b1e6a7c52f8340", "groupName": "batch"},
                "tags": {},
                "configurationItemVersion": "1.3",
                "configurationItemCaptureTime": "2026-07-01T01:12:08.190Z",
                "configurationStateId": 1782868328190,
                "awsAccountId": SHOP,
                "configurationItemStatus": "OK",
                "resourceType": "AWS::EC2::SecurityGroup",
                "resourceId": "sg-0d9b1e6a7c52f8340",
                "ARN": f"arn:aws:ec2:{WEST}:{SHOP}:security-group/sg-0d9b1e6a7c52f8340",
                "awsRegion": WEST,
                "availabilityZone": "Not Applicable",
            }
        ],
    }
