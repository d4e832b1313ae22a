"""Ingest on a Dask cluster from Python; `lpgen ingest --engine dask --scheduler ADDRESS` does the same.

    python ingest_on_dask.py tcp://10.0.0.5:8786 s3://YOUR-TRAIL-BUCKET/AWSLogs/ lpgen-data

The scheduler and the workers need the same lpgen (`pip install 'lpgen[dask]'`), and the workers a role that may read
the bucket. Give them one thread each: `dask worker tcp://10.0.0.5:8786 --nthreads 1 --nworkers 8`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from distributed import Client

from lpgen.app.ingest import ingest
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.engines.dask_cluster import DaskEngine
from lpgen.edge.objects.finder import BucketLogs
from lpgen.edge.objects.s3_store import open_s3_store
from lpgen.report.talk.ingest import render_ingest


def main(scheduler: str, address: str, data: str) -> None:
    """Reads the logs below the address into the data folder."""
    with Client(scheduler) as client:
        logs = BucketLogs(open_s3_store(), (address,))
        result = ingest((), open_catalog(), data=Path(data), bucket_logs=logs, engine=DaskEngine(client))
    print(render_ingest(result, verbose=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
