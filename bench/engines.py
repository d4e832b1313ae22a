"""What an engine adds to the CPU time of reading: `python -m bench.engines`, after `make test-spark` for Spark too.

Each engine ingests the same corpus with two workers, and a tenth of it; between the two lies what grows with the logs,
and starting up counts for nothing. CPU time is that of the whole machine, since a cluster's processes are no children
of the command: let nothing else run meanwhile. Rounds alternate, and medians count.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from bench.ingest import ROOT, SIZES, make_corpus
from bench.processes import run
from tests.support.dask_clusters import dask_cluster

WORKERS: Final = 2
SPARK_PYTHON: Final = ROOT / ".venv-spark" / "bin" / "python"
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_BUSY: Final = (0, 1, 2, 5, 6)  # user, nice, system, irq and softirq: https://docs.kernel.org/filesystems/proc.html


class Spent(NamedTuple):
    """Seconds of wall clock, and of CPU of the whole machine."""

    wall: float
    cpu: float


@contextmanager
def engines() -> Iterator[dict[str, list[str]]]:
    """The commands that start an ingest on each engine that is there, without its paths."""
    with dask_cluster(WORKERS) as cluster:
        found = {
            "local": [sys.executable, "-m", "lpgen", "ingest", "--workers", str(WORKERS)],
            "Dask": [sys.executable, "-m", "lpgen", "ingest", "--engine", "dask", "--scheduler", cluster.address],
        }
        if SPARK_PYTHON.exists():
            spark = [str(SPARK_PYTHON), "-m", "lpgen", "ingest", "--engine", "spark"]
            found["Spark"] = [*spark, "--master", f"local-cluster[{WORKERS},1,2048]"]
        yield found


def spend(command: list[str], logs: Path, scratch: Path) -> Spent:
    """What an ingest of a folder takes."""
    shutil.rmtree(scratch / "data", ignore_errors=True)
    before = _machine_seconds()
    cost = run(
        [[*command, str(logs), "--data", str(scratch / "data")]],
        cores=len(os.sched_getaffinity(0)),
        printed=scratch / "printed.txt",
        environment={"PYTHONPATH": str(ROOT)},
    )
    return Spent(cost.wall, _machine_seconds() - before)


def _machine_seconds() -> float:
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    return sum(int(fields[place]) for place in _BUSY) / _TICKS


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="M")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="for the corpus")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    corpus = make_corpus(asked.folder, SIZES[asked.size], asked.seed)
    scratch = asked.folder / "scratch"
    scratch.mkdir(exist_ok=True)
    with engines() as commands:
        spent: dict[tuple[str, str], list[Spent]] = {}
        for number in range(asked.rounds):
            for name, command in commands.items():
                for part in ("tenth", "all"):
                    one = spend(command, corpus / part, scratch)
                    spent.setdefault((name, part), []).append(one)
                    print(f"round {number + 1}: {name}, {part}: {one.wall:.1f} s, CPU {one.cpu:.1f} s", file=sys.stderr)
    shutil.rmtree(scratch)
    middle = {key: Spent(*map(statistics.median, zip(*found, strict=True))) for key, found in spent.items()}
    print("| engine | wall s | CPU s | CPU s beyond a tenth | times local |\n| --- | ---: | ---: | ---: | ---: |")
    local = middle["local", "all"].cpu - middle["local", "tenth"].cpu
    for name in commands:
        whole, grown = middle[name, "all"], middle[name, "all"].cpu - middle[name, "tenth"].cpu
        print(f"| {name} | {whole.wall:.1f} | {whole.cpu:.1f} | {grown:.1f} | {grown / local:.2f} |")


if __name__ == "__main__":
    main()
