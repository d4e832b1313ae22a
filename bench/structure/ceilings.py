"""Compares figures with their ceilings, and lowers ceilings to the figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of a tree, or the ceilings of them: the code lines of each folder's own files, and totals by name."""

    lines: Mapping[str, int]
    totals: Mapping[str, int]


def read_ceilings(path: Path) -> Figures:
    """The ceilings in a file."""
    return Figures(**json.loads(path.read_bytes()))


def write_ceilings(path: Path, ceilings: Figures) -> None:
    """Replaces the ceilings in a file."""
    path.write_text(json.dumps(asdict(ceilings), indent=2) + "\n", encoding="utf-8")


def find_violations(figures: Figures, ceilings: Figures) -> list[str]:
    """A line for each figure above its ceiling, each without a ceiling, and each ceiling of what no longer exists."""
    return [
        *(f"code lines of {violation}" for violation in _compare(figures.lines, ceilings.lines)),
        *_compare(figures.totals, ceilings.totals),
    ]


def lower_ceilings(figures: Figures, ceilings: Figures) -> Figures:
    """The ceilings, lowered to the figures and without those that have no figure. None rises, and none is new."""
    return Figures(_lowered(ceilings.lines, figures.lines), _lowered(ceilings.totals, figures.totals))


def _compare(figures: Mapping[str, int], ceilings: Mapping[str, int]) -> Iterator[str]:
    for name, figure in figures.items():
        if name not in ceilings:
            yield f"{name}: {figure:,}, but no ceiling"
        elif figure > ceilings[name]:
            yield f"{name}: {figure:,}, above the ceiling of {ceilings[name]:,}"
    yield from (f"{name}: a ceiling, but nothing to measure" for name in ceilings if name not in figures)


def _lowered(ceilings: Mapping[str, int], figures: Mapping[str, int]) -> dict[str, int]:
    return {name: min(ceiling, figures[name]) for name, ceiling in ceilings.items() if name in figures}
