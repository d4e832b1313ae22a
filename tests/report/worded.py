"""Findings with words of their own, to show that renderers take any."""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.drift.findings import DriftFinding


@dataclass(frozen=True, slots=True)
class WordedFinding(DriftFinding):
    """A drift finding that says other words than its row."""

    message: str = ""
    step: str = ""
    item: str = ""
