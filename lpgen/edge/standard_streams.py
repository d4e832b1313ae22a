"""Output that never stops a command: stdout, stderr and the pipes that `--output` names.

A reader may close the pipe early (`lpgen rollout apply plan.json | head`), and the disk for redirected output may fill
up. Neither may end a command in the middle of its work, especially while it changes IAM. Text that can't be written
is dropped, and the failure counts when the command ends. Characters that the locale's encoding lacks are replaced.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import stat
import sys
from typing import Any, Final, TextIO

_STDOUT: Final = "stdout"
_STDERR: Final = "stderr"

_ENCODABLE: Final = "lpgen-encodable"
_PLAIN: Final = dict(zip("─━│–·×▁▂▃▄▅▆▇█", "-=|--x12345678", strict=True)) | {"→": "->", "…": "..."}

_failures: dict[str, OSError] = {}


def _encodable(error: UnicodeError) -> tuple[str, int]:
    """The replacement for text that the encoding of a stream lacks: similar characters, or JSON escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return _PLAIN.get(character) or "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


codecs.register_error(_ENCODABLE, _encodable)


def open_standard_streams() -> None:
    """Replaces `sys.stdout` and `sys.stderr` with streams that drop text that can't be written.

    If the shell closed a stream (`>&-`), Python has None for it, and everything is dropped.
    """
    _failures.clear()
    sys.stdout = _lasting_stream(sys.stdout, _STDOUT)
    sys.stderr = _lasting_stream(sys.stderr, _STDERR)


def flush_standard_streams() -> None:
    """Writes buffered output. Call it before `first_failure`: Python flushes too late to report an error."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def note_failure(name: str, error: OSError) -> None:
    """Remembers that a stream can't be written."""
    _failures.setdefault(name, error)


def first_failure() -> OSError | None:
    """Why output was dropped. None if all output was written."""
    return next(iter(_failures.values()), None)


def is_stdout_dropped() -> bool:
    """Whether stdout can no longer be written. Then a command that only prints may stop."""
    return _STDOUT in _failures


class _LastingFile(io.FileIO):
    """An open file that accepts every write and remembers the first failure."""

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._name = name
        self._may_be_terminal = stat.S_ISCHR(os.fstat(descriptor).st_mode)

    def write(self, data: Any, /) -> Any:
        if self._name not in _failures:
            try:
                return super().write(data)
            except OSError as error:  # Linux answers EIO for a terminal that was closed
                gone = self._may_be_terminal and error.errno == errno.EIO
                note_failure(self._name, BrokenPipeError(errno.EPIPE, error.strerror) if gone else error)
        return memoryview(data).nbytes


def _lasting_stream(stream: TextIO | None, name: str) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    options: dict[str, Any] = {
        "encoding": stream.encoding,
        "errors": _ENCODABLE,
        "line_buffering": stream.line_buffering or getattr(stream, "write_through", False),
    }
    try:
        descriptor = stream.fileno()
    except OSError:  # not a file of the system, as in a notebook
        return stream
    with contextlib.suppress(OSError):
        stream.flush()
    return io.TextIOWrapper(io.BufferedWriter(_LastingFile(descriptor, name)), **options)
