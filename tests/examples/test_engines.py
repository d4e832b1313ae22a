"""The examples of ingests on clusters. `make test-spark` runs those for Spark."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lpgen
from tests.support.aws_servers import Server
from tests.support.dask_clusters import dask_cluster
from tests.support.engine_examples import FOLDER, PROGRAMS, load_example
from tests.support.s3_buckets import (
    Bucket,
    content,
    content_from_files,
    daily_logs,
    make_bucket,
    take_from,
    write_folder,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_example_compiles_and_imports_what_lpgen_has(program: Path) -> None:
    tree = ast.parse(program.read_text(encoding="utf-8"))
    compile(tree, program, "exec")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lpgen"):
            module = importlib.import_module(node.module or "")
            for name in node.names:
                assert hasattr(module, name.name), f"{node.module} has no {name.name}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "lpgen":
            assert node.attr in lpgen.__all__, f"lpgen has no {node.attr}"


def test_there_is_an_example_for_each_kind_of_cluster() -> None:
    names = {program.stem for program in PROGRAMS}
    assert {f"ingest_on_{kind}" for kind in ("dask", "emr", "glue", "databricks")} < names


@pytest.fixture
def bucket(seaweed: Server) -> Bucket:
    return make_bucket(seaweed)


def test_dask_example_ingests(bucket: Bucket, tmp_path: Path) -> None:
    logs = daily_logs([1, 2, 3])
    bucket.put(logs)
    environment = bucket.server.environment
    keys = {name: value for name, value in environment.items() if name.startswith("AWS_")}
    with dask_cluster(1, environment=keys) as cluster:
        arguments = [cluster.address, bucket.address("AWSLogs/"), str(tmp_path / "data")]
        done = subprocess.run(
            [sys.executable, str(FOLDER / "ingest_on_dask.py"), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 new objects with 3 records")
    assert content(tmp_path / "data") == content_from_files(tmp_path, logs)


def test_data_in_s3_keeps_a_data_folder_between_jobs(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bucket.server.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    example = load_example("data_in_s3")
    logs = daily_logs([1, 2, 3])
    kept = make_bucket(bucket.server)
    for number, (key, body) in enumerate(logs.items()):
        bucket.put({key: body})
        data = tmp_path / f"machine-{number}"
        example.fetch_data(kept.client, kept.name, "lpgen/", data)
        assert take_from(bucket.server, data, bucket.address()).objects_known == number
        example.store_data(kept.client, kept.name, "lpgen/", data)
    example.fetch_data(kept.client, kept.name, "lpgen/", tmp_path / "last")
    assert content(tmp_path / "last") == content_from_files(tmp_path, logs)
    assert len(list((tmp_path / "last" / "usage").iterdir())) == 1


def test_data_in_s3_leaves_the_old_state_where_the_ledger_did_not_get_through(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bucket.server.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    example = load_example("data_in_s3")
    kept = make_bucket(bucket.server)
    data = tmp_path / "data"
    take_from(bucket.server, data, paths=[write_folder(tmp_path / "one", daily_logs([1]))])
    example.store_data(kept.client, kept.name, "lpgen/", data)
    old = content(data)
    take_from(bucket.server, data, paths=[write_folder(tmp_path / "two", daily_logs([2]))])
    upload = kept.client.upload_file

    def die_on_the_ledger(path: str, *names: str) -> None:
        if os.path.basename(path) == example.LEDGER:
            raise KeyboardInterrupt
        upload(path, *names)

    monkeypatch.setattr(kept.client, "upload_file", die_on_the_ledger)
    with pytest.raises(KeyboardInterrupt):
        example.store_data(kept.client, kept.name, "lpgen/", data)
    example.fetch_data(kept.client, kept.name, "lpgen/", tmp_path / "again")
    assert content(tmp_path / "again") == old
