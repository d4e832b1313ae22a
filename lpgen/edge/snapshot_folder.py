"""The snapshots of a data folder: one immutable folder each, made whole or not at all, and checked when it is read.

`docs/data-folder.md` describes what lies in one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.snapshots import Gap, SnapshotStamp, TakenAccount
from lpgen.edge.usage_files import sync_folder
from lpgen.errors import SnapshotError, quote_input

SNAPSHOTS: Final = "snapshots"
MANIFEST: Final = "manifest.json"
FORMAT_VERSION: Final = 1

POLICIES: Final = "policies"
TRAILS: Final = "trails"
LAST_ACCESSED: Final = "last-accessed"
RESOURCE_POLICIES: Final = "resource-policies"
RESOURCE_TAGS: Final = "resource-tags"
SCPS: Final = "scps.json"
RCPS: Final = "rcps.json"
ORGANIZATION: Final = "organization.json"

_UNFINISHED: Final = ".unfinished-"
_ABANDONED_SECONDS: Final = 24 * 3600
_NAME_FORMAT: Final = "%Y-%m-%dT%H-%M-%SZ"  # a colon is no character for names on every system
_AGAIN: Final = "take a new one with `lpgen snapshot`, or choose another by --snapshot"


# ---------------------------------------------------------------- writing


@dataclass(slots=True)
class SnapshotWriter:
    """Writes one snapshot. Use as a context: without `finish` nothing stays of it."""

    data: Path
    taken: datetime
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What its folder will be called."""
        return self.taken.strftime(_NAME_FORMAT)

    @property
    def _unfinished(self) -> Path:
        return self.data / SNAPSHOTS / f"{_UNFINISHED}{self.name}"

    @property
    def _final(self) -> Path:
        return self.data / SNAPSHOTS / self.name

    def __enter__(self) -> SnapshotWriter:
        try:
            (self.data / SNAPSHOTS).mkdir(parents=True, exist_ok=True)
            _remove_abandoned(self.data / SNAPSHOTS)
            if self._final.exists():
                raise FileExistsError
            self._unfinished.mkdir()
        except FileExistsError as error:
            raise SnapshotError(f"a snapshot of {self.name} is there or being taken", hint="try again") from error
        except OSError as error:
            raise _unwritable(self.data, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._unfinished, ignore_errors=True)

    def write(self, path: str, *documents: object) -> None:
        """Writes a file of JSON documents, one below the other. Threads may write different files at once."""
        text = "".join(json.dumps(one, indent=2, default=_as_text, ensure_ascii=False) + "\n" for one in documents)
        content = text.encode(errors="surrogatepass")
        try:
            target = self._unfinished / path
            target.parent.mkdir(exist_ok=True)
            _write_synced(target, content)
        except OSError as error:
            raise _unwritable(self.data, error) from error
        self.files[path] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    def finish(
        self, accounts: tuple[TakenAccount, ...], gaps: tuple[Gap, ...], *, about: Mapping[str, object]
    ) -> SnapshotStamp:
        """Writes the manifest and gives the folder its name, from which moment on the snapshot counts.

        `about` are further facts for people.
        """
        manifest: dict[str, object] = {
            "format_version": FORMAT_VERSION,
            "taken": self.taken.isoformat(),
            **about,
            "accounts": [asdict(one) for one in sorted(accounts)],
            "gaps": [asdict(one) for one in sorted(gaps)],
            "files": dict(sorted(self.files.items())),
        }
        content = json.dumps({**manifest, "digest": _digest(manifest)}, indent=2, ensure_ascii=False) + "\n"
        try:
            _write_synced(self._unfinished / MANIFEST, content.encode(errors="surrogatepass"))
            for folder in (*self._unfinished.iterdir(), self._unfinished):
                if folder.is_dir():
                    sync_folder(folder)
            self._unfinished.rename(self._final)
            sync_folder(self._final.parent)
        except OSError as error:
            raise _unwritable(self.data, error) from error
        return SnapshotStamp(self.name, self.taken, tuple(sorted(accounts)), tuple(sorted(gaps)))


def _as_text(value: object) -> str:
    """A time as the AWS CLI prints it, but always in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o444)


def _remove_abandoned(snapshots: Path) -> None:
    """Removes what killed runs left behind; what is younger than a day may still be written by another."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(snapshots):
            if entry.name.startswith(_UNFINISHED) and time.time() - entry.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(entry.path, ignore_errors=True)


def _unwritable(data: Path, error: OSError) -> SnapshotError:
    return SnapshotError(f"the snapshot can't be written into `{data}`: {error.strerror or error}")


# ---------------------------------------------------------------- reading


class _File(msgspec.Struct, frozen=True):
    sha256: str
    bytes: int


