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


class OldClient(Client):
    """S3 in a version of boto3 that doesn't know the call."""

    def __getattribute__(self, name: str) -> Any:
        if name == "get_bucket_abac":
            raise AttributeError(name)
        return super().__getattribute__(name)


class Session:
    """A session with such a client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def client(self, _service: str, _region: str = "") -> Client:
        return self._client


@pytest.mark.parametrize(
    ("client", "regions", "found"),
    [
        (Client(), (), ["arn:aws:s3:::on"]),
        (Client(), ("us-east-1",), []),
        (OldClient(), (), []),
    ],
)
def test_only_buckets_with_the_setting_are_listed(client: Client, regions: tuple[str, ...], found: list[str]) -> None:
    gaps = GapList()
    caller = CallerIdentity("111122223333", "arn:aws:iam::111122223333:role/lpgen")
    session = cast(AwsSession, Session(client))
    assert fetch_abac_buckets(session, caller, regions, gaps) == found
    assert Subject.ABAC_BUCKETS.value == "buckets with attribute-based access control"
