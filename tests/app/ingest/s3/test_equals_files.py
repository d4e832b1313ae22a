"""What an ingest from S3 commits is what one of the same files does, wherever they lie, and equal bytes count once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpgen.core.usage.event_time import window_from_text
from lpgen.core.usage.ingest_result import FileProblem
from lpgen.edge.engines.local_processes import LocalEngine
from tests.support.aws_servers import Server
from tests.support.fault_proxy import fault_proxy
from tests.support.log_samples import log_bytes, record_json
from tests.support.lpgen_process import run_lpgen
from tests.support.s3_buckets import (
    ORGANIZATION,
    Bucket,
    content,
    content_from_files,
    daily_logs,
    make_bucket,
    take_from,
    write_folder,
)
from tests.support.sample_organization import ROOT, SECURITY, SHOP, log_paths

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]


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
        read = [request.path for request in proxy.reads()]  # a server that stalls gets a second request
        assert (first.returncode, len({*read})) == (0, len(wanted)), first.stderr
        assert content(tmp_path / "data") == expected
        again = run_lpgen(proxy.server, "ingest", bucket.address(), "--data", tmp_path / "data", "--strict")
        assert (again.returncode, len(proxy.reads())) == (0, len(read)), again.stderr
        assert content(tmp_path / "data") == expected
    assert first.stderr.startswith(f"{len(wanted)} new objects with 7,325 records, 6,678 of them usage\n")
    assert "CloudTrail-Digest (1), CloudTrail-Insight (1), Config (1)" in first.stderr
    assert again.stderr.startswith(
        f"0 new objects with 0 records, 0 of them usage\n{len(wanted)} objects were already known"
    )


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
    assert result.failures == (FileProblem(bucket.address("AWSLog/"), "there is nothing with this name"),)
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
    monkeypatch.setattr("lpgen.app.ingest.CHUNK_OBJECTS", 1)
    monkeypatch.setattr("lpgen.edge.data_folder.object_plan._are_alike", lambda *_: False)
    logs = daily_logs(range(1, 6))
    bucket.put({f"{copy}/{key}": data for copy in "abc" for key, data in logs.items()})
    result = take_from(bucket.server, tmp_path / "data", bucket.address(), engine=LocalEngine(2))
    assert (result.objects_read, result.objects_known, result.records) == (5, 10, 5)
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)
    assert take_from(bucket.server, tmp_path / "data", bucket.address()).objects_known == 15
