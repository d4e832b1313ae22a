"""From objects in S3 to the committed tables, over HTTP: the same as from files, once per object, whatever breaks."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.usage.event_time import window_from_text
from lpgen.core.usage.ingest_result import FileProblem
from lpgen.edge.engine_local import LocalEngine
from lpgen.edge.ledger import Ledger, open_ledger, read_generation
from lpgen.errors import AccessError, AwsError, CredentialsError, DataError, IngestError, MissingError
from tests.aws_servers import ACCESS_KEY, SECRET_KEY, Server
from tests.fault_proxy import THROTTLED, Answer, Cut, Drop, Fault, Request, fault_proxy
from tests.log_samples import log_bytes, record_json
from tests.s3_buckets import (
    ORGANIZATION,
    Bucket,
    content,
    content_from_files,
    daily_logs,
    log_key,
    make_bucket,
    take_from,
    write_folder,
)
from tests.sample_organization import ROOT, SECURITY, SHOP, log_paths


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test servers' keys, and nothing of the machine's own account."""
    for name, value in Server("http://127.0.0.1:9").environment.items():
        if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL":
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def bucket(moto: Server) -> Bucket:
    return make_bucket(moto)


def run_lpgen(server: Server, *arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lpgen", *map(str, arguments)]
    environment = {**server.environment, **changes}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


# ---------------------------------------------------------------- the same as from files


def test_ingest_of_sample_logs_from_a_bucket_equals_that_of_the_files(s3: Server, tmp_path: Path) -> None:
    """One account as its own trail writes, one as an organization's, beside what is no log of calls."""
    bucket = make_bucket(s3)
    everything = {str(path.relative_to(ROOT)): path for path in (ROOT / "AWSLogs").rglob("*") if path.is_file()}
    bucket.put({key: path.read_bytes() for key, path in everything.items() if SHOP in key})
    organized = {key.replace("AWSLogs/", f"audit/all/AWSLogs/{ORGANIZATION}/"): key for key in everything}
    bucket.put({key: everything[old].read_bytes() for key, old in organized.items() if SECURITY in old})
    wanted = {str(path.relative_to(ROOT)): path.read_bytes() for path in log_paths()}
    expected = content_from_files(tmp_path, wanted)
    with fault_proxy(s3) as proxy:
        first = run_lpgen(proxy.server, "ingest", bucket.address(), "--data", tmp_path / "data", "--strict")
        assert (first.returncode, len(proxy.reads())) == (0, len(wanted)), first.stderr
        assert content(tmp_path / "data") == expected
        again = run_lpgen(proxy.server, "ingest", bucket.address(), "--data", tmp_path / "data", "--strict")
        assert (again.returncode, len(proxy.reads())) == (0, len(wanted)), again.stderr
        assert content(tmp_path / "data") == expected
    assert first.stderr.startswith(f"{len(wanted)} new objects with 6,977 records, 6,364 of them usage\n")
    assert "CloudTrail-Digest (1), CloudTrail-Insight (1), Config (1)" in first.stderr
    assert again.stderr.startswith(f"0 new objects with 0 records, 0 of them usage\n{len(wanted)} objects were known")


def test_ingest_takes_any_depth_of_address(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    logs = daily_logs([1, 2], region="eu-west-1")
    first, second = sorted(logs)
    bucket.put({f"x/{key}": data for key, data in logs.items()})
    folder = first.rpartition("/")[0]
    for number, (prefix, objects) in enumerate(
        [
            ("", logs),
            ("x", logs),
            ("x/AWSLogs", logs),
            ("x/AWSLogs/111122223333/", logs),
            ("x/AWSLogs/111122223333/CloudTrail/eu-west-1", logs),
            ("x/AWSLogs/111122223333/CloudTrail/eu-west-1/2024/", logs),
            (f"x/{folder}", {first: logs[first]}),
            (f"x/{second}", {second: logs[second]}),
        ]
    ):
        room = tmp_path / str(number)
        result = take_from(s3, room / "data", bucket.address(prefix), window=window_from_text("2024-03-01", ""))
        assert (prefix, result.objects_read, result.has_problems) == (prefix, len(objects), False)
        assert content(room / "data") == content_from_files(room, objects, window=window_from_text("2024-03-01", ""))


def test_ingest_takes_a_bucket_without_a_layout(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    objects = {f"export/part {n} é.json": log_bytes([record_json(n)]) for n in range(3)}
    bucket.put({**objects, "export/readme.txt": b"hello", "export/": b""})
    result = take_from(s3, tmp_path / "data", bucket.address())
    assert (result.objects_read, result.files_ignored, result.failures) == (3, 1, ())
    assert content(tmp_path / "data") == content_from_files(tmp_path, objects)


def test_ingest_names_an_address_that_holds_nothing(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    bucket.put(daily_logs([1]))
    result = take_from(s3, tmp_path / "data", bucket.address(), bucket.address("AWSLog"))
    assert result.failures == (FileProblem(bucket.address("AWSLog/"), "there is nothing of this name"),)
    assert result.objects_read == 1


def test_ingest_mixes_files_and_objects_and_counts_equal_bytes_once(bucket: Bucket, tmp_path: Path) -> None:
    logs = daily_logs([1, 2, 3])
    bucket.put({f"{copy}/{key}": data for copy in ("a", "b") for key, data in logs.items()})
    files = write_folder(tmp_path / "some", dict([*logs.items()][:1]))
    result = take_from(bucket.server, tmp_path / "data", bucket.address(), paths=[files], engine=LocalEngine(2))
    assert (result.files_read, result.objects_read, result.objects_known, result.records) == (1, 2, 4, 3)
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)
    again = take_from(bucket.server, tmp_path / "data", bucket.address(), paths=[files])
    assert (again.files_known, again.objects_read, again.objects_known) == (1, 0, 6)


def test_ingest_counts_equal_bytes_once_that_different_chunks_read(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copies' ETags differ where S3 encrypts them, so that they may lie far from one another."""
    monkeypatch.setattr("lpgen.pipeline_ingest.CHUNK_OBJECTS", 1)
    monkeypatch.setattr("lpgen.edge.object_plan._are_alike", lambda *_: False)
    logs = daily_logs(range(1, 6))
    bucket.put({f"{copy}/{key}": data for copy in "abc" for key, data in logs.items()})
    result = take_from(bucket.server, tmp_path / "data", bucket.address(), engine=LocalEngine(2))
    assert (result.objects_read, result.objects_known, result.records) == (5, 10, 5)
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)
    assert take_from(bucket.server, tmp_path / "data", bucket.address()).objects_known == 15


# ---------------------------------------------------------------- only what is new, only what is wanted


def test_ingest_picks_up_late_and_changed_objects(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    logs = daily_logs([1, 2])
    bucket.put(logs)
    take_from(s3, tmp_path / "data", bucket.address())
    late = {log_key("2024-03-01", 99): log_bytes([record_json(40)])}
    changed = {log_key("2024-03-02", 2): log_bytes([record_json(1), record_json(41)])}
    bucket.put({**late, **changed})
    with fault_proxy(s3) as proxy:
        result = take_from(proxy.server, tmp_path / "data", bucket.address())
        assert len(proxy.reads()) == result.objects_read == 2
    assert result.records == 3
    everything = {**logs, **late, **{f"changed/{key}": data for key, data in changed.items()}}
    assert content(tmp_path / "data") == content_from_files(tmp_path, everything)


@pytest.fixture(scope="module")
def wide_bucket(moto: Server) -> Bucket:
    """Four accounts of an organization in three Regions, with a file on each of 20 days."""
    bucket = make_bucket(moto)
    for account in ("111122223333", "444455556666", "777788889999", "123456789012"):
        for region in ("eu-west-1", "us-east-1", "us-west-2"):
            logs = daily_logs(range(1, 21), account=account, region=region)
            bucket.put({key.replace("AWSLogs/", f"AWSLogs/{ORGANIZATION}/"): data for key, data in logs.items()})
        bucket.put({f"AWSLogs/{ORGANIZATION}/{account}/CloudTrail-Digest/us-east-1/2024/03/01/d.json.gz": b"{}"})
    return bucket


def test_ingest_lists_only_the_accounts_regions_and_days_that_are_wanted(
    wide_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lpgen.edge.s3_store.PAGE_SIZE", 10)
    address = wide_bucket.address()

    def count(name: str, since: str = "", until: str = "", **scope: Any) -> tuple[int, int]:
        with fault_proxy(wide_bucket.server) as proxy:
            window = window_from_text(since, until)
            result = take_from(proxy.server, tmp_path / name, address, window=window, **scope)
            assert not result.has_problems
            assert result.folders_left == (("CloudTrail-Digest", len(scope.get("accounts", "1234"))),)
            return len(proxy.listings()), result.objects_read

    folders = 3 + 4 + 4  # the bucket, AWSLogs/ and the organization; each account; each account's CloudTrail/
    assert count("all") == (folders + 12 * 2, 240)
    assert count("region", regions=["eu-west-1", "us-west-2"]) == (folders + 8 * 2, 160)
    assert count("account", accounts=["777788889999"]) == (3 + 2 + 3 * 2, 60)
    one: dict[str, Any] = {"accounts": ["777788889999"], "regions": ["us-east-1"]}
    assert count("one", **one) == (3 + 2 + 2, 20)
    assert count("since", "2024-03-19", **one) == (3 + 2 + 1, 2)
    assert count("until", "", "2024-03-02", **one) == (3 + 2 + 1, 5)  # and three days of late files
    assert count("both", "2024-03-10", "2024-03-11", **one) == (3 + 2 + 1, 5)


def test_ingest_of_a_window_equals_that_of_all_files_with_the_window(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    days = range(6, 12)
    bucket.put({**daily_logs(range(1, 6)), **daily_logs(range(12, 29)), **daily_logs(days)})
    window = window_from_text("2024-03-06", "2024-03-08T23:00:00Z")
    result = take_from(s3, tmp_path / "data", bucket.address(), window=window)
    assert (result.objects_read, result.usage_records) == (6, 3)
    assert content(tmp_path / "data") == content_from_files(tmp_path, daily_logs(days), window=window)
    wider = take_from(s3, tmp_path / "data", bucket.address(), window=window_from_text("2024-03-06", ""))
    assert len(wider.narrower) == 3


# ---------------------------------------------------------------- whatever breaks


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
    assert f"it takes s3:GetObject on arn:aws:s3:::{bucket.name}/*" in result.failures[0].why
    assert "--requester-pays" in result.failures[0].why
    assert "has been removed since" in result.failures[1].why
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
        (Answer(403, "AccessDenied", "Access Denied"), AccessError, "it takes s3:ListBucket on arn:aws:s3:::"),
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


def test_ingest_ends_when_every_object_is_refused(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lpgen.pipeline_ingest.CHUNK_OBJECTS", 2)
    monkeypatch.setattr("lpgen.edge.ingest_reading.MAX_REFUSALS", 4)
    bucket.put(daily_logs(range(1, 21)))

    def refuse(request: Request) -> Fault:
        return None if request.is_list else Answer(403, "AccessDenied", f"User x may not kms:Decrypt on {KMS}")

    with fault_proxy(bucket.server, refuse) as proxy:
        with pytest.raises(AccessError, match="objects can't be read") as caught:
            take_from(proxy.server, tmp_path / "data", bucket.address())
        assert len(proxy.reads()) == 4
    assert caught.value.hint == f"allow kms:Decrypt on {KMS}, in its key policy too"


@pytest.mark.parametrize("workers", [1, 2])
def test_ingest_keeps_what_it_read_before_the_credentials_expired(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr("lpgen.pipeline_ingest.CHUNK_OBJECTS", 3)
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
        assert {one.headers.get("x-amz-request-payer") for one in proxy.requests} == {"requester"}


def test_ingest_with_a_wrong_secret_says_so_and_shows_no_secret(seaweed: Server, tmp_path: Path) -> None:
    bucket = make_bucket(seaweed)
    bucket.put(daily_logs([1]))
    wrong = "wrong-secret-that-nobody-may-see"
    arguments = ("ingest", bucket.address(), "--data", tmp_path / "data")
    refused = run_lpgen(seaweed, *arguments, AWS_SECRET_ACCESS_KEY=wrong)
    assert refused.returncode == 3
    assert "the secret key doesn't belong to the access key" in refused.stderr
    taken = run_lpgen(seaweed, *arguments)
    assert (taken.returncode, taken.stdout) == (0, "")
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (wrong, SECRET_KEY, ACCESS_KEY):
        assert secret not in refused.stderr + taken.stderr
        assert secret.encode() not in stored


def test_ingest_follows_profile_and_endpoint_of_the_configuration(seaweed: Server, tmp_path: Path) -> None:
    bucket = make_bucket(seaweed)
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
    alone = run_lpgen(seaweed, *to, **files)
    assert (alone.returncode, "AWS_PROFILE" in alone.stderr) == (3, True)
    assert run_lpgen(seaweed, *to, "--profile", "other", **files).returncode == 3
    elsewhere = {**files, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    given = run_lpgen(seaweed, *to, "--profile", "audit", "--endpoint-url", seaweed.url, **elsewhere)
    assert (given.returncode, given.stderr.split(" with")[0]) == (0, "1 new objects")


# ---------------------------------------------------------------- whole or not at all


def test_ingest_asks_nobody_while_another_runs(bucket: Bucket, tmp_path: Path) -> None:
    with fault_proxy(bucket.server) as proxy:
        with open_ledger(tmp_path / "data"), pytest.raises(IngestError, match="another ingest"):
            take_from(proxy.server, tmp_path / "data", bucket.address())
        assert proxy.requests == []


def test_ingest_commits_on_the_way_and_notices_another_one_between(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commit frees the ledger's lock for a moment."""
    monkeypatch.setattr("lpgen.pipeline_ingest.CHUNK_OBJECTS", 3)
    monkeypatch.setattr("lpgen.edge.ingest_reading.CHECKPOINT_FILES", 4)
    logs = daily_logs(range(1, 21))
    bucket.put(logs)
    expected = content_from_files(tmp_path, logs)
    result = take_from(bucket.server, tmp_path / "data", bucket.address())
    assert (result.objects_read, result.records, result.usage_records) == (20, 20, 20)
    assert content(tmp_path / "data") == expected
    assert {path.is_file() for path in (tmp_path / "data" / "usage").glob("*/*")} == {True}, "one part is left"

    lock_again = Ledger.lock_again

    def interfere(ledger: Ledger, folder: Path) -> None:
        with open_ledger(folder) as other:
            other.commit("0" * 64)
        lock_again(ledger, folder)

    monkeypatch.setattr(Ledger, "lock_again", interfere)
    with pytest.raises(IngestError, match="came between"):
        take_from(bucket.server, tmp_path / "other", bucket.address())


_KILLED = """
import sys
import threading
import lpgen.edge.ingest_reading, lpgen.pipeline_ingest
from lpgen.cli import main
lpgen.edge.ingest_reading.CHECKPOINT_FILES = 8
lpgen.pipeline_ingest.CHUNK_OBJECTS = 4
sys.argv = ["lpgen", *sys.argv[1:]]
main()
"""


def test_ingest_killed_at_ten_points_and_run_again_gives_the_same_tables(s3: Server, tmp_path: Path) -> None:
    """On each server: seven points told by the requests that came before, two after the last, one between commits."""
    bucket = make_bucket(s3)
    logs = daily_logs(range(1, 29))
    bucket.put(logs)
    expected = content_from_files(tmp_path, logs)
    whole = _run_to_kill(bucket, tmp_path / "whole")
    assert not whole.killed
    rng = random.Random(whole.requests)
    last = whole.requests
    points = [(rng.randrange(1, last), rng.uniform(0, 0.02)) for _ in range(7)]
    points += [(last, rng.uniform(0, 0.2)), (last, rng.uniform(0, 0.2)), (BETWEEN_COMMITS, 0)]
    kept, killed = [], 0
    for attempt, (at_request, seconds) in enumerate(points):
        data = tmp_path / f"killed-{attempt}"
        killed += _run_to_kill(bucket, data, at_request=at_request, after_seconds=seconds).killed
        kept.append(take_from(s3, data, bucket.address()).objects_known)
        assert content(data) == expected
        assert len(list((data / "usage").iterdir())) == 1
    assert killed >= 8
    assert 0 < kept[-1] < len(logs), "the last attempt wasn't killed between two commits"


BETWEEN_COMMITS = 0
"""Stands for the moment after the first commit. With 20 of 28 objects asked for, and at most two chunks of 4 not read
to their end, one must come; no further object is handed out until then."""


def _is_committed(data: Path) -> bool:
    try:
        return bool(read_generation(data))
    except DataError:  # the ledger isn't there yet
        return False


@dataclass(frozen=True, slots=True)
class _Ended:
    killed: bool
    requests: int


def _run_to_kill(bucket: Bucket, data: Path, *, at_request: int | None = None, after_seconds: float = 0) -> _Ended:
    """Kills an ingest, and with it its workers, some time after so many requests; None lets it end by itself."""
    command = [sys.executable, "-c", _KILLED, "ingest", bucket.address(), "--data", str(data), "--workers", "2"]
    enough = threading.Event()

    def stop(_: Request) -> Fault:
        if at_request == BETWEEN_COMMITS:
            while len(proxy.reads()) >= 20 and not _is_committed(data):
                time.sleep(0.01)
            if _is_committed(data):
                enough.set()
        elif at_request is not None and len(proxy.requests) >= at_request:
            enough.set()
        return None

    with fault_proxy(bucket.server, stop) as proxy:
        process = subprocess.Popen(command, env=proxy.environment)
        if at_request is not None:
            assert enough.wait(60)
            time.sleep(after_seconds)
            process.kill()
        status = process.wait(60)
        assert status in (0, -signal.SIGKILL)
        return _Ended(status != 0, len(proxy.requests))


def test_ingests_at_the_same_time_lose_nothing(bucket: Bucket, tmp_path: Path) -> None:
    """Of four processes on one data folder those that find it in use say so and end; the tables are those of one."""
    logs = daily_logs(range(1, 29))
    bucket.put(logs)
    command = [sys.executable, "-m", "lpgen", "ingest", bucket.address(), "--data", str(tmp_path / "data")]
    environment = bucket.server.environment
    running = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
    assert {status for _, status in ended} <= {0, 3}
    assert any(status == 0 for _, status in ended)
    assert all("another ingest" in said for said, status in ended if status == 3)
    assert sum(said.startswith("28 new objects") for said, _ in ended) == 1
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)
