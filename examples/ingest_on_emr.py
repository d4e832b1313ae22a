"""Ingest in a Spark job of Amazon EMR, or of any other Spark cluster.

    spark-submit --py-files data_in_s3.py ingest_on_emr.py s3://YOUR-TRAIL-BUCKET/AWSLogs/ YOUR-DATA-BUCKET lpgen/

lpgen needs Python 3.11 or newer on the driver and the executors. Where a release has an older one, make an environment
with a Python of its own, in a checkout `pip install . venv-pack`, `venv-pack -o lpgen.tar.gz`, and add to the command:

    --archives lpgen.tar.gz#environment --conf spark.pyspark.python=./environment/bin/python

The job's role reads the logs, and reads and writes the data bucket. Executors get no credentials from the driver. To
read with another role, pass `assume_role="arn:aws:iam::111122223333:role/NAME"`. Each executor assumes it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import boto3
from data_in_s3 import fetch_data, store_data
from pyspark.sql import SparkSession

import lpgen


def main(address: str, bucket: str, prefix: str) -> None:
    """Reads the logs below the address into a data folder that a bucket stores below a prefix."""
    spark = SparkSession.builder.appName("lpgen ingest").getOrCreate()
    s3 = boto3.client("s3")
    with tempfile.TemporaryDirectory() as room:
        data = Path(room, "data")
        fetch_data(s3, bucket, prefix, data)
        result = lpgen.ingest(address, data=data, engine=lpgen.SparkEngine(spark))
        store_data(s3, bucket, prefix, data)
    print(f"{result.objects_read:,} new objects with {result.records:,} records")
    for failure in result.failures:
        print(f"not read: {failure.path}: {failure.why}")


if __name__ == "__main__":
    main(*sys.argv[1:])
