"""A lock that dies with its process: a killed run never blocks a later one.

The lock is the operating system's, on a file that names its owner for others. Linux passes `flock` on to NFS servers.
https://man7.org/linux/man-pages/man2/flock.2.html
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from lpgen.edge.private_files import open_private

_BEYOND_TEXT: Final = 1 << 20
"""The byte that Windows locks: others can't read a locked byte."""


class LockedError(Exception):
    """Another run holds the lock; the text says which: `process 71 on host build-3 since 2026-09-30 08:00 UTC`."""


@dataclass(slots=True)
class RunLock:
    """A lock by the name of its file."""

    path: Path
    _file: IO[Any] | None = field(default=None, init=False)

    def acquire(self) -> None:
        """Takes the lock without waiting.

        Raises:
            LockedError: another run holds it.
            OSError: the file can't be written, or its file system has no locks.
        """
        while True:
            file = open_private(self.path, "a+")
            try:
                _lock(file)
                if not self._is_current(file):  # its last owner removed it after we opened it
                    file.close()
                    continue
                file.truncate(0)
                file.write(f"process {os.getpid()} on host {socket.gethostname()}")
                file.flush()
            except BlockingIOError:
                file.close()
                raise LockedError(self._owner()) from None
            except BaseException:
                file.close()
                raise
            self._file = file
            return

    def release(self) -> None:
        """Gives the lock up, and removes its file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self._file.close()
            self._file = None

    def _is_current(self, file: IO[Any]) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def _owner(self) -> str:
        try:
            owner, since = self.path.read_text(encoding="utf-8"), self.path.stat().st_mtime
        except OSError:
            return "another run"
        return f"{owner or 'another run'} since {datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC"


def _lock(file: IO[Any]) -> None:
    """Raises BlockingIOError where another process holds it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(_BEYOND_TEXT)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
