"""Work for engines, harmless and deadly, in a module of its own so that workers elsewhere can import it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from lpgen.core.usage.ingest_result import FileProblem
from lpgen.edge.ingest.chunk_reader import Chunk, ChunkReader, ChunkResult, ObjectChunk, ObjectReader

POISON = 7
DEADLY_NAME = "poison.json.gz"
"""A file or object whose name ends so kills each process that reads it with one of the readers below."""


def square(number: int) -> int:
    """Its square."""
    return number * number


def die_on_poison(number: int) -> int:
    """The number; this process dies of one of them, as on a crash in native code."""
    if number == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def describe_process(_number: int) -> dict[str, object]:
    """What decides where this worker imports from."""
    return {
        "safe_path": sys.flags.safe_path,
        "path": sys.path,
        "variable": os.environ.get("PYTHONSAFEPATH"),
    }


def command_lines_below(ancestor: int) -> list[list[str]]:
    """The command lines of the processes that a process started, and that these started."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit():
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    below = {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    words = (Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0") for pid in below - {ancestor})
    return list(words)


def fail(number: int) -> int:
    """Nothing."""
    raise ValueError(f"number {number}")


def lose_connection(number: int) -> int:
    """Nothing."""
    raise ConnectionResetError(f"by number {number}")


def large(number: int) -> bytes:
    """So much that it takes a while to hand over."""
    return bytes(30_000_000 + number)


class DieOnce:
    """Kills the worker on the poison, but only the first time, as a person or the kernel would."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __call__(self, number: int) -> int:
        """The number."""
        if number == POISON and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return number


class NoteWorker:
    """Leaves a file for each worker process, and takes its time."""

    def __init__(self, folder: Path, seconds: float = 0.1) -> None:
        self.folder = folder
        self.seconds = seconds

    def __call__(self, number: int) -> int:
        """The number."""
        (self.folder / str(os.getpid())).touch()
        time.sleep(self.seconds)
        return number


class DeadlyReader(ChunkReader):
    """Dies of the deadly file."""

    def __call__(self, chunk: Chunk) -> ChunkResult:
        """What the file's reader says of a chunk without it."""
        if any(file.path.endswith(DEADLY_NAME) for file in chunk):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(chunk)


class DeadlyObjectReader(ObjectReader):
    """Dies of the deadly object."""

    def __call__(self, chunk: ObjectChunk) -> ChunkResult:
        """What the object's reader says of a chunk without it."""
        if any(obj.name.endswith(DEADLY_NAME) for obj in chunk.objects):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(chunk)


class ElsewhereReader(ChunkReader):
    """Sees no file, as on a machine that hasn't mounted the folder."""

    def __call__(self, chunk: Chunk) -> ChunkResult:
        """What the file's reader says of files that aren't there."""
        result = super().__call__(tuple(replace(file, path=f"{file.path}.elsewhere") for file in chunk))
        here = (FileProblem(failure.path.removesuffix(".elsewhere"), failure.why) for failure in result.failures)
        return replace(result, failures=tuple(here))


@dataclass(frozen=True)
class WaitInPlace:
    """Leaves a file named after the worker's process, and waits for a minute."""

    folder: Path

    def __call__(self, _number: int) -> None:
        (self.folder / str(os.getpid())).touch()
        time.sleep(60)
