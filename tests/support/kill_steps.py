"""Replaces an output folder in a process that is killed at its first file system step, its second, and so on.

Run as a program with a folder: it makes `FOLDER/1/out`, `FOLDER/2/out` and so on, each left by a run that was killed
one step later, until a run ends by itself.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lpgen.edge.output_folder import SUMMARY, OutputFolder
from lpgen.edge.replacement_files import write_text

STEPS = ("mkdir", "open", "fsync", "rename", "replace", "unlink", "rmdir")


def write_output_folder(target: Path, text: str) -> None:
    """An output folder whose files all hold a text."""
    with OutputFolder(target) as folder:
        write_text(folder.path / "role" / "policy-1.json", text)
        write_text(folder.path / "role" / "evidence.json", text)
        write_text(folder.path / SUMMARY, text)


def kill_before(number: int) -> None:
    """Kills this process just before its given file system step, counting from 1."""
    taken = 0

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*arguments, **named)

        return run

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


def main(home: Path) -> None:
    """Kills a run at each of its steps."""
    number, status = 0, 1
    while status:
        number += 1
        target = home / str(number) / "out"
        write_output_folder(target, "old")
        child = os.fork()
        if child == 0:
            kill_before(number)
            write_output_folder(target, "new")
            os._exit(0)
        status = os.waitpid(child, 0)[1]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
