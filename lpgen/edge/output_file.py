"""The file that `--output` names: it appears whole, and its old content is kept until then.

Only its owner can read a new file. A file that is replaced keeps its permissions: somebody chose them.
"""

from __future__ import annotations

import contextlib
import os
import stat
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lpgen.edge.private_files import open_private
from lpgen.errors import InvocationError, OutputError

_DEVICES: Final = ("/dev/", "/proc/")


def refuse_missing_folder(path: Path) -> None:
    """Ends a command whose output would lie in a folder that isn't there: it is a misspelled one.

    Raises:
        OutputError: it isn't there.
    """
    if not path.parent.exists():
        raise OutputError(f"there is no folder `{path.parent}` to write `{path.name}` to", hint="make it first")


def refuse_replacing(path: Path) -> None:
    """Ends a command that would write over a file which people edit, or into a folder that isn't there.

    Raises:
        InvocationError: the file is there.
        OutputError: its folder isn't.
    """
    if path.exists():
        raise InvocationError(f"`{path}` is there already, and may hold what somebody wrote", hint="name a new file")
    refuse_missing_folder(path)


def write_output(path: Path, chunks: Iterable[bytes]) -> bool:
    """Write the file in one step: a full disk or an error midway leaves the old content. Return whether it replaced a
    file.

    If the path is a link, its target is written. Pipes and devices take the bytes as they come.

    Raises:
        OutputError: it can't be written.
    """
    refuse_missing_folder(path)
    try:
        if is_stream(path):
            with path.open("ab") as file:
                file.writelines(chunks)
            return False
        is_there = path.exists()
        if is_there and not os.access(path.resolve().parent, os.W_OK):
            path.write_bytes(b"".join(chunks))  # a read-only folder takes no second file
        else:
            _replace(path.resolve(), chunks)
        return is_there
    except BrokenPipeError:
        raise  # the reader of a pipe has seen enough, as on stdout
    except OSError as error:
        raise OutputError(f"can't write `{path}`: {error.strerror or error}") from error


def is_stream(path: Path) -> bool:
    """Whether what is written goes to a pipe or device rather than to a file."""
    # `/dev/stdout` may lead to a file that a shell appends to, which must keep its content.
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
