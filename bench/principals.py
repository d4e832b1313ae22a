"""How fast commands over many principals are: `make bench`, or `python -m bench.principals --size M`.

Each command runs as a process of its own that starts cold, with one worker on one core, or with `--workers` on so many
cores. Two sizes, a quarter and the whole, show whether the cost of a principal stays the same. The rounds alternate,
and what is printed are their medians; the last column is the CPU time as a ratio to that of `generate`. Memory is that
of all processes, what they share counted once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.ingest import ROOT
from bench.organization import STATEMENTS, write_organization
from bench.processes import Cost, median_cost, run

_BASELINE: Final = "before"

SIZES: Final = {"S": 100, "M": 2_000, "L": 10_000}


def build(folder: Path, principals: int, seed: int) -> Path:
    """The folder of an organization of this size, its logs ingested and a baseline saved; made unless it is there."""
    target = folder / f"{principals}-principals-of-seed-{seed}"
    if not (target / "data").exists():
        records = write_organization(target, principals=principals, seed=seed)
        print(f"{principals:,} principals with {STATEMENTS} statements each, {records:,} records", file=sys.stderr)
        ingested = cost_of(["ingest", str(target / "logs"), "--data", str(target / "data")], target / "ingest.txt")
        print(f"ingested in {ingested.wall:.1f} s", file=sys.stderr)
    if not (target / "data" / "baselines" / _BASELINE).exists():
        ground = ["--data", str(target / "data"), "--policies", str(target / "details")]
        saved = cost_of(["baseline", "save", _BASELINE, *ground], target / "baseline.txt")
        print(f"baseline saved in {saved.wall:.1f} s", file=sys.stderr)
    return target


def commands(target: Path, workers: int) -> dict[str, tuple[list[str], Path]]:
    """The commands to measure, by name, each with the file that takes what it prints."""
    ground = ["--data", str(target / "data"), "--policies", str(target / "details"), "--workers", str(workers)]
    out = target / "out"
    reviews = {
        f"review --format {form}": (["review", *ground, "--format", form], out / f"review.{form}")
        for form in ("text", "json", "markdown")
    }
    return {
        **reviews,
        "review --no-backtest": (["review", *ground, "--no-backtest"], out / "review-without-look-back.text"),
        "generate": (["generate", *ground, "--output", str(out / "replacements")], out / "generate.txt"),
        "verify": (["verify", str(out / "replacements"), *ground], out / "verify.txt"),
        "drift": (["drift", "--since", _BASELINE, *ground], out / "drift.txt"),
    }


def cost_of(arguments: Sequence[str], printed: Path, cores: int = 1) -> Cost:
    """The cost of one lpgen command. Exit 1 says that something was found, which is no failure here."""
    printed.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "lpgen", *arguments]
    return run([command], cores=cores, printed=printed, environment={"PYTHONPATH": str(ROOT)}, sound=(0, 1))


def measure(folder: Path, principals: int, seed: int, rounds: int, counts: Sequence[int]) -> None:
    """Prints the medians of each command at a quarter of the size and at the whole, with each number of workers."""
    sizes = (max(1, principals // 4), principals)
    targets = [build(folder, size, seed) for size in sizes]
    costs: dict[tuple[str, int, int], list[Cost]] = {}
    for _ in range(rounds):
        for size, target in zip(sizes, targets, strict=True):
            for workers in counts:
                for name, (arguments, printed) in commands(target, workers).items():
                    found = cost_of(arguments, printed, cores=workers)
                    costs.setdefault((name, size, workers), []).append(found)
    columns = f"{'wall s':>9}{'CPU s':>9}{'MB':>7}{'CPU s per 100':>15}{'of generate':>13}"
    print(f"{'command':24}{'principals':>11}{'workers':>9}{columns}")
    for (name, size, workers), all_found in costs.items():
        one, per = median_cost(all_found), 100 / size
        share = one.cpu / median_cost(costs["generate", size, workers]).cpu
        figures = f"{one.wall:9.1f}{one.cpu:9.1f}{one.memory:7.0f}{one.cpu * per:15.2f}{share:13.2f}"
        print(f"{name:24}{size:11,}{workers:9}{figures}")


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1], help="with 1 and 2, say: `--workers 1 2`")
    parser.add_argument("--folder", type=Path, help="where to make the organizations, and to find them again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(asked.folder or Path(scratch), SIZES[asked.size], asked.seed, asked.rounds, asked.workers)


if __name__ == "__main__":
    main()
