"""Ingest in a Databricks job or notebook, on compute with Databricks Runtime 15.4 LTS or newer (Python 3.11).

Install the wheel of lpgen as a library of the compute, which puts it on every machine. The compute's instance profile
reads the logs. A volume stores the data folder, and the driver works on its own disk, because volumes have no locks.

    ingest_on_databricks.py s3://YOUR-TRAIL-BUCKET/AWSLogs/ /Volumes/CATALOG/SCHEMA/VOLUME/lpgen-data
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

import lpgen


def main(address: str, volume: str) -> None:
    """Reads the logs below the address into the data folder in a volume. A new copy replaces the old one."""
    spark = SparkSession.builder.getOrCreate()
    kept, new, old = Path(volume), Path(f"{volume}.new"), Path(f"{volume}.old")
    if old.exists() and not kept.exists():  # a run died between the two renames below
        old.rename(kept)
    shutil.rmtree(new, ignore_errors=True)
    with tempfile.TemporaryDirectory() as room:
        data = Path(room, "data")
        if kept.exists():
            shutil.copytree(kept, data, copy_function=shutil.copyfile)
        result = lpgen.ingest(address, data=data, engine=lpgen.SparkEngine(spark))
        shutil.copytree(data, new, copy_function=shutil.copyfile)
    shutil.rmtree(old, ignore_errors=True)
    if kept.exists():
        kept.rename(old)
    new.rename(kept)
    shutil.rmtree(old, ignore_errors=True)
    print(f"{result.objects_read:,} new objects with {result.records:,} records")
    for failure in result.failures:
        print(f"not read: {failure.path}: {failure.why}")


if __name__ == "__main__":
    main(*sys.argv[1:])
