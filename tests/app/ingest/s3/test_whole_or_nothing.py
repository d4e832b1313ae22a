"""An ingest from S3 that is killed, or meets another one, leaves whole tables or none."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from lpgen.edge.data_folder.ledger import Ledger, open_ledger, read_generation
from lpgen.errors import DataError, IngestError
from tests.support.aws_servers import Server
from tests.support.fault_proxy import Fault, Request, fault_proxy
from tests.support.s3_buckets import Bucket, content, content_from_files, daily_logs, make_bucket, take_from

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]


def test_ingest_asks_nobody_while_another_runs(bucket: Bucket, tmp_path: Path) -> None:
    with fault_proxy(bucket.server) as proxy:
        with open_ledger(tmp_path / "data"), pytest.raises(IngestError, match="another ingest"):
            take_from(proxy.server, tmp_path / "data", bucket.address())
        assert proxy.requests == []


def test_ingest_commits_on_the_way_and_notices_another_one_between(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commit frees the ledger's lock for a moment."""
    monkeypatch.setattr("lpgen.app.ingest.CHUNK_OBJECTS", 3)
    monkeypatch.setattr("lpgen.edge.ingest.reading.CHECKPOINT_FILES", 4)
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
    with pytest.raises(IngestError, match="ran in the meantime"):
        take_from(bucket.server, tmp_path / "other", bucket.address())


_KILLED = """
import sys
import threading
import lpgen.edge.ingest.reading, lpgen.app.ingest
from lpgen.cli.main import main
lpgen.edge.ingest.reading.CHECKPOINT_FILES = 8
lpgen.app.ingest.CHUNK_OBJECTS = 4
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
