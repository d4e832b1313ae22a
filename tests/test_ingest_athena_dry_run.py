"""A dry run of an ingest from Athena prints the queries and what they would read, and asks nothing."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from tests.support.athena_ingests import World, march_world
from tests.support.athena_tables import PROJECTED
from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY

pytestmark = pytest.mark.usefixtures("server_keys")
march = pytest.fixture(march_world)


def test_dry_run_prints_the_queries_and_what_they_would_read(march: World, tmp_path: Path) -> None:
    bucket = march.athena.results
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    glue = session.client("glue", endpoint_url=march.athena.target.url)
    prefix = "AWSLogs/111122223333/CloudTrail/us-east-1"
    parameters = {**PROJECTED["Parameters"], "storage.location.template": f"{bucket.address(prefix)}/${{timestamp}}"}
    table = {**PROJECTED, "Parameters": parameters, "Name": march.name.table}
    glue.update_table(DatabaseName=march.name.database, TableInput=table)
    bucket.put({f"{prefix}/2024/03/{day:02}/{day}.json.gz": b"x" * 100 for day in range(1, 32)})
    bucket.put({f"{prefix}/2024/02/28/0.json.gz": b"x" * 5_000})
    options = ("--since", "2024-03-05", "--until", "2024-03-09", "--data", tmp_path / "data")
    result = march.run(march.address, *options, "--dry-run")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("SELECT\n")
    assert "\"timestamp\" BETWEEN '2024/03/05' AND '2024/03/12'" in result.stdout
    assert "1 query would read about 800 bytes in 8 objects" in result.stderr
    assert march.athena.queries == []
    assert not (tmp_path / "data").exists()


def test_dry_run_leaves_out_the_days_that_are_known(march: World, tmp_path: Path) -> None:
    march.take(tmp_path / "data")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    options = ("--since", "2024-03-05", "--until", "2024-03-09", "--data", tmp_path / "data", "--dry-run")
    result = march.run(march.address, *options)
    assert result.stdout.strip() == ""
    assert "5 days, 5 of which are known already\n  nothing to ask" in result.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_dry_run_says_why_the_bytes_are_not_known(march: World, tmp_path: Path) -> None:
    """The bucket of the table's location doesn't exist here."""
    options = ("--since", "2024-03-05", "--until", "2024-03-09", "--data", tmp_path / "data", "--dry-run")
    result = march.run(march.address, *options)
    assert (result.returncode, "SELECT" in result.stdout) == (0, True)
    assert "how much they would read isn't known: can't list" in result.stderr
