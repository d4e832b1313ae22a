"""What a person can choose about the analysis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lpgen.core.findings import Decision


class KeepUnobservable(StrEnum):
    """Which actions stay whose use the logs could not have shown."""

    ALL = "all"
    SIGNED = "signed"  # those with a sign of use
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Options:
    """The choices that review, generate and verify share. `as_of` None means the day of the last record."""

    keep_unobservable: KeepUnobservable = KeepUnobservable.SIGNED
    min_days: int = 90
    as_of: date | None = None
    inline: bool = False
    decisions: tuple[Decision, ...] = ()
