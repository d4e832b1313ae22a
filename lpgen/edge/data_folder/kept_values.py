"""Values that a review worked out from all principals, kept so that a review of one needn't read what all did.

`DIR/kept/GENERATION/INPUTS/KIND-FACTS`: the usage tables, the digest of the policies, the catalog and this lpgen, and
the digest of the options that matter. So a kept value is never stale. One that is missing or damaged is made again, and
one that can't be written isn't kept. See docs/data-folder.md.

A file begins with the SHA-256 of the rest and the length of the value in MessagePack, and ends with its spills.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import uuid
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, get_type_hints

import msgspec

from lpgen import __version__
from lpgen.core.digests import digest_of_facts
from lpgen.core.keeping import Kept
from lpgen.edge.private_files import check_is_no_link, open_private, take_folder
from lpgen.edge.spill import Spill

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
_LENGTH_BYTES: Final = 8

_UNREADABLE: Final = (OSError, ValueError, TypeError, LookupError, RecursionError, msgspec.MsgspecError)


@dataclass(frozen=True, slots=True)
class KeptValues:
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


def kept_values(data: Path, generation: str, made_from: object) -> KeptValues:
    """The values that are kept of a generation of the usage tables, and of these other inputs."""
    return KeptValues(data / KEPT / generation / _digest((made_from, _this_lpgen())))


def _digest(facts: object) -> str:
    return digest_of_facts(msgspec.to_builtins(facts))


def remove_stale_values(data: Path, generation: str) -> None:
    """Removes what was kept of other generations than this one."""
    with contextlib.suppress(OSError):
        check_is_no_link(data / KEPT)
        for entry in os.scandir(data / KEPT):
            if entry.name != generation:
                shutil.rmtree(entry.path, ignore_errors=True)


@cache
def _this_lpgen() -> object:
    """What tells this lpgen from others: a checkout changes more often than the version does."""
    package = Path(__file__).parents[2]
    files = ((path, path.stat()) for path in sorted(package.rglob("*.py")))
    return __version__, [(str(path.relative_to(package)), one.st_size, one.st_mtime_ns) for path, one in files]


# ---------------------------------------------------------------- files


def _read(path: Path, kind: type[Kept]) -> Kept:
    """The value in a file.

    Raises:
        OSError: it can't be read, or lies behind a link.
        ValueError: it was changed, or holds something else.
    """
    for folder in path.parents[:_FOLDERS]:
        check_is_no_link(folder)
    with path.open("rb", buffering=0) as file:
        stated = file.read(_DIGEST_BYTES)
        if hashlib.file_digest(file, "sha256").digest() != stated:
            raise ValueError(f"`{path}` was changed")
        file.seek(_DIGEST_BYTES)
        length = int.from_bytes(file.read(_LENGTH_BYTES))
        packed = file.read(length)
        found: Kept = msgspec.msgpack.decode(packed, type=kind, dec_hook=_Reader(file, file.tell()).from_plain)
    for used in (path, path.parent):
        with contextlib.suppress(OSError):
            os.utime(used)
    return found


def _write(path: Path, value: object) -> None:
    """Writes a value, whole or not at all.

    Raises:
        OSError: the folder can't be written, or the disk is full.
    """
    writer = _Writer()
    packed = msgspec.msgpack.encode(value, enc_hook=writer.to_plain)
    for folder in reversed(path.parents[:_FOLDERS]):
        take_folder(folder)
    unfinished = path.with_name(f"unfinished-{uuid.uuid4().hex}")
    try:
        with open_private(unfinished, "xb") as file:
            file.write(bytes(_DIGEST_BYTES) + len(packed).to_bytes(_LENGTH_BYTES) + packed)
            for spill in writer.spills:
                spill.copy(file)
            file.flush()
            with unfinished.open("rb", buffering=0) as written:
                written.seek(_DIGEST_BYTES)
                digest = hashlib.file_digest(written, "sha256").digest()
            file.seek(0)
            file.write(digest)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _remove_oldest(paths: Iterable[Path], most: int) -> None:
    """Removes those of some files or folders that were used longest ago, but for so many."""
    for old in sorted(paths, key=lambda one: one.stat().st_mtime, reverse=True)[most:]:
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.unlink(missing_ok=True)


@dataclass(slots=True)
class _Writer:
    """Makes plain values of those of a kind, and collects their spills, which are `size` bytes."""

    spills: list[Spill] = field(default_factory=list)
    size: int = 0

    def to_plain(self, value: Any) -> object:
        """An array as its type and bytes, a spill as its place; of any other object its annotated attributes."""
        if isinstance(value, array):
            return value.typecode, value.tobytes()
        if isinstance(value, Spill):
            start = self.size
            self.size += value.size
            self.spills.append(value)
            return start
        return {name: getattr(value, name) for name in _attributes(type(value))}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes what `_Writer` was given of the plain values in a file, whose spills begin at `start`."""

    file: IO[bytes]
    start: int

    def from_plain(self, kind: type[Any], plain: Any) -> object:
        """The array, spill or object."""
        if kind is Spill:
            # Without a buffer, which would be wrong about the place that the copies of a descriptor share.
            return Spill(os.fdopen(os.dup(self.file.fileno()), "rb", buffering=0), self.start + plain)
        if kind is array:
            return array(*plain)
        found = object.__new__(kind)
        for name, attribute in _attributes(kind).items():
            value = msgspec.convert(plain[name], attribute, dec_hook=self.from_plain, builtin_types=(bytes,))
            object.__setattr__(found, name, value)
        return found


def _attributes(kind: type[Any]) -> Mapping[str, Any]:
    """The annotated attributes of a class, of which there is at least one."""
    found = get_type_hints(kind)
    if not found:
        raise TypeError(f"{kind.__name__} can't be kept")
    return found
