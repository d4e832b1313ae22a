"""As whom an ingest asks S3: with which keys, who pays, and what is left when the keys are wrong or expire."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.errors import CredentialsError
from tests.support.aws_servers import ACCESS_KEY, SECRET_KEY, Server
from tests.support.fault_proxy import Answer, Fault, Request, fault_proxy
from tests.support.lpgen_process import run_lpgen
from tests.support.s3_buckets import Bucket, content, content_from_files, daily_logs, make_bucket, take_from

pytestmark = pytest.mark.usefixtures("server_keys")


@pytest.mark.parametrize("workers", [1, 2])
def test_ingest_keeps_what_it_read_before_the_credentials_expired(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr("lpgen.app.ingest.CHUNK_OBJECTS", 3)
    logs = daily_logs(range(1, 21))
    bucket.put(logs)
    reads: list[Request] = []

    def expire(request: Request) -> Fault:
        reads.extend([] if request.is_list else [request])
        return Answer(400, "ExpiredToken", "The provided token has expired.") if len(reads) > 8 else None

    with (
        fault_proxy(bucket.server, expire) as proxy,
        pytest.raises(CredentialsError, match=r"ExpiredToken.*; \d objects read before are kept") as caught,
    ):
        take_from(proxy.server, tmp_path / "data", bucket.address(), engine=LocalEngine(workers))
    kept = int(re.findall(r"(\d) objects read before", caught.value.message)[0])
    assert 3 <= kept <= 8
    result = take_from(bucket.server, tmp_path / "data", bucket.address())
    assert result.objects_read == 20 - kept
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)


def test_ingest_asks_as_requester_who_pays(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put(daily_logs([1]))
    with fault_proxy(bucket.server) as proxy:
        take_from(proxy.server, tmp_path / "data", bucket.address(), requester_pays=True)
        assert {request.headers.get("x-amz-request-payer") for request in proxy.requests} == {"requester"}


def refuse_secret(request: Request) -> Fault:
    """What S3 answers where the signature was made with another secret."""
    refused = Answer(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
    return refused if request.method == "GET" else None


def test_ingest_with_a_refused_secret_says_so_and_shows_no_secret(bucket: Bucket, tmp_path: Path) -> None:
    """The same without a server that checks signatures: the proxy refuses as S3 does."""
    with fault_proxy(bucket.server, refuse_secret) as proxy:
        check_refused_secret(proxy.server, bucket, tmp_path)


@pytest.mark.slow
def test_ingest_with_a_wrong_secret_says_so_and_shows_no_secret(seaweed: Server, tmp_path: Path) -> None:
    check_refused_secret(seaweed, make_bucket(seaweed), tmp_path)


def check_refused_secret(refusing: Server, bucket: Bucket, folder: Path) -> None:
    """An ingest with a wrong secret fails and says why, one with the right secret succeeds, and neither shows one."""
    bucket.put(daily_logs([1]))
    wrong = "wrong-secret-that-nobody-may-see"
    arguments = ("ingest", bucket.address(), "--data", folder / "data")
    refused = run_lpgen(refusing, *arguments, AWS_SECRET_ACCESS_KEY=wrong)
    assert refused.returncode == 3
    assert "the secret key doesn't belong to the access key" in refused.stderr
    taken = run_lpgen(bucket.server, *arguments)
    assert (taken.returncode, taken.stdout) == (0, "")
    stored = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in (wrong, SECRET_KEY, ACCESS_KEY):
        assert secret not in refused.stderr + taken.stderr
        assert secret.encode() not in stored


def test_ingest_follows_profile_and_endpoint_of_the_configuration(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    bucket.put(daily_logs([1]))
    (tmp_path / "config").write_text("[profile audit]\nregion = eu-central-1\n")
    keys = f"aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    (tmp_path / "credentials").write_text(f"[audit]\n{keys}")
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
    }
    to = ("ingest", bucket.address(), "--data", tmp_path / "data")
    alone = run_lpgen(s3, *to, **files)
    assert (alone.returncode, "AWS_PROFILE" in alone.stderr) == (3, True)
    assert run_lpgen(s3, *to, "--profile", "other", **files).returncode == 2
    elsewhere = {**files, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    given = run_lpgen(s3, *to, "--profile", "audit", "--endpoint-url", s3.url, **elsewhere)
    assert (given.returncode, given.stderr.split(" with")[0]) == (0, "1 new object")
