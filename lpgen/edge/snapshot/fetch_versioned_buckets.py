"""Fetches which of an account's buckets have versions of objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from lpgen.core.snapshots import Subject
from lpgen.edge.aws_session import AwsSession, Caller, aws_errors
from lpgen.edge.snapshot.fetch_resource_policies import list_buckets
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import quote_input

_WORKERS: Final = 8


def fetch_versioned_buckets(session: AwsSession, caller: Caller, regions: Iterable[str], gaps: GapList) -> list[str]:
    """The ARNs of the buckets in some Regions, or in all, that have versioning or had it, sorted.

    A bucket whose versioning is suspended keeps its versions.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
    """
    subject, wanted = Subject.VERSIONED_BUCKETS, frozenset(regions)

    def has_versions(bucket: Mapping[str, str]) -> bool:
        name = bucket["name"]
        with gaps.catch(caller.account, subject, where=name), aws_errors(f"read the versioning of {quote_input(name)}"):
            client = session.client("s3", bucket["region"])
            answer = client.get_bucket_versioning(Bucket=name, ExpectedBucketOwner=caller.account)
            return "Status" in answer
        return False

    with gaps.catch(caller.account, subject), aws_errors("list the buckets"):
        buckets = [one for one in list_buckets(session.client("s3")) if not wanted or one["region"] in {"", *wanted}]
        with ThreadPoolExecutor(_WORKERS) as pool:
            flags = tuple(pool.map(has_versions, buckets))
        pairs = zip(buckets, flags, strict=True)
        return sorted(f"arn:{caller.partition}:s3:::{bucket['name']}" for bucket, has in pairs if has)
    return []
