"""How fast a review of one principal among many is: `make bench`, or `python -m bench.one_principal --size M`.

The first review of a data folder works out what it needs of all principals, and keeps it; the next ones read that. Each
runs as a process of its own that starts cold, on one core. The ratios are of seconds of CPU.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

from bench.principals import SIZES, build, cost_of
from bench.processes import Cost, median_cost

_KEPT: Final = "kept"


def measure(target: Path, rounds: int, *, whole: bool) -> None:
    """Prints the costs of a first review of one principal, of the next ones, and with `whole` of one of all."""
    data, out = target / "data", target / "out"
    ground = ["--data", str(data), "--policies", str(target / "details"), "--workers", "1", "--full"]
    one = ["review", *ground, "--principal", _some_principal(target / "details")]
    shutil.rmtree(data / _KEPT, ignore_errors=True)
    first = cost_of(one, out / "first.txt")
    costs = [(cost_of(one, out / "one.txt"), cost_of(["--help"], out / "help.txt")) for _ in range(rounds)]
    if (out / "first.txt").read_bytes() != (out / "one.txt").read_bytes():
        raise SystemExit("the review of kept values differs from the first one")
    after, usage_page = (median_cost(some) for some in zip(*costs, strict=True))
    _show("first review of one principal", first, after)
    _show("next review of one principal", after, after)
    _show("lpgen --help", usage_page, after)
    if whole:
        _show("review of all principals", cost_of(["review", *ground], out / "all.txt"), after)


def _some_principal(details: Path) -> str:
    first = json.loads(min(details.glob("*.json")).read_bytes())
    return str(first["RoleDetailList"][0]["Arn"])


def _show(what: str, cost: Cost, one: Cost) -> None:
    print(f"{what:32}{cost.wall:9.2f} s{cost.cpu:9.2f} s CPU{cost.memory:7.0f} MB{cost.cpu / one.cpu:9.2f} times")


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--whole", action="store_true", help="measure a review of all principals too")
    parser.add_argument("--folder", type=Path, help="where to make the organization, and to find it again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        target = build(asked.folder or Path(scratch), SIZES[asked.size], asked.seed)
        measure(target, asked.rounds, whole=asked.whole)


if __name__ == "__main__":
    main()
