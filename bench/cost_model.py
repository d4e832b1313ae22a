"""What a day of logs costs to ingest, on paper: `python -m bench.cost_model build/bench/ingest-M.json --terabytes 1`.

CPU time a byte is what `bench.ingest` measured between a tenth of the corpus and all of it, so starting up counts
for nothing. It grows with the bytes, and an engine adds its overhead. Prices are parameters: look up your own.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple


class Day(NamedTuple):
    """A day's cost: core hours, cores that are busy all day, records, and money for cores and for reading objects."""

    core_hours: float
    cores: float
    records: float
    core_cost: float
    request_cost: float


def cost_of_day(
    report: dict[str, Any],
    *,
    terabytes: float = 1.0,
    overhead: float = 1.2,
    core_hour_price: float = 0.05,
    get_price: float = 0.0004 / 1000,
    object_bytes: float = 100_000,
) -> Day:
    """The cost of a day of so many terabytes (10^12 bytes) of gzip, from a report of `bench.ingest`.

    `overhead` is what the engine multiplies CPU time by; `object_bytes` is the mean size of a log file.
    """
    corpus, medians = report["corpus"], report["medians"]
    seconds = medians["lpgen ingest"]["cpu"] - medians["lpgen ingest, a tenth of the files"]["cpu"]
    day_bytes = terabytes * 1e12
    core_hours = seconds / (0.9 * corpus["bytes"]) * day_bytes * overhead / 3600
    return Day(
        core_hours=core_hours,
        cores=core_hours / 24,
        records=corpus["records"] / corpus["bytes"] * day_bytes,
        core_cost=core_hours * core_hour_price,
        request_cost=day_bytes / object_bytes * get_price,
    )


def main() -> None:
    """Prints the model for the report and the parameters of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--terabytes", type=float, default=1.0, help="of gzip a day")
    parser.add_argument("--overhead", type=float, default=1.2, help="of the engine, on CPU time")
    parser.add_argument("--core-hour-price", type=float, default=0.05)
    parser.add_argument("--get-price", type=float, default=0.0004 / 1000, help="of reading one object")
    parser.add_argument("--object-bytes", type=float, default=100_000)
    asked = vars(parser.parse_args())
    report = json.loads(asked.pop("report").read_text("utf-8"))
    day = cost_of_day(report, **asked)
    print(f"{day.core_hours:,.0f} core hours, or {day.cores:.1f} cores all day")
    print(f"{day.records / 1e9:,.1f} billion records")
    print(f"cores {day.core_cost:,.2f}, reading objects {day.request_cost:,.2f}")


if __name__ == "__main__":
    main()
