"""Files and folders that only their owner can read.

Policies, reports and logs show where an organization is weak. So lpgen, not the umask, decides who can read them.

INVARIANT: a link in the place of one of lpgen's own files is an error. Anyone who can write to the folder may have
planted it, and lpgen must not write, change or delete what it leads to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any, Final

_FILE: Final = 0o600
_FOLDER: Final = 0o700
_SEALED_FILE: Final = 0o400
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)
_NO_PERMISSIONS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS})
"""The errors of a file system without owners or permissions, such as FAT, or for a file that somebody else owns."""


def open_private(path: Path, mode: str) -> IO[Any]:
    """An open file that only its owner can read or write; `mode` is that of `open`, text is UTF-8 with `\\n`.

    A file that exists becomes private too.

    Raises:
        OSError: it can't be opened, or isn't a file.
    """
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    # A pipe in the place of a file would wait for a reader.
    file = open(path, mode, opener=lambda name, flags: open_no_link(name, flags | _AT_ONCE), **text)  # noqa: SIM115
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it isn't a file")
        if "x" in mode:
            os.chmod(
                file.fileno() if os.chmod in os.supports_fd else path, _FILE
            )  # a umask may remove these permissions
        else:
            restrict_to_owner(file.fileno() if os.chmod in os.supports_fd else path)
    except BaseException:
        file.close()
        raise
    return file


def open_no_link(name: str, flags: int) -> int:
    """The descriptor of an open file, for use as an `opener` of `open`. A new file is private.

    Raises:
        OSError: it can't be opened, or is a link.
    """
    try:
        if not _NO_LINK and os.path.islink(name):  # as on Windows
            raise _link_error(name)
        return os.open(name, flags | _NO_LINK, _FILE)
    except OSError as error:
        raise _link_error(name) if os.path.islink(name) else error from None


def check_is_no_link(path: Path) -> None:
    """Refuses a link in the place of one of lpgen's own files.

    Raises:
        OSError: it is a link.
    """
    if path.is_symlink():
        raise _link_error(str(path))


def _link_error(name: str) -> OSError:
    return OSError(errno.ELOOP, f"`{os.path.basename(name)}` is a link, which somebody else may have put there")


def write_private(path: Path, content: bytes | bytearray) -> None:
    """Writes a new file and flushes it to the disk.

    Raises:
        OSError: the file exists, or the disk is full.
    """
    with open_private(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def make_private_folder(path: Path) -> None:
    """Creates a folder that only its owner can enter, and its missing parents. An existing folder remains unchanged.

    Its parents may be links.

    Raises:
        OSError: it can't be created, or is a link.
    """
    check_is_no_link(path)
    if path.is_dir():
        return
    if not path.parent.is_dir():
        make_private_folder(path.parent)
    try:
        path.mkdir(mode=_FOLDER)
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        _change_mode(path, _FOLDER)  # a umask may remove these permissions


def take_folder(path: Path) -> None:
    """Creates a folder that only its owner can enter, and its missing parents. A folder that exists becomes private.

    Raises:
        OSError: it can't be created, or is a link.
    """
    make_private_folder(path)
    restrict_to_owner(path)


def restrict_to_owner(path: Path | int) -> None:
    """Removes everyone's permissions on a file or folder except its owner's, if the file system has permissions.

    An open file may be given by its descriptor.

    Raises:
        OSError: they can't be changed, or it is a link.
    """
    if isinstance(path, Path):
        check_is_no_link(path)
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if mode & ~_FOLDER:
        _change_mode(path, mode & _FOLDER)


def remove_others(folder: Path, kept: Collection[str]) -> None:
    """Removes everything in a folder except these names, as far as possible. Nothing behind a link is removed."""
    with contextlib.suppress(OSError):
        check_is_no_link(folder)
        for entry in os.scandir(folder):
            if entry.name not in kept:
                shutil.rmtree(entry.path, ignore_errors=True)


def seal_file(path: Path) -> None:
    """Makes a file readable only by its owner, and writable by nobody.

    Raises:
        OSError: its permissions can't be changed.
    """
    _change_mode(path, _SEALED_FILE)


def sync_folder(folder: Path) -> None:
    """Flushes the names in a folder to the disk.

    Raises:
        OSError: the folder can't be opened.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _change_mode(path: Path | int, mode: int) -> None:
    try:
        os.chmod(path, mode)
    except OSError as error:
        if error.errno not in _NO_PERMISSIONS:
            raise
