"""Servers that fail and objects that are refused or gone: an ingest from S3 takes the rest and says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpgen.errors import AccessError, AwsError, CredentialsError, InvocationError, MissingError
from tests.support.aws_servers import Server
from tests.support.fault_proxy import THROTTLED, Answer, Cut, Drop, Fault, Request, fault_proxy
from tests.support.s3_buckets import Bucket, content, content_from_files, daily_logs, log_key, make_bucket, take_from

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]


def test_ingest_survives_throttling_failures_and_cut_connections(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    logs = daily_logs(range(1, 7))
    bucket.put(logs)
    faults: list[Fault] = [
        THROTTLED,
        Answer(500, "InternalError"),
        Cut(0.5),
        Drop(),
        Answer(503, "ServiceUnavailable"),
        Cut(0.0),
    ]

    def break_first(request: Request) -> Fault:
        if request.number > 1:
            return None
        if request.is_list:
            return THROTTLED if request.prefix == "AWSLogs/" else Cut(0.7) if "us-east-1" in request.prefix else None
        return faults[int(request.path[-9:-8]) % len(faults)]

    with fault_proxy(s3, break_first) as proxy:
        result = take_from(proxy.server, tmp_path / "data", bucket.address())
        assert len(proxy.reads()) == 2 * len(logs)
    assert (result.objects_read, result.failures) == (len(logs), ())
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)


def test_ingest_names_objects_that_it_cannot_read_and_takes_them_later(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    logs = daily_logs(range(1, 8))
    bucket.put(logs)
    denied, gone = log_key("2024-03-02", 2), log_key("2024-03-05", 5)

    def refuse(request: Request) -> Fault:
        if request.path.endswith(denied):
            return Answer(403, "AccessDenied", "Access Denied")
        return Answer(404, "NoSuchKey", "gone") if request.path.endswith(gone) else None

    with fault_proxy(s3, refuse) as proxy:
        result = take_from(proxy.server, tmp_path / "data", bucket.address())
    assert [failure.path for failure in result.failures] == [bucket.address(denied), bucket.address(gone)]
    assert "AccessDenied" in result.failures[0].why
    assert f"it needs s3:GetObject on arn:aws:s3:::{bucket.name}/*" in result.failures[0].why
    assert "--requester-pays" in result.failures[0].why
    assert "it was deleted after it was listed" in result.failures[1].why
    assert result.objects_read == 5
    assert result.has_problems
    assert take_from(s3, tmp_path / "data", bucket.address()).objects_read == 2
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)


def test_ingest_goes_on_without_an_object_that_vanishes(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    logs = daily_logs([1, 2, 3])
    bucket.put(logs)
    gone = log_key("2024-03-02", 2)

    def remove(request: Request) -> Fault:
        if not request.is_list and request.path.endswith(gone):
            bucket.remove(gone)
        return None

    with fault_proxy(s3, remove) as proxy:
        result = take_from(proxy.server, tmp_path / "data", bucket.address())
    assert [failure.path for failure in result.failures] == [bucket.address(gone)]
    logs.pop(gone)
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)


def test_ingest_names_a_folder_that_it_cannot_list_and_takes_the_rest(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    logs = daily_logs([1])
    bucket.put({**logs, **daily_logs([1], account="444455556666")})

    def refuse(request: Request) -> Fault:
        return Answer(403, "AccessDenied") if request.prefix.startswith("AWSLogs/444455556666/") else None

    with fault_proxy(s3, refuse) as proxy:
        result = take_from(proxy.server, tmp_path / "data", bucket.address())
    assert [failure.path for failure in result.failures] == [bucket.address("AWSLogs/444455556666/")]
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)


KMS = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        (Answer(403, "AccessDenied", "Access Denied"), AccessError, "it needs s3:ListBucket on arn:aws:s3:::"),
        (Answer(403, "AccessDenied", f"not authorized to perform: kms:Decrypt on {KMS}"), AccessError, KMS),
        (Answer(404, "NoSuchBucket"), MissingError, "bucket's name"),
        (Answer(400, "ExpiredToken"), CredentialsError, "log in again"),
        (Answer(403, "InvalidAccessKeyId"), CredentialsError, "doesn't know the access key"),
        (Answer(403, "SignatureDoesNotMatch"), CredentialsError, "secret key doesn't belong"),
        (Answer(403, "RequestTimeTooSkewed"), CredentialsError, "clock"),
        (Answer(301, "PermanentRedirect"), AwsError, "--aws-region"),
    ],
    ids=lambda value: value.code if isinstance(value, Answer) else None,
)
def test_ingest_explains_why_a_bucket_cannot_be_listed(
    bucket: Bucket, tmp_path: Path, answer: Answer, kind: type[AwsError], hint: str
) -> None:
    def refuse(request: Request) -> Fault:
        return None if request.method == "HEAD" else answer  # boto3 asks so for the Region of a bucket that moved

    with fault_proxy(bucket.server, refuse) as proxy, pytest.raises(kind, match="can't list") as caught:
        take_from(proxy.server, tmp_path / "data", bucket.address())
    assert hint in caught.value.hint


def test_ingest_refuses_an_endpoint_that_is_no_url(tmp_path: Path) -> None:
    with pytest.raises(InvocationError, match="Invalid endpoint: somewhere"):
        take_from(Server("somewhere"), tmp_path / "data", "s3://bucket")


def test_ingest_ends_when_every_object_is_refused(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lpgen.app.ingest.CHUNK_OBJECTS", 2)
    monkeypatch.setattr("lpgen.edge.ingest.reading.MAX_REFUSALS", 4)
    bucket.put(daily_logs(range(1, 21)))

    def refuse(request: Request) -> Fault:
        return None if request.is_list else Answer(403, "AccessDenied", f"User x may not kms:Decrypt on {KMS}")

    with fault_proxy(bucket.server, refuse) as proxy:
        with pytest.raises(AccessError, match="objects can't be read") as caught:
            take_from(proxy.server, tmp_path / "data", bucket.address())
        assert len(proxy.reads()) == 4
    assert caught.value.hint == f"allow kms:Decrypt on {KMS}, in its key policy too"
