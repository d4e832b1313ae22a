"""Runs `lpgen graph` on scenarios and judges its answers: `python -m bench.graph --half open`.

Prints a line per scenario and failed check, and the score of each half. Of the held-back half it prints only the score,
unless `--verbose` is given, which also shows the paths that the command found. The exit code is 1 if a check fails, and
2 if a scenario has mistakes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from typer.testing import CliRunner

from bench.graph.scenario_files import FOLDERS, Scenario, load_scenarios, write_inputs
from bench.scenario_reading import Json
from lpgen.cli.main import app

PROCESSES: Final = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """The command's answer to a check, and its faults."""

    scenario: Scenario
    check: Json
    failures: tuple[str, ...]
    paths: tuple[Json, ...] = ()


def main() -> int:
    """Judges the scenarios that the command line asks for, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.graph", description=__doc__.partition("\n")[0])
    parser.add_argument("--half", choices=(*FOLDERS, "both"), default="open")
    parser.add_argument("--only", metavar="NAME", help="only this scenario")
    parser.add_argument("--verbose", action="store_true", help="print the paths found, and held-back scenarios too")
    asked = parser.parse_args()
    halves = tuple(FOLDERS) if asked.half == "both" else (asked.half,)
    try:
        scenarios = [found for half in halves for found in load_scenarios(half, FOLDERS[half])]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    chosen = [scenario for scenario in scenarios if asked.only in (None, scenario.name)]
    if not chosen:
        print("no such scenario in this half", file=sys.stderr)
        return 2
    answers = judge_all(chosen)
    for scenario in chosen:
        if scenario.half == "open" or asked.verbose:
            _print_scenario([answer for answer in answers if answer.scenario is scenario], asked.verbose)
    for half in halves:
        _print_score(half, [answer for answer in answers if answer.scenario.half == half])
    return 1 if any(answer.failures for answer in answers) else 0


def judge_all(scenarios: list[Scenario]) -> list[Answer]:
    """The answers to all checks of the scenarios, in their order."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(PROCESSES) as pool:
        questions = []
        for scenario in scenarios:
            options = write_inputs(scenario, Path(folder) / scenario.half / scenario.name)
            questions += [(scenario, check, options) for check in scenario.content["checks"]]
        found = pool.map(_answer, *zip(*questions, strict=True), chunksize=8)
        return [replace(answer, scenario=question[0]) for answer, question in zip(found, questions, strict=True)]


def _answer(scenario: Scenario, check: Json, options: list[str]) -> Answer:
    command = ["graph", *options, "--from", check["from"], "--to", check["to"], "--format", "json"]
    done = CliRunner().invoke(app, command)
    try:
        output = json.loads(done.stdout)  # whatever the exit code is: only the output counts
        paths = (*output["paths"], *output["possible_paths"])
        return Answer(scenario, check, tuple(failures_of(check, output)), paths)
    except (ValueError, KeyError, TypeError) as error:
        return Answer(scenario, check, (f"no valid output, {error!r}: {done.exception or done.exit_code}",))


def failures_of(check: Json, output: Json) -> Iterator[str]:
    """The faults of an output, one sentence each. There are none if it is right."""
    paths, possible = output["paths"], output["possible_paths"]
    answer = "open" if paths else "depends" if possible else "closed"
    if answer != check["expect"]:
        yield f"{answer}, not {check['expect']}"
        return
    found = [path["edges"] for path in paths or possible]
    keys = {key.lower() for edges in found for edge in edges for key in edge["depends_on"]}
    if missing := [key for key in check.get("keys", []) if key.lower() not in keys]:
        yield f"no edge depends on {', '.join(missing)}"
    if "hops" in check and (shortest := min(map(len, found))) != check["hops"]:
        yield f"the shortest path has {shortest} edges, not {check['hops']}"
    if not all(check.get("through") in (None, *(edge["to"] for edge in edges)) for edges in found):
        yield f"a path doesn't lead through {check['through']}"
    for name in ("if_exists", "rcp_unknown"):
        if name in check and check[name] != all(any(edge[name] for edge in edges) for edges in found):
            yield f"{name} isn't {check[name]}"
    if "truncated" in check and check["truncated"] != bool(output.get("truncated")):
        yield f"truncated isn't {check['truncated']}"
    if any(edge["rule"] == check.get("not_rule") for edges in found for edge in edges):
        yield f"a path uses the rule {check['not_rule']}"


def _print_scenario(answers: list[Answer], verbose: bool) -> None:
    failed = [answer for answer in answers if answer.failures]
    name = answers[0].scenario.name
    print(f"{'FAIL' if failed else 'ok  '} {name}: {len(answers) - len(failed)} of {len(answers)} checks pass")
    for answer in failed:
        check = answer.check
        why = check.get("why", "no reason given")
        print(f"  {check['from']} -> {check['to']}: {'; '.join(answer.failures)} ({why})")
        for path in answer.paths if verbose else ():
            print("   ", *(f"{edge['from']} -[{edge['rule']}]-> {edge['to']}" for edge in path["edges"]))


def _print_score(half: str, answers: list[Answer]) -> None:
    scenarios = {answer.scenario.name for answer in answers}
    broken = {answer.scenario.name for answer in answers if answer.failures}
    passed = sum(not answer.failures for answer in answers)
    whole = len(scenarios) - len(broken)
    print(f"{half}: {passed} of {len(answers)} checks pass, {whole} of {len(scenarios)} scenarios pass")


if __name__ == "__main__":
    sys.exit(main())
