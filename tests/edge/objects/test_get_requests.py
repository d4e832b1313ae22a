"""Requests made after boto3's: the same as it would send, and none where only boto3 can sign them."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from lpgen.edge.aws_session import Way
from lpgen.edge.objects.get_requests import GetRequests, note_requests, requests_like_last

KEYS = ("AWSLogs/1/a b+c=d&e%.json.gz", "über/../x//y/.json", "a~b'(c)*!/", "2024/05/06/plain_file-1.json.gz")
DATE = "x-amz-date"
_SESSION = (
    "<CreateSessionResult><Credentials><AccessKeyId>ASIAEXPRESS</AccessKeyId><SecretAccessKey>other</SecretAccessKey>"
    "<SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
    "</CreateSessionResult>"
)


class RawBody(io.BytesIO):
    """A body as urllib3 streams it."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


class Asked:
    """A boto3 client that sends nothing, and keeps what it would have sent."""

    def __init__(self, *, token: str | None = None, config: Config | None = None, **options: Any) -> None:
        session = boto3.Session("AKIALPGENTEST0000000", "secret", token, "eu-central-1")
        self.credentials = session.get_credentials()
        self.sent: list[Any] = []
        self.client = session.client("s3", config=config, **options)
        self.client.meta.events.register("before-send", self._answer)
        note_requests(self.client)

    def get(self, bucket: str, key: str, **options: Any) -> Any:
        """The request that boto3 sends for an object."""
        self.client.get_object(Bucket=bucket, Key=key, **options)
        return self.sent[-1]

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        self.sent.append(request)
        body = _SESSION.encode() if "session" in request.url else b""
        return AWSResponse(request.url, 200, {}, RawBody(body))


def text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def known_request(asked: Asked, bucket: str, **options: Any) -> GetRequests | None:
    asked.get(bucket, "first/key", **options)
    return requests_like_last(asked.client, "first/key", asked.credentials)


@pytest.mark.parametrize(
    ("client", "options"),
    [
        ({}, {}),
        ({"token": "a/session+token=="}, {}),
        ({}, {"RequestPayer": "requester", "ChecksumMode": "ENABLED", "ExpectedBucketOwner": "111122223333"}),
        ({"endpoint_url": "http://127.0.0.1:9000"}, {"ChecksumMode": "ENABLED"}),
        ({"endpoint_url": "https://minio.example:9443/below"}, {}),
        ({"config": Config(s3={"addressing_style": "path"})}, {}),
        ({"config": Config(s3={"use_accelerate_endpoint": True})}, {}),
        ({"config": Config(s3={"use_dualstack_endpoint": True, "payload_signing_enabled": True})}, {}),
    ],
)
def test_requests_are_those_of_boto3(client: dict[str, Any], options: dict[str, Any]) -> None:
    asked = Asked(**client)
    requests = known_request(asked, "trail-bucket", **options)
    assert requests
    for key in KEYS:
        made, expected = {DATE: "made"}, {DATE: "expected"}
        while made[DATE] != expected[DATE]:  # until no second begins between the two
            get, sent = requests.get(key), asked.get("trail-bucket", key, **options)
            made = {name.lower(): value for name, value in (line.split(": ", 1) for line in get.headers)}
            expected = {name.lower(): text(value) for name, value in sent.headers.items() if "amz-sdk" not in name}
        assert get.url == sent.url
        assert made == expected


def test_requests_of_an_access_point_are_those_of_boto3() -> None:
    assert known_request(Asked(), "arn:aws:s3:eu-central-1:111122223333:accesspoint/logs")


def test_requests_are_none_where_only_boto3_can_sign() -> None:
    """Access points of several Regions take asymmetric signatures, and directory buckets other credentials."""
    assert known_request(Asked(), "arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap") is None
    assert known_request(Asked(), "logs--euc1-az1--x-s3") is None
    assert known_request(Asked(config=Config(signature_version="s3")), "trail-bucket") is None
    assert known_request(Asked(config=Config(signature_version=UNSIGNED)), "trail-bucket") is None


def test_requests_are_none_where_libcurl_may_not_go_the_same_way() -> None:
    assert known_request(Asked(config=Config(proxies={"https": "http://proxy:3128"})), "trail-bucket")
    assert known_request(Asked(config=Config(proxies={"https": "https://proxy:3128"})), "trail-bucket") is None


def test_requests_use_renewed_credentials() -> None:
    asked = Asked()
    requests = known_request(asked, "trail-bucket")
    assert requests
    before = requests.get("a").headers
    asked.credentials.access_key, asked.credentials.secret_key, asked.credentials.token = "AKIANEW", "new", "token"
    after = requests.get("a").headers
    assert "Credential=AKIANEW/" in after[-1]
    assert "Credential=AKIALPGENTEST0000000/" in before[-1]
    assert "X-Amz-Security-Token: token" in after


def test_requests_show_no_secret() -> None:
    asked = Asked()
    requests = known_request(asked, "trail-bucket")
    assert requests
    requests.get("a")
    assert "secret" not in repr(requests)
    assert "password" not in repr(Way("", "http://user:password@proxy:3128"))
