"""lpgen on a terminal: a pseudo terminal of 80 columns, as a person has it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

from tests.support.forked_lpgen import start_forked

COLUMNS = 80
ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)")
COLOR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(
    arguments: list[str], *, cwd: Path, variables: Mapping[str, str] | None = None, answer: str = ""
) -> tuple[int, str]:
    """The exit code of a command and all that it shows, stdout and stderr, on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    with start_forked(arguments, (theirs, theirs, theirs), env=_environment(variables or {}), cwd=cwd) as process:
        os.close(theirs)
        if answer:
            os.write(ours, answer.encode())
        shown = _read_all(ours)
        return process.wait(), shown


def shown_until(pattern: str, arguments: list[str], variables: Mapping[str, str], cwd: Path) -> str:
    """What a command shows on a terminal until the pattern is there; then it is killed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    command = [sys.executable, "-m", "lpgen", *arguments]
    shown = b""
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=_environment(variables), cwd=cwd
    ) as process:
        os.close(theirs)
        while not re.search(pattern, shown.decode(errors="replace")):
            part = os.read(ours, 65536)
            assert part, f"it ended with {shown!r}"
            shown += part
        process.kill()
    os.close(ours)
    return shown.decode(errors="replace")


def in_pipe(arguments: list[str], *, cwd: Path, variables: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit code of a command and what it writes where nothing is a terminal."""
    ours, theirs = os.pipe()
    with open(os.devnull, "rb", buffering=0) as nothing:
        process = start_forked(arguments, (nothing, theirs, theirs), env=_environment(variables or {}), cwd=cwd)
    os.close(theirs)
    with process:
        shown = _read_all(ours)
        return process.wait(), shown


def _read_all(descriptor: int) -> str:
    """All that a command writes, until it has closed the other side."""
    shown = b""
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # how Linux says that the other side of a terminal is closed
            break
        if not part:
            break
        shown += part
    os.close(descriptor)
    return shown.decode(errors="replace")


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
    return {**clean, "TERM": "xterm-256color", **variables}


def lines_of(shown: str) -> list[str]:
    """The lines as they stand in the end, without escapes; what was drawn over is gone."""
    plain = ESCAPE.sub("", shown.replace("\r\n", "\n"))
    return [line.rpartition("\r")[2] for line in plain.split("\n")]
