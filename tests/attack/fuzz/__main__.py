"""Fuzzes every reader of text that others write: `python -m tests.attack.fuzz --minutes 20 [--seed 1] [--target NAME]`.

Needs atheris, which `make fuzz` installs. The time is split over the targets, each of which runs in a process of its
own with limits on memory and on the time of one input. Prints executions and coverage of each target; findings lie in a
folder, each with its traceback; exit 1 where there is one. `--repeat FILE` runs one input again, without atheris.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.attack.fuzz.targets import TARGETS

MEMORY_MB: Final = 2_048
MOST_RUNS: Final = 50_000
"""Then a new process goes on: atheris takes some 13 KB per run that it doesn't give back."""
INPUT_BYTES: Final = 1 << 15
INPUT_SECONDS: Final = 60
_STATUS: Final = re.compile(r"^#(\d+)\s.*?cov: (\d+) ft: (\d+)", re.MULTILINE)
_ROW: Final = "{:<24}{:>12}{:>10}{:>10}{:>10}"


@dataclass(slots=True)
class Tally:
    """What the runs of one target came to. `edges` and `features` are libFuzzer's counts of what lpgen's code did."""

    executions: int = 0
    edges: int = 0
    features: int = 0

    def add(self, log: str) -> None:
        """Adds a run by what it printed."""
        found = _STATUS.findall(log)
        if found:
            executions, edges, features = map(int, found[-1])
            self.executions += executions
            self.edges, self.features = max(self.edges, edges), max(self.features, features)


def fuzz_target(name: str, seconds: float, seed: int, folder: Path) -> Tally:
    """Fuzzes one target; where an input ends its process, it goes on with another seed for the rest of the time."""
    corpus, seeds, findings = folder / "corpus" / name, folder / "seeds" / name, folder / "findings"
    for path in (corpus, seeds, findings):
        path.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(TARGETS[name].seeds()):
        (seeds / f"{number:04}").write_bytes(content)
    tally, end = Tally(), time.monotonic() + seconds
    while (left := int(end - time.monotonic())) > 0:
        options = (
            f"-max_total_time={left}", f"-runs={MOST_RUNS}", f"-seed={seed}", f"-timeout={INPUT_SECONDS}",
            f"-rss_limit_mb={MEMORY_MB}", f"-max_len={INPUT_BYTES}", f"-artifact_prefix={findings / name}-",
        )  # fmt: skip
        command = [sys.executable, "-m", f"{__package__}.run_target", name, str(findings), *options]
        done = subprocess.run([*command, str(corpus), str(seeds)], capture_output=True, check=False)
        log = done.stderr.decode("utf-8", "replace")
        (folder / f"{name}-{seed}.log").write_text(log, encoding="utf-8")
        tally.add(log)
        if not tally.executions:
            raise SystemExit(f"{name} can't be fuzzed:\n{log[-2_000:]}")
        seed += 1_000_003
    return tally


def main() -> int:
    """Parses, fuzzes, prints a table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="only this one; repeats")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="for corpora, logs and findings")
    parser.add_argument("--repeat", type=Path, help="run this input through the one --target and end")
    chosen = parser.parse_args()
    names = chosen.target or list(TARGETS)
    if chosen.repeat:
        print("read" if TARGETS[names[0]].accepts(chosen.repeat.read_bytes()) else "refused")
        return 0
    print(f"seed {chosen.seed}, {chosen.minutes:g} minutes")
    print(_ROW.format("reader", "executions", "edges", "features", "findings"), flush=True)
    found = 0
    for name in names:
        tally = fuzz_target(name, chosen.minutes * 60 / len(names), chosen.seed, chosen.folder)
        fails = [one for one in (chosen.folder / "findings").glob(f"{name}-*") if one.suffix != ".txt"]
        found += len(fails)
        print(_ROW.format(name, tally.executions, tally.edges, tally.features, len(fails)), flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
