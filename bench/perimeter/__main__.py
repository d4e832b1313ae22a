"""Runs `lpgen perimeter` on scenarios and judges its answers: `python -m bench.perimeter --half open`.

Prints a line per scenario and fault, and the score of each half. Of the held-back half it prints only the score, unless
`--verbose` is given. The exit code is 1 if a check or a law fails, and 2 if a scenario has mistakes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.judging import Verdict, answer_after_ingest, run_judge
from bench.perimeter.checks import failed, judge
from bench.perimeter.inputs import write_inputs
from bench.perimeter.scenario_files import FOLDERS, Scenario, load_scenarios
from bench.scenario_reading import Json


def main() -> int:
    """Judges the scenarios that the command line asks for, and returns the exit code."""
    summary = (__doc__ or "").partition("\n")[0]
    return run_judge("python -m bench.perimeter", summary, FOLDERS, load=load_scenarios, judge=judge_one)


def judge_one(scenario: Scenario) -> list[Verdict]:
    """The verdicts of a scenario. If a command fails, all its checks fail."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return judge(scenario, run_perimeter(scenario, Path(folder)))
        except (ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
            return failed(scenario, str(error))


def run_perimeter(scenario: Scenario, folder: Path) -> Json:
    """What `lpgen perimeter` says about a scenario.

    Raises:
        ValueError: A command failed or wrote no JSON.
    """
    return answer_after_ingest(folder, "perimeter", *write_inputs(scenario, folder))


if __name__ == "__main__":
    sys.exit(main())
