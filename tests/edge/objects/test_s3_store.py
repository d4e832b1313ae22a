"""How objects are read from S3: hundreds at a time where it is far away, and as boto3 reads them in all else."""

from __future__ import annotations

import logging
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest

from lpgen.edge.aws_session import Connection
from lpgen.edge.object_store import Body, StoredObject
from lpgen.edge.objects.body_checks import body_from_answer, compute_checksum
from lpgen.edge.objects.s3_store import S3Store
from lpgen.errors import AwsError
from tests.support import faulty_s3 as faulty
from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server
from tests.support.fault_proxy import Answer, Fault, Request, fault_proxy
from tests.support.latency_proxy import latency_proxy
from tests.support.s3_buckets import Bucket, daily_logs, make_bucket
from tests.support.tls import make_certificate

pytestmark = pytest.mark.usefixtures("server_keys")

OBJECTS = {f"AWSLogs/{number:04}.json": f"{number}".encode() for number in range(40)}


def store_at(server: Server) -> S3Store:
    return S3Store(Connection(region=REGION, endpoint_url=server.url))


def listing(bucket: Bucket) -> tuple[StoredObject, ...]:
    return store_at(bucket.server).list_page(bucket.address(), by_folder=False).objects


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """The headers of the answers that libcurl brought."""
    found: list[Mapping[str, str]] = []

    def note(data: bytes, status: int, headers: Mapping[str, str], listed: StoredObject) -> Body:
        found.append(headers)
        return body_from_answer(data, status, headers, listed)

    monkeypatch.setattr("lpgen.edge.objects.read_ahead.body_from_answer", note)
    return found


def test_read_all_gives_every_object_in_the_order_asked(bucket: Bucket, answers: list[Mapping[str, str]]) -> None:
    bucket.put(OBJECTS)
    objects = listing(bucket)[::-1]
    store = store_at(bucket.server)
    for _ in range(2):
        found = [(obj, body.data) for obj, body in store.read_all(objects) if isinstance(body, Body)]
        assert found == [(obj, OBJECTS[obj.name.removeprefix(bucket.address())]) for obj in objects]
    assert len(answers) >= 2 * len(OBJECTS) - 8, "boto3 read more than the first ones"


def test_read_all_reads_keys_of_any_characters(s3: Server, answers: list[Mapping[str, str]]) -> None:
    bucket = make_bucket(s3)
    keys = [f"a b+c=d&e%25;:@$,~{number}/ü'(*)!/[x]#?.json" for number in range(20)]
    bucket.put({key: key.encode() for key in keys})
    bodies = [body for _, body in store_at(s3).read_all(listing(bucket)) if isinstance(body, Body)]
    assert sorted(body.data.decode() for body in bodies) == sorted(keys)
    assert len(answers) >= 12


def test_answers_have_all_headers_that_tell_what_an_object_is(bucket: Bucket, answers: list[Mapping[str, str]]) -> None:
    """User metadata too, in which clients that encrypt note how."""
    metadata = {"x-amz-key-v2": "wrapped", "x-amz-matdesc": '{"a":  "b"}'}
    for number in range(20):
        bucket.client.put_object(
            Bucket=bucket.name,
            Key=f"{number:02}",
            Body=b"sealed",
            Metadata=metadata,
            ChecksumAlgorithm="SHA256",
            ServerSideEncryption="aws:kms",
        )
    assert len([*store_at(bucket.server).read_all(listing(bucket))]) == 20
    assert len(answers) >= 12
    for headers in answers:
        assert headers["x-amz-meta-x-amz-key-v2"] == "wrapped"
        assert headers["x-amz-meta-x-amz-matdesc"] == metadata["x-amz-matdesc"]
        assert headers["x-amz-checksum-sha256"] == compute_checksum("sha256", b"sealed")
        assert headers["x-amz-server-side-encryption"] == "aws:kms"


