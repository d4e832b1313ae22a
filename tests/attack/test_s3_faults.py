"""S3, proxies and networks that fail in every way: right tables or a clear error, and right tables by the next run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lpgen.edge.aws_session import Connection
from lpgen.edge.objects.s3_store import S3Store
from tests.app.ingest.s3.test_faults import LOGS, Once, broken_promises
from tests.app.ingest.s3.test_faults import hurry as hurry_of_faults
from tests.attack.score import SEED, Attack, sample
from tests.support.aws_servers import REGION
from tests.support.faulty_s3 import faulty_s3
from tests.support.s3_buckets import content_from_files
from tests.support.s3_faults import faults

pytestmark = pytest.mark.slow


hurry = hurry_of_faults


@pytest.mark.usefixtures("server_keys", "hurry")
def test_ingest_holds_faults_of_s3(tmp_path: Path, attack: Callable[[str], Attack]) -> None:
    expected = content_from_files(tmp_path, LOGS)
    with faulty_s3() as s3, attack("faults of S3") as one:
        store = S3Store(Connection(region=REGION, endpoint_url=s3.url))
        for number, fault in enumerate(sample([*faults()], one.random, least=3)):
            fault.begin(s3, LOGS, SEED)
            broken = [*broken_promises(fault, s3, Once(store, tmp_path / str(number)), expected)]
            unclear = [why for why in broken if not why.startswith("exit code 3")]  # a clear error holds too
            one.add(f"{fault.name}: {unclear}", held=not unclear)
