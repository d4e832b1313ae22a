"""Fetches which of an account's buckets have versions of objects."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from lpgen.core.snapshots import Subject
from lpgen.edge.aws_session import AwsSession, Caller, aws_errors
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.snapshot.fetch_resource_policies import Resource, resource_services
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import quote_input

_WORKERS: Final = 8


def fetch_versioned_buckets(session: AwsSession, caller: Caller, regions: Iterable[str], gaps: GapList) -> list[str]:
    """The ARNs of the buckets in some Regions, or in all, that have versioning or had it, sorted.

    A bucket whose versioning is suspended keeps its versions.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
    """
    subject, wanted = Subject.VERSIONED_BUCKETS, frozenset(regions)

    def has_versions(bucket: Resource) -> bool:
        name = bucket["Name"]
        with gaps.catch(caller.account, subject, where=name), aws_errors(f"read the versioning of {quote_input(name)}"):
            client = session.client("s3", bucket.get("BucketRegion", ""))
            answer = client.get_bucket_versioning(Bucket=name, ExpectedBucketOwner=caller.account)
            return "Status" in answer
        return False

    with gaps.catch(caller.account, subject), aws_errors("list the buckets"):
        every = bundled_catalog().facts(resource_services)["s3"].resources(session.client("s3"))
        buckets = [one for one in every if not wanted or one.get("BucketRegion", "") in {"", *wanted}]
        with ThreadPoolExecutor(_WORKERS) as pool:
            flags = tuple(pool.map(has_versions, buckets))
        pairs = zip(buckets, flags, strict=True)
        return sorted(f"arn:{caller.partition}:s3:::{bucket['Name']}" for bucket, has in pairs if has)
    return []