def most_under_way(bucket: Bucket, seconds: float) -> int:
    """How many requests were under way at a time while 1,500 reads of objects went over so slow a way."""
    objects = listing(bucket)
    with latency_proxy(bucket.server, seconds) as delays:
        store = store_at(delays.server)
        for _ in store.read_all(obj for _ in range(1_500 // len(objects)) for obj in objects):
            pass
        return delays.most


@pytest.mark.slow
def test_read_all_has_the_more_requests_under_way_the_longer_they_take(seaweed: Server) -> None:
    bucket = make_bucket(seaweed)
    bucket.put(OBJECTS)
    assert most_under_way(bucket, 0.5) >= 200


def test_read_all_begins_to_keep_many_requests_under_way(bucket: Bucket) -> None:
    bucket.put(OBJECTS)
    with latency_proxy(bucket.server, 0.05) as delays:
        assert len([*store_at(delays.server).read_all(listing(bucket))]) == len(OBJECTS)
        assert 8 < delays.most <= 32


@pytest.mark.slow
def test_read_all_leaves_failures_to_boto3(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which waits, asks again, and says what the matter is."""
    monkeypatch.setattr("lpgen.edge.objects.s3_store.FIRST_WAIT_SECONDS", 0.001)
    bucket.put(OBJECTS)
    objects = listing(bucket)
    denied = objects[30].name

    def fail_once(request: Request) -> Fault:
        if request.path.endswith(denied[-9:]):
            return Answer(403, "AccessDenied", "not you")
        return Answer(503, "SlowDown") if request.number == 1 and request.path[-6] in "37" else None

    with fault_proxy(bucket.server, fail_once) as proxy:
        found = {obj.name: body for obj, body in store_at(proxy.server).read_all(objects)}
    assert [name for name, body in found.items() if isinstance(body, AwsError)] == [denied]
    error = found[denied]
    assert isinstance(error, AwsError)
    assert (error.code, "s3:GetObject" in error.hint) == ("AccessDenied", True)


def test_read_all_takes_no_more_bytes_than_an_object_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by boto3, which reads the first object, nor by libcurl, whose failures boto3 reads again."""
    monkeypatch.setattr("lpgen.edge.objects.s3_store.FIRST_WAIT_SECONDS", 0.001)
    with faulty.faulty_s3() as s3:
        s3.restart({"large": b"1", "small": b"2"}, faulty.Keeping.OPEN)
        store = store_at(s3.server)
        large, small = store.list_page(f"s3://{faulty.BUCKET}/", by_folder=False).objects
        endless = faulty.Answer(headers=faulty.Keeping.OPEN.headers(b"1"), body=bytes(64 << 20))
        s3.change_answer = lambda request, answer: endless if request.key == "large" else answer
        tracemalloc.start()
        try:
            found = [body for obj in (large, small, large) for _, body in store.read_all([obj])]
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    said = "can't read it: it has more bytes than when it was listed"
    assert [body.message if isinstance(body, AwsError) else body.data for body in found] == [said, b"2", said]
    assert most < 16 << 20


def test_read_all_logs_calls_and_no_secret(bucket: Bucket, caplog: pytest.LogCaptureFixture) -> None:
    bucket.put(daily_logs(range(1, 21)))
    objects = listing(bucket)
    with caplog.at_level(logging.DEBUG, logger="lpgen"):
        assert len([*store_at(bucket.server).read_all(objects)]) == 20
    said = [record.getMessage() for record in caplog.records]
    assert sum(one == f"waiting for s3 GetObject in {REGION}" for one in said) == 20
    assert sum(one.startswith("s3 GetObject answered 200, request ") for one in said) == 20
    assert not any(secret in caplog.text for secret in (SECRET_KEY, ACCESS_KEY, "Signature"))


def test_read_all_takes_the_proxy_that_boto3_takes(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, answers: list[Mapping[str, str]]
) -> None:
    bucket.put(OBJECTS)
    objects = listing(bucket)
    with fault_proxy(bucket.server) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.server.url)
        nowhere = Server("http://127.0.0.2:9")
        assert all(isinstance(body, Body) for _, body in store_at(nowhere).read_all(objects))
        assert len(proxy.reads()) == len(objects)
        assert len(answers) >= len(objects) - 8
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert all(isinstance(body, Body) for _, body in store_at(bucket.server).read_all(objects))
        assert len(proxy.reads()) == len(objects)


def test_read_all_trusts_the_authorities_that_boto3_trusts(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answers: list[Mapping[str, str]]
) -> None:
    bucket.put(OBJECTS)
    objects = listing(bucket)
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with fault_proxy(bucket.server, tls=certificate.context) as proxy:
        found = [body for _, body in store_at(proxy.server).read_all(objects[:2])]
        assert [isinstance(body, AwsError) and "certificate verify failed" in body.message for body in found] == [
            True
        ] * 2
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate.path))
        assert all(isinstance(body, Body) for _, body in store_at(proxy.server).read_all(objects))
        assert len(answers) >= len(objects) - 8


def test_read_all_follows_a_bucket_into_its_region(bucket: Bucket, answers: list[Mapping[str, str]]) -> None:
    """boto3 hears from the server which one it is, and the other requests are signed for that one from the start."""
    bucket.put(OBJECTS)
    objects = listing(bucket)
    elsewhere = "wrong</Message><Region>eu-west-1</Region><Message>"

    def redirect(request: Request) -> Fault:
        is_right = "/eu-west-1/s3/" in request.headers["authorization"]
        return None if is_right else Answer(400, "AuthorizationHeaderMalformed", elsewhere)

    with fault_proxy(bucket.server, redirect) as proxy:
        assert all(isinstance(body, Body) for _, body in store_at(proxy.server).read_all(objects))
        assert len(proxy.reads()) <= len(objects) + 8
    assert len(answers) >= len(objects) - 8
