"""The snapshots of a data folder: one immutable folder each, made whole or not at all, and checked when it is read.

`docs/data-folder.md` describes what lies in one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from lpgen.core.snapshots import Gap, SnapshotStamp, TakenAccount
from lpgen.edge.data_folder.immutable_folder import SealedKind, SealedManifest, SealedWriter, open_sealed, sealed_names
from lpgen.errors import InvocationError, SnapshotError, quote_input

SNAPSHOTS: Final = "snapshots"

POLICIES: Final = "policies"
TRAILS: Final = "trails"
LAST_ACCESSED: Final = "last-accessed"
RESOURCE_POLICIES: Final = "resource-policies"
RESOURCE_TAGS: Final = "resource-tags"
SCHEDULES: Final = "schedules"
VERSIONED_BUCKETS: Final = "versioned-buckets"
FUNCTIONS: Final = "functions"
SCPS: Final = "scps.json"
RCPS: Final = "rcps.json"
ORGANIZATION: Final = "organization.json"

_NAME_FORMAT: Final = "%Y-%m-%dT%H-%M-%SZ"  # a colon is no character for names on every system
_AGAIN: Final = "take a new one with `lpgen snapshot`, or choose another by --snapshot"
_KIND: Final = SealedKind("snapshot", "taken", SnapshotError, again="try again", hint=_AGAIN, format_version=1)


# ---------------------------------------------------------------- writing


class SnapshotWriter(SealedWriter):
    """Writes one snapshot. Use as a context: without `finish` nothing stays of it."""

    def __init__(self, data: Path, taken: datetime) -> None:
        super().__init__(data / SNAPSHOTS, taken.strftime(_NAME_FORMAT), _KIND)
        self.taken = taken

    def write_json(self, path: str, *documents: object) -> None:
        """Writes a file of JSON documents, one below the other. Threads may write different files at once."""
        text = "".join(
            json.dumps(document, indent=2, default=_as_text, ensure_ascii=False) + "\n" for document in documents
        )
        self.write(path, text.encode(errors="surrogatepass"))

    def finish(
        self,
        accounts: tuple[TakenAccount, ...],
        gaps: tuple[Gap, ...],
        *,
        organization: str = "",
        about: Mapping[str, object],
    ) -> SnapshotStamp:
        """Writes the manifest and gives the folder its name, from which moment on the snapshot counts.

        `about` are further facts for people.
        """
        taken, missing = tuple(sorted(accounts)), tuple(sorted(gaps))
        self.seal(
            {
                "taken": self.taken.isoformat(),
                **about,
                "organization": organization or None,
                "accounts": [asdict(account) for account in taken],
                "gaps": [asdict(gap) for gap in missing],
            }
        )
        return SnapshotStamp(self.name, self.taken, taken, missing, organization=organization)


def _as_text(value: object) -> str:
    """A time as the AWS CLI prints it, but always in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


# ---------------------------------------------------------------- reading


class _SnapshotManifest(SealedManifest, frozen=True):
    taken: datetime
    accounts: tuple[TakenAccount, ...]
    gaps: tuple[Gap, ...]
    organization: str | None


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The files and folders of the options of the same names, as far as there are any.

    A snapshot has `trails` in a file each, and `resource_tags`, `schedules`, the `versioned_buckets`, and `functions`
    with their log groups in a file for each account or Region.
    """

    policies: tuple[Path, ...] = ()
    trails: tuple[Path, ...] = ()
    last_accessed: Path | None = None
    scps: Path | None = None
    resource_policies: Path | None = None
    rcps: Path | None = None
    resource_tags: tuple[Path, ...] = ()
    organization: Path | None = None
    schedules: tuple[Path, ...] = ()
    versioned_buckets: tuple[Path, ...] = ()
    functions: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenSnapshot(InputFiles):
    """A snapshot that is whole, and what it holds."""

    stamp: SnapshotStamp = field(kw_only=True)


def snapshot_names(data: Path) -> tuple[str, ...]:
    """The names of the snapshots of a data folder, the oldest first.

    Raises:
        SnapshotError: their folder can't be read.
    """
    return sealed_names(data / SNAPSHOTS, _KIND)


def find_snapshot(data: Path, wanted: str = "") -> Path | None:
    """The folder of the newest snapshot of a data folder, or None without any.

    `wanted` is a name or the beginning of one, such as a day: of those that fit the newest.

    Raises:
        InvocationError: none fits what is wanted.
        SnapshotError: the folder can't be read.
    """
    names = snapshot_names(data)
    found = [name for name in names if name.startswith(wanted)]
    if wanted and not found:
        known = f"the newest are {', '.join(names[-3:])}" if names else "there is none; take one with `lpgen snapshot`"
        raise InvocationError(f"`{data}` has no snapshot {quote_input(wanted)}", hint=known)
    return data / SNAPSHOTS / found[-1] if found else None


def open_snapshot(folder: Path) -> TakenSnapshot:
    """A snapshot, once every file of it is what its manifest says.

    Raises:
        SnapshotError: it is damaged, edited, incomplete, or of another format.
    """
    manifest = open_sealed(folder, _KIND, _SnapshotManifest)
    organization = manifest.organization or ""
    stamp = SnapshotStamp(folder.name, manifest.taken, manifest.accounts, manifest.gaps, organization=organization)

    def below(name: str) -> tuple[Path, ...]:
        return tuple(folder / file for file in sorted(manifest.files) if file.startswith(f"{name}/"))

    def part(name: str) -> Path | None:
        return folder / name if name in manifest.files or below(name) else None

    return TakenSnapshot(
        policies=below(POLICIES),
        trails=below(TRAILS),
        last_accessed=part(LAST_ACCESSED),
        scps=part(SCPS),
        resource_policies=part(RESOURCE_POLICIES),
        rcps=part(RCPS),
        resource_tags=below(RESOURCE_TAGS),
        organization=part(ORGANIZATION),
        schedules=below(SCHEDULES),
        versioned_buckets=below(VERSIONED_BUCKETS),
        functions=below(FUNCTIONS),
        stamp=stamp,
    )
