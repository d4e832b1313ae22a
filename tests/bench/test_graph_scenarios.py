"""`lpgen graph` answers its judge's open scenarios as AWS documents, and the held-back ones have no mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from bench.graph.__main__ import failures_of
from bench.graph.scenario_files import FOLDERS, Scenario, load_scenarios, write_inputs
from lpgen.cli.main import app

_EVERY: Final = 5
"""The share of the scenarios in a quick run: one of so many."""

OPEN: Final = load_scenarios("open", FOLDERS["open"])


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(one, id=one.name, marks=[pytest.mark.slow] if number % _EVERY else [])
        for number, one in enumerate(OPEN)
    ],
)
def test_every_check_of_the_scenario_passes(scenario: Scenario, tmp_path: Path) -> None:
    options, failures = write_inputs(scenario, tmp_path), []
    for check in scenario.content["checks"]:
        asked = ("--from", check["from"], "--to", check["to"])
        done = CliRunner().invoke(app, ["graph", *options, *asked, "--format", "json"])
        assert done.exit_code == 0, done.output
        failures += [(*asked, failure) for failure in failures_of(check, json.loads(done.stdout))]
    assert failures == []


def test_held_back_scenarios_have_no_mistakes() -> None:
    assert load_scenarios("held-back", FOLDERS["held-back"])


def test_loader_names_the_file_and_place_of_a_mistake(tmp_path: Path) -> None:
    scenario = {**OPEN[0].content, "checks": [{"from": "arn:aws:iam::111122223333:role/none", "to": "admin"}]}
    scenario["checks"][0]["expect"] = "perhaps"
    (tmp_path / "wrong.json").write_text(json.dumps(scenario), encoding="utf-8")
    (tmp_path / "torn.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"torn\.json: unreadable") as refused:
        load_scenarios("open", tmp_path)
    assert "wrong.json: checks[0]: no such expectation" in str(refused.value)
    assert "role/none or admin isn't a principal" in str(refused.value)
