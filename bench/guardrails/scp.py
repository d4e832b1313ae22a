"""Compares an output of `lpgen guardrails scp` with a scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.guardrails.requests import caught, scp_denies, state_faults
from bench.guardrails.scenario import Scenario
from bench.guardrails.scp_laws import broken_laws
from bench.judging import Verdict
from bench.scenario_reading import Json


def judge(scenario: Scenario, output: Json) -> list[Verdict]:
    """The verdicts of all checks of a scenario, then those of the laws for each proposal."""
    checks = [
        Verdict(f"{check['unit']} {check['kind']}", check["why"], caught(_check_faults, scenario, check, output))
        for check in scenario.checks
    ]
    laws = [
        Verdict(f"{unit['unit']} {proposal['kind']}", "law", caught(broken_laws, scenario, unit, proposal))
        for unit in output["units"]
        for proposal in unit["proposals"]
    ]
    return [*checks, Verdict("units", "law", caught(_unit_faults, scenario, output)), *laws]


def _unit_faults(scenario: Scenario, output: Json) -> Iterator[str]:
    """What is wrong with the list of units: `--unit` chooses one, else all are there."""
    options = scenario.options
    known = {unit["id"] for unit in scenario.content["organization"]["units"]}
    wanted = {options[options.index("--unit") + 1]} if "--unit" in options else known
    found = [unit["unit"] for unit in output["units"]]
    if len(set(found)) != len(found) or set(found) != wanted:
        yield f"the units are {', '.join(found)}, not {', '.join(sorted(wanted))}"


def _check_faults(scenario: Scenario, check: Json, output: Json) -> Iterator[str]:
    units = [unit for unit in output["units"] if unit["unit"] == check["unit"]]
    found = [one for unit in units for one in unit["proposals"] if one["kind"] == check["kind"]]
    if len(found) != 1:
        yield f"there are {len(found)} proposals of this kind"
        return
    proposal = found[0]
    told = [[one["names"] for one in proposal["reasons"]], proposal["kept"], proposal["exceptions"]]
    yield from state_faults(check, proposal, told)
    denied, kept = set(proposal["denies"]), {one["name"] for one in proposal["kept"]}
    if missing := [name for name in check.get("denies_list", ()) if name not in denied]:
        yield f"`denies` lacks {', '.join(missing)}"
    if wrong := [name for name in check.get("kept_list", ()) if name in denied]:
        yield f"`denies` has {', '.join(wrong)}"
    if untold := [name for name in check.get("told_list", ()) if name not in denied | kept]:
        yield f"neither `denies` nor `kept` has {', '.join(untold)}"
    for place, is_denied in (("allows", False), ("denies", True)):
        for asked in check.get(place, ()):
            if proposal["policy"] is not None and scp_denies(scenario, proposal["policy"], asked) != is_denied:
                word = "not refused" if is_denied else "refused"
                yield f"{asked['action']} in {asked.get('region', 'us-east-1')} by {asked['by']} is {word}"
                yield from () if "context" not in asked else (f"with {json.dumps(asked['context'])}",)
