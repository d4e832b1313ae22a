"""Fetches which buckets have server access logging, and where their logs are."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lpgen.core.snapshots import BucketLogging, Subject
from lpgen.edge.aws_session import AwsSession, CallerIdentity
from lpgen.edge.snapshot.fetch_resources import BucketQuestion, ask_buckets
from lpgen.edge.snapshot.gap_list import GapList


def fetch_bucket_logging(
    session: AwsSession, caller: CallerIdentity, regions: Iterable[str], gaps: GapList
) -> list[object]:
    """The settings of the buckets in some or all Regions with server access logging, by name, as JSON.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLogging.html
    """
    question = BucketQuestion(Subject.BUCKET_LOGGING, "logging", "get_bucket_logging", "LoggingEnabled")
    found = [
        BucketLogging(
            name,
            enabled["TargetBucket"],
            enabled.get("TargetPrefix", ""),
            is_partitioned="PartitionedPrefix" in enabled.get("TargetObjectKeyFormat", {}),
        )
        for name, enabled in ask_buckets(session, caller, regions, gaps, question)
    ]
    return list(map(msgspec.to_builtins, found))
