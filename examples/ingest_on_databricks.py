"""Ingest in a Databricks job or notebook, on compute with Databricks Runtime 15.4 LTS or newer (Python 3.11).

Install the wheel of lpgen as a library of the compute, which puts it on every machine. The compute's instance profile
reads the logs. The data folder is kept in a volume, and worked on the driver's own disk: volumes have no locks.

    ingest_on_databricks.py s3://YOUR-TRAIL-BUCKET/AWSLogs/ /Volumes/CATALOG/SCHEMA/VOLUME/lpgen-data
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from lpgen.app.ingest import ingest
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.engines.spark_cluster import SparkEngine
from lpgen.edge.objects.finder import BucketLogs
from lpgen.edge.objects.s3_store import open_s3_store
from lpgen.report.talk.ingest import render_ingest


def main(address: str, volume: str) -> None:
    """Reads the logs below the address into the data folder of a volume; a new copy takes the old one's place."""
    spark = SparkSession.builder.getOrCreate()
    kept, new, old = Path(volume), Path(f"{volume}.new"), Path(f"{volume}.old")
    if old.exists() and not kept.exists():  # a run died between the two renames below
        old.rename(kept)
    shutil.rmtree(new, ignore_errors=True)
    with tempfile.TemporaryDirectory() as room:
        data = Path(room, "data")
        if kept.exists():
            shutil.copytree(kept, data, copy_function=shutil.copyfile)
        logs = BucketLogs(open_s3_store(), (address,))
        result = ingest((), open_catalog(), data=data, bucket_logs=logs, engine=SparkEngine(spark))
        shutil.copytree(data, new, copy_function=shutil.copyfile)
    shutil.rmtree(old, ignore_errors=True)
    if kept.exists():
        kept.rename(old)
    new.rename(kept)
    shutil.rmtree(old, ignore_errors=True)
    print(render_ingest(result, verbose=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
