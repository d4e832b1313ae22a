"""Whatever S3 and the network do: right tables, or a clear error; and right tables by the next run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from lpgen.edge.aws_session import Connection
from lpgen.edge.objects.finder import BucketLogs
from lpgen.edge.objects.s3_store import S3Store
from lpgen.errors import LpgenError
from lpgen.report.messages.ingest import render_ingest
from tests.support.aws_servers import REGION
from tests.support.faulty_s3 import BUCKET, FaultyS3, faulty_s3
from tests.support.ingests import ingest
from tests.support.s3_buckets import CATALOG, content, content_from_files, daily_logs
from tests.support.s3_faults import Fault, faults

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]

SEED = 20240305
LOGS = daily_logs(range(1, 13))
ADDRESS = f"s3://{BUCKET}/AWSLogs/111122223333/CloudTrail"


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits and timeouts of a moment, which otherwise take minutes, and a clock by which each packet takes a second."""
    packets = threading.local()

    def count_packets() -> int:
        packets.count = getattr(packets, "count", 0) + 1
        return int(packets.count)

    clock = SimpleNamespace(monotonic=count_packets, sleep=lambda _: None)
    monkeypatch.setattr("lpgen.edge.objects.s3_store.time", clock)
    monkeypatch.setattr("lpgen.edge.objects.parallel_gets.time", clock)
    monkeypatch.setattr("lpgen.edge.objects.read_ahead.PATIENCE_SECONDS", 10)
    monkeypatch.setattr("lpgen.edge.objects.read_ahead.LEAST_BYTES_A_SECOND", 1 << 30)
    monkeypatch.setattr("lpgen.edge.aws_session.READ_TIMEOUT_SECONDS", 2)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)
    monkeypatch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda *_, **__: True)


@pytest.mark.usefixtures("hurry")
def test_ingest_holds_every_fault(tmp_path: Path) -> None:
    expected = content_from_files(tmp_path, LOGS)
    wrong = []
    with faulty_s3() as s3:
        store = S3Store(Connection(region=REGION, endpoint_url=s3.url))  # one for all, since clients are slow to make
        for number, fault in enumerate(faults()):
            fault.begin(s3, LOGS, SEED)
            broken = broken_promises(fault, s3, Once(store, tmp_path / str(number)), expected)
            wrong += [f"{fault.name}: {why}" for why in broken]
    assert wrong == [], f"seed {SEED}"


def broken_promises(fault: Fault, s3: FaultyS3, once: Once, expected: dict[str, bytes]) -> Iterator[str]:
    """What an ingest that meets a fault, and the next one without it, don't keep."""
    status, said = once.ingest()
    if not fault.said and (status or content(once.data) != expected):
        yield f"exit code {status}, other tables, and says {said}"
    if fault.said and (status == 0 or fault.said not in said or f"s3://{BUCKET}/" not in said):
        yield f"exit code {status}, and says {said}"
    s3.end_fault()
    status, said = once.ingest()
    if status or content(once.data) != expected:
        yield f"the next run: exit code {status}, other tables, and says {said}"


@dataclass(frozen=True, slots=True)
class Once:
    """An ingest of the bucket into a data folder."""

    store: S3Store
    data: Path

    def ingest(self) -> tuple[int, str]:
        """The exit code, as the command line chooses it, and what it says."""
        try:
            result = ingest([], CATALOG, data=self.data, bucket_logs=BucketLogs(self.store, (ADDRESS,)))
        except LpgenError as error:
            return 3, f"{error.message}; {error.hint}"
        return 3 if result.failures else 0, render_ingest(result, verbose=True)
