"""Folders that are written completely or not at all, never change, and are checked when they are read.

A manifest lists the SHA-256 of every file and carries its own digest. While a folder is written, its writer holds a
lock on its name. If a writer is killed, the next one removes what it left behind.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Self, TypeVar

import msgspec

from lpgen.edge.files import file_errors, hash_file, lock_file, read_file
from lpgen.edge.private_files import open_private, seal_file, sync_folder, take_folder, write_private
from lpgen.errors import LpgenError, quote_input, quote_reason

MANIFEST: Final = "manifest.json"

_UNFINISHED: Final = ".unfinished-"
_LOCK: Final = ".lock-"
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


@dataclass(frozen=True, slots=True)
class SealedKind:
    """Messages about a kind of immutable folder.

    `noun` names the kind of folder, and `made` is the verb for its creation, such as `taken`. `again` is the next step
    if the name is in use, and `hint` if the folder is damaged or has an older format.
    """

    noun: str
    made: str
    error: type[LpgenError]
    again: str
    hint: str
    format_version: int


@dataclass(slots=True)
class SealedWriter:
    """Writes a folder below a root. Use as a context manager. Without `seal`, nothing remains."""

    root: Path
    name: str
    kind: SealedKind
    files: dict[str, dict[str, object]] = field(default_factory=dict)
    _lock: _RunLock = field(init=False)

    def __post_init__(self) -> None:
        self._lock = _RunLock(self.root / f"{_LOCK}{self.name}")

    @property
    def _unfinished(self) -> Path:
        return self.root / f"{_UNFINISHED}{self.name}"

    @property
    def _final(self) -> Path:
        return self.root / self.name

    def __enter__(self) -> Self:
        try:
            take_folder(self.root)
            self._lock.acquire()
            _remove_abandoned(self.root)
            shutil.rmtree(self._unfinished, ignore_errors=True)  # its writer is dead: the lock is ours
            if not self._final.exists():
                take_folder(self._unfinished)
                return self
        except _LockedError as error:
            what = f"the {self.kind.noun} {quote_input(self.name)} is being {self.kind.made} by {error}"
            raise self.kind.error(what, hint="wait until it ends, or give another name") from error
        except OSError as error:
            self._lock.release()
            raise self._unwritable(error) from error
        self._lock.release()
        raise self.kind.error(f"a {self.kind.noun} {quote_input(self.name)} already exists", hint=self.kind.again)

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._lock.release()

    def write(self, path: str, content: bytes) -> None:
        """Writes one file. Threads may write different files at once."""
        self.write_parts(path, (content,))

    def write_parts(self, path: str, parts: Iterable[bytes]) -> None:
        """Writes one file from parts. Each part is created after the previous one is written."""
        try:
            target = self._unfinished / path
            take_folder(target.parent)
            with open_private(target, "xb") as file:
                file.writelines(parts)
            self.adopt(path)
        except OSError as error:
            raise self._unwritable(error) from error

    def folder(self, name: str) -> Path:
        """A folder in which other code may write files. Call `adopt` for each file afterwards."""
        folder = self._unfinished / name
        take_folder(folder)
        return folder

    def adopt(self, path: str) -> None:
        """Adds a file that other code wrote."""
        target = self._unfinished / path
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        seal_file(target)
        self.files[path] = {"sha256": digest, "bytes": target.stat().st_size}

    def seal(self, facts: Mapping[str, object]) -> Path:
        """Writes the manifest, gives the folder its final name, and returns it. From then on the folder counts."""
        manifest = {
            "format_version": self.kind.format_version,
            **facts,
            "files": dict(sorted(self.files.items())),
        }
        content = json.dumps({**manifest, "digest": _digest(manifest)}, indent=2, ensure_ascii=False) + "\n"
        try:
            write_private(self._unfinished / MANIFEST, content.encode(errors="surrogatepass"))
            seal_file(self._unfinished / MANIFEST)
            for folder in (*self._unfinished.iterdir(), self._unfinished):
                if folder.is_dir():
                    sync_folder(folder)
            self._unfinished.rename(self._final)
            sync_folder(self.root)
        except OSError as error:
            raise self._unwritable(error) from error
        return self._final

    def _unwritable(self, error: OSError) -> LpgenError:
        what = f"the {self.kind.noun} {quote_input(self.name)} can't be written into `{self.root}`"
        if error.errno in _NO_LOCKS:
            what, hint = f"{what}: its file system has no locks", "use a local disk, or an NFS mount with locks"
            return self.kind.error(what, hint=hint)
        return self.kind.error(f"{what}: {error.strerror or error}")


def _remove_abandoned(root: Path) -> None:
    """Removes unfinished folders whose lock nobody holds. Killed runs leave them behind."""
    for entry in list(os.scandir(root)):
        if not entry.name.startswith(_UNFINISHED):
            continue
        lock = _RunLock(root / f"{_LOCK}{entry.name.removeprefix(_UNFINISHED)}")
        with contextlib.suppress(_LockedError, OSError):
            lock.acquire()
            shutil.rmtree(entry.path, ignore_errors=True)
            lock.release()


# ---------------------------------------------------------------- reading


def sealed_names(root: Path, kind: SealedKind) -> tuple[str, ...]:
    """The names of the folders below a root, sorted.

    Raises:
        LpgenError: the root can't be read; the error has the kind's type.
    """
    with file_errors(f"read `{root}`", kind.error), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return tuple(sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and entry.name[0] != "."))
    return ()


class _ListedFile(msgspec.Struct, frozen=True):
    """A file of a folder."""

    sha256: str


class SealedManifest(msgspec.Struct, frozen=True):
    """The part that every manifest has: the files by their paths."""

    files: dict[str, _ListedFile]


_Manifest = TypeVar("_Manifest", bound=SealedManifest)


def open_sealed(folder: Path, kind: SealedKind, form: type[_Manifest]) -> _Manifest:
    """The manifest of a folder, after checking every file against it.

    Raises:
        LpgenError: it is damaged, edited, incomplete, or has another format; the error has the kind's type.
    """
    manifest = read_manifest(folder, kind, form)
    files = manifest.files
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    strange = sorted(present ^ files.keys())
    if strange:
        what = "has an extra file" if strange[0] in present else "has lost a file"
        raise kind.error(f"the {kind.noun} `{folder}` {what}: {quote_input(strange[0])}", hint=kind.hint)
    for name, listed in files.items():
        with file_errors(f"read `{folder / name}`", kind.error, hint=kind.hint):
            digest = hash_file(folder / name)
        if digest != listed.sha256:
            raise kind.error(f"the {kind.noun} `{folder}` was changed: {quote_input(name)}", hint=kind.hint)
    return manifest


def read_manifest(folder: Path, kind: SealedKind, form: type[_Manifest]) -> _Manifest:
    """The manifest of a folder, after checking its own digest. The files aren't checked.

    Raises:
        LpgenError: it can't be read, was edited, or has another format; the error has the kind's type.
    """
    path = folder / MANIFEST
    try:
        decoded = json.loads(read_file(path, kind.error, hint=kind.hint))
        version = decoded.get("format_version")
        if not isinstance(version, int):
            raise ValueError("it has no format version")
        if version != kind.format_version:
            raise kind.error(
                f"the {kind.noun} `{folder}` has format {version}, and this version of lpgen reads "
                f"{kind.format_version}",
                hint="update lpgen, or choose another" if version > kind.format_version else kind.hint,
            )
        if decoded.pop("digest", "") != _digest(decoded):
            raise kind.error(f"the {kind.noun} `{folder}` was changed: `{MANIFEST}`", hint=kind.hint)
        return msgspec.convert(decoded, form)
    except (ValueError, AttributeError, RecursionError) as error:
        raise kind.error(f"`{path}` is not a manifest: {quote_reason(error)}", hint=kind.hint) from error


def _digest(manifest: Mapping[str, object]) -> str:
    """The SHA-256 of a manifest without its own digest."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


# ---------------------------------------------------------------- the lock


class _LockedError(Exception):
    """Another run holds the lock; the text says which: `process 71 on host build-3 since 2026-09-30 08:00 UTC`."""


@dataclass(slots=True)
class _RunLock:
    """A lock on the name of its file."""

    path: Path
    _file: IO[Any] | None = field(default=None, init=False)

    def acquire(self) -> None:
        """Takes the lock without waiting.

        Raises:
            _LockedError: another run holds it.
            OSError: the file can't be written, or its file system has no locks.
        """
        while True:
            file = open_private(self.path, "a+")
            try:
                lock_file(file)
                if not self._is_current(file):  # its last owner removed it after we opened it
                    file.close()
                    continue
                file.truncate(0)
                file.write(f"process {os.getpid()} on host {socket.gethostname()}")
                file.flush()
            except BlockingIOError:
                file.close()
                raise _LockedError(self._owner()) from None
            except BaseException:
                file.close()
                raise
            self._file = file
            return

    def release(self) -> None:
        """Releases the lock and removes its file."""
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
