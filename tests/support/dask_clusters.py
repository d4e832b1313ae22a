"""A real Dask cluster on loopback: a scheduler and workers, processes of their own as on a cluster's machines."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.aws_servers import free_port

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """A running cluster, and the process of its scheduler."""

    address: str
    scheduler: subprocess.Popen[bytes]

    @contextlib.contextmanager
    def client(self) -> Iterator[Any]:
        """A client that is connected."""
        from distributed import Client

        client: Any = Client(self.address, timeout=START_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
        with client:
            yield client


@contextlib.contextmanager
def dask_cluster(
    workers: int = 2, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[DaskCluster]:
    """A cluster of so many single-threaded workers, each with its nanny unless the options say otherwise."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PYTHONPATH": str(REPOSITORY),
        **(environment or {}),
    }
    with tempfile.TemporaryDirectory(prefix="lpgen-dask-") as folder, contextlib.ExitStack() as running:

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
            process = subprocess.Popen(
                command, cwd=folder, env=variables, stderr=subprocess.DEVNULL, start_new_session=True
            )
            running.callback(_end, process)
            return process

        scheduler = start("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        for _ in range(workers):
            start("dask_worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", *options)
        cluster = DaskCluster(address, scheduler)
        with cluster.client() as client:
            client.wait_for_workers(workers, timeout=START_SECONDS)
        yield cluster


def worker_processes(client: Any) -> dict[str, int]:
    """The process ids of the workers by their addresses."""
    found: dict[str, int] = client.run(os.getpid)
    return found


def wait_until(look: Any, seconds: float = 60) -> Any:
    """What `look` gives once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and what it started: a nanny ends its worker when it is asked to stop, not when it is killed."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
