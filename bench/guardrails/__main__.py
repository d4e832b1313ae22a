"""Runs `lpgen guardrails` on scenarios and judges its answers: `python -m bench.guardrails --half open`.

Prints a line per scenario and fault, and the score of each half. Of the held-back half it prints only the score, unless
`--verbose` is given. The exit code is 1 if a check or a law fails, and 2 if a scenario has mistakes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.guardrails import boundary, scp
from bench.guardrails.inputs import write_inputs
from bench.guardrails.scenario import Scenario
from bench.guardrails.scenario_files import FOLDERS, load_scenarios
from bench.judging import Verdict, answer_after_ingest, run_judge
from bench.scenario_reading import Json


def main() -> int:
    """Judges the scenarios that the command line asks for, and returns the exit code."""
    summary = (__doc__ or "").partition("\n")[0]
    return run_judge("python -m bench.guardrails", summary, FOLDERS, load=load_scenarios, judge=judge_one)


def judge_one(scenario: Scenario) -> list[Verdict]:
    """The verdicts of a scenario. If a command fails, all its checks fail."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return judge(scenario, run_guardrails(scenario, Path(folder)))
        except (ValueError, KeyError, TypeError, AttributeError, subprocess.TimeoutExpired) as error:
            return [
                Verdict(f"checks[{index}]", check["why"], (f"no output: {error}",))
                for index, check in enumerate(scenario.checks)
            ]


def judge(scenario: Scenario, output: Json) -> list[Verdict]:
    """The verdicts of all checks of a scenario, then those of the laws."""
    if scenario.command == "scp":
        return scp.judge(scenario, output)
    return boundary.judge(scenario, output)


def run_guardrails(scenario: Scenario, folder: Path) -> Json:
    """What `lpgen guardrails` says about a scenario.

    Raises:
        ValueError: A command failed or wrote no JSON.
    """
    return answer_after_ingest(folder, "guardrails", scenario.command, *write_inputs(scenario, folder))


if __name__ == "__main__":
    sys.exit(main())
