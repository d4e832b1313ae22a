"""Work for engines, harmless and deadly, in a module of its own so that workers elsewhere can import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from lpgen.edge.chunk_reader import Chunk, ChunkReader, ChunkResult
from lpgen.edge.object_reader import ObjectChunk, ObjectReader

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


def fail(number: int) -> int:
    """Nothing."""
    raise ValueError(f"number {number}")


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
        if any(one.name.endswith(DEADLY_NAME) for one in chunk.objects):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(chunk)


class SlowReader(ChunkReader):
    """Takes its time over each chunk, and leaves a file for each worker process."""

    folder: Path | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "folder": self.folder}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.folder = state.pop("folder")
        super().__setstate__(state)

    def __call__(self, chunk: Chunk) -> ChunkResult:
        """As the file's reader."""
        if self.folder:
            NoteWorker(self.folder)(0)
        return super().__call__(chunk)
