"""Values that a review worked out from all principals, kept so that a review of one needn't read what all did.

`DIR/kept/GENERATION/INPUTS/KIND-FACTS`: the usage tables, the digest of the policies, the catalog and this lpgen, and
the digest of the options that matter. So a kept value is never stale. One that is missing or damaged is made again, and
one that can't be written isn't kept. See docs/data-folder.md.

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
"""Of fewer rows of usage nothing is kept: they are read in no time."""

_MOST_OF_A_KIND: Final = 8
"""How many values of a kind are kept: a review takes up to four, and other options other ones."""

_MOST_FOLDERS: Final = 2
"""Of how many policies, catalogs and versions of lpgen values are kept."""

_FOLDERS: Final = 3
"""How many folders of lpgen's own a file lies in."""

_DIGEST_BYTES: Final = 32

_UNREADABLE: Final = (OSError, ValueError, TypeError, LookupError, RecursionError, msgspec.MsgspecError)


@dataclass(frozen=True, slots=True)
class _KeptValues:
    """The values that are kept in a folder, all made from the same tables, policies and catalog by the same lpgen."""

    folder: Path

    def __call__(self, kind: type[Kept], facts: object, make: Callable[[], Kept]) -> Kept:
        """The value of a kind that these facts and the others give."""
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
    """The values that are kept of a generation of the usage tables, and of these other inputs."""
    return _KeptValues(data / KEPT / generation / _digest((made_from, _this_lpgen())))


def _digest(facts: object) -> str:
    return digest_of_facts(msgspec.to_builtins(facts))


def remove_stale_values(data: Path, generation: str) -> None:
    """Removes what was kept of other generations than this one."""
    remove_others(data / KEPT, [generation])


@cache
def _this_lpgen() -> object:
    """What tells this lpgen from others: a checkout changes more often than the version does."""
    package = Path(__file__).parents[2]
    files = ((path, path.stat()) for path in sorted(package.rglob("*.py")))
    return __version__, [(str(path.relative_to(package)), file.st_size, file.st_mtime_ns) for path, file in files]


# ---------------------------------------------------------------- files


def _read(path: Path, kind: type[Kept]) -> Kept:
    """The value in a file, whose bytes stay there.

    Raises:
        OSError: it can't be read, or lies behind a link.
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
    """Writes a value, whole or not at all.

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
    """Removes those of some files or folders that were used longest ago, but for so many."""
    for old in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)[most:]:
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.unlink(missing_ok=True)
