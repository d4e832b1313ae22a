"""Caches values that a review computes from all principals. A review of one principal then needn't read the others.

The path `DIR/kept/GENERATION/INPUTS/KIND-FACTS` names the usage tables, the digest of the policies, the catalog and
this lpgen, and the digest of the relevant options. So a kept value is never stale. A missing or damaged value is
computed again. A value that can't be written isn't kept. See docs/data-folder.md.

A file holds the SHA-256 of the rest, and the value in MessagePack.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import shutil
import uuid
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.digests import digest_of_facts
from lpgen.core.keeping import IntArray, Kept
from lpgen.edge.private_files import check_is_no_link, open_private, remove_others, take_folder, write_private
from lpgen.version import __version__

KEPT: Final = "kept"

FEWEST_ROWS: Final = 1 << 13
"""With fewer rows of usage, nothing is kept, because reading them is fast."""

_MOST_OF_A_KIND: Final = 8
"""How many values of a kind are kept. A review uses up to four, and other options use others."""

_MOST_FOLDERS: Final = 2
"""How many combinations of policies, catalog and lpgen version to keep values for."""

_FOLDERS: Final = 3
"""How many of lpgen's own folders a file is nested in."""

_DIGEST_BYTES: Final = 32

_UNREADABLE: Final = (OSError, ValueError, TypeError, LookupError, RecursionError, msgspec.MsgspecError)


@dataclass(frozen=True, slots=True)
class _KeptValues:
    """The values kept in a folder. The same lpgen made them from the same tables, policies and catalog."""

    folder: Path

    def __call__(self, kind: type[Kept], facts: object, make: Callable[[], Kept]) -> Kept:
        """The value of a kind for these facts. It is computed with `make` if it isn't kept."""
        path = self.folder / f"{kind.__name__}-{_digest(facts)}"
        with contextlib.suppress(*_UNREADABLE):
            return _read(path, kind)
        made = make()
        with contextlib.suppress(OSError):
            _write(path, made)
            _remove_oldest(self.folder.glob(f"{kind.__name__}-*"), _MOST_OF_A_KIND)
            _remove_oldest(self.folder.parent.iterdir(), _MOST_FOLDERS)
        return made


def kept_values(data: Path, generation: str, made_from: object) -> _KeptValues:
    """The values kept for a generation of the usage tables and these other inputs."""
    return _KeptValues(data / KEPT / generation / _digest((made_from, _this_lpgen())))


def _digest(facts: object) -> str:
    return digest_of_facts(msgspec.to_builtins(facts))


def remove_stale_values(data: Path, generation: str) -> None:
    """Removes the values kept for other generations."""
    remove_others(data / KEPT, [generation])


@cache
def _this_lpgen() -> object:
    """Facts that identify this lpgen. A checkout changes more often than its version."""
    package = Path(__file__).parents[2]
    files = ((path, path.stat()) for path in sorted(package.rglob("*.py")))
    return __version__, [(str(path.relative_to(package)), file.st_size, file.st_mtime_ns) for path, file in files]


# ---------------------------------------------------------------- files


def _read(path: Path, kind: type[Kept]) -> Kept:
    """The value in a file. Its bytes stay in the file.

    Raises:
        OSError: it can't be read, or is behind a link.
        ValueError: it was changed, or holds something else.
    """
    for folder in path.parents[:_FOLDERS]:
        check_is_no_link(folder)
    with open_private(path, "rb") as file:
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    stated, packed = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(packed).digest() != stated:
        raise ValueError(f"`{path}` was changed")
    found: Kept = msgspec.msgpack.decode(packed, type=kind, dec_hook=_array_from_plain)
    for used in (path, path.parent):
        with contextlib.suppress(OSError):
            os.utime(used)
    return found


def _write(path: Path, value: object) -> None:
    """Writes a value completely or not at all.

    Raises:
        OSError: the folder can't be written, or the disk is full.
    """
    content = bytearray(_DIGEST_BYTES)
    msgspec.msgpack.Encoder(enc_hook=_plain_from_array).encode_into(value, content, _DIGEST_BYTES)
    content[:_DIGEST_BYTES] = hashlib.sha256(memoryview(content)[_DIGEST_BYTES:]).digest()
    for folder in reversed(path.parents[:_FOLDERS]):
        take_folder(folder)
    unfinished = path.with_name(f"unfinished-{uuid.uuid4().hex}")
    try:
        write_private(unfinished, content)
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _plain_from_array(value: Any) -> tuple[str, bytes]:
    """The type and bytes of an array, which MessagePack doesn't know."""
    if not isinstance(value, array):
        raise TypeError(f"{type(value).__name__} can't be kept")
    return value.typecode, value.tobytes()


def _array_from_plain(_: type[Any], plain: tuple[str, bytes]) -> IntArray:
    return array(*plain)


def _remove_oldest(paths: Iterable[Path], most: int) -> None:
    """Removes the least recently used files or folders, and keeps at most `most`."""
    for old in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)[most:]:
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.unlink(missing_ok=True)
