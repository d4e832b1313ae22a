"""Replaces the output folder in one step, or not at all, even if the process dies.

A new folder is filled under another name and flushed to the disk. Then the old one is renamed to `.NAME.lpgen-old`, and
the new one takes its place. If a run dies between these two steps, the next command that reads or writes the folder
finds only `.NAME.lpgen-old` and restores it. The parent folder is locked during these steps.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from lpgen.edge.files import file_errors
from lpgen.edge.output_file import refuse_link, refuse_missing_folder, write_file
from lpgen.edge.private_files import make_private_folder, open_private, sync_folder
from lpgen.errors import OutputError

SUMMARY: Final = "summary.json"

_NEW: Final = ".lpgen-new-"
_OLD: Final = ".lpgen-old"
_GONE: Final = ".lpgen-gone-"


class OutputFolder:
    """A folder that appears complete or not at all. As a context manager, it gives in `path` where to write meanwhile.

    An existing folder is replaced only when lpgen wrote it, which its summary shows.
    """

    def __init__(self, target: Path) -> None:
        self._shown, self._target = target, Path(os.path.abspath(target))
        self._held: int | None = None
        self.path = self._target

    def __enter__(self) -> OutputFolder:
        recover_output(self._target)
        refuse_link(self._target)
        if self._target.exists() and not self._is_own():
            raise OutputError(
                f"`{self._shown}` exists and was not written by lpgen",
                hint="name a new or empty folder with --output",
            )
        with file_errors(f"write next to `{self._shown}`", OutputError):
            make_private_folder(self._target.parent.resolve())
            with _locked(self._target.parent):
                _remove_leftovers(self._target)
                self.path = Path(tempfile.mkdtemp(prefix=f".{self._target.name}{_NEW}", dir=self._target.parent))
                self._held = _hold(self.path)
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        try:
            if kind is None:
                self._put_in_place()
        finally:
            if self._held is not None:
                os.close(self._held)
            if self.path != self._target:
                shutil.rmtree(self.path, ignore_errors=True)

    def _put_in_place(self) -> None:
        parent, gone = self._target.parent, None
        try:
            _sync_tree(self.path)
            with _locked(parent):
                _restore(self._target)
                if self._target.exists():
                    self._target.rename(_old(self._target))
                    sync_folder(parent)
                self.path.rename(self._target)
                sync_folder(parent)
                gone = _discard_old(self._target)
        except OSError as error:
            with contextlib.suppress(OSError), _locked(parent):
                _restore(self._target)
            raise OutputError(f"can't put `{self._shown}` in place: {error.strerror or error}") from error
        if gone is not None:
            shutil.rmtree(gone, ignore_errors=True)

    def _is_own(self) -> bool:
        return self._target.is_dir() and (not any(self._target.iterdir()) or (self._target / SUMMARY).is_file())


def recover_output(target: Path) -> None:
    """Restores an output folder that a run set aside before it died. Otherwise does nothing.

    Raises:
        OutputError: the folder can't be restored.
    """
    whole = Path(os.path.abspath(target))
    if not os.path.lexists(_old(whole)):
        return
    with file_errors(f"restore `{target}` from `{_old(whole)}`", OutputError), _locked(whole.parent):
        _restore(whole)
        gone = _discard_old(whole)
    if gone is not None:
        shutil.rmtree(gone, ignore_errors=True)


def _restore(target: Path) -> None:
    """Renames the old folder back if nothing took its place."""
    if os.path.lexists(_old(target)) and not os.path.lexists(target):
        _old(target).rename(target)
        sync_folder(target.parent)


def _discard_old(target: Path) -> Path | None:
    """Renames the old folder, and returns its new name. Nothing restores it under that name while it is removed."""
    if not os.path.lexists(_old(target)):
        return None
    gone = Path(tempfile.mkdtemp(prefix=f".{target.name}{_GONE}", dir=target.parent))
    _old(target).rename(gone / "old")
    return gone


def _remove_leftovers(target: Path) -> None:
    """Removes the leftovers of runs that died: replaced folders, and unfinished ones that no process fills."""
    for entry in target.parent.iterdir():
        if entry.name.startswith(f".{target.name}{_GONE}") or (
            entry.name.startswith(f".{target.name}{_NEW}") and not _is_held(entry)
        ):
            shutil.rmtree(entry, ignore_errors=True)


def _old(target: Path) -> Path:
    return target.parent / f".{target.name}{_OLD}"


def _sync_tree(root: Path) -> None:
    """Flushes every file and folder below a folder to the disk."""
    for folder, _folders, files in os.walk(root):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(folder))


# ---------------------------------------------------------------- locks


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Waits until no other run renames folders in this folder."""
    handle = _hold(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _hold(folder: Path) -> int | None:
    """Locks a folder while the returned handle is open and the process lives. None if folders can't be locked.

    Windows has no locks for folders, and neither do some network file systems.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _is_held(folder: Path) -> bool:
    """Whether a live run fills a folder, or may do so. A folder that another user fills can't be opened."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


# ---------------------------------------------------------------- a page and the folder of its files


_NEW_PAGE: Final = ".lpgen-"
_OWN_NAME: Final = re.compile(r"[0-9a-f]{32}|\.lpgen-[0-9a-f]{32}")


def folder_of_page(page: Path) -> Path:
    """The folder next to a page that holds its files."""
    return page.with_name(f"{page.stem}-files")


def write_page(page: Path, content: Iterable[bytes], *, digest: str, files: Iterable[tuple[str, bytes]]) -> bool:
    """Writes a page and the files that it links to, and returns whether it replaced a page.

    The content is requested after the files.

    Raises:
        OutputError: something can't be written.
    """
    refuse_missing_folder(page)
    refuse_link(page)
    folder = folder_of_page(page)
    with file_errors(f"write `{folder}`", OutputError):
        make_private_folder(folder)
        with _locked(folder):
            is_new = not os.path.lexists(folder / digest)
            try:
                _write_page_files(folder, digest, files)
                is_replaced = write_file(page, content)
            except BaseException:
                if is_new:
                    shutil.rmtree(folder / digest, ignore_errors=True)
                raise
            _remove_other_runs(folder, digest)
    return is_replaced


def remove_files_of_page(page: Path) -> None:
    """Removes the files that an earlier run wrote next to a page that no longer has any.

    Raises:
        OutputError: something can't be removed.
    """
    folder = folder_of_page(page)
    if folder.is_symlink() or not folder.is_dir():
        return
    with file_errors(f"remove `{folder}`", OutputError), _locked(folder):
        _remove_other_runs(folder, "")
        if not any(folder.iterdir()):
            folder.rmdir()


def _write_page_files(folder: Path, digest: str, files: Iterable[tuple[str, bytes]]) -> None:
    new = folder / f"{_NEW_PAGE}{uuid.uuid4().hex}"
    try:
        make_private_folder(new)
        for name, content in files:
            with open_private(new / name, "xb") as file:
                file.write(content)
        if os.path.lexists(folder / digest):  # has the same content, unless somebody changed it
            (folder / digest).rename(folder / f"{_NEW_PAGE}{uuid.uuid4().hex}")
        new.rename(folder / digest)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _remove_other_runs(folder: Path, digest: str) -> None:
    """Removes the files of all other runs from the folder, and keeps what people put there."""
    for path in folder.iterdir():
        if path.name != digest and _OWN_NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
