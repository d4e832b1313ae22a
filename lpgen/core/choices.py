"""The words that a person chooses among on the command line.

They stand apart from what they are chosen for, so that `lpgen --help` lists them without importing that.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

MAX_EXPECTED_DENIALS: Final = 0.1
"""A safe replacement is expected to deny at most so many needs in 30 days."""


class KeepUnobservable(StrEnum):
    """Which actions stay whose use the logs could not have shown."""

    ALL = "all"
    SIGNED = "signed"  # those with a sign of use
    NONE = "none"


class ScopeChoice(StrEnum):
    """How far the lines of a replacement reach."""

    EXACT = "exact"  # the recorded resources
    EVIDENCE = "evidence"  # as far as the logs support
    GRANTED = "granted"  # the old statements' own resources, less actions


class Severity(StrEnum):
    """How much a finding matters, the most first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Duty(StrEnum):
    """What lpgen is to do, or what another account grants it."""

    INGEST_S3 = "ingest-s3"
    INGEST_ATHENA = "ingest-athena"
    INGEST_CLOUDTRAIL = "ingest-cloudtrail"
    SNAPSHOT = "snapshot"
    ASSUME_ROLE = "assume-role"
    MEMBER_ROLE = "member-role"
    MEMBER_TRUST = "member-trust"
    ROLLOUT_APPLY = "rollout-apply"
    ROLLOUT_UNDO = "rollout-undo"
    ROLLOUT_WATCH = "rollout-watch"
    MEMBER_ROLLOUT = "member-rollout"
