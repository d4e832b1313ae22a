"""The manifest of a folder of tables: the digest of every part of every file.

`manifest.json` lists the segments of each file: the bytes before the first row group, each row group, and the bytes
after the last. The SHA-256 of the manifest names the folder, so one digest covers every byte below it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

import msgspec

from lpgen.edge.data_folder.ledger_connection import RESTORE
from lpgen.edge.private_files import write_private
from lpgen.errors import DamageError, DataError, quote_reason

TABLE_MANIFEST: Final = "manifest.json"

_FORMAT: Final = 1


class _Segment(msgspec.Struct, frozen=True):
    """Consecutive bytes of a file: their number and SHA-256."""

    bytes: int
    sha256: str


Segments = tuple[_Segment, ...]
TableManifest = Mapping[str, Segments]
"""The segments of each file, by its path in the folder."""


class _Document(msgspec.Struct, frozen=True):
    format_version: int
    files: dict[str, Segments]


def segments_of_file(path: Path, ends: Sequence[int]) -> Segments:
    """The segments of a file that end at these positions.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        parts = (file.read(end - start) for start, end in pairwise((0, *ends)))
        return tuple(_Segment(len(part), hashlib.sha256(part).hexdigest()) for part in parts)


def write_manifest(folder: Path, files: TableManifest) -> str:
    """Writes the manifest of a folder, and returns its SHA-256.

    Raises:
        OSError: it can't be written, for example because the disk is full.
    """
    content = json.dumps(msgspec.to_builtins(_Document(_FORMAT, dict(files))), sort_keys=True, indent=1).encode()
    write_private(folder / TABLE_MANIFEST, content)
    return hashlib.sha256(content).hexdigest()


def open_manifest(folder: Path, root: str) -> TableManifest:
    """The manifest of a folder, after checking its digest `root` and that it lists exactly the existing files.

    Raises:
        FileNotFoundError: there is no such folder.
        DamageError: the manifest is missing or changed, or a file is missing or was added.
        DataError: the folder can't be read.
    """
    try:
        present = set(_names_below(folder))
    except FileNotFoundError:
        raise
    except OSError as error:
        hint = "run as the user who ingested, or check the folder's permissions and its disk"
        raise DataError(f"`{folder}` can't be read: {error.strerror or error}", hint=hint) from error
    manifest = read_manifest(folder, root)
    for name in sorted(present ^ {*manifest, TABLE_MANIFEST}):
        what = "doesn't belong there" if name in present else "is missing"
        raise DamageError(f"`{folder / name}` {what}", hint=RESTORE)
    return manifest


def read_manifest(folder: Path, root: str) -> TableManifest:
    """The manifest of a folder, after checking its digest `root`.

    Raises:
        FileNotFoundError: there is no such folder.
        DamageError: it is missing, changed, or has another format.
    """
    path = folder / TABLE_MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        if not folder.is_dir():
            raise
        kind = DamageError if isinstance(error, FileNotFoundError) else DataError
        raise kind(f"`{path}` can't be read: {error.strerror or error}", hint=RESTORE) from error
    if hashlib.sha256(content).hexdigest() != root:
        raise DamageError(f"`{path}` was changed", hint=RESTORE)
    try:
        document = msgspec.json.decode(content, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DamageError(f"`{path}` can't be read: {quote_reason(error)}", hint=RESTORE) from error
    if document.format_version != _FORMAT:
        what = f"`{path}` has format {document.format_version}, and this version of lpgen reads {_FORMAT}"
        raise DamageError(what, hint=RESTORE)
    return document.files


def open_checked(path: Path, segments: Segments) -> IO[bytes]:
    """An open file, after checking its size. `copy_segment` reads one of its segments.

    Raises:
        DamageError: the file is missing or has another size.
        DataError: it can't be read.
    """
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise _unreadable(path, error) from error
    size = sum(segment.bytes for segment in segments)
    if os.fstat(file.fileno()).st_size != size:
        file.close()
        raise DamageError(f"`{path}` was changed: it no longer has {size:,} bytes", hint=RESTORE)
    return file


def copy_segment(file: IO[bytes], segments: Segments, number: int, target: IO[bytes]) -> None:
    """Copies a segment of an open file to the same place in another file, and checks its digest.

    Raises:
        DamageError: the segment was changed.
        DataError: it can't be read.
        OSError: the other file can't be written.
    """
    path, segment = Path(file.name), segments[number]
    start = sum(segment.bytes for segment in segments[:number])
    digest, left = hashlib.sha256(), segment.bytes
    file.seek(start)
    target.seek(start)
    while content := _read_piece(file, path, min(left, _PIECE)):
        digest.update(content)
        target.write(content)
        left -= len(content)
    if digest.hexdigest() != segment.sha256:
        where = f"between the bytes {start:,} and {start + segment.bytes:,}"
        raise DamageError(f"`{path}` was changed {where}", hint=RESTORE)


def _read_piece(file: IO[bytes], path: Path, size: int) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        raise _unreadable(path, error) from error


_PIECE: Final = 1 << 18


def _unreadable(path: Path, error: OSError) -> DataError:
    kind = DamageError if isinstance(error, FileNotFoundError) else DataError
    return kind(f"`{path}` can't be read: {quote_reason(error)}", hint=RESTORE)


def _names_below(folder: Path) -> Iterator[str]:
    """The paths of all files in a folder and below.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from (f"{entry.name}/{name}" for name in _names_below(Path(entry.path)))
        else:
            yield entry.name
