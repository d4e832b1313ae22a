"""`lpgen tags` answers as its judge expects in the open scenarios."""

from __future__ import annotations

from typing import Final

import pytest

from bench.tags import __main__ as tags
from bench.tags.scenario_files import FOLDERS, load_scenarios

_EVERY: Final = 8
"""The share of the scenarios in a quick run: one of so many."""

SCENARIOS: Final = {one.name: one for one in load_scenarios("open", FOLDERS["open"])}
NOT_YET: Final = frozenset({"deleted-volume"})
"""Scenarios that it doesn't answer yet: the tables don't have the ids that AWS chooses for new resources."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=[
                *([pytest.mark.slow] if number % _EVERY else []),
                *([pytest.mark.xfail(strict=True)] if name in NOT_YET else []),
            ],
        )
        for number, name in enumerate(SCENARIOS)
    ],
)
def test_conditions_on_tags_are_as_the_judge_expects(name: str) -> None:
    verdicts = tags.judge_one(SCENARIOS[name])
    assert verdicts
    assert [f"{verdict.place}: {fault}" for verdict in verdicts for fault in verdict.faults] == []
