"""Cold processes, measured: seconds of wall clock and of CPU, and the most memory that they and their children held."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shlex
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SAMPLE_SECONDS: Final = 0.1  # to look into a large process takes the kernel a while, in which that process waits

_PR_SET_CHILD_SUBREAPER: Final = 36

Command = Sequence[Sequence[str]]
"""One command, or several that a pipe joins."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: seconds of wall clock and of CPU, and megabytes at its largest: of all its
    processes, what they share counted once. One that was stopped before it had `finished` would have taken more."""

    wall: float
    cpu: float
    memory: float
    finished: bool = True


def median_cost(costs: Sequence[Cost]) -> Cost:
    """The median of each figure of some runs; where the last was stopped, of those that were."""
    counted = [one for one in costs if one.finished == costs[-1].finished]
    wall, cpu, memory = (statistics.median(getattr(one, what) for one in counted) for what in ("wall", "cpu", "memory"))
    return Cost(wall, cpu, memory, costs[-1].finished)


def run(
    command: Command,
    *,
    cores: int,
    printed: Path,
    environment: Mapping[str, str] | None = None,
    limit: float | None = None,
    sound: Sequence[int] = (0,),
) -> Cost:
    """The cost of a command on so many cores; what it prints goes into a file.

    Beyond `limit` seconds it is stopped. `sound` are the exit statuses that are no failure.
    """
    text = " | ".join(shlex.join(part) for part in command)
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    _adopt_orphans()
    before = os.times()
    start = time.perf_counter()
    with printed.open("wb") as output:
        child = subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", text],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            preexec_fn=lambda: os.sched_setaffinity(0, allowed),
            start_new_session=True,
        )
        memory = _Memory(child.pid)
        try:
            status, finished = child.wait(limit), True
        except subprocess.TimeoutExpired:
            status, finished = sound[0], False
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    wall = time.perf_counter() - start
    _reap_group(child.pid)
    after = os.times()
    if status not in sound:
        raise SystemExit(f"`{text}` failed: see {printed}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall, cpu, memory.peak(), finished)


def _adopt_orphans() -> None:
    """Makes this process the parent of descendants that outlive theirs, as a server that forks workers does.

    Only what a process has waited for counts as its children's CPU. https://man7.org/linux/man-pages/man2/prctl.2.html
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reap_group(group: int) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-group, 0)


class _Memory:
    """Watches a process and its descendants until it ends."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._peak = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def peak(self) -> float:
        """The most that was seen, in megabytes."""
        self._ended.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, sum(map(_resident_mb, _with_descendants(self._process))))


def _with_descendants(process: int) -> Iterator[int]:
    yield process
    try:
        text = "".join(path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children"))
    except OSError:
        return
    for child in text.split():
        yield from _with_descendants(int(child))


def _resident_mb(process: int) -> float:
    """The memory that a process holds; of pages that it shares with others, its share."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")), 0.0)
