"""The facts about a snapshot: when it was taken, of which accounts, and its gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Subject(StrEnum):
    """A subject that a snapshot reads."""

    ACCOUNT = "account"  # the whole of it
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
    FUNCTIONS = "functions"


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Something that a snapshot doesn't hold since it couldn't be read.

    `account` is "" for what belongs to none; `place` is the Region, service or resource, "" for all of the subject;
    `reason` is a clause.
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
    """An account that a snapshot holds. `name` is that of the organization, "" where it isn't known."""

    account: str
    name: str
    roles: int
    users: int


@dataclass(frozen=True, slots=True)
class SnapshotStamp:
    """A report's facts about the snapshot that it uses.

    `used` names the inputs that were taken from it. `organization` is the id of the organization, "" if unknown.
    """

    name: str
    taken: datetime
    accounts: tuple[TakenAccount, ...]
    gaps: tuple[Gap, ...]
    used: tuple[str, ...] = ()
    organization: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each gap."""
        return tuple(f"snapshot {self.name}: {gap}" for gap in self.gaps)


NO_SNAPSHOT: Final = "none"
"""The name with which a person chooses to use no snapshot."""
