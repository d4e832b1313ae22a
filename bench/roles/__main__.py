"""Runs `lpgen roles` on scenarios and judges its answers: `python -m bench.roles --half open`.

Prints a line per scenario and fault, and the score of each half. Of the held-back half it prints only the score, unless
`--verbose` is given. The exit code is 1 if a check or a law fails, and 2 if a scenario has mistakes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.judging import Verdict, run_command, run_judge
from bench.perimeter.scenario_files import Json
from bench.roles.checks import failed, judge
from bench.roles.inputs import write_inputs
from bench.roles.scenario import Scenario
from bench.roles.scenario_files import FOLDERS, load_scenarios


def main() -> int:
    """Judges the scenarios that the command line asks for, and returns the exit code."""
    summary = (__doc__ or "").partition("\n")[0]
    return run_judge("python -m bench.roles", summary, FOLDERS, load=load_scenarios, judge=judge_one)


def judge_one(scenario: Scenario) -> list[Verdict]:
    """The verdicts of a scenario. If a command fails, all its checks fail."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return judge(scenario, run_roles(scenario, Path(folder)))
        except (ValueError, KeyError, TypeError, AttributeError, subprocess.TimeoutExpired) as error:
            return failed(scenario, str(error))


def run_roles(scenario: Scenario, folder: Path) -> Json:
    """What `lpgen roles` says about a scenario.

    Raises:
        ValueError: A command failed or wrote no JSON.
    """
    options = write_inputs(scenario, folder)
    run_command("ingest", folder / "logs", "--data", folder / "data", "--workers", "1", "--quiet")
    output: Json = json.loads(run_command("roles", *options))
    return output


if __name__ == "__main__":
    sys.exit(main())
