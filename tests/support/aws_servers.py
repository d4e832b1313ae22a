"""Real servers on loopback that speak AWS's protocols, started as processes of their own.

moto (https://github.com/getmoto/moto) speaks many services but takes any secret; SeaweedFS is an S3 server that checks
signatures. Each is started once per test process, or where several are needed at a time, on free ports, and killed at
its end.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ACCESS_KEY = "AKIALPGENTEST0000000"
SECRET_KEY = "lpgen-test-secret"
REGION = "us-east-1"
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `environment` is what a process needs to use it as if it were AWS."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that AWS's tools read, and nothing of the machine's own account."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


@contextlib.contextmanager
def moto_server() -> Iterator[Server]:
    """moto's server, empty. It goes on running, emptied for the next who needs one: starting it takes seconds."""
    server = _idle_motos.pop() if _idle_motos else _start_moto()
    try:
        yield server
    finally:
        for path, body in (("reset", b""), ("reset-auth", b"inf")):
            urllib.request.urlopen(urllib.request.Request(f"{server.url}/moto-api/{path}", body, _PLAIN)).close()
        _idle_motos.append(server)


_idle_motos: list[Server] = []
_motos = contextlib.ExitStack()
_PLAIN = {"Content-Type": "text/plain"}


def _start_moto() -> Server:
    """A server that runs until `end_motos`."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    _motos.enter_context(_running(command, port, "/moto-api/"))
    return Server(f"http://127.0.0.1:{port}")


def end_motos() -> None:
    """Ends the servers that go on running: the test process calls it at its end."""
    _idle_motos.clear()
    _motos.close()


@contextlib.contextmanager
def seaweed_server() -> Iterator[Server]:
    """SeaweedFS's S3 server, empty, which knows the one pair of keys."""
    with tempfile.TemporaryDirectory(prefix="lpgen-s3-") as name:
        folder = Path(name)
        keys = folder / "s3.json"
        credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        keys.write_text(json.dumps({"identities": [{"name": "lpgen", "credentials": credentials, "actions": actions}]}))
        ports = [free_port() for _ in range(9)]
        names = (
            "s3.port s3.port.grpc master.port master.port.grpc volume.port volume.port.grpc filer.port filer.port.grpc"
        )
        options = [f"-{option}={port}" for option, port in zip(names.split(), ports, strict=False)]
        command = [
            str(Path(sys.executable).parent / "weed"),
            "server",
            f"-dir={folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-s3",
            f"-s3.config={keys}",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=1000",
            "-master.telemetry=false",
            "-s3.port.iceberg=0",  # these two would take fixed ports, which another process of the tests may have
            "-s3.port.lance=0",
            *options,
        ]
        with _running(command, ports[0], "/"):
            yield Server(f"http://127.0.0.1:{ports[0]}")


def free_port() -> int:
    """A port that nobody listens on at the moment, low enough for a companion at 10,000 above it."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < 55_000:
            return port


@contextlib.contextmanager
def _running(command: list[str], port: int, path: str) -> Iterator[None]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            _wait_until_up(process, port, path)
            yield
        except TimeoutError as error:
            log.seek(0)
            raise TimeoutError(f"{error}: {log.read()[-2000:].decode(errors='replace')}") from None
        finally:
            process.kill()
            process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            connection.getresponse().read()
            return
        time.sleep(0.1)
    raise TimeoutError(f"the server did not come up on port {port}")
