"""The score of the attacks, and a table of it at the end of `make test-attack`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.attack.score import PROPERTY, SEED, SHARE, Attack


@pytest.fixture
def attack(record_property: Callable[[str, object], None]) -> Callable[[str], Attack]:
    """Begins a kind of attack: `with attack("bit flips") as one: one.add(name, held=...)`."""
    return lambda kind: Attack(kind, record_property)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what was tried and what held; with several processes too, since reports carry properties."""
    tried: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for kind, count, good in (value for name, value in report.user_properties if name == PROPERTY):
                    tried[kind] += count
                    held[kind] += good
    if tried:
        terminalreporter.section(f"attacks (ATTACK_SEED={SEED} ATTACK_SHARE={SHARE:g})")
        terminalreporter.write_line(f"{'kind':<44}{'tried':>10}{'held':>10}")
        for kind in sorted(tried):
            terminalreporter.write_line(f"{kind:<44}{tried[kind]:>10}{held[kind]:>10}")
        terminalreporter.write_line(f"{'all':<44}{tried.total():>10}{held.total():>10}")
