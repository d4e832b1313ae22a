"""Reads, hashes and locks files, and turns the system's errors into lpgen's."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from lpgen.errors import LpgenError

_BEYOND_TEXT: Final = 1 << 20
"""The byte that is locked on Windows, where other processes can't read a locked byte."""


@contextmanager
def file_errors(doing: str, kind: type[LpgenError], *, hint: str = "") -> Iterator[None]:
    """Turns an error of the system into one that names the failed step: `can't <doing>: <why>`.

    Raises:
        LpgenError: the system raised an `OSError`; the error has the given kind.
    """
    try:
        yield
    except OSError as error:
        raise kind(f"can't {doing}: {error.strerror or error}", hint=hint) from error


def read_file(path: Path, kind: type[LpgenError], *, hint: str = "") -> bytes:
    """The bytes of a file.

    Raises:
        LpgenError: the file can't be read; the error has the given kind.
    """
    with file_errors(f"read `{path}`", kind, hint=hint):
        return path.read_bytes()


def hash_file(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: the file can't be read.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lock_file(file: IO[Any]) -> None:
    """Locks an open file for this process, without waiting.

    Raises:
        BlockingIOError: another process holds the lock.
        OSError: the file system has no locks.
    """
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
