"""Files that lpgen writes: they appear whole, and only their owner can read them.

Policies and reports show where an organization is weak. A file or folder that is created is the owner's whatever the
umask. A file that `--output` replaces keeps its permissions: somebody chose them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Final

from lpgen.errors import OutputError

_DEVICES: Final = ("/dev/", "/proc/")
_OWNER: Final = 0o700
_NO_PERMISSIONS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS})
"""How a file system answers that has no owners or permissions, such as FAT."""


def open_private(path: Path, mode: str) -> IO[Any]:
    """An open file that only its owner can read or write; `mode` is that of `open`, text is UTF-8 with `\\n`.

    A file that exists loses the permissions of everyone else.

    Raises:
        OSError: it can't be opened.
    """
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    file = open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600), **text)  # noqa: SIM115
    try:
        restrict_to_owner(file.fileno() if os.chmod in os.supports_fd else path)
    except BaseException:
        file.close()
        raise
    return file


def make_private_folder(path: Path) -> None:
    """Creates a folder that only its owner can enter, and its missing parents. A folder that exists stays as it is.

    Raises:
        OSError: it can't be created.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_private_folder(path.parent)
    try:
        path.mkdir(mode=_OWNER)
    except FileExistsError:
        if not path.is_dir():
            raise


def restrict_to_owner(path: Path | int) -> None:
    """Takes all permissions on a file or folder from everyone but its owner, where the file system has any.

    An open file may be given by its descriptor.

    Raises:
        OSError: they can't be changed.
    """
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if mode & ~_OWNER == 0:
        return
    try:
        os.chmod(path, mode & _OWNER)
    except OSError as error:
        if error.errno not in _NO_PERMISSIONS:
            raise


def write_output(path: Path, chunks: Iterable[bytes]) -> None:
    """Writes the file in one step, so that a full disk or an error midway leaves what was there before.

    Through a link the file is written that it leads to. Pipes and devices take the bytes as they come.

    Raises:
        OutputError: it can't be written.
    """
    try:
        make_private_folder(path.parent)
        if _is_stream(path):
            with path.open("ab") as file:
                file.writelines(chunks)
        elif path.exists() and not os.access(path.resolve().parent, os.W_OK):
            path.write_bytes(b"".join(chunks))  # a read-only folder takes no second file
        else:
            _replace(path.resolve(), chunks)
    except BrokenPipeError:
        raise  # the reader of a pipe has seen enough, as on stdout
    except OSError as error:
        raise OutputError(f"can't write `{path}`: {error.strerror or error}") from error


def _is_stream(path: Path) -> bool:
    # `/dev/stdout` may lead to a file that a shell appends to, which must keep what it holds.
    return os.path.abspath(path).startswith(_DEVICES) or (path.exists() and not path.is_file())


def _replace(path: Path, chunks: Iterable[bytes]) -> None:
    part = path.with_name(f".lpgen-{uuid.uuid4().hex}")
    try:
        with open_private(part, "xb") as file:
            file.writelines(chunks)
        with contextlib.suppress(FileNotFoundError):
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
