"""Writes a corpus: `python -m bench.corpus --seed 1 --out build/corpus`."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from bench.corpus.half import HELD_BACK, TUNED
from bench.corpus.write import Asked, Corpus


def main() -> None:
    """Writes the corpus that the command line asks for, and prints its counts."""
    parser = argparse.ArgumentParser(prog="python -m bench.corpus", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="an empty or new folder")
    parser.add_argument("--half", choices=(TUNED, HELD_BACK, "both"), default="both", help="whose principals")
    parser.add_argument("--principals", type=int, default=360, help="of both halves together")
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--judged", type=int, default=0, help="principals of each judged kind")
    parser.add_argument(
        "--intruders",
        type=int,
        default=0,
        help="principals of each kind in accounts that hold intruders (four months or more)",
    )
    parser.add_argument("--crews", type=int, default=0, help="crews of each kind")
    parser.add_argument("--no-intrusions", action="store_true", help="leave out what intruders do, and nothing else")
    parser.add_argument("--plan", type=Path, help="a plan of `lpgen observe`, whose trails record the last days too")
    parser.add_argument("--plan-days", type=int, default=31, help="how many days")
    parser.add_argument("--pace", type=float, default=1.0, help="how much more often new resources come than usual")
    asked: Any = parser.parse_args()
    if asked.out.exists() and any(asked.out.iterdir()):
        parser.error(f"{asked.out} isn't empty")
    started = time.perf_counter()
    corpus = Corpus(
        Asked(
            seed=asked.seed,
            half=asked.half,
            principals=asked.principals,
            months=asked.months,
            judged=asked.judged,
            intruders=asked.intruders,
            has_intrusions=not asked.no_intrusions,
            plan=asked.plan,
            plan_days=asked.plan_days,
            pace=asked.pace,
            crews=asked.crews,
        )
    )
    counts = corpus.write(asked.out)
    print(json.dumps(counts | {"seconds": round(time.perf_counter() - started, 1)}))


if __name__ == "__main__":
    main()
