"""A dry run of an ingest from Athena prints the queries and what they would read, and asks nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import boto3
import pytest

from lpgen.core.athena.days import DaySpan
from tests.support.athena_ingests import World, march_world, records_of, world
from tests.support.athena_tables import CONSOLE, PROJECTED
from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server

pytestmark = pytest.mark.usefixtures("server_keys")
march = pytest.fixture(march_world)


def test_dry_run_prints_the_queries_and_what_they_would_read(march: World, tmp_path: Path) -> None:
    bucket = march.athena.results
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    glue = session.client("glue", endpoint_url=march.athena.target.url)
    prefix = "AWSLogs/111122223333/CloudTrail/us-east-1"
    storage = {**PROJECTED["StorageDescriptor"], "Location": bucket.address(prefix)}
    table = {**PROJECTED, "StorageDescriptor": storage, "Name": march.name.table}
    glue.update_table(DatabaseName=march.name.database, TableInput=table)
    bucket.put({f"{prefix}/2024/03/{day:02}/{day}.json.gz": b"x" * 100 for day in range(1, 32)})
    bucket.put({f"{prefix}/2024/02/28/0.json.gz": b"x" * 5_000})
    march.take(tmp_path / "data", DaySpan(date(2024, 3, 6), date(2024, 3, 7)))
    before = sorted(tmp_path.rglob("*"))
    march.athena.started.clear()
    options = ("--since", "2024-03-05", "--until", "2024-03-09", "--data", tmp_path / "data")
    result = march.run(march.address, *options, "--dry-run")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("SELECT\n")
    assert result.stdout.rstrip().endswith("WHERE \"timestamp\" IN ('2024/03/09');")
    assert result.stdout.count(";") == 3
    assert "3 queries would read about 300 bytes in 3 objects" in result.stderr
    assert march.athena.queries == []
    assert sorted(tmp_path.rglob("*")) == before


def test_dry_run_leaves_out_the_days_that_are_known(march: World, tmp_path: Path) -> None:
    march.take(tmp_path / "data")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    options = ("--since", "2024-03-05", "--until", "2024-03-09", "--data", tmp_path / "data", "--dry-run")
    result = march.run(march.address, *options)
    assert result.stdout.strip() == ""
    assert "5 days, 5 of them already known\n  nothing to query" in result.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_dry_run_says_why_the_bytes_are_not_known(march: World, tmp_path: Path) -> None:
    """The bucket of the table's location doesn't exist here."""
    options = ("--since", "2024-03-05", "--until", "2024-03-09", "--data", tmp_path / "data", "--dry-run")
    result = march.run(march.address, *options)
    assert (result.returncode, "SELECT" in result.stdout) == (0, True)
    assert "the amount that they would read is unknown: can't list" in result.stderr


def test_ingest_reads_a_table_as_a_whole_only_if_told_to(moto: Server, tmp_path: Path) -> None:
    """Each query for a day would read all of it."""
    with world(moto, CONSOLE, records_of(range(3))) as found:
        bucket = found.athena.results
        bucket.put({f"AWSLogs/111122223333/{number}.json.gz": b"x" * 100 for number in range(4)})
        session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
        storage = {**CONSOLE["StorageDescriptor"], "Location": bucket.address("AWSLogs")}
        session.client("glue", endpoint_url=moto.url).update_table(
            DatabaseName=found.name.database,
            TableInput={**CONSOLE, "StorageDescriptor": storage, "Name": found.name.table},
        )
        options = ("--since", "2024-03-01", "--until", "2024-03-03", "--data", tmp_path / "data")
        refused = found.run(found.address, *options)
        assert refused.returncode == 2
        assert (
            f"no partition of `{found.name}` gives the day: 3 queries would read at most 1,200 bytes" in refused.stderr
        )
        assert "or give --yes" in refused.stderr
        assert found.athena.queries == []
        taken = found.run(found.address, *options, "--output-location", found.output, "--yes")
        assert taken.stderr.startswith("3 new days with 3 records")
