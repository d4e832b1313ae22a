"""Files and folders that only their owner can read, written to the disk itself.

A data folder holds every policy of an organization, so the umask doesn't decide who can read it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO, Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
SEALED_FILE_MODE: Final = 0o400


def make_folder(folder: Path, *, parents: bool = False) -> None:
    """Makes a folder that only its owner can enter; an existing one becomes such a folder.

    Raises:
        OSError: it can't be made.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=parents, exist_ok=True)
    make_private(folder, FOLDER_MODE)


def make_private(path: Path, mode: int) -> None:
    """Sets the mode of a file or folder, unless another user owns it."""
    with contextlib.suppress(PermissionError):
        path.chmod(mode)


def create_file(path: Path) -> BinaryIO:
    """A new file that only its owner can read, open for writing.

    Raises:
        FileExistsError: the file exists.
        OSError: it can't be made.
    """
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
    os.fchmod(handle, FILE_MODE)  # a umask can take the owner's rights, too
    return os.fdopen(handle, "wb")


def write_file(path: Path, content: bytes) -> None:
    """Writes a new file to the disk itself.

    Raises:
        OSError: the file exists, or the disk is full.
    """
    with create_file(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes sure that the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
