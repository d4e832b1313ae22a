"""Runs commands of lpgen that die at a chosen moment: before a step in the file system, or after some processor time.

A process that has imported lpgen forks for each command, so a kill costs what the command does and no more. The child
gets no chance to clean up: it ends by a signal that nothing catches.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

_WRITES: Final = frozenset(
    ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.chmod", "os.truncate", "sqlite3.connect")
)
_PRELOADED: Final = (
    "lpgen.cli.main",
    "lpgen.cli.ingest",
    "lpgen.cli.generate",
    "lpgen.cli.review",
    "lpgen.cli.verify",
    "lpgen.cli.drift",
    "lpgen.cli.rollout",
    "boto3",
    "botocore.client",
)


@dataclass(frozen=True, slots=True)
class Job:
    """A command, and when it dies: before its nth `step`, or after `seconds` of processor time; 0 is never."""

    arguments: tuple[str, ...]
    step: int = 0
    seconds: float = 0
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """How a command ended: `status`, or `killed`; how many steps it made, in how many seconds of processor time."""

    status: int
    killed: bool
    steps: int
    seconds: float
    said: str


class Mortals:
    """The process that forks. Use as a context."""

    def __enter__(self) -> Mortals:
        command = [sys.executable, "-m", "tests.attack.mortal"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def run(self, *arguments: object, **when: Any) -> End:
        """Runs a command to its end, whichever that is."""
        assert self._process.stdin
        assert self._process.stdout
        job = Job(tuple(map(str, arguments)), **when)
        self._process.stdin.write(json.dumps(asdict(job)) + "\n")
        self._process.stdin.flush()
        return End(**json.loads(self._process.stdout.readline()))


# ---------------------------------------------------------------- the process that forks


def _serve() -> None:
    for name in _PRELOADED:
        __import__(name)
    for line in sys.stdin:
        print(json.dumps(asdict(_run(Job(**json.loads(line))))), flush=True)


def _run(job: Job) -> End:
    steps, stepped = os.pipe()
    output, said = os.memfd_create("said"), ""
    child = os.fork()
    if child == 0:
        _live(job, stepped, output)
    os.close(stepped)
    count = 0
    while chunk := os.read(steps, 1 << 16):
        count += len(chunk)
    os.close(steps)
    _, status, usage = os.wait4(child, 0)
    with open(output, "rb") as file:
        file.seek(0)
        said = file.read().decode("utf-8", "replace")
    killed = os.WIFSIGNALED(status)
    seconds = usage.ru_utime + usage.ru_stime
    return End(-os.WTERMSIG(status) if killed else os.WEXITSTATUS(status), killed, count, seconds, said)


def _live(job: Job, stepped: int, output: int) -> None:
    """The life of a child: never returns."""
    from lpgen.cli.main import main

    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(job.environment)
    sys.argv = ["lpgen", *job.arguments]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_Steps(stepped, job.step))
    if job.seconds:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, job.seconds)
    status = 0
    try:
        main()
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


class _Steps:
    """Counts the steps in the file system, and dies before one of them."""

    def __init__(self, stepped: int, last: int) -> None:
        self._stepped, self._left, self._last = stepped, last, last

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _WRITES and not (event == "open" and _is_writing(arguments)):
            return
        self._left -= 1
        if self._last and not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        os.write(self._stepped, b".")


def _is_writing(arguments: tuple[Any, ...]) -> bool:
    path, mode, flags = arguments
    writes = bool(mode and set(mode) & set("wax+")) or bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return writes and not str(path).startswith(("/dev/", "/proc/"))


def free_copy(source: Path, target: Path) -> Path:
    """A copy of a folder whose files can be changed, in place of what is there."""
    import shutil

    if target.exists():
        for path in (target, *target.rglob("*")):
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(target)
    shutil.copytree(source, target)
    return target


if __name__ == "__main__":
    _serve()
