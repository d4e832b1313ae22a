"""Writes the file that `--output` names. Its old content is kept until the new content is complete.

Only its owner can read a new file. A replaced file of the same owner keeps its permissions, because somebody chose
them.

INVARIANT: links aren't followed. Anyone who can write to the folder may have planted a link that leads anywhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Final

from lpgen.edge.private_files import open_no_link, open_private
from lpgen.errors import InvocationError, OutputError, quote_input

_STREAM: Final = re.compile(r"/dev/(stdout|stderr|fd/\d+)|/proc/(self|thread-self|\d+)(/task/\d+)?/fd/\d+")
"""The names of a process's open files. They are always links, and may lead to a file that a shell appends to. Such a
file must keep its content."""


def refuse_missing_folder(path: Path) -> None:
    """Refuses an output in a folder that doesn't exist, because its name is probably misspelled.

    Raises:
        OutputError: the folder doesn't exist.
    """
    if not path.parent.exists():
        raise OutputError(f"there is no folder `{path.parent}` to write `{path.name}` to", hint="create it first")


def refuse_replacing(path: Path) -> None:
    """Refuses to overwrite a file that people edit, or to write into a folder that doesn't exist.

    Raises:
        InvocationError: the file exists.
        OutputError: its folder doesn't exist.
    """
    if os.path.lexists(path):
        raise InvocationError(f"`{path}` already exists, and may hold what somebody wrote", hint="name a new file")
    refuse_missing_folder(path)


def refuse_link(path: Path) -> None:
    """Refuses an output that is a link, because somebody else may have put it there.

    Raises:
        OutputError: it is a link.
    """
    if path.is_symlink():
        raise OutputError(
            f"`{path}` is a link to {quote_input(os.readlink(path))}, and lpgen doesn't write through links",
            hint="name the file that it points to, or delete the link",
        )


def write_file(path: Path, chunks: Iterable[bytes]) -> bool:
    """Writes the file in one step, and returns whether it replaced a file.

    A full disk or an error midway leaves the old content. Pipes and devices get the bytes as they come.

    Raises:
        OutputError: the file can't be written, or is a link.
    """
    refuse_missing_folder(path)
    try:
        if is_stream(path):
            with _open_stream(path, "ab") as file:
                file.writelines(chunks)
            return False
        refuse_link(path)
        is_there = path.exists()
        if is_there and not os.access(path.parent, os.W_OK):
            _write_in_place(path, chunks)  # a read-only folder takes no second file
        else:
            _replace(path, chunks)
        return is_there
    except BrokenPipeError:
        raise  # the reader of a pipe closed it, as on stdout
    except OSError as error:
        raise OutputError(f"can't write `{path}`: {error.strerror or error}") from error


def open_to_append(path: Path) -> IO[str]:
    """A file, pipe or device, open to append text. Only its owner can read the file.

    Raises:
        OSError: it can't be opened, or is a link or another user's.
    """
    if is_stream(path):
        stream: IO[str] = _open_stream(path, "a")
        return stream
    file: IO[str] = open_private(path, "a")
    if not _is_own(os.fstat(file.fileno())):
        file.close()
        raise OSError(errno.EPERM, "it is another user's")
    return file


def is_stream(path: Path) -> bool:
    """Whether the output is a pipe or device rather than a file."""
    if _STREAM.fullmatch(os.path.abspath(path)):
        return True
    return not path.is_symlink() and path.exists() and not path.is_file()


def _open_stream(path: Path, mode: str) -> IO[Any]:
    """An open pipe or device.

    Raises:
        OSError: it can't be opened, or is a pipe of another user, who could read the output.
    """
    if _STREAM.fullmatch(os.path.abspath(path)):
        return path.open(mode)
    file = open(path, mode, opener=open_no_link)  # noqa: SIM115
    found = os.fstat(file.fileno())
    if stat.S_ISREG(found.st_mode) or (stat.S_ISFIFO(found.st_mode) and not _is_own(found)):
        file.close()
        raise OSError("it is a pipe of another user" if stat.S_ISFIFO(found.st_mode) else "it has become a file")
    return file


def _is_own(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def _write_in_place(path: Path, chunks: Iterable[bytes]) -> None:
    with open(path, "r+b", opener=open_no_link) as file:
        found = os.fstat(file.fileno())
        if not _is_own(found) or found.st_nlink > 1:
            raise OSError(errno.EPERM, "its folder can't be written, and it is another user's or has another name")
        file.writelines(chunks)
        file.truncate()


def _replace(path: Path, chunks: Iterable[bytes]) -> None:
    part = path.with_name(f".lpgen-{uuid.uuid4().hex}")
    try:
        with open_private(part, "xb") as file:
            file.writelines(chunks)
        with contextlib.suppress(FileNotFoundError):
            replaced = path.lstat()
            if stat.S_ISREG(replaced.st_mode) and _is_own(replaced):
                part.chmod(stat.S_IMODE(replaced.st_mode))
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
