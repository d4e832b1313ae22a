"""Writes and reads snapshots. Each is an immutable folder, written completely or not at all, and checked on reading.

`docs/data-folder.md` describes its files.
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
ABAC_BUCKETS: Final = "abac-buckets"
BUCKET_LOGGING: Final = "bucket-logging"
FUNCTIONS: Final = "functions"
EVENT_SOURCES: Final = "event-sources"
ACCOUNT_SUMMARIES: Final = "account-summaries"
IDENTITY_PROVIDERS: Final = "identity-providers"
COMPUTE: Final = "compute"
LOGIN_PROFILES: Final = "login-profiles"
CREDENTIALS: Final = "credentials"
VPC_ENDPOINTS: Final = "vpc-endpoints"
ACCESS_REPORTS: Final = "access-reports"
SCPS: Final = "scps.json"
RCPS: Final = "rcps.json"
ORGANIZATION: Final = "organization.json"

_NAME_FORMAT: Final = "%Y-%m-%dT%H-%M-%SZ"  # some systems allow no colon in names
_AGAIN: Final = "take a new one with `lpgen snapshot`, or choose another with --snapshot"
_KIND: Final = SealedKind("snapshot", "taken", SnapshotError, again="try again", hint=_AGAIN, format_version=1)


# ---------------------------------------------------------------- writing


class SnapshotWriter(SealedWriter):
    """Writes one snapshot. Use as a context manager. Without `finish`, nothing remains."""

    def __init__(self, data: Path, taken: datetime) -> None:
        super().__init__(data / SNAPSHOTS, taken.strftime(_NAME_FORMAT), _KIND)
        self.taken = taken

    def write_json(self, path: str, *documents: object) -> None:
        """Writes a file of consecutive JSON documents. Threads may write different files at once."""
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
        regions: tuple[str, ...] = (),
        about: Mapping[str, object],
    ) -> SnapshotStamp:
        """Writes the manifest and gives the folder its final name. From then on the snapshot counts.

        `regions` are the only Regions that were searched, if not all were. `about` holds more facts for people.
        """
        taken, missing = tuple(sorted(accounts)), tuple(sorted(gaps))
        self.seal(
            {
                "taken": self.taken.isoformat(),
                **about,
                "regions": regions,
                "organization": organization or None,
                "accounts": [asdict(account) for account in taken],
                "gaps": [asdict(gap) for gap in missing],
            }
        )
        return SnapshotStamp(self.name, self.taken, taken, missing, organization=organization, regions=regions)


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
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The existing files and folders for the options with the same names.

    A snapshot has one file for each trail. `resource_tags`, `schedules`, `versioned_buckets`, `bucket_logging`,
    `functions` with their log groups, `event_sources` with what polls them, `account_summaries` with quotas,
    `identity_providers`, `compute`, `login_profiles`, `credentials` and `vpc_endpoints` have one file for each account
    or Region.
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
    abac_buckets: tuple[Path, ...] = ()
    bucket_logging: tuple[Path, ...] = ()
    functions: tuple[Path, ...] = ()
    event_sources: tuple[Path, ...] = ()
    account_summaries: tuple[Path, ...] = ()
    identity_providers: tuple[Path, ...] = ()
    compute: tuple[Path, ...] = ()
    login_profiles: tuple[Path, ...] = ()
    credentials: tuple[Path, ...] = ()
    vpc_endpoints: tuple[Path, ...] = ()
    access_reports: Path | None = None


@dataclass(frozen=True, slots=True)
class TakenSnapshot(InputFiles):
    """A complete snapshot and its files."""

    stamp: SnapshotStamp = field(kw_only=True)


def snapshot_names(data: Path) -> tuple[str, ...]:
    """The names of the snapshots of a data folder, oldest first.

    Raises:
        SnapshotError: their folder can't be read.
    """
    return sealed_names(data / SNAPSHOTS, _KIND)


def find_snapshot(data: Path, wanted: str = "") -> Path | None:
    """The folder of the newest snapshot of a data folder, or None if there are none.

    `wanted` is a name or the beginning of one, such as a day. The newest match counts.

    Raises:
        InvocationError: no snapshot matches.
        SnapshotError: the folder can't be read.
    """
    names = snapshot_names(data)
    found = [name for name in names if name.startswith(wanted)]
    if wanted and not found:
        known = f"the newest are {', '.join(names[-3:])}" if names else "there is none; take one with `lpgen snapshot`"
        raise InvocationError(f"`{data}` has no snapshot {quote_input(wanted)}", hint=known)
    return data / SNAPSHOTS / found[-1] if found else None


def open_snapshot(folder: Path) -> TakenSnapshot:
    """A snapshot, after checking every file against its manifest.

    Raises:
        SnapshotError: it is damaged, edited, incomplete, or has another format.
    """
    manifest = open_sealed(folder, _KIND, _SnapshotManifest)
    organization = manifest.organization or ""
    stamp = SnapshotStamp(
        folder.name,
        manifest.taken,
        manifest.accounts,
        manifest.gaps,
        organization=organization,
        regions=manifest.regions,
    )

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
        abac_buckets=below(ABAC_BUCKETS),
        bucket_logging=below(BUCKET_LOGGING),
        functions=below(FUNCTIONS),
        event_sources=below(EVENT_SOURCES),
        account_summaries=below(ACCOUNT_SUMMARIES),
        identity_providers=below(IDENTITY_PROVIDERS),
        compute=below(COMPUTE),
        login_profiles=below(LOGIN_PROFILES),
        credentials=below(CREDENTIALS),
        vpc_endpoints=below(VPC_ENDPOINTS),
        access_reports=part(ACCESS_REPORTS),
        stamp=stamp,
    )
