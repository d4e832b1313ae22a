"""The Spark engine on a real cluster: the same results and bytes, whatever becomes of its workers.

Run by `make test-spark`, in an environment with PySpark.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lpgen.edge.engine import Lost
from lpgen.edge.engines.spark_cluster import SparkEngine
from tests.spark.conftest import REPOSITORY, java_home
from tests.support.aws_servers import Server
from tests.support.cluster_ingests import (
    check_deadly_and_vanished_objects,
    check_files,
    check_files_of_one_machine,
    check_killed_worker,
    sample_bucket,
)
from tests.support.engine_examples import load_example
from tests.support.engine_samples import POISON, DieOnce, die_on_poison, fail, square
from tests.support.planted_modules import marked, names_of_modules, plant
from tests.support.s3_buckets import Bucket, content, content_from_files, make_bucket


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lpgen.app.ingest.CHUNK_OBJECTS", 2)


def executors() -> set[int]:
    """The processes of this machine that are executors of ours."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
            is_ours = f"PYTHONPATH={os.environ['PYTHONPATH']}\0".encode() in (entry / "environ").read_bytes()
        except OSError:
            continue
        if b"CoarseGrainedExecutorBackend" in command and is_ours:
            found.add(int(entry.name))
    return found


def test_spark_engine_gives_each_result_once(spark: Any) -> None:
    results = SparkEngine(spark, batch=4).map(square, range(10))
    assert sorted(result for result in results if not isinstance(result, Lost)) == [
        number * number for number in range(10)
    ]
    assert list(SparkEngine(spark).map(square, [])) == []


def test_spark_engine_names_the_item_that_kills_each_worker(spark: Any) -> None:
    found = list(SparkEngine(spark).map(die_on_poison, range(10)))
    assert [result.item for result in found if isinstance(result, Lost)] == [POISON]
    assert sorted(result for result in found if not isinstance(result, Lost)) == [n for n in range(10) if n != POISON]


def test_spark_engine_loses_nothing_when_a_worker_dies_once(spark: Any, tmp_path: Path) -> None:
    results = SparkEngine(spark).map(DieOnce(tmp_path / "died"), range(10))
    assert sorted(result for result in results if not isinstance(result, Lost)) == list(range(10))
    assert (tmp_path / "died").exists()


def test_spark_engine_passes_exceptions_on(spark: Any) -> None:
    with pytest.raises(ValueError, match="number"):
        list(SparkEngine(spark).map(fail, range(5)))


def test_spark_ingest_gives_the_same_bytes_though_an_executor_is_killed(
    spark: Any, seaweed: Server, tmp_path: Path
) -> None:
    before = executors()
    assert len(before) == 2
    victim = min(before)
    check_killed_worker(SparkEngine(spark, batch=6), seaweed, tmp_path, lambda: os.kill(victim, signal.SIGKILL))
    assert victim not in executors()


def test_spark_ingest_names_what_kills_workers_and_what_vanished(
    spark: Any, seaweed: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_deadly_and_vanished_objects(SparkEngine(spark), seaweed, tmp_path, monkeypatch)


def test_spark_ingest_reads_files_on_a_shared_path(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_files(SparkEngine(spark), tmp_path, monkeypatch)


def test_spark_ingest_refuses_files_of_one_machine(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_files_of_one_machine(SparkEngine(spark), tmp_path, monkeypatch)


def test_spark_ingest_by_command(seaweed: Server, tmp_path: Path) -> None:
    bucket, objects = sample_bucket(seaweed, 4)
    arguments = ["ingest", bucket.address(), "--data", str(tmp_path / "data")]
    command = [sys.executable, "-m", "lpgen", *arguments, "--engine", "spark", "--master", "local[2]"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=seaweed.environment)
    assert done.returncode == 0, done.stderr
    assert "4 new objects with " in done.stderr
    assert content(tmp_path / "data") == content_from_files(tmp_path, objects)


# ---------------------------------------------------------------- the examples, in the session that is there


@pytest.fixture
def trail(spark: Any, seaweed: Server, monkeypatch: pytest.MonkeyPatch) -> tuple[Bucket, dict[str, bytes]]:
    """A bucket of logs; the examples' boto3 and their executors ask the server."""
    assert spark is SparkSession.getActiveSession(), "the examples would start a session of their own"
    monkeypatch.setenv("AWS_ENDPOINT_URL", seaweed.url)
    return sample_bucket(seaweed, 4)


def test_emr_example_ingests(trail: tuple[Bucket, dict[str, bytes]], tmp_path: Path) -> None:
    bucket, objects = trail
    kept = make_bucket(bucket.server)
    load_example("ingest_on_emr").main(bucket.address("AWSLogs/"), kept.name, "lpgen/")
    load_example("data_in_s3").fetch_data(kept.client, kept.name, "lpgen/", tmp_path / "data")
    assert content(tmp_path / "data") == content_from_files(tmp_path, objects)


def test_glue_example_ingests(
    trail: tuple[Bucket, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Glue's own library is on no registry: what the example asks of it is stood in for."""
    bucket, objects = trail
    kept = make_bucket(bucket.server)
    options = {"address": bucket.address("AWSLogs/"), "data_bucket": kept.name, "data_prefix": "lpgen/"}
    glue, context, utilities = (ModuleType(name) for name in ("awsglue", "awsglue.context", "awsglue.utils"))
    context.__dict__["GlueContext"] = lambda _: SimpleNamespace(spark_session=SparkSession.active())
    utilities.__dict__["getResolvedOptions"] = lambda _, names: {name: options[name] for name in names}
    for module in (glue, context, utilities):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    load_example("ingest_on_glue").main()
    load_example("data_in_s3").fetch_data(kept.client, kept.name, "lpgen/", tmp_path / "data")
    assert content(tmp_path / "data") == content_from_files(tmp_path, objects)


def test_databricks_example_ingests_again_and_again(
    trail: tuple[Bucket, dict[str, bytes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket, objects = trail
    volume = tmp_path / "volume" / "lpgen-data"
    volume.parent.mkdir()
    main = load_example("ingest_on_databricks").main
    main(bucket.address("AWSLogs/"), str(volume))
    assert content(volume) == content_from_files(tmp_path, objects)
    volume.rename(f"{volume}.old")  # as a run leaves it that dies between its two renames
    main(bucket.address("AWSLogs/"), str(volume))
    assert "\n0 new objects with 0 records\n" in capsys.readouterr().out
    assert content(volume) == content_from_files(tmp_path / "again", objects)
    assert [path.name for path in volume.parent.iterdir()] == ["lpgen-data"]


def test_a_planted_folder_runs_nothing_in_an_ingest_on_spark(tmp_path: Path) -> None:
    """Spark's workers start in the folder of the command, by `python -m`."""
    mark = tmp_path / "mark"
    planted = tmp_path / "planted"
    planted.mkdir()
    plant(planted, names_of_modules(), mark)
    sample = REPOSITORY / "sample_logs" / "AWSLogs" / "444455556666"
    command = ["ingest", str(sample), "--data", str(tmp_path / "data"), "--engine", "spark", "--master", "local[1]"]
    variables = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", **java_home()}
    variables.pop("PYTHONPATH", None)
    lpgen = Path(sys.executable).with_name("lpgen")
    done = subprocess.run([lpgen, *command], cwd=planted, env=variables, capture_output=True, text=True, check=False)
    assert marked(mark) == []
    assert done.returncode == 0, done.stderr
