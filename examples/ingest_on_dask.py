"""Ingest on a Dask cluster from Python; `lpgen ingest --engine dask --scheduler ADDRESS` does the same.

    python ingest_on_dask.py tcp://10.0.0.5:8786 s3://YOUR-TRAIL-BUCKET/AWSLogs/ lpgen-data

The scheduler and the workers need the same lpgen (in a checkout: `pip install '.[dask]'`), and the workers a role that
may read the bucket. Give them one thread each, and start them in a folder that only you can write:
`dask worker tcp://10.0.0.5:8786 --nthreads 1 --nworkers 8`.
"""

from __future__ import annotations

import sys

from distributed import Client

import lpgen


def main(scheduler: str, address: str, data: str) -> None:
    """Reads the logs below the address into the data folder."""
    with Client(scheduler) as client:
        result = lpgen.ingest(address, data=data, engine=lpgen.DaskEngine(client))
    print(f"{result.objects_read:,} new objects with {result.records:,} records")
    for failure in result.failures:
        print(f"not read: {failure.path}: {failure.why}")


if __name__ == "__main__":
    main(*sys.argv[1:])
