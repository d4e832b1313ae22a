"""Ingest in a Spark job of AWS Glue 5.0 or newer, which has Python 3.11 and Spark 3.5.

Upload this script, data_in_s3.py and the wheel of lpgen (`python -P -m build --wheel`) to a bucket, and give the job:

    --additional-python-modules  s3://YOUR-BUCKET/lpgen-0.1.0-py3-none-any.whl
    --extra-py-files             s3://YOUR-BUCKET/data_in_s3.py
    --address                    s3://YOUR-TRAIL-BUCKET/AWSLogs/
    --data_bucket                YOUR-DATA-BUCKET
    --data_prefix                lpgen/

The job's role reads the logs and reads and writes the data bucket; no credentials are sent to executors.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import boto3
from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from data_in_s3 import fetch_data, store_data
from pyspark.context import SparkContext

import lpgen


def main() -> None:
    """Reads the logs below the address into a data folder that a bucket stores below a prefix."""
    given = getResolvedOptions(sys.argv, ["address", "data_bucket", "data_prefix"])
    spark = GlueContext(SparkContext.getOrCreate()).spark_session
    s3 = boto3.client("s3")
    with tempfile.TemporaryDirectory() as room:
        data = Path(room, "data")
        fetch_data(s3, given["data_bucket"], given["data_prefix"], data)
        result = lpgen.ingest(given["address"], data=data, engine=lpgen.SparkEngine(spark))
        store_data(s3, given["data_bucket"], given["data_prefix"], data)
    print(f"{result.objects_read:,} new objects with {result.records:,} records")
    for failure in result.failures:
        print(f"not read: {failure.path}: {failure.why}")


if __name__ == "__main__":
    main()
