"""Objects under every encryption that the servers know, whole and in parts, through a network that flips bits."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server
from tests.support.fault_proxy import Fault, Flip, Request, fault_proxy
from tests.support.log_samples import log_bytes, record_json
from tests.support.lpgen_process import run_lpgen
from tests.support.s3_buckets import Bucket, content, content_from_files, daily_logs, log_key, make_bucket, take_from

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]

PART_BYTES = 5 << 20  # the least that S3 takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doesn't wait between attempts."""
    monkeypatch.setattr("lpgen.edge.objects.s3_store.FIRST_WAIT_SECONDS", 0.001)


def put_in_parts(bucket: Bucket, key: str, data: bytes, **options: Any) -> None:
    """Uploads an object of more than one part."""
    client, name = bucket.client, bucket.name
    upload = client.create_multipart_upload(Bucket=name, Key=key, **options)["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(data), PART_BYTES), 1):
        body = data[start : start + PART_BYTES]
        part = client.upload_part(Bucket=name, Key=key, UploadId=upload, PartNumber=number, Body=body, **options)
        kept = {field: part[field] for field in ("ETag", "ChecksumSHA256") if field in part}
        parts.append({"PartNumber": number, **kept})
    client.complete_multipart_upload(Bucket=name, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})


def flip_first(request: Request) -> Fault:
    """Flips a bit of each object when it is first read."""
    return Flip(0.7) if not request.is_list and request.number == 1 else None


def test_ingest_reads_flipped_bits_again_under_every_encryption(moto: Server, tmp_path: Path) -> None:
    """Also where nobody sent a checksum: there only the ETag or gzip itself shows the damage."""
    bucket = make_bucket(moto)
    without_checksums = Config(request_checksum_calculation="when_required")
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    silent = session.client("s3", endpoint_url=moto.url, config=without_checksums)
    logs = daily_logs(range(1, 9))
    ways: list[dict[str, Any]] = [
        {},
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms"},
        {"ServerSideEncryption": "aws:kms:dsse"},
    ]
    for number, (key, data) in enumerate(logs.items()):
        client = silent if number < len(ways) else bucket.client
        client.put_object(Bucket=bucket.name, Key=key, Body=data, **ways[number % len(ways)])
    with fault_proxy(moto, flip_first) as proxy:
        result = take_from(proxy.server, tmp_path / "data", bucket.address())
        assert len(proxy.reads()) == 2 * len(logs)
    assert (result.objects_read, result.failures) == (len(logs), ())
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)


def test_ingest_reads_flipped_bits_of_objects_in_parts_again(s3: Server, tmp_path: Path) -> None:
    """Neither their ETag nor a checksum of their parts' checksums is one of their bytes."""
    bucket = make_bucket(s3)
    noise = random.Random(5).randbytes(PART_BYTES).hex()
    large = log_bytes([record_json(0, userAgent=noise)])
    assert len(large) > PART_BYTES
    logs = {log_key("2024-03-01", 1): large, log_key("2024-03-01", 2): log_bytes([record_json(1)]) + bytes(PART_BYTES)}
    for (key, data), options in zip(logs.items(), ({}, {"ChecksumAlgorithm": "SHA256"}), strict=True):
        put_in_parts(bucket, key, data, **options)
    with fault_proxy(s3, flip_first) as proxy:
        result = take_from(proxy.server, tmp_path / "data", bucket.address())
        assert len(proxy.reads()) == 4
    assert (result.objects_read, result.failures) == (2, ())
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)


def test_ingest_command_fails_and_takes_damaged_objects_later(s3: Server, tmp_path: Path) -> None:
    """Whether a server gives checksums or not, and whether they may be asked for or not."""
    bucket = make_bucket(s3)
    logs = daily_logs(range(1, 4))
    bucket.put(logs)
    victim = log_key("2024-03-02", 2)
    for mode in ("when_supported", "when_required"):
        data = tmp_path / mode
        options = {"AWS_RESPONSE_CHECKSUM_VALIDATION": mode}

        def flip(request: Request) -> Fault:
            return Flip() if request.path.endswith(victim) else None

        with fault_proxy(s3, flip) as proxy:
            done = run_lpgen(proxy.server, "ingest", bucket.address(), "--data", data, **options)
            asked = {"x-amz-checksum-mode" in request.headers for request in proxy.reads()}
        assert (done.returncode, asked) == (3, {mode == "when_supported"}), done.stderr
        assert f"    {bucket.address(victim)}: can't read it: the received bytes don't fit the ETag" in done.stderr
        again = run_lpgen(s3, "ingest", bucket.address(), "--data", data, **options)
        assert (again.returncode, again.stderr.split(" with")[0]) == (0, "1 new object"), again.stderr
        assert content(data) == content_from_files(tmp_path / f"files-{mode}", logs)


def test_ingest_names_an_object_under_a_key_of_its_owner(seaweed: Server, tmp_path: Path) -> None:
    """It can't be read without that key, which lpgen has no option for."""
    bucket = make_bucket(seaweed)
    logs = daily_logs([1])
    bucket.put(logs)
    locked = log_key("2024-03-02", 2)
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
    bucket.client.put_object(Bucket=bucket.name, Key=locked, Body=b"x", **key)
    result = take_from(seaweed, tmp_path / "data", bucket.address())
    assert [failure.path for failure in result.failures] == [bucket.address(locked)]
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)
