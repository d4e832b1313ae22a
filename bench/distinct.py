"""How memory follows the number of distinct resources: `make bench`, or `python -m bench.distinct`.

One role reads items of ever more tables, each of them once, which is the worst that a log can hold. Beyond the limit
of DESIGN's overflow row the tables stay as they are; what is printed says whether memory does.
"""

from __future__ import annotations

import argparse
import gzip
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.event_shapes import read_shapes
from bench.ingest import ROOT
from bench.log_files import Place, record_text
from bench.processes import run

RECORDS: Final = 1_000
_PLACE: Final = Place("111122223333", "us-east-1", "2024-01-01")
SIZES: Final = (5_000, 50_000, 500_000)


def write_logs(folder: Path, resources: int, seed: int) -> None:
    """Writes files in which one role calls GetItem on each of so many tables."""
    folder.mkdir(parents=True)
    rng = random.Random(seed)
    for start in range(0, resources, RECORDS):
        body = f'{{"Records":[{",".join(_records(rng, start))}]}}'.encode()
        (folder / f"{start:09}.json.gz").write_bytes(gzip.compress(body, 6, mtime=0))


def _records(rng: random.Random, start: int) -> Iterator[str]:
    call = next(shape for shape in read_shapes() if shape.name == "GetItem" and len(shape.names) == 1)
    for number in range(start, start + RECORDS):
        yield record_text(rng, rng, call, 0, _PLACE, time=f"2024-01-01T{number // 3600 % 24:02}:00:00Z", names=number)


def main() -> None:
    """Measures the sizes in turn, and prints a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--seed", type=int, default=1)
    asked: Any = parser.parse_args()
    print(f"{'distinct resources':>18}{'wall s':>9}{'CPU s':>9}{'MB':>7}")
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            logs, data = Path(scratch) / "logs", Path(scratch) / "data"
            write_logs(logs, size, asked.seed)
            command = [sys.executable, "-m", "lpgen", "ingest", str(logs), "--data", str(data), "--workers", "1"]
            cost = run([command], cores=1, printed=Path(scratch) / "printed", environment={"PYTHONPATH": str(ROOT)})
        print(f"{size:18,}{cost.wall:9.2f}{cost.cpu:9.2f}{cost.memory:7.0f}", flush=True)


if __name__ == "__main__":
    main()
