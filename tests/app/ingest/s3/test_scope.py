"""An ingest from S3 lists and reads only what is new and what is wanted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.usage.event_time import window_from_text
from lpgen.errors import InvocationError
from tests.support.aws_servers import Server
from tests.support.fault_proxy import Answer, Fault, Request, fault_proxy
from tests.support.forked_lpgen import run_forked
from tests.support.log_samples import log_bytes, record_json
from tests.support.s3_buckets import (
    ORGANIZATION,
    Bucket,
    content,
    content_from_files,
    daily_logs,
    log_key,
    make_bucket,
    take_from,
)

pytestmark = pytest.mark.usefixtures("server_keys")


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


def test_ingest_reads_what_cloudwatch_logs_wrote_through_firehose_or_exported(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    records = [json.dumps(record_json(number)) for number in (1, 2, 3)]
    sent = [
        {"messageType": "DATA_MESSAGE", "logEvents": [{"timestamp": 1, "message": record}]} for record in records[:2]
    ]
    uuid = "0f0e1d2c-1111-4222-8333-a1b2c3d4e5f6"
    objects = {
        f"logs/2024/03/01/10/trail-1-2024-03-01-10-00-12-{uuid}": b"".join(
            gzip.compress(json.dumps(one).encode()) for one in sent
        ),
        "logs/export/1_CloudTrail_us-east-1/000000.gz": gzip.compress(
            f"2024-03-04T10:00:03.000Z {records[2]}\n".encode()
        ),
        "logs/export/aws-logs-write-test": b"Permission Check Successful",
    }
    bucket.put(objects)
    result = take_from(s3, tmp_path / "data", bucket.address("logs/"))
    assert (result.objects_read, result.usage_records, result.files_ignored) == (2, 3, 1)
    assert not result.has_problems


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


def test_ingest_reads_nothing_where_a_wanted_account_has_no_logs(wide_bucket: Bucket, tmp_path: Path) -> None:
    with fault_proxy(wide_bucket.server) as proxy:
        with pytest.raises(InvocationError, match="found no logs of `999988887777`"):
            take_from(proxy.server, tmp_path / "data", wide_bucket.address(), accounts=["111122223333", "999988887777"])
        assert proxy.reads() == []


@pytest.mark.slow
def test_ingest_lists_only_the_accounts_regions_and_days_that_are_wanted(
    wide_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lpgen.edge.objects.s3_store.PAGE_SIZE", 10)
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
    wide = window_from_text("2024-03-06", "")
    assert take_from(s3, tmp_path / "data", bucket.address(), window=wide).read_again == 3
    take_from(s3, tmp_path / "whole", bucket.address(), window=wide)
    assert content(tmp_path / "data") == content(tmp_path / "whole")
    assert take_from(s3, tmp_path / "data", bucket.address(), window=wide).read_again == 0


def test_ingest_reads_an_object_again_after_a_run_that_could_not(s3: Server, tmp_path: Path) -> None:
    bucket = make_bucket(s3)
    bucket.put(daily_logs(range(6, 9)))
    left_out = log_key("2024-03-07", 7)
    take_from(s3, tmp_path / "data", bucket.address(), window=window_from_text("2024-03-07T23:00:00Z", ""))

    def refuse(request: Request) -> Fault:
        return Answer(403, "AccessDenied", "Access Denied") if request.path.endswith(left_out) else None

    with fault_proxy(s3, refuse) as proxy:
        assert len(take_from(proxy.server, tmp_path / "data", bucket.address()).failures) == 1
    assert take_from(s3, tmp_path / "data", bucket.address()).read_again == 1
    take_from(s3, tmp_path / "whole", bucket.address())
    assert content(tmp_path / "data") == content(tmp_path / "whole")


def ingest_command(server: Server, bucket: Bucket, room: Path, *options: str) -> str:
    """An ingest of the bucket as a command; what it said."""
    done = run_forked("ingest", bucket.address(), "--data", room / "data", *options, env=server.environment)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def two_accounts(bucket: Bucket) -> Bucket:
    """Two accounts in two Regions, with a file on each of nine days."""
    for account in ("111122223333", "444455556666"):
        for region in ("us-east-1", "eu-west-1"):
            bucket.put(daily_logs(range(1, 10), account=account, region=region))
    return bucket


@pytest.mark.slow
def test_a_later_ingest_asks_for_what_the_first_one_did(two_accounts: Bucket, tmp_path: Path) -> None:
    one = ("--account", "111122223333", "--region", "us-east-1")
    ingest_command(two_accounts.server, two_accounts, tmp_path, "--since", "2024-03-08", *one)
    before = content(tmp_path / "data")
    with fault_proxy(two_accounts.server) as proxy:
        said = ingest_command(proxy.server, two_accounts, tmp_path)
        assert proxy.reads() == []
        assert len(proxy.listings()) <= 5
    assert said.splitlines()[0] == (
        "as before, only logs since 2024-03-08 of account 111122223333 of Region us-east-1; "
        "to change this, give --since, --account or --region"
    )
    assert "2 objects were already known" in said
    assert content(tmp_path / "data") == before
    two_accounts.put(daily_logs([10], account="111122223333"))
    assert "1 new object " in ingest_command(two_accounts.server, two_accounts, tmp_path)


def test_a_wider_scope_needs_no_new_folder_and_is_remembered(two_accounts: Bucket, tmp_path: Path) -> None:
    server = two_accounts.server
    narrow = ("--since", "2024-03-08", "--account", "111122223333", "--region", "us-east-1")
    ingest_command(server, two_accounts, tmp_path, *narrow)
    assert "of account 111122223333" in ingest_command(server, two_accounts, tmp_path, "--since", "2024-03-06")
    assert "only logs since 2024-03-06" in ingest_command(server, two_accounts, tmp_path, "--account", "all")
    said = ingest_command(server, two_accounts, tmp_path, "--account", "444455556666", "--since", "2024-03-09")
    assert said.startswith("as before, only logs of Region us-east-1;")
    wide = ("--since", "2024-03-01", "--account", "all", "--region", "all")
    assert "as before" not in ingest_command(server, two_accounts, tmp_path, *wide)
    ingest_command(server, two_accounts, tmp_path / "whole", *wide)
    assert content(tmp_path / "data") == content(tmp_path / "whole" / "data")
    last = ingest_command(server, two_accounts, tmp_path)
    assert last.startswith("as before, only logs since 2024-03-01;")
    assert "36 objects were already known" in last


def test_another_address_is_asked_for_everything(two_accounts: Bucket, tmp_path: Path) -> None:
    ingest_command(two_accounts.server, two_accounts, tmp_path, "--since", "2024-03-08")
    result = take_from(two_accounts.server, tmp_path / "data", two_accounts.address("AWSLogs/111122223333/"))
    assert result.objects_read == 14
