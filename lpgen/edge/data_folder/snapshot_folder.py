"""The snapshots of a data folder: one immutable folder each, made whole or not at all, and checked when it is read.

`docs/data-folder.md` describes what lies in one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.snapshots import Gap, SnapshotStamp, TakenAccount
from lpgen.edge.data_folder.immutable_folder import MANIFEST, SealedKind, SealedWriter, open_sealed, sealed_names
from lpgen.errors import InvocationError, SnapshotError, quote_input, quote_reason

SNAPSHOTS: Final = "snapshots"
_FORMAT_VERSION: Final = 1

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
_KIND: Final = SealedKind(
    "snapshot", "taken", SnapshotError, again="try again", hint=_AGAIN, format_version=_FORMAT_VERSION
)


# ---------------------------------------------------------------- writing


class SnapshotWriter:
    """Writes one snapshot. Use as a context: without `finish` nothing stays of it."""

    def __init__(self, data: Path, taken: datetime) -> None:
        self.taken = taken
        self._folder = SealedWriter(data / SNAPSHOTS, taken.strftime(_NAME_FORMAT), _KIND)

    @property
    def name(self) -> str:
        """What its folder will be called."""
        return self._folder.name

    def __enter__(self) -> SnapshotWriter:
        self._folder.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.__exit__()

    def write(self, path: str, *documents: object) -> None:
        """Writes a file of JSON documents, one below the other. Threads may write different files at once."""
        text = "".join(json.dumps(one, indent=2, default=_as_text, ensure_ascii=False) + "\n" for one in documents)
        self._folder.write(path, text.encode(errors="surrogatepass"))

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
        self._folder.seal(
            {
                "taken": self.taken.isoformat(),
                **about,
                "organization": organization or None,
                "accounts": [asdict(one) for one in sorted(accounts)],
                "gaps": [asdict(one) for one in sorted(gaps)],
            }
        )
        taken, missing = tuple(sorted(accounts)), tuple(sorted(gaps))
        return SnapshotStamp(self.name, self.taken, taken, missing, organization=organization)


def _as_text(value: object) -> str:
    """A time as the AWS CLI prints it, but always in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


# ---------------------------------------------------------------- reading


class _Manifest(msgspec.Struct, frozen=True):
    taken: datetime
    accounts: tuple[TakenAccount, ...]
    gaps: tuple[Gap, ...]
    files: dict[str, Any]
    organization: str | None


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
    def schedules(self) -> tuple[Path, ...]:
        """Files of schedules, one for each account."""
        return self._below(SCHEDULES)

    @property
    def versioned_buckets(self) -> tuple[Path, ...]:
        """Files of buckets with versions, one for each account."""
        return self._below(VERSIONED_BUCKETS)

    @property
    def functions(self) -> tuple[Path, ...]:
        """Files of functions with their log groups, one for each account."""
        return self._below(FUNCTIONS)

    @property
    def scps(self) -> Path | None:
        """The SCPs by account, if they could be read."""
        return self.folder / SCPS if SCPS in self.files else None

    @property
    def rcps(self) -> Path | None:
        """The RCPs by account, if they could be read."""
        return self.folder / RCPS if RCPS in self.files else None

    @property
    def organization(self) -> Path | None:
        """The tree of the organization, if there is one that could be read."""
        return self.folder / ORGANIZATION if ORGANIZATION in self.files else None

    def _below(self, folder: str) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in self.files if name.startswith(f"{folder}/"))


def snapshot_names(data: Path) -> tuple[str, ...]:
    """The names of the snapshots of a data folder, the oldest first.

    Raises:
        SnapshotError: their folder can't be read.
    """
    return tuple(sorted(sealed_names(data / SNAPSHOTS, _KIND)))


def find_snapshot(data: Path, wanted: str = "") -> Path | None:
    """The folder of the newest snapshot of a data folder, or None without any.

    `wanted` is a name or the beginning of one, such as a day: of those that fit the newest.

    Raises:
        InvocationError: none fits what is wanted.
        SnapshotError: the folder can't be read.
    """
    names = snapshot_names(data)
    found = [one for one in names if one.startswith(wanted)]
    if wanted and not found:
        known = f"the newest are {', '.join(names[-3:])}" if names else "there is none; take one with `lpgen snapshot`"
        raise InvocationError(f"`{data}` has no snapshot {quote_input(wanted)}", hint=known)
    return data / SNAPSHOTS / found[-1] if found else None


def open_snapshot(folder: Path) -> TakenSnapshot:
    """A snapshot, once every file of it is what its manifest says.

    Raises:
        SnapshotError: it is damaged, edited, incomplete, or of another format.
    """
    try:
        manifest = msgspec.convert(open_sealed(folder, _KIND), _Manifest)
    except msgspec.ValidationError as error:
        raise SnapshotError(f"`{folder / MANIFEST}` is no manifest: {quote_reason(error)}", hint=_AGAIN) from error
    organization = manifest.organization or ""
    stamp = SnapshotStamp(folder.name, manifest.taken, manifest.accounts, manifest.gaps, organization=organization)
    return TakenSnapshot(folder, stamp, tuple(sorted(manifest.files)))
