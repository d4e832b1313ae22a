"""How fast ingest is, and how much memory it takes: `make bench`, or `python -m bench.ingest --size M`.

In each round every contestant reads the same corpus in a process of its own that starts cold, one after the other; what
counts are the medians of the rounds, and their ratios. The report goes into a folder as JSON and Markdown.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import platform
import shutil
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.event_shapes import CASES
from bench.log_files import write_corpus
from bench.processes import Command, Cost, median_cost, run

ROOT: Final = Path(__file__).resolve().parent.parent
SIZES: Final = {"S": 50, "M": 500, "L": 2_000}
RECORDS: Final = 1_000
TRAILSCRAPER: Final = ROOT / "build" / "trailscraper" / "bin" / "trailscraper"
INSTALL_TRAILSCRAPER: Final = (
    "python3 -m venv build/trailscraper && build/trailscraper/bin/pip install trailscraper==0.10.*"
)

Medians = dict[str, Cost]


class Contestant(NamedTuple):
    """A command by its name, and the cores it has."""

    name: str
    cores: int
    command: Command


class Bar(NamedTuple):
    """What must hold: the figure of one contestant over that of another, and the limit; alone the figure itself."""

    text: str
    one: str
    other: str
    limit: float
    what: str = "wall"
    at_least: bool = False


_TENTH: Final = "lpgen ingest, a tenth of the files"
_REPEATED: Final = "lpgen ingest, a tenth of the files and the same calls nine times again"

BARS: Final = (
    Bar("time of ingest / inflate and parse only", "lpgen ingest", "inflate and parse", 4),
    Bar("time of DuckDB / ingest", "DuckDB", "lpgen ingest", 1, at_least=True),
    Bar("the same on two cores", "DuckDB, two cores", "lpgen ingest, two cores", 1, at_least=True),
    Bar("time of DuckDB with requests / ingest", "DuckDB with requests", "lpgen ingest", 1, at_least=True),
    Bar("time of gzip and json / ingest", "gzip and json", "lpgen ingest", 1, at_least=True),
    Bar("time of trailscraper / ingest", "trailscraper", "lpgen ingest", 25, at_least=True),
    Bar("memory of ingest / trailscraper", "lpgen ingest", "trailscraper", 0.2, "memory"),
    Bar("memory with 10 times the files", _REPEATED, _TENTH, 1.1, "memory"),
    Bar("seconds of lpgen --help", "lpgen --help", "", 0.1),
)


def contestants(corpus: Path, scratch: Path) -> list[Contestant]:
    """Everything that is measured, in the order in which each round runs it."""
    python, out = sys.executable, str(scratch / "out")

    def yardstick(name: str, threads: int = 1) -> Command:
        return [[python, "-m", "bench.yardsticks", name, str(corpus / "all"), out, "--threads", str(threads)]]

    def ingest(folder: str, workers: int) -> Command:
        data = str(scratch / "data")
        command = [python, "-m", "lpgen", "ingest", str(corpus / folder), "--data", data, "--workers", str(workers)]
        return [command]

    found = [
        Contestant("inflate and parse", 1, yardstick("parse")),
        Contestant("lpgen ingest", 1, ingest("all", 1)),
        Contestant("DuckDB", 1, yardstick("duckdb")),
        Contestant("DuckDB with requests", 1, yardstick("duckdb-requests")),
        Contestant("gzip and json", 1, yardstick("stdlib")),
        Contestant("lpgen ingest, two cores", 2, ingest("all", 2)),
        Contestant("DuckDB, two cores", 2, yardstick("duckdb", 2)),
        Contestant(_TENTH, 1, ingest("tenth", 1)),
        Contestant(_REPEATED, 1, ingest("repeated", 1)),
        Contestant("lpgen --help", 1, [[python, "-m", "lpgen", "--help"]]),
    ]
    if TRAILSCRAPER.exists():
        period = ["--from", "2023-01-01", "--to", "2025-01-01"]
        select = [str(TRAILSCRAPER), "select", "--log-dir", str(corpus / "all"), *period]
        found.append(Contestant("trailscraper", 1, [select, [str(TRAILSCRAPER), "generate"]]))
    return found


def make_corpus(folder: Path, files: int, seed: int) -> Path:
    """The folder of the corpus; made unless this corpus is there already.

    In it lie `all` files, a `tenth` of them, and `repeated`: the calls of the tenth, ten times each.
    `variety.json` says how many event names and templates all of them hold.
    """
    makers = [Path(__file__).with_name(name) for name in ("log_files.py", "event_shapes.py")]
    made_of = b"".join(path.read_bytes() for path in [*makers, *sorted(CASES.glob("*.json"))])
    target = folder / f"{files}-files-of-seed-{seed}-{hashlib.sha256(made_of).hexdigest()[:12]}"
    if not target.exists():
        unfinished = folder / f"unfinished-{os.getpid()}"
        for name, count, repeats in (("tenth", files // 10, 1), ("repeated", files, 10), ("all", files, 1)):
            found = write_corpus(unfinished / name, files=count, records=RECORDS, days=10, seed=seed, repeats=repeats)
        (unfinished / "variety.json").write_text(json.dumps(found._asdict()), encoding="utf-8")
        unfinished.rename(target)
    return target


def measure(found: list[Contestant], scratch: Path, rounds: int, limit: float) -> dict[str, list[Cost]]:
    """The costs of every round. What lpgen is measured against is stopped after so many seconds; then it has no
    further round."""
    costs: dict[str, list[Cost]] = {one.name: [] for one in found}
    # Installed programs have their bytecode; the first round makes it where a setting keeps it from being written.
    cache = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(scratch.parent / "bytecode")}
    environment = {"PYTHONPATH": str(ROOT), **cache}
    for number in range(rounds):
        for one in found:
            if not all(cost.finished for cost in costs[one.name]):
                continue
            shutil.rmtree(scratch / "data", ignore_errors=True)
            printed = scratch / "printed.txt"
            most = None if one.name.startswith("lpgen") else limit
            cost = run(one.command, cores=one.cores, printed=printed, environment=environment, limit=most)
            costs[one.name].append(cost)
            said = f"{cost.wall:.2f} s" if cost.finished else f"stopped after {cost.wall:.0f} s"
            print(f"round {number + 1} of {rounds}: {one.name}: {said}", file=sys.stderr)
    return costs


def report(costs: dict[str, list[Cost]], corpus: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """What was measured, where, when and how."""
    paths = [*(corpus / "all").rglob("*.json.gz")]
    middle = {name: median_cost(found) for name, found in costs.items()}
    return {
        "command": " ".join([f"make bench SIZE={asked.size}", *(f"without {one}" for one in asked.without)]),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "versions": {name: version(name) for name in ("duckdb", "isal", "msgspec", "pyarrow")},
        "corpus": {"files": len(paths), "records": len(paths) * RECORDS}
        | json.loads((corpus / "variety.json").read_text("utf-8")),
        "rounds": asked.rounds,
        "medians": {name: dataclasses.asdict(cost) for name, cost in middle.items()},
        "ratios": {bar.text: _ratios(bar, middle) for bar in BARS if {bar.one, bar.other} <= {*middle, ""}},
        "costs": {name: [dataclasses.asdict(one) for one in found] for name, found in costs.items()},
    }


def render(found: dict[str, Any]) -> str:
    """The report in Markdown."""
    corpus, records = found["corpus"], found["corpus"]["records"]
    lines = [
        f"`{found['command']}` on {found['date']}, {found['machine']}; load {found['load'][0]} at the end.",
        f"{corpus['files']:,} files, {records:,} records of {corpus['names']:,} event names and "
        f"{corpus['templates']:,} templates, {corpus['bytes'] / 1e6:,.1f} MB of gzip; medians of {found['rounds']} "
        "alternating rounds of cold processes.",
        "",
        "| | wall s | CPU s | µs a record | MB |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, cost in found["medians"].items():
        each = f"{cost['wall'] / records * 1e6:.1f}" if "help" not in name and name != _TENTH else ""
        stopped = "" if cost["finished"] else ", stopped"
        lines.append(f"| {name}{stopped} | {cost['wall']:.2f} | {cost['cpu']:.2f} | {each} | {cost['memory']:.0f} |")
    lines += ["", "| ratio | measured | of CPU time | bar | |", "| --- | ---: | ---: | ---: | --- |"]
    for bar in BARS:
        limit = f"{'at least' if bar.at_least else 'at most'} {bar.limit:g}"
        if bar.text not in found["ratios"]:
            lines.append(f"| {bar.text} | | | {limit} | not measured |")
            continue
        measured, of_cpu = found["ratios"][bar.text]
        is_open = not all(found["medians"][name]["finished"] for name in (bar.one, bar.other) if name)
        second = f"{of_cpu:.2f}" if bar.what == "wall" and not is_open else ""
        lines.append(f"| {bar.text} | {measured:.2f} | {second} | {limit} | {_judge(bar, measured, is_open)} |")
    return "\n".join(lines) + "\n"


def _judge(bar: Bar, measured: float, is_open: bool) -> str:
    """Whether the bar is met. Where what lpgen is measured against was stopped, the ratio is open: in the end it would
    have been better, however much."""
    if measured >= bar.limit if bar.at_least else measured <= bar.limit:
        return "met, and more so" if is_open else "met"
    return "not known" if is_open else "missed"


def _ratios(bar: Bar, found: Medians) -> tuple[float, float]:
    """The ratio that the bar is about, and the one of CPU time, which other processes on the machine disturb less."""

    def ratio(what: str) -> float:
        other = getattr(found[bar.other], what) if bar.other else 1.0
        return float(getattr(found[bar.one], what) / other)

    return ratio(bar.what), ratio("cpu")


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{model}, {len(os.sched_getaffinity(0))} shared cores, Python {platform.python_version()}"


def main() -> None:
    """Measures what the command line asks for, and prints and writes the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="for corpus and report")
    parser.add_argument("--limit", type=float, default=300, help="stop a contestant after so many seconds")
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="leave a contestant out")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    corpus = make_corpus(asked.folder, SIZES[asked.size], asked.seed)
    if not TRAILSCRAPER.exists():
        print(f"trailscraper is not installed and left out; to compare: {INSTALL_TRAILSCRAPER}", file=sys.stderr)
    scratch = asked.folder / "scratch"
    scratch.mkdir(exist_ok=True)
    found = [one for one in contestants(corpus, scratch) if one.name not in asked.without]
    costs = measure(found, scratch, asked.rounds, asked.limit)
    shutil.rmtree(scratch)
    said = report(costs, corpus, asked)
    stem = asked.folder / f"ingest-{asked.size}"
    stem.with_suffix(".json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(render(said), encoding="utf-8")
    print(render(said))


if __name__ == "__main__":
    main()
