"""Runs lpgen in a process that notes which names it writes, changes, deletes or lists below the current folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).parents[2]
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES: Final = frozenset(
    ("os.rename", "os.remove", "os.rmdir", "os.chmod", "os.utime", "os.link", "os.truncate", "sqlite3.connect")
)
_FOLDERS: Final = frozenset(("os.scandir", "os.listdir", "shutil.rmtree", "os.mkdir"))
_RELATIVE: Final = frozenset(("os.remove", "os.rmdir", "os.mkdir", "os.chmod"))
"""Events whose last argument is the folder that a name is relative to, or -1."""


def names_of_run(arguments: Sequence[str], cwd: Path) -> dict[str, bool]:
    """The names below a folder that a command touches there, relative to it with their parents, and which are folders.

    It has to end with 0 or 1.
    """
    notes = cwd.parent / f"{cwd.name}.notes"
    command = [sys.executable, "-m", "tests.support.traced_lpgen", str(notes), str(cwd), *arguments]
    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, check=False, timeout=200)
    assert done.returncode in (0, 1), done.stderr.decode()
    found: dict[str, bool] = {}
    for name, is_folder in json.loads(notes.read_text()).items():
        path = Path(name)
        if path.is_relative_to(cwd) and path != cwd:
            below = path.relative_to(cwd)
            found |= {str(parent): True for parent in below.parents[:-1]}
            found[str(below)] = found.get(str(below), False) or is_folder or path.is_dir()
    return found


def _main(notes: str, home: str, arguments: Sequence[str]) -> None:
    found: dict[str, bool] = {}
    owner = os.getpid()

    def note(event: str, values: tuple[Any, ...]) -> None:
        if event == "open" and values[2] & _WRITES:
            names = values[:1]
        elif event in _CHANGES or event in _FOLDERS:
            if event in _RELATIVE and values[-1] != -1:
                return
            names = values[: 2 if event in ("os.rename", "os.link") else 1]
        else:
            return
        for name in names:
            if isinstance(name, str | bytes | Path):
                path = os.path.normpath(os.path.join(home, os.fsdecode(name)))
                found[path] = found.get(path, False) or event in _FOLDERS

    sys.addaudithook(note)
    from lpgen.cli.main import main

    sys.argv = ["lpgen", *arguments]
    try:
        main()
    finally:
        if os.getpid() == owner:
            Path(notes).write_text(json.dumps(found))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], sys.argv[3:])