class _Manifest(msgspec.Struct, frozen=True):
    taken: datetime
    accounts: tuple[TakenAccount, ...]
    gaps: tuple[Gap, ...]
    files: dict[str, _File]


@dataclass(frozen=True, slots=True)
class TakenSnapshot:
    """A snapshot that is whole, and what it holds in the forms that the options of the same names read."""

    folder: Path
    stamp: SnapshotStamp
    files: tuple[str, ...]

    @property
    def policies(self) -> tuple[Path, ...]:
        """Files of authorization details."""
        return self._below(POLICIES)

    @property
    def trails(self) -> tuple[Path, ...]:
        """Files of trail settings, a trail each."""
        return self._below(TRAILS)

    @property
    def last_accessed(self) -> Path | None:
        """The folder of service last accessed reports, if there is any."""
        return self.folder / LAST_ACCESSED if self._below(LAST_ACCESSED) else None

    @property
    def resource_policies(self) -> Path | None:
        """The folder of resource policies, if there is any."""
        return self.folder / RESOURCE_POLICIES if self._below(RESOURCE_POLICIES) else None

    @property
    def resource_tags(self) -> tuple[Path, ...]:
        """Files of tagged resources."""
        return self._below(RESOURCE_TAGS)

    @property
    def scps(self) -> Path | None:
        """The SCPs by account, if they could be read."""
        return self.folder / SCPS if SCPS in self.files else None

    @property
    def rcps(self) -> Path | None:
        """The RCPs by account, if they could be read."""
        return self.folder / RCPS if RCPS in self.files else None

    def _below(self, folder: str) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in self.files if name.startswith(f"{folder}/"))


def find_snapshot(data: Path, wanted: str = "") -> Path | None:
    """The folder of the newest snapshot of a data folder, or None without any.

    `wanted` is a name or the beginning of one, such as a day: of those that fit the newest.

    Raises:
        SnapshotError: none fits what is wanted.
    """
    names = sorted(_snapshot_names(data))
    found = [one for one in names if one.startswith(wanted)]
    if wanted and not found:
        known = f"the newest are {', '.join(names[-3:])}" if names else "there is none; take one with `lpgen snapshot`"
        raise SnapshotError(f"`{data}` has no snapshot {quote_input(wanted)}", hint=known)
    return data / SNAPSHOTS / found[-1] if found else None


def _snapshot_names(data: Path) -> Iterator[str]:
    try:
        for entry in os.scandir(data / SNAPSHOTS):
            if entry.is_dir() and not entry.name.startswith("."):
                yield entry.name
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise SnapshotError(f"the snapshots of `{data}` can't be read: {error.strerror or error}") from error


def open_snapshot(folder: Path) -> TakenSnapshot:
    """A snapshot, once every file of it is what its manifest says.

    Raises:
        SnapshotError: it is damaged, edited, incomplete, or of a newer format.
    """
    manifest = _read_manifest(folder)
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    strange = sorted(present ^ manifest.files.keys())
    if strange:
        what = "holds a file too many" if strange[0] in present else "has lost a file"
        raise SnapshotError(f"the snapshot `{folder}` {what}: {quote_input(strange[0])}", hint=_AGAIN)
    for name, listed in manifest.files.items():
        if _file_digest(folder / name) != listed.sha256:
            raise SnapshotError(f"the snapshot `{folder}` was changed: {quote_input(name)}", hint=_AGAIN)
    stamp = SnapshotStamp(folder.name, manifest.taken, manifest.accounts, manifest.gaps)
    return TakenSnapshot(folder, stamp, tuple(sorted(manifest.files)))


def _read_manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        decoded = json.loads(path.read_bytes())
        version = decoded.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise SnapshotError(
                f"the snapshot `{folder}` has format {version}, and this version of lpgen reads {FORMAT_VERSION}",
                hint="update lpgen, or choose another by --snapshot",
            )
        if decoded.pop("digest", "") != _digest(decoded):
            raise SnapshotError(f"the snapshot `{folder}` was changed: `{MANIFEST}`", hint=_AGAIN)
        return msgspec.convert(decoded, _Manifest)
    except OSError as error:
        raise SnapshotError(f"`{path}` can't be read: {error.strerror or error}", hint=_AGAIN) from error
    except (ValueError, AttributeError, RecursionError) as error:
        raise SnapshotError(f"`{path}` is no manifest: {quote_input(str(error))}", hint=_AGAIN) from error


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SnapshotError(f"`{path}` can't be read: {error.strerror or error}", hint=_AGAIN) from error


def _digest(manifest: Mapping[str, object]) -> str:
    """The SHA-256 of a manifest without its own digest."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
