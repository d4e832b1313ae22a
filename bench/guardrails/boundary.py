"""Compares an output of `lpgen guardrails boundary` with a scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bench.guardrails.boundary_laws import boundary_arn, broken_laws, creator_statements, fill
from bench.guardrails.requests import allowed, caught, request_of, state_faults
from bench.guardrails.scenario import Scenario, statements_of
from bench.judging import Verdict
from bench.scenario_reading import Json


def judge(scenario: Scenario, output: Json) -> list[Verdict]:
    """The verdicts of all checks of a scenario, then that of the laws."""
    checks = [
        Verdict(f"checks[{index}]", check["why"], caught(_check_faults, scenario, check, output))
        for index, check in enumerate(scenario.checks)
    ]
    return [*checks, Verdict("boundary", "law", caught(broken_laws, scenario, output))]


def _check_faults(scenario: Scenario, check: Json, output: Json) -> Iterator[str]:
    told = [[one["names"] for one in output["reasons"]], output["creators"], output["created"]]
    yield from state_faults(check, output, told)
    if output["boundary"] is None:
        return
    arn = boundary_arn(scenario, output)
    documents: dict[str, list[Any]] = {
        "boundary": list(statements_of([output["boundary"]])),
        "creator": creator_statements(output),
    }
    for name, statements in documents.items():
        for place, is_allowed in ((f"{name}_allows", True), (f"{name}_denies", False)):
            for asked in fill(check.get(place, []), arn):
                if allowed(statements, request_of(asked, asked.get("context", {}))) != is_allowed:
                    word = "doesn't allow" if is_allowed else "allows"
                    what = f"{asked['action']} on {asked['resource']} with {json.dumps(asked.get('context', {}))}"
                    yield f"the {name} {word} {what}"
