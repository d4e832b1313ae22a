"""The findings of a check of a data folder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """The severity of a finding."""

    DAMAGE = "damage"  # something that a command reads is missing, changed or contradictory
    LEFTOVER = "leftover"  # something that no command reads


@dataclass(frozen=True, slots=True)
class FolderFinding:
    """One finding: a sentence that names the file or folder, and what to do."""

    kind: FindingKind
    problem: str
    next_step: str


@dataclass(frozen=True, slots=True)
class FolderCheck:
    """A check of a data folder: how much was checked, and what was found."""

    folder: str
    files: int
    records: int
    rows: int
    snapshots: int
    baselines: int
    findings: tuple[FolderFinding, ...]

    @property
    def damages(self) -> tuple[FolderFinding, ...]:
        """The findings that need a repair."""
        return tuple(finding for finding in self.findings if finding.kind is FindingKind.DAMAGE)
