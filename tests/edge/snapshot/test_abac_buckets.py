"""Which buckets have attribute-based access control."""

from __future__ import annotations

from typing import Any, cast

import pytest

from lpgen.core.snapshots import Subject
from lpgen.edge.aws_session import AwsSession, CallerIdentity
from lpgen.edge.snapshot.fetch_resources import fetch_abac_buckets
from lpgen.edge.snapshot.gap_list import GapList

STATES = {"on": {"Status": "Enabled"}, "off": {"Status": "Disabled"}, "never": {}}


class Client:
    """S3 with a bucket in each state."""

    def get_paginator(self, _name: str) -> Client:
        return self

    def paginate(self, **_size: object) -> list[dict[str, Any]]:
        return [{"Buckets": [{"Name": name, "BucketRegion": "eu-west-1"} for name in STATES]}]

    def get_bucket_abac(self, Bucket: str, ExpectedBucketOwner: str) -> dict[str, Any]:  # noqa: N803
        assert ExpectedBucketOwner == "111122223333"
        return {"AbacStatus": STATES[Bucket]}


class Session:
    """A session with such a client."""

    def client(self, _service: str, _region: str = "") -> Client:
        return Client()


@pytest.mark.parametrize(("regions", "found"), [((), ["arn:aws:s3:::on"]), (("us-east-1",), [])])
def test_only_buckets_with_the_setting_are_listed(regions: tuple[str, ...], found: list[str]) -> None:
    gaps = GapList()
    caller = CallerIdentity("111122223333", "arn:aws:iam::111122223333:role/lpgen")
    session = cast(AwsSession, Session())
    assert fetch_abac_buckets(session, caller, regions, gaps) == found
    assert Subject.ABAC_BUCKETS.value == "buckets with attribute-based access control"
