"""The facts about a snapshot: its time, its accounts, and its gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Subject(StrEnum):
    """A subject that a snapshot reads."""

    ACCOUNT = "account"  # the whole account
    POLICIES = "policies"
    LAST_ACCESSED = "last accessed"
    TRAILS = "trails"
    ORGANIZATION = "organization"
    SCPS = "SCPs"
    RCPS = "RCPs"
    RESOURCE_POLICIES = "resource policies"
    RESOURCE_TAGS = "resource tags"
    SCHEDULES = "schedules"
    VERSIONED_BUCKETS = "versioned buckets"
    ABAC_BUCKETS = "buckets with attribute-based access control"
    FUNCTIONS = "functions"
    EVENT_SOURCES = "event sources"
    QUOTAS = "quotas"
    IDENTITY_PROVIDERS = "identity providers"
    COMPUTE = "compute"
    LOGIN_PROFILES = "login profiles"
    CREDENTIALS = "credentials"
    INSTANCE_PROFILES = "instance profiles"
    VPC_ENDPOINTS = "VPC endpoints"
    ACCESS_REPORTS = "access reports"
    BUCKET_LOGGING = "bucket logging"


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Something that a snapshot lacks because it couldn't be read.

    `account` is "" for a subject without an account. `place` is the Region, service or resource, or "" for the whole
    subject. `reason` is a clause.
    """

    account: str
    subject: Subject
    place: str
    reason: str

    def __str__(self) -> str:
        where = " of ".join(part for part in (self.place, self.account) if part)
        return f"{self.subject}{f' ({where})' if where else ''}: {self.reason}"


@dataclass(frozen=True, slots=True, order=True)
class TakenAccount:
    """An account in a snapshot. `name` is its name in the organization, or "" if unknown."""

    account: str
    name: str
    roles: int
    users: int


@dataclass(frozen=True, slots=True, order=True)
class BucketLogging:
    """Where S3 delivers the server access logs of a bucket. `is_partitioned`: their keys name the account, the Region,
    the bucket and the day."""

    bucket: str
    target_bucket: str
    target_prefix: str
    is_partitioned: bool

    @property
    def folder(self) -> str:
        """The folder of the logs: the prefix up to its last slash, because S3 appends names to the prefix."""
        return self.target_prefix[: self.target_prefix.rfind("/") + 1]


@dataclass(frozen=True, slots=True)
class SnapshotStamp:
    """A report's facts about the snapshot that it uses.

    `used` has the inputs that come from it. `organization` is the id of the organization, or "" if unknown. `regions`
    are the only Regions that were searched, empty if all enabled ones were.
    """

    name: str
    taken: datetime
    accounts: tuple[TakenAccount, ...]
    gaps: tuple[Gap, ...]
    used: tuple[str, ...] = ()
    organization: str = ""
    regions: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each gap."""
        return tuple(f"snapshot {self.name}: {gap}" for gap in self.gaps)


NO_SNAPSHOT: Final = "none"
"""The name that means to use no snapshot."""
