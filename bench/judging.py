"""What judges of commands share: they run lpgen on scenarios, collect verdicts, print them and count."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from tests.support.forked_lpgen import end_forks, run_forked

_TIMEOUT: Final = 120


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check, or all laws of one proposal, and the faults that they found."""

    place: str
    why: str
    faults: tuple[str, ...]


class Named(Protocol):
    """A scenario: the name of its file, and the half that it belongs to."""

    @property
    def name(self) -> str: ...

    @property
    def half(self) -> str: ...


Found = TypeVar("Found", bound=Named)


def run_judge(
    prog: str,
    summary: str,
    folders: Mapping[str, Path],
    *,
    load: Callable[[str, Path], list[Found]],
    judge: Callable[[Found], list[Verdict]],
) -> int:
    """Judges the scenarios that the command line asks for, and returns the exit code."""
    parser = argparse.ArgumentParser(prog=prog, description=summary)
    parser.add_argument("--half", choices=(*folders, "both"), default="open")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these scenarios")
    parser.add_argument("--only", metavar="NAME", help="only this scenario")
    parser.add_argument("-v", "--verbose", action="store_true", help="print held-back scenarios and all verdicts too")
    asked = parser.parse_args()
    halves = tuple(folders) if asked.half == "both" else (asked.half,)
    try:
        scenarios = [found for half in halves for found in load(half, folders[half])]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    names = {*asked.names, *([asked.only] if asked.only else [])}
    chosen = [scenario for scenario in scenarios if not names or scenario.name in names]
    if not chosen:
        print("no such scenario in this half", file=sys.stderr)
        return 2
    verdicts: dict[tuple[str, str], list[Verdict]] = {}
    for scenario in chosen:
        verdicts[scenario.half, scenario.name] = judge(scenario)
        if scenario.half == "open" or asked.verbose:
            print(*_lines(scenario.name, verdicts[scenario.half, scenario.name], asked.verbose), sep="\n", flush=True)
    end_forks()
    for half in halves:
        _print_score(half, [found for (place, _), found in verdicts.items() if place == half])
    return 1 if any(verdict.faults for found in verdicts.values() for verdict in found) else 0


def run_command(*words: object) -> str:
    """The output of a command, whatever its exit code is: only the output counts.

    It runs the lpgen next to this file, or the program that the variable `LPGEN` names.

    Raises:
        ValueError: The command failed and wrote no JSON.
    """
    if program := os.environ.get("LPGEN"):
        command = [program, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT)
    else:
        done = run_forked(*words, timeout=_TIMEOUT)
    if done.returncode and not done.stdout.startswith("{"):
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise ValueError(f"`lpgen {words[0]}` ends with {done.returncode}: {last}")
    return done.stdout


def answer_after_ingest(folder: Path, *words: object) -> dict[str, Any]:
    """What a command says in JSON about the logs in a folder, after it ingested them into `data` below the folder.

    Raises:
        ValueError: A command failed or wrote no JSON.
    """
    run_command("ingest", folder / "logs", "--data", folder / "data", "--workers", "1", "--quiet")
    output: dict[str, Any] = json.loads(run_command(*words))
    return output


def _lines(name: str, verdicts: list[Verdict], is_verbose: bool) -> Iterator[str]:
    broken = [verdict for verdict in verdicts if verdict.faults]
    yield f"{'FAIL' if broken else 'ok  '} {name}: {len(verdicts) - len(broken)} of {len(verdicts)} verdicts"
    for verdict in verdicts if is_verbose else broken:
        yield f"  {verdict.place}: {'; '.join(verdict.faults) or 'as expected'} ({verdict.why})"


def _print_score(half: str, found: list[list[Verdict]]) -> None:
    for word, is_law in (("checks", False), ("laws", True)):
        these = [verdict for verdicts in found for verdict in verdicts if (verdict.why == "law") == is_law]
        print(f"{half}: {sum(not verdict.faults for verdict in these)} of {len(these)} {word} pass")
    whole = sum(not any(verdict.faults for verdict in verdicts) for verdicts in found)
    print(f"{half}: {whole} of {len(found)} scenarios pass")
