"""Compares an output of `lpgen perimeter` with a scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.judging import Verdict
from bench.perimeter.evaluator import as_list, denies
from bench.perimeter.laws import broken_laws, unseen_uses
from bench.perimeter.requests import request_of
from bench.perimeter.scenario_files import Scenario
from bench.scenario_reading import Json


def judge(scenario: Scenario, output: Json) -> list[Verdict]:
    """The verdicts of all checks of a scenario, then those of the laws for each proposal."""
    checks = [
        Verdict(f"{check['resource']} {check['kind']}", check["why"], _caught(_check_faults, scenario, check, output))
        for check in scenario.content["checks"]
    ]
    laws = [
        Verdict(f"{found['resource']} {proposal['kind']}", "law", _caught(broken_laws, scenario, found, proposal))
        for found in output["resources"]
        for proposal in found["proposals"]
    ]
    uses = [
        Verdict(f"{found['resource']} used_by", "law", _caught(unseen_uses, scenario, found))
        for found in output["resources"]
    ]
    return checks + uses + laws


def failed(scenario: Scenario, message: str) -> list[Verdict]:
    """The verdicts of a scenario for which lpgen gave no output."""
    return [
        Verdict(f"{check['resource']} {check['kind']}", check["why"], (f"no output: {message}",))
        for check in scenario.content["checks"]
    ]


def _caught(rule: object, *arguments: object) -> tuple[str, ...]:
    assert callable(rule)
    try:
        return tuple(rule(*arguments))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        return (f"not of the agreed form: {error!r}",)


def _check_faults(scenario: Scenario, check: Json, output: Json) -> Iterator[str]:
    found = next((one for one in output["resources"] if one["resource"] == check["resource"]), None)
    proposals = [] if found is None else [one for one in found["proposals"] if one["kind"] == check["kind"]]
    if found is None or len(proposals) != 1:
        yield f"there are {len(proposals)} proposals of this kind"
        return
    proposal = proposals[0]
    kinds = {reason["kind"] for reason in proposal["reasons"]}
    if proposal["state"] not in as_list(check["state"]):
        yield f"{proposal['state']} ({', '.join(sorted(kinds))}), not {' or '.join(as_list(check['state']))}"
    if missing := sorted(set(check.get("reasons", ())) - kinds):
        yield f"no reason {', '.join(missing)}"
    if present := sorted(set(check.get("not_reasons", ())) & kinds):
        yield f"a wrong reason {', '.join(present)}"
    told = json.dumps([[one["names"] for one in proposal["reasons"]], proposal["exceptions"], found["editors"]])
    if unnamed := [name for name in check.get("names", ()) if json.dumps(name)[1:-1] not in told]:
        yield f"{', '.join(unnamed)} isn't named"
    if proposal["policy"] is None:
        return
    for place, is_denied in (("allows", False), ("denies", True)):
        for asked in check.get(place, ()):
            if denies(proposal["added"], request_of(scenario, asked)) != is_denied:
                word = "refused" if place == "allows" else "not refused"
                yield f"{asked['action']} by {asked['by']} with {json.dumps(asked.get('context', {}))} is {word}"
