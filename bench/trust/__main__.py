"""Runs `lpgen trust` on scenarios and judges its answers: `python -m bench.trust --half open`.

Prints a line per broken promise and the sums of each half. Of the held-back half it prints only the sums, unless
`--show` is given. The exit code is 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Final

from bench.trust.judge import Failure, judge_scenario
from bench.trust.referee import Json
from bench.trust.scenario_files import FOLDERS, Scenario, load_scenarios
from tests.support.forked_lpgen import end_forks, run_forked

HELD_BACK: Final = "held-back"


def main() -> int:
    """Judges the scenarios that the command line asks for, and returns the exit code."""
    asked = _parse_arguments()
    scenarios = [found for found in load_scenarios(asked.half) if not asked.names or found.name in asked.names]
    if unknown := set(asked.names) - {scenario.name for scenario in scenarios}:
        print(f"no such scenario in this half: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    failures: list[Failure] = []
    for scenario in scenarios:
        found = judge_one(scenario, with_logs=not asked.findings_only)
        failures += found
        if scenario.half != HELD_BACK or asked.show:
            print(*found, sep="\n", end="\n" if found else "")
    end_forks()
    for half in FOLDERS:
        _print_sums(half, [scenario for scenario in scenarios if scenario.half == half], failures)
    return 1 if failures else 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.trust", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these scenarios")
    parser.add_argument("--half", choices=(*FOLDERS, "both"), default="open")
    parser.add_argument("--findings-only", action="store_true", help="without logs: judge only the findings")
    parser.add_argument("--show", action="store_true", help="print the broken promises of held-back scenarios too")
    return parser.parse_args()


def judge_one(scenario: Scenario, *, with_logs: bool) -> tuple[Failure, ...]:
    """The promises that lpgen breaks in one scenario; a command that fails is one failure."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            output = run_trust(scenario, Path(folder), with_logs=with_logs)
        except ValueError as error:
            return (Failure(scenario.name, scenario.half, "", "command", str(error)),)
    return tuple(judge_scenario(scenario, output, with_logs=with_logs))


def run_trust(scenario: Scenario, folder: Path, *, with_logs: bool) -> Json:
    """What `lpgen trust` says about the files of a scenario.

    Raises:
        ValueError: A command failed or wrote no JSON.
    """
    options = ["--policies", str(write_policies(scenario, folder / "policies")), "--format", "json"]
    if scenario.github_ids:
        (folder / "github-ids.json").write_text(json.dumps(scenario.github_ids))
        options += ["--github-ids", str(folder / "github-ids.json")]
    if with_logs:
        _run("ingest", write_logs(scenario, folder / "logs"), "--data", folder / "data", "--workers", "1", "--quiet")
        options += ["--data", str(folder / "data"), "--trails", str(write_trails(scenario, folder / "trails.json"))]
    output: Json = json.loads(_run("trust", *options))
    return output


def _run(*words: object) -> str:
    done = run_forked(*words)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise ValueError(f"`lpgen {words[0]}` ends with {done.returncode}: {last}")
    return done.stdout


def write_policies(scenario: Scenario, folder: Path) -> Path:
    """A file per account, as `aws iam get-account-authorization-details` writes it."""
    folder.mkdir()
    snapshot: dict[str, list[Json]] = scenario.content["snapshot"]
    accounts = {entry["Arn"].split(":")[4] for entries in snapshot.values() for entry in entries} - {"aws"}
    for account in accounts:
        details = {
            name: [entry for entry in entries if entry["Arn"].split(":")[4] in (account, "aws")]
            for name, entries in snapshot.items()
        }
        (folder / f"{account}.json").write_text(json.dumps(details))
    return folder


def write_logs(scenario: Scenario, folder: Path) -> Path:
    """A log file per account, Region and day, under the path that a trail gives it."""

    def place(record: Json) -> tuple[str, str, str]:
        return record["recipientAccountId"], record["awsRegion"], record["eventTime"][:10]

    for (account, region, day), records in groupby(sorted(scenario.content["records"], key=place), key=place):
        below = folder / "AWSLogs" / account / "CloudTrail" / region / day.replace("-", "/")
        below.mkdir(parents=True, exist_ok=True)
        stamp = day.replace("-", "")
        name = f"{account}_CloudTrail_{region}_{stamp}T2355Z_a1B2c3D4e5F6g7H8.json"
        (below / name).write_text(json.dumps({"Records": list(records)}))
    return folder


def write_trails(scenario: Scenario, file: Path) -> Path:
    """The settings of the trail that records each account: all management events of all Regions.

    Scenarios have complete logs, but not always a record of the Region of the global services, which real logs have.
    """
    documents = []
    for account in sorted({record["recipientAccountId"] for record in scenario.content["records"]}):
        arn = f"arn:aws:cloudtrail:us-east-1:{account}:trail/main"
        regions = {"HomeRegion": "us-east-1", "IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True}
        documents += [{"Trail": {"TrailARN": arn, "Name": "main", "IsOrganizationTrail": False, **regions}}]
        selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
        documents += [{"TrailARN": arn, "EventSelectors": [selector]}]
    file.write_text("\n".join(map(json.dumps, documents)))
    return file


def _print_sums(half: str, scenarios: Iterable[Scenario], failures: Iterable[Failure]) -> None:
    names = {scenario.name for scenario in scenarios}
    if not names:
        return
    broken = [failure for failure in failures if failure.half == half]
    clean = len(names - {failure.scenario for failure in broken})
    print(f"{half}: {clean} of {len(names)} scenarios pass; {len(broken)} failures")
    for promise, count in sorted(Counter(failure.promise for failure in broken).items()):
        print(f"  {promise}: {count}")


if __name__ == "__main__":
    sys.exit(main())
