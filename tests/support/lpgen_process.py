"""lpgen as a process of its own, on the test servers."""

from __future__ import annotations

import subprocess

from tests.support.aws_servers import Server
from tests.support.forked_lpgen import run_forked


def run_lpgen(server: Server, *arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; `changes` are to the variables that reach the server."""
    return run_forked(*arguments, env={**server.environment, **changes})
