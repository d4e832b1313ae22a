"""IAM's grammar for action patterns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lpgen.core.catalog.patterns import ParsedPattern, parse_pattern
from lpgen.core.model import ActionPattern

CASES = json.loads((Path(__file__).parents[2] / "cases" / "action_patterns.json").read_text())


@pytest.mark.parametrize("case", CASES["valid"], ids=lambda case: case["name"])
def test_pattern_is_parsed_in_lower_case(case: dict[str, str]) -> None:
    assert parse_pattern(ActionPattern(case["pattern"])) == ParsedPattern(case["prefix"], case["glob"])


@pytest.mark.parametrize("case", CASES["invalid"], ids=lambda case: case["name"])
def test_pattern_that_iam_refuses_is_refused_with_a_sentence(case: dict[str, str]) -> None:
    outcome = parse_pattern(ActionPattern(case["pattern"]))
    assert isinstance(outcome, str)
    assert outcome
