"""Whatever S3 and the network do: right tables, or a clear error; and right tables by the next run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lpgen.errors import LpgenError
from lpgen.report.talk.ingest import render_ingest
from tests.aws_servers import Server
from tests.faulty_s3 import BUCKET, FaultyS3, faulty_s3
from tests.s3_buckets import content, content_from_files, daily_logs, take_from
from tests.s3_faults import Fault, end_fault, faults

pytestmark = pytest.mark.usefixtures("server_keys")

SEED = 20240305
LOGS = daily_logs(range(1, 25))
ADDRESS = f"s3://{BUCKET}"


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits and timeouts of a moment, which take minutes in earnest."""
    monkeypatch.setattr("lpgen.edge.objects.s3_store.FIRST_WAIT_SECONDS", 0.0001)
    monkeypatch.setattr("lpgen.edge.objects.s3_store.PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("lpgen.edge.objects.s3_store.LEAST_BYTES_A_SECOND", 1 << 30)
    monkeypatch.setattr("lpgen.edge.aws_session.READ_TIMEOUT_SECONDS", 0.5)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)


@pytest.mark.usefixtures("hurry")
def test_ingest_holds_every_fault(tmp_path: Path) -> None:
    expected = {
        is_text: content_from_files(tmp_path / str(is_text), Fault("", is_text=is_text).objects(LOGS))
        for is_text in (False, True)
    }
    wrong = []
    for number, fault in enumerate(faults()):
        with faulty_s3(fault.objects(LOGS), fault.keeping) as s3:
            wrong += [
                f"{fault.name}: {why}"
                for why in broken_promises(fault, s3, tmp_path / f"{number}", expected[fault.is_text])
            ]
    assert wrong == [], f"seed {SEED}"


def broken_promises(fault: Fault, s3: FaultyS3, data: Path, expected: dict[str, bytes]) -> Iterator[str]:
    """What an ingest that meets a fault, and the next one without it, don't keep."""
    fault.begin(s3, SEED)
    status, said = ingest_status(s3.server, data)
    if not fault.said and (status or content(data) != expected):
        yield f"exit code {status}, other tables, and says {said}"
    if fault.said and (status == 0 or fault.said not in said or ADDRESS not in said):
        yield f"exit code {status}, and says {said}"
    end_fault(s3)
    status, said = ingest_status(s3.server, data)
    if status or content(data) != expected:
        yield f"the next run: exit code {status}, other tables, and says {said}"


def ingest_status(server: Server, data: Path) -> tuple[int, str]:
    """The exit code of an ingest, as the command line chooses it, and what it says."""
    try:
        result = take_from(server, data, ADDRESS)
    except LpgenError as error:
        return 3, f"{error.message}; {error.hint}"
    return 3 if result.failures else 0, render_ingest(result, verbose=True)
