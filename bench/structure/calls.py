"""Counts the files of a package that a call enters, and the ways between them."""

from __future__ import annotations

import gc
import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType


@dataclass(frozen=True, slots=True)
class Calls:
    """The distinct files of a package whose functions were called, and the distinct pairs of calling and called file.

    Paths are from the package's folder. Code outside the package that calls back into it isn't a caller: the function
    of the package that called it is. Resuming a generator is a call.
    """

    files: set[str] = field(default_factory=set)
    crossings: set[tuple[str, str]] = field(default_factory=set)


@contextmanager
def calls_traced(package: Path) -> Iterator[Calls]:
    """The calls of this thread into a package's folder, which are complete when the context ends."""
    calls = Calls()
    root = f"{package}{os.sep}"

    def add(frame: FrameType, event: str, _: object) -> None:
        path = frame.f_code.co_filename
        if event != "call" or not path.startswith(root) or not _is_function(frame):
            return
        calls.files.add(path.removeprefix(root))
        caller = frame.f_back
        while caller and not caller.f_code.co_filename.startswith(root):
            caller = caller.f_back
        if caller and caller.f_code.co_filename != path:
            calls.crossings.add((caller.f_code.co_filename.removeprefix(root), path.removeprefix(root)))

    collects = gc.isenabled()
    gc.disable()  # what collections finalize depends on when they come
    sys.setprofile(add)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        if collects:
            gc.enable()


def _is_function(frame: FrameType) -> bool:
    """Whether the frame is of a function, rather than of the body of a module or class, which an import runs."""
    return bool(frame.f_code.co_flags & inspect.CO_OPTIMIZED)
