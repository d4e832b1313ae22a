"""What a daily ingest onto a large usage table costs: reading it, merging a day into it, writing it.

    python bench/rewrite_tables.py [ROWS]

Prints processor and wall seconds of each step. The rows are drawn from a seed: 2,000 principals in 50 accounts, 800
calls, 200,000 resources, 90 days; a day adds a sixtieth of the rows.
"""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final, TypeVar

import numpy as np
import pyarrow as pa

from lpgen.core.usage.tables import EMPTY_USAGE, USAGE_SCHEMA, Usage, merge_usage
from lpgen.edge.data_folder.usage_files import read_usage_tables, write_usage

Result = TypeVar("Result")

DAY_MILLISECONDS: Final = 86_400_000
FIRST_DAY: Final = 19_000
DAYS: Final = 90


def make_usage(rows: int, first_day: int, days: int, seed: int) -> Usage:
    """About so many rows of these days; rows of equal keys are merged."""
    draw = np.random.default_rng(seed)
    ids = Random(seed)

    def pick(values: Sequence[str], at: np.ndarray) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(at.astype(np.int32)), pa.array(values)).cast(pa.string())

    def sometimes(value: str, share: float) -> pa.Array:
        return pick(["", value], (draw.random(rows) < share).astype(int))

    principal, call = draw.zipf(1.3, rows) % 2_000, draw.zipf(1.4, rows) % 800
    resource, day = draw.integers(0, 200_000, rows), draw.integers(first_day, first_day + days, rows)
    accounts = [f"{number:012}" for number in range(50)]
    seen = pa.array(day * DAY_MILLISECONDS + draw.integers(0, DAY_MILLISECONDS, rows)).cast(pa.timestamp("ms", "UTC"))
    arns = [f"arn:aws:svc{n % 60}:us-east-1:{n % 50:012}:thing/name-of-thing-{n}" for n in range(200_000)]
    columns = {
        "principal": pick([f"arn:aws:iam::{n % 50:012}:role/team-{n % 37}/role-{n}" for n in range(2_000)], principal),
        "principal_id": pick([f"AROA{n:017}" for n in range(2_000)], principal),
        "account": pick(accounts, principal % 50),
        "recipient_account": pick(accounts, principal % 50),
        "region": pick(["us-east-1", "eu-west-1", "us-west-2"], draw.integers(0, 3, rows)),
        "day": pa.array(day.astype(np.int32)).cast(pa.date32()),
        "event_source": pick([f"svc{n}.amazonaws.com" for n in range(60)], call % 60),
        "event_name": pick([f"DescribeThing{n}" for n in range(800)], call),
        "category": pick(["management"], call * 0),
        "action": pick([f"svc{n % 60}:DescribeThing{n}" for n in range(800)], call),
        "resource": pick(arns, resource),
        "resource_kind": pick(["arn"], call * 0),
        "outcome": pick(["allowed", "denied"], (draw.random(rows) < 0.03).astype(int)),
        "error_code": sometimes("AccessDenied", 0.03),
        "denial_kind": sometimes("identity", 0.03),
        "denied_by": pick([""], call * 0),
        "how": pick(["observed"], call * 0),
        "invoked_by": sometimes("ec2.amazonaws.com", 0.1),
        "service_session": pa.array(draw.random(rows) < 0.1),
        "vpc_endpoint": sometimes("vpce-0123456789abcdef0", 0.1),
        "context": pick(["{}"], call * 0),
        "first_seen": seen,
        "last_seen": seen,
        "records": pa.array(draw.integers(1, 50, rows)),
        "example_event_id": pa.array([str(uuid.UUID(int=ids.getrandbits(128))) for _ in range(rows)]),
        "example_resource": pick(arns, resource),
    }
    table = pa.table([columns[name] for name in USAGE_SCHEMA.names], schema=USAGE_SCHEMA)
    return merge_usage([Usage(table, EMPTY_USAGE.skips, EMPTY_USAGE.coverage)])


def measure(step: str, run: Callable[[], Result]) -> Result:
    """The result of a step, after telling what it took."""
    wall, processor = time.perf_counter(), time.process_time()
    result = run()
    print(f"{step:<6} {time.process_time() - processor:6.1f} s processor {time.perf_counter() - wall:6.1f} s wall")
    return result


def main() -> None:
    """Measures once."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    day = make_usage(rows // 60, FIRST_DAY + DAYS, 1, seed=2)
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        large = make_usage(rows, FIRST_DAY, DAYS, seed=1)
        root = write_usage(data, large)
        print(f"a table of {large.table.num_rows:,} rows, and a day of {day.table.num_rows:,}")
        del large
        known = measure("read", lambda: read_usage_tables(data / "usage" / root, root))
        whole = measure("merge", lambda: merge_usage([known, day]))
        measure("write", lambda: write_usage(data, whole))


if __name__ == "__main__":
    main()
