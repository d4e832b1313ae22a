"""Ingests on a real Dask cluster: the same bytes as on one machine, whatever becomes of workers, objects and driver."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.usage.event_time import ALL_TIME
from lpgen.edge.aws_session import Connection
from lpgen.edge.engine import pack_function
from lpgen.edge.engines.dask_cluster import DaskEngine
from lpgen.edge.ingest.chunk_reader import ObjectReader
from lpgen.edge.ingest.plan import IngestRange
from lpgen.edge.objects.s3_store import S3Store
from lpgen.errors import CredentialsError
from tests.support.aws_servers import ACCESS_KEY, SECRET_KEY, Server
from tests.support.cluster_ingests import (
    check_deadly_and_vanished_objects,
    check_files,
    check_files_of_one_machine,
    check_killed_worker,
    sample_bucket,
)
from tests.support.dask_clusters import DaskCluster, dask_cluster, worker_processes
from tests.support.s3_buckets import CATALOG, content, content_from_files, make_bucket, take_from

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, seaweed: Server) -> None:
    """This process has the keys of the server, and nothing of the machine's own account; chunks are small."""
    for name, value in seaweed.environment.items():
        if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL":
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr("lpgen.app.ingest.CHUNK_OBJECTS", 2)


@pytest.fixture(scope="module")
def cluster(seaweed: Server) -> Iterator[DaskCluster]:
    """Two workers, which have keys of their own, as by a role of their machine."""
    keys = {name: value for name, value in seaweed.environment.items() if name.startswith("AWS_")}
    with dask_cluster(environment=keys) as running:
        yield running


@pytest.fixture
def client(cluster: DaskCluster) -> Iterator[Any]:
    with cluster.client() as connected:
        connected.wait_for_workers(2, timeout=60)
        yield connected


def test_dask_ingest_gives_the_same_bytes_though_a_worker_is_killed(
    client: Any, seaweed: Server, tmp_path: Path
) -> None:
    before = worker_processes(client)
    victim = next(iter(before.values()))
    check_killed_worker(DaskEngine(client), seaweed, tmp_path, lambda: os.kill(victim, signal.SIGKILL))
    client.wait_for_workers(2, timeout=60)
    assert victim not in worker_processes(client).values()


def test_dask_ingest_names_what_kills_workers_and_what_vanished(
    client: Any, seaweed: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_deadly_and_vanished_objects(DaskEngine(client), seaweed, tmp_path, monkeypatch)


def test_dask_ingest_reads_files_on_a_shared_path(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_files(DaskEngine(client), tmp_path, monkeypatch)


def test_dask_ingest_refuses_files_of_one_machine(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_files_of_one_machine(DaskEngine(client), tmp_path, monkeypatch)


def test_dask_ingest_killed_leaves_the_old_tables(cluster: DaskCluster, seaweed: Server, tmp_path: Path) -> None:
    bucket, objects = sample_bucket(seaweed, 40)
    first = dict(list(objects.items())[:3])
    data = tmp_path / "data"
    take_from(seaweed, data, *(bucket.address(key) for key in first))
    old = content(data)
    script = (
        "import os, signal, sys\n"
        "import lpgen.app.ingest\n"
        "from lpgen.edge.engines.dask_cluster import open_dask_engine\n"
        "from tests.support.aws_servers import Server\n"
        "from tests.support.cluster_ingests import AtFirstResult\n"
        "from tests.support.s3_buckets import take_from\n"
        "from pathlib import Path\n"
        "lpgen.app.ingest.CHUNK_OBJECTS = 2\n"
        "die = AtFirstResult(lambda: os.kill(os.getpid(), signal.SIGKILL))\n"
        "url, scheduler, data, address = sys.argv[1:]\n"
        "with open_dask_engine(scheduler) as engine:\n"
        "    take_from(Server(url), Path(data), address, engine=engine, report_progress=die)\n"
    )
    arguments = [seaweed.url, cluster.address, str(data), bucket.address()]
    killed = subprocess.run([sys.executable, "-c", script, *arguments], timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert content(data) == old
    with cluster.client() as client:
        take_from(seaweed, data, bucket.address(), engine=DaskEngine(client))
    assert content(data) == content_from_files(tmp_path, objects)


def test_dask_ingest_by_command(cluster: DaskCluster, seaweed: Server, tmp_path: Path) -> None:
    bucket, objects = sample_bucket(seaweed, 10)
    arguments = ["ingest", bucket.address(), "--data", str(tmp_path / "data"), "-v"]
    command = [sys.executable, "-m", "lpgen", *arguments, "--engine", "dask", "--scheduler", cluster.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=seaweed.environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("10 new objects with ")
    assert " s listing, " in done.stderr
    assert "\r" not in done.stderr
    assert content(tmp_path / "data") == content_from_files(tmp_path, objects)


def test_dask_workers_use_credentials_of_their_own(seaweed: Server, tmp_path: Path) -> None:
    """This process has keys and may list; workers without any can't read, so no keys were sent to them."""
    bucket, _ = sample_bucket(seaweed, 2)
    bare = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "")
    bare |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    bare |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    with (
        dask_cluster(1, environment=bare) as cluster,
        cluster.client() as client,
        pytest.raises(CredentialsError, match="objects can't be read"),
    ):
        take_from(seaweed, tmp_path / "data", bucket.address(), engine=DaskEngine(client))


def test_work_for_a_cluster_holds_no_secret_and_no_profile(seaweed: Server, tmp_path: Path) -> None:
    """Not before the store has been used, and not after, when its sessions hold keys."""
    bucket = make_bucket(seaweed)
    bucket.put({"one.json.gz": b"x"})
    keys = f"aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    (tmp_path / "config").write_text(f"[profile own-machine]\nregion = us-east-1\n{keys}")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        store = S3Store(Connection("own-machine", "us-east-1", seaweed.url))
        fresh = packed_reader(store)
        [*store.read_all(store.list_page(bucket.address(), by_folder=False).objects)]
        assert packed_reader(store) == fresh
    for secret in (SECRET_KEY, ACCESS_KEY, "own-machine"):
        assert secret.encode() not in fresh
    assert seaweed.url.encode() in fresh
    assert len(fresh) < 2_000


def packed_reader(store: S3Store) -> bytes:
    """What travels: the reader inside, without its version's wrapping."""
    _, reader = pickle.loads(pack_function(ObjectReader(CATALOG, IngestRange(ALL_TIME), store.elsewhere())))
    assert isinstance(reader, bytes)
    return reader
