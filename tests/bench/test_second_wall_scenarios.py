"""`lpgen perimeter` and `lpgen guardrails` answer as their judges expect in the open scenarios."""

from __future__ import annotations

from typing import Final

import pytest

from bench.guardrails import __main__ as guardrails
from bench.guardrails.scenario_files import FOLDERS as GUARDRAIL_FOLDERS
from bench.guardrails.scenario_files import load_scenarios as load_guardrails
from bench.judging import Verdict
from bench.perimeter import __main__ as perimeter
from bench.perimeter.scenario_files import FOLDERS as PERIMETER_FOLDERS
from bench.perimeter.scenario_files import load_scenarios as load_perimeters

_EVERY: Final = 8
"""The share of the scenarios in a quick run: one of so many."""

PERIMETERS = {one.name: one for one in load_perimeters("open", PERIMETER_FOLDERS["open"])}
GUARDRAILS = {one.name: one for one in load_guardrails("open", GUARDRAIL_FOLDERS["open"])}


def some(names: dict[str, object]) -> list[object]:
    """All names, most of which are left to the slow tests."""
    return [
        pytest.param(name, marks=[pytest.mark.slow] if number % _EVERY else []) for number, name in enumerate(names)
    ]


def faults_of(verdicts: list[Verdict]) -> list[str]:
    assert verdicts
    return [f"{verdict.place}: {fault}" for verdict in verdicts for fault in verdict.faults]


@pytest.mark.parametrize("name", some({**PERIMETERS}))
def test_perimeters_are_as_the_judge_expects(name: str) -> None:
    assert faults_of(perimeter.judge_one(PERIMETERS[name])) == []


@pytest.mark.parametrize("name", some({**GUARDRAILS}))
def test_guardrails_are_as_the_judge_expects(name: str) -> None:
    assert faults_of(guardrails.judge_one(GUARDRAILS[name])) == []


def test_held_back_scenarios_have_no_mistakes() -> None:
    assert load_perimeters("held-back", PERIMETER_FOLDERS["held-back"])
    assert load_guardrails("held-back", GUARDRAIL_FOLDERS["held-back"])
