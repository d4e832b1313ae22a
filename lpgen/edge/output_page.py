"""A page and the files beside it: `review.html`, and `review-files/DIGEST/0001.html` and so on.

The files of each run lie in a folder called by the digest of the review. It is there whole before the page that leads
to it takes the place of the old one, in a step; those of earlier runs are removed after that. So whenever the process
dies, the page that is there finds its own files.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lpgen.edge.output_file import refuse_link, refuse_missing_folder, write_output
from lpgen.edge.output_folder import locked
from lpgen.edge.private_files import make_private_folder, open_private
from lpgen.errors import OutputError

_NEW: Final = ".lpgen-"
_OWN: Final = re.compile(r"[0-9a-f]{32}|\.lpgen-[0-9a-f]{32}")


def folder_of_page(page: Path) -> Path:
    """The folder beside a page that holds its files."""
    return page.with_name(f"{page.stem}-files")


def write_page(page: Path, content: Iterable[bytes], *, digest: str, files: Iterable[tuple[str, bytes]]) -> bool:
    """Write a page and the files that it leads to. Return whether it replaced a page.

    The content is asked for after the files.

    Raises:
        OutputError: something can't be written.
    """
    refuse_missing_folder(page)
    refuse_link(page)
    folder = folder_of_page(page)
    try:
        make_private_folder(folder)
        with locked(folder):
            is_new = not os.path.lexists(folder / digest)
            try:
                _write_files(folder, digest, files)
                is_replaced = write_output(page, content)
            except BaseException:
                if is_new:
                    shutil.rmtree(folder / digest, ignore_errors=True)
                raise
            _remove_others(folder, digest)
    except OSError as error:
        raise OutputError(f"can't write `{folder}`: {error.strerror or error}") from error
    return is_replaced


def remove_files_of_page(page: Path) -> None:
    """Remove what an earlier run wrote beside a page that has no files any more.

    Raises:
        OutputError: something can't be removed.
    """
    folder = folder_of_page(page)
    if folder.is_symlink() or not folder.is_dir():
        return
    try:
        with locked(folder):
            _remove_others(folder, "")
            if not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise OutputError(f"can't remove `{folder}`: {error.strerror or error}") from error


def _write_files(folder: Path, digest: str, files: Iterable[tuple[str, bytes]]) -> None:
    new = folder / f"{_NEW}{uuid.uuid4().hex}"
    try:
        make_private_folder(new)
        for name, content in files:
            with open_private(new / name, "xb") as file:
                file.write(content)
        if os.path.lexists(folder / digest):  # of the same content, unless somebody changed it
            (folder / digest).rename(folder / f"{_NEW}{uuid.uuid4().hex}")
        new.rename(folder / digest)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _remove_others(folder: Path, digest: str) -> None:
    """Remove what runs left in the folder but one; what people put there stays."""
    for one in folder.iterdir():
        if one.name != digest and _OWN.fullmatch(one.name) and one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
