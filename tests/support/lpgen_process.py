"""lpgen as a process of its own, on the test servers."""

from __future__ import annotations

import subprocess
import sys

from tests.support.aws_servers import Server


def run_lpgen(server: Server, *arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; `changes` are to the variables that reach the server."""
    command = [sys.executable, "-m", "lpgen", *map(str, arguments)]
    environment = {**server.environment, **changes}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
