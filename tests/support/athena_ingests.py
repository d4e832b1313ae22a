"""A CloudTrail table in Glue with its records behind Athena, and the tables that an ingest of it commits."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq

from lpgen.core.athena.days import DaySpan, RecordScope
from lpgen.core.athena.table import TableName
from lpgen.core.usage.ingest_result import IngestResult
from lpgen.edge.athena.queries import QueryRunner
from lpgen.edge.athena.reading import AthenaLogs
from lpgen.edge.aws_session import Connection, open_session
from lpgen.edge.data_folder.ledger import read_generation
from tests.support.athena_server import AthenaServer, Json, athena_server
from tests.support.athena_tables import PROJECTED, DuckTable, day_of_delivery
from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server
from tests.support.ingests import ingest
from tests.support.log_samples import log_bytes, record_json
from tests.support.lpgen_process import run_lpgen
from tests.support.s3_buckets import CATALOG, make_bucket, write_folder

MARCH = DaySpan(date(2024, 3, 1), date(2024, 3, 28))
LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When all records have come."""


@dataclass(frozen=True, slots=True)
class World:
    """A table in Glue, its records in DuckDB behind Athena, and a bucket for answers."""

    athena: AthenaServer
    name: TableName

    @property
    def server(self) -> Server:
        return self.athena.server

    @property
    def address(self) -> str:
        return f"athena://{self.name}"

    @property
    def output(self) -> str:
        return self.athena.results.address("answers/")

    def take(
        self,
        data: Path,
        days: DaySpan = MARCH,
        wanted: RecordScope = RecordScope(),  # noqa: B008
        **changes: Any,
    ) -> IngestResult:
        """An ingest in this process."""
        url = changes.pop("url", self.server.url)
        session = open_session(Connection(region=REGION, endpoint_url=url))
        workgroup, output = changes.pop("workgroup", ""), changes.pop("output", self.output)
        runner = QueryRunner(session, workgroup, output, wait=changes.pop("wait", lambda _: None))
        began, reads_whole = changes.pop("began", LATER), changes.pop("reads_whole", True)
        logs = AthenaLogs(runner, (self.name,), days, wanted, began, reads_whole)
        return ingest([], CATALOG, data=data, athena=logs, **changes)

    def run(self, *arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
        """An ingest on the command line."""
        return run_lpgen(self.server, "ingest", *arguments, **changes)


@contextlib.contextmanager
def world(moto: Server, table: Json, found: Sequence[Json]) -> Iterator[World]:
    """A new table that holds these records."""
    name = TableName(f"logs_{uuid.uuid4().hex}", "trail")
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    glue = session.client("glue", endpoint_url=moto.url)
    glue.create_database(DatabaseInput={"Name": name.database})
    glue.create_table(DatabaseName=name.database, TableInput={**table, "Name": name.table})
    duck = DuckTable(table, found, name.database, name.table)
    with athena_server(moto, make_bucket(moto), duck) as athena:
        yield World(athena, name)


def records_of(numbers: Sequence[int]) -> list[Json]:
    return [record_json(number) for number in numbers]


def march_world(moto: Server) -> Iterator[World]:
    """To make a fixture of: a table with two records for each of the first 28 days of March 2024."""
    with world(moto, PROJECTED, records_of(range(56))) as found:
        yield found


def tables(data: Path) -> dict[str, list[Json]]:
    """The rows of the tables that count; skips without the place in a file."""
    folder = data / "usage" / read_generation(data)
    found = {name: pq.read_table(folder / f"{name}.parquet") for name in ("usage", "skips", "coverage")}
    found["skips"] = found["skips"].drop_columns(["example_source", "example_position"])
    return {name: table.to_pylist() for name, table in found.items()}


def tables_from_records(room: Path, found: Sequence[Json], **options: Any) -> dict[str, list[Json]]:
    """The tables that an ingest of these records gives, from a file for each day of delivery."""
    days: dict[str, list[Json]] = {}
    for record in found:
        days.setdefault(day_of_delivery(record), []).append(record)
    owner = "111122223333_CloudTrail_us-east-1"
    files = {f"{owner}_{day.replace('-', '')}T2355Z_a.json.gz": log_bytes(part) for day, part in days.items()}
    write_folder(room / "logs", files)
    ingest([room / "logs"], CATALOG, data=room / "direct", **options)
    return tables(room / "direct")


def fails_on(day: date, why: str) -> Callable[[str, int], Json | None]:
    """To make the query for a day of delivery fail."""
    asked = f"IN ('{day:%Y/%m/%d}')"
    return lambda sql, _: {"State": "FAILED", "StateChangeReason": why} if asked in sql else None
