"""From a table in Athena to the committed tables, over HTTP: as from the files, each day once, whatever breaks."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from lpgen.core.athena.days import Wanted
from lpgen.core.athena.query import DaySpan
from lpgen.core.athena.table import TableName
from lpgen.core.choices import Duty
from lpgen.core.own_permissions import own_policies
from lpgen.core.usage.ingest_result import IngestResult
from lpgen.edge.athena_logs import AthenaLogs
from lpgen.edge.athena_run import QueryRunner, Workgroup
from lpgen.edge.aws_session import Connection, open_session
from lpgen.edge.ledger import LEDGER_FILE, read_generation
from lpgen.errors import AccessError, AwsError, IngestError, MissingError, QueryTooLargeError
from lpgen.pipeline import ingest
from tests.athena_server import AthenaServer, Json, Rows, athena_server
from tests.athena_tables import (
    CONSOLE,
    ORGANIZED,
    PROJECTED,
    REGISTERED,
    DuckTable,
    definition,
)
from tests.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server
from tests.fault_proxy import Cut, Drop, Fault, Request, fault_proxy
from tests.log_samples import log_bytes, record_json
from tests.s3_buckets import CATALOG, make_bucket, write_folder
from tests.sample_organization import SECURITY, SHOP, records

NAME = TableName("logs", "trail")
MARCH = DaySpan(date(2024, 3, 1), date(2024, 3, 28))


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in Server("http://127.0.0.1:9").environment.items():
        if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL":
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


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

    def take(self, data: Path, days: DaySpan = MARCH, wanted: Wanted = Wanted(), **changes: Any) -> IngestResult:  # noqa: B008
        """An ingest in this process."""
        url = changes.pop("url", self.server.url)
        session = open_session(Connection(region=REGION, endpoint_url=url))
        workgroup = Workgroup(changes.pop("workgroup", ""), changes.pop("output", self.output))
        runner = QueryRunner(session, workgroup, wait=changes.pop("wait", lambda _: None))
        logs = AthenaLogs(runner, changes.pop("names", (self.name,)), days, wanted)
        return ingest([], CATALOG, data=data, athena=logs, **changes)

    def run(self, *arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lpgen", "ingest", *map(str, arguments)]
        environment = {**self.server.environment, **changes}
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


@contextlib.contextmanager
def world(
    moto: Server, table: Json, found: Sequence[Json], partitions: Sequence[Sequence[str]] = ()
) -> Iterator[World]:
    name = TableName(f"logs_{uuid.uuid4().hex}", "trail")
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    glue = session.client("glue", endpoint_url=moto.url)
    glue.create_database(DatabaseInput={"Name": name.database})
    glue.create_table(DatabaseName=name.database, TableInput={**table, "Name": name.table})
    for values in partitions:
        glue.create_partition(
            DatabaseName=name.database,
            TableName=name.table,
            PartitionInput={"Values": list(values), "StorageDescriptor": table["StorageDescriptor"]},
        )
    duck = DuckTable(table, found, name.database, name.table)
    with athena_server(moto, make_bucket(moto), duck) as athena:
        yield World(athena, name)


def records_of(numbers: Sequence[int]) -> list[Json]:
    return [record_json(number) for number in numbers]


@pytest.fixture
def march(moto: Server) -> Iterator[World]:
    """A table with two records for each of the first 28 days of March 2024."""
    with world(moto, PROJECTED, records_of(range(56))) as found:
        yield found


def tables(data: Path) -> dict[str, list[Json]]:
    """The rows of the tables that count; skips without the place in a file, which a group doesn't have."""
    folder = data / "usage" / read_generation(data)
    found = {name: pq.read_table(folder / f"{name}.parquet") for name in ("usage", "skips", "coverage")}
    found["skips"] = found["skips"].drop_columns(["example_source", "example_position"])
    return {name: table.to_pylist() for name, table in found.items()}


def tables_from_records(room: Path, found: Sequence[Json], **options: Any) -> dict[str, list[Json]]:
    """The tables that an ingest of these records gives, from a file a day."""
    days: dict[str, list[Json]] = {}
    for record in found:
        days.setdefault(record["eventTime"][:10], []).append(record)
    write_folder(room / "logs", {f"{day}.json.gz": log_bytes(part) for day, part in days.items()})
    ingest([room / "logs"], CATALOG, data=room / "direct", **options)
    return tables(room / "direct")


# ---------------------------------------------------------------- the same as from files


def test_ingest_of_sample_logs_through_athena_equals_that_of_the_files(moto: Server, tmp_path: Path) -> None:
    """On the command line, from an organization's table that must be told accounts."""
    unique = [*{record["eventID"]: record for record in records()}.values()]
    arguments = ("--since", "2026-06-03", "--until", "2026-09-30", "--account", SHOP, "--account", SECURITY)
    with world(moto, ORGANIZED, unique) as found:
        options = (*arguments, "--output-location", found.output, "--data", tmp_path / "data")
        first = found.run(found.address, *options)
        assert first.returncode == 0, first.stderr
        assert len(found.athena.queries) == 4
        again = found.run(found.address, *options)
        assert (again.returncode, len(found.athena.queries)) == (0, 4), again.stderr
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, unique)
    assert first.stderr.startswith("120 new days with 6,976 records, 6,363 of them usage\n")
    assert again.stderr.startswith("0 new days with 0 records, 0 of them usage\n120 days were known already\n")
    assert "note: Athena scanned 4,000 bytes" in first.stderr


def test_ingest_reads_what_athena_keeps_itself_page_by_page(march: World, tmp_path: Path) -> None:
    march.athena.managed = True
    result = march.take(tmp_path / "data", output="")
    assert (result.days_read, result.records) == (28, 56)
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))
    assert march.athena.calls.count("AmazonAthena.GetQueryResults") == 9


def test_ingest_reads_what_was_queued_in_moto(moto: Server, tmp_path: Path) -> None:
    """moto's own Athena takes the calls as they are, and gives back the answer that a query on DuckDB gave."""
    import json
    import urllib.request

    found = records_of(range(5))
    days = DaySpan(date(2024, 3, 1), date(2024, 3, 5))
    with world(moto, PROJECTED, found) as through:
        through.take(tmp_path / "first", days)
        (query,) = through.athena.queries
        rows = [{"Data": [{"VarCharValue": cell or ""} for cell in row]} for row in query.rows]
        queued = {"account_id": "123456789012", "region": REGION, "results": [{"rows": rows, "column_info": []}]}
        request = urllib.request.Request(
            f"{moto.url}/moto-api/static/athena/query-results", json.dumps(queued).encode(), method="POST"
        )
        urllib.request.urlopen(request).close()
        result = through.take(tmp_path / "data", days, url=moto.url, output="")
    assert (result.days_read, result.records) == (5, 5)
    assert tables(tmp_path / "data") == tables(tmp_path / "first")


@pytest.mark.parametrize(
    ("table", "partitions"),
    [(REGISTERED, [["111122223333", "us-east-1", "2024", "03", "01"]]), (CONSOLE, [])],
)
def test_ingest_takes_the_other_documented_tables(
    moto: Server, tmp_path: Path, table: Json, partitions: list[list[str]]
) -> None:
    with world(moto, table, records_of(range(5)), partitions) as found:
        result = found.take(tmp_path / "data", DaySpan(date(2024, 3, 1), date(2024, 3, 5)))
    assert (result.days_read, result.records) == (5, 5)
    if table is REGISTERED:
        assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(5)))
    else:
        assert "no partition of the table tells the day: each query reads all of it" in result.notes
        assert {row["category"] for row in tables(tmp_path / "data")["usage"]} == {"management"}


def test_ingest_asks_for_the_accounts_and_regions_that_are_wanted(moto: Server, tmp_path: Path) -> None:
    """By partition where there is one, else by column."""
    found = [
        record_json(number, recipientAccountId=account, awsRegion=region)
        for number, (account, region) in enumerate(
            [(SHOP, "us-east-1"), (SHOP, "eu-west-1"), (SECURITY, "us-east-1"), (SECURITY, "eu-west-1")]
        )
    ]
    days = DaySpan(date(2024, 3, 1), date(2024, 3, 4))
    for number, table in enumerate((ORGANIZED, definition())):
        with world(moto, table, found) as through:
            data = tmp_path / str(number)
            assert through.take(data, days, Wanted((SHOP,), ("eu-west-1",))).records == 1
            assert [(row["account"], row["region"]) for row in tables(data)["coverage"]] == [(SHOP, "eu-west-1")]


# ---------------------------------------------------------------- each day once


def test_ingest_asks_only_for_days_that_are_not_known(march: World, tmp_path: Path) -> None:
    march.take(tmp_path / "data", DaySpan(date(2024, 3, 5), date(2024, 3, 6)))
    result = march.take(tmp_path / "data")
    assert (result.days_read, result.days_known, result.records) == (26, 2, 52)
    asked = [query.sql for query in march.athena.queries]
    assert "BETWEEN '2024/03/01' AND '2024/03/07'" in asked[1]
    assert "BETWEEN '2024/03/07' AND '2024/03/31'" in asked[2]
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))


def test_ingest_asks_a_table_without_days_once_for_all_its_gaps(moto: Server, tmp_path: Path) -> None:
    with world(moto, definition(), records_of(range(28))) as found:
        found.take(tmp_path / "data", DaySpan(date(2024, 3, 5), date(2024, 3, 6)))
        assert found.take(tmp_path / "data").days_read == 26
        assert len(found.athena.queries) == 2
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(28)))


def test_ingest_refuses_days_of_which_it_has_a_part(march: World, tmp_path: Path) -> None:
    some = Wanted(("111122223333",))
    march.take(tmp_path / "data", wanted=some)
    before = tables(tmp_path / "data")
    with pytest.raises(IngestError, match=r"of 2024-03-01 were ingested as .*\?accounts=111122223333`"):
        march.take(tmp_path / "data")
    assert march.take(tmp_path / "data", wanted=some).days_known == 28
    assert march.take(tmp_path / "data", wanted=Wanted(("111122223333",), ("us-east-1",))).days_known == 28
    assert march.take(tmp_path / "data", wanted=Wanted(("444455556666",))).records == 0
    assert tables(tmp_path / "data") == before


def test_ingest_knows_a_table_by_its_location_too(moto: Server, tmp_path: Path) -> None:
    """Another table of the same objects is refused, and so is one of a wider location; one of other accounts isn't."""
    with world(moto, PROJECTED, records_of(range(28))) as one:
        one.take(tmp_path / "data", wanted=Wanted((SHOP,)))
    for table in (PROJECTED, definition()):
        with world(moto, table, records_of(range(28))) as other, pytest.raises(IngestError, match="would count twice"):
            other.take(tmp_path / "data")
    with world(moto, definition(), [record_json(1, recipientAccountId=SECURITY)]) as other:
        assert other.take(tmp_path / "data", wanted=Wanted((SECURITY,))).records == 1


def test_ingest_refuses_to_mix_groups_and_records(march: World, tmp_path: Path) -> None:
    logs = write_folder(tmp_path / "logs", {"a.json.gz": log_bytes(records_of([1]))})
    march.take(tmp_path / "athena")
    with pytest.raises(IngestError, match="holds days that Athena counted"):
        ingest([logs], CATALOG, data=tmp_path / "athena")
    ingest([logs], CATALOG, data=tmp_path / "files")
    with pytest.raises(IngestError, match="holds logs that were read directly"):
        march.take(tmp_path / "files")


def test_ingest_asks_again_for_days_without_a_record(moto: Server, tmp_path: Path) -> None:
    """Their partitions may be missing as yet."""
    with world(moto, PROJECTED, records_of(range(3))) as found:
        result = found.take(tmp_path / "data")
        assert result.days_read == 3
        note = f"`{found.name}` holds no record of 25 days, from 2024-03-04 to 2024-03-28; a later run asks again"
        assert note in result.notes
        again = found.take(tmp_path / "data")
        assert (again.days_known, again.days_read) == (3, 0)
        assert [query.sql for query in found.athena.queries][-1].count("'2024-03-04'") == 1


# ---------------------------------------------------------------- whatever breaks


def ends_of(sql: str) -> tuple[date, date]:
    """The first day that a query asks for, and that behind the last."""
    first, end = (date.fromisoformat(sql.split(f'"eventtime" {sign} \'')[1][:10]) for sign in (">=", "<"))
    return first, end


def asks_for(sql: str, day: date) -> bool:
    first, end = ends_of(sql)
    return first <= day < end


def too_large(sql: str, days: int) -> Json | None:
    """The end of a query that asks for more than so many days."""
    first, end = ends_of(sql)
    if (end - first).days <= days:
        return None
    return {"State": "FAILED", "StateChangeReason": "Query exhausted resources at this scale factor"}


def test_ingest_asks_in_halves_what_is_too_large_for_athena(march: World, tmp_path: Path) -> None:
    march.athena.fail = lambda sql, _: too_large(sql, 4)
    result = march.take(tmp_path / "data")
    assert (result.days_read, result.records) == (28, 56)
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))
    ended = [query.status["State"] for query in march.athena.queries]
    assert (ended.count("FAILED"), ended.count("SUCCEEDED")) == (7, 8)


def test_ingest_keeps_the_days_before_one_that_is_too_large(march: World, tmp_path: Path) -> None:
    march.athena.fail = lambda sql, _: (
        too_large(sql, 4)
        or (
            {"State": "FAILED", "StateChangeReason": "Query exhausted resources"}
            if asks_for(sql, date(2024, 3, 10))
            else None
        )
    )
    with pytest.raises(QueryTooLargeError, match="exhausted resources"):
        march.take(tmp_path / "data")
    march.athena.fail = lambda _, __: None
    result = march.take(tmp_path / "data")
    assert result.days_known == 9
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))


def test_ingest_runs_a_query_again_that_athena_says_to(march: World, tmp_path: Path) -> None:
    hiccup = {"State": "FAILED", "StateChangeReason": "internal", "AthenaError": {"Retryable": True, "ErrorType": 1}}
    march.athena.fail = lambda _, number: hiccup if number < 3 else None
    assert march.take(tmp_path / "data").days_read == 28
    march.athena.fail = lambda _, __: hiccup
    with pytest.raises(AwsError, match="the query failed: `internal`"):
        march.take(tmp_path / "other")
    assert len(march.athena.queries) == 6


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (("FAILED", "Insufficient Lake Formation permission(s) on trail"), AccessError, "grant SELECT"),
        (("FAILED", "Access denied when writing output to url: s3://answers/x.csv"), AccessError, "lpgen iam-policy"),
        (("FAILED", "HIVE_CURSOR_ERROR: Row is not a valid JSON Object"), AwsError, "can't read"),
        (("FAILED", "TABLE_NOT_FOUND: line 26:6: Table does not exist"), AwsError, "--aws-region"),
        (("CANCELLED", "Query cancelled by user"), AwsError, ""),
        (("CANCELLED", "Bytes scanned limit was exceeded"), QueryTooLargeError, "fewer accounts"),
    ],
)
def test_ingest_says_what_to_do_when_a_query_fails(
    march: World, tmp_path: Path, status: tuple[str, str], kind: type[AwsError], hint: str
) -> None:
    march.athena.fail = lambda _, __: {"State": status[0], "StateChangeReason": status[1]}
    with pytest.raises(kind) as caught:
        march.take(tmp_path / "data", DaySpan(MARCH.first, MARCH.first))
    assert status[1] in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("operation", "error", "kind", "hint"),
    [
        ("GetTable", ("EntityNotFoundException", "Table trail not found."), MissingError, "--aws-region"),
        ("GetTable", ("AccessDeniedException", "not authorized: glue:GetTable"), AccessError, "lpgen iam-policy"),
        (
            "GetTable",
            ("AccessDeniedException", "Insufficient Lake Formation permission(s)"),
            AccessError,
            "grant SELECT",
        ),
        ("StartQueryExecution", ("AccessDeniedException", "no identity-based policy"), AccessError, "lpgen iam-policy"),
        ("StartQueryExecution", ("InvalidRequestException", "WorkGroup x is not found."), AwsError, "--workgroup"),
        ("GetQueryResults", ("AccessDeniedException", "no"), AccessError, "lpgen iam-policy"),
    ],
)
def test_ingest_says_what_to_do_when_a_call_is_refused(
    march: World, tmp_path: Path, operation: str, error: tuple[str, str], kind: type[AwsError], hint: str
) -> None:
    march.athena.managed = True
    march.athena.refuse = lambda called, _: error if called == operation else None
    with pytest.raises(kind) as caught:
        march.take(tmp_path / "data", output="")
    assert error[1] in caught.value.message
    assert hint in caught.value.hint


def test_ingest_says_that_answers_need_a_place(march: World, tmp_path: Path) -> None:
    result = march.run(march.address, "--since", "2024-03-01", "--until", "2024-03-02", "--data", tmp_path / "data")
    assert result.returncode == 3
    assert "No output location provided" in result.stderr
    assert "--output-location s3://BUCKET/PREFIX/" in result.stderr
    located = march.take(tmp_path / "data", output="", workgroup="located")
    assert located.days_read == 28


def test_ingest_stops_the_query_when_it_is_interrupted(march: World, tmp_path: Path) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    march.athena.looks = 100
    with pytest.raises(KeyboardInterrupt):
        march.take(tmp_path / "data", wait=interrupt)
    assert [query.stopped for query in march.athena.queries] == [True]


def test_ingest_on_the_command_line_stops_the_query_on_ctrl_c(march: World, tmp_path: Path) -> None:
    march.athena.looks = 10_000
    options = ["--since", "2024-03-01", "--until", "2024-03-28", "--output-location", march.output]
    command = [sys.executable, "-m", "lpgen", "ingest", march.address, *options, "--data", str(tmp_path / "data")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=march.server.environment)
    while not any(query.looks for query in march.athena.queries):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert [query.stopped for query in march.athena.queries] == [True]


def test_ingest_that_is_killed_leaves_whole_days(march: World, tmp_path: Path) -> None:
    """The first half is committed when the second is under way; a later run asks for the second alone."""
    march.athena.fail = lambda sql, _: too_large(sql, 14)
    slow = "import lpgen.edge.athena_run as run, sys, lpgen.cli; run.FIRST_WAIT_SECONDS = 0.01; lpgen.cli.main()"
    options = ["--since", "2024-03-01", "--until", "2024-03-28", "--output-location", march.output]
    command = [sys.executable, "-c", slow, "ingest", march.address, *options, "--data", str(tmp_path / "data")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=march.server.environment)
    while len(march.athena.queries) < 3:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (tmp_path / "data" / LEDGER_FILE).exists()
    march.athena.fail = lambda _, __: None
    result = march.take(tmp_path / "data")
    assert (result.days_known, result.days_read) == (14, 14)
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))


@pytest.mark.parametrize("fault", [Cut(0.4), Drop()])
def test_ingest_survives_connections_that_break_in_the_answer(
    march: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("lpgen.edge.athena_answers.WAIT_SECONDS", 0.0)
    monkeypatch.setattr("lpgen.edge.athena_answers.READ_BYTES", 1_000)

    def breaks(request: Request) -> Fault:
        is_answer = request.method == "GET" and request.path.endswith(".csv")
        return fault if is_answer and request.number <= 3 else None

    with fault_proxy(march.server, breaks) as proxy:
        result = march.take(tmp_path / "data", url=proxy.server.url)
        ranges = [
            one.headers.get("range") for one in proxy.requests if one.path.endswith(".csv") and one.method == "GET"
        ]
    assert result.records == 56
    assert len(ranges) > 3
    assert any(ranges) == isinstance(fault, Cut)
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [row[:-1] for row in rows], "other columns"),
        (lambda rows: [*rows, rows[-1][:-1]], "a row of it is cut"),
        (lambda _: [], "other columns"),
        (lambda rows: [rows[0], [*rows[1][:-3], "many", *rows[1][-2:]]], "`many` is no count"),
        (
            lambda rows: [rows[0], [*rows[1][:-2], "2025-01-01T00:00:00Z x", rows[1][-1]]],
            "wasn't asked for: `2025-01-01`",
        ),
    ],
)
def test_ingest_refuses_an_answer_to_something_else(march: World, tmp_path: Path, change: Any, message: str) -> None:
    def changed(rows: Rows) -> Rows:
        found: Rows = change(rows)
        return found

    march.athena.change = changed
    with pytest.raises(IngestError, match=message):
        march.take(tmp_path / "data")
    march.athena.change = lambda rows: rows
    assert march.take(tmp_path / "data").records == 56


def test_ingest_takes_what_callers_may_write(moto: Server, tmp_path: Path) -> None:
    """Quotes, line breaks, separators and 100,000 characters in requests come through Athena's CSV unharmed."""
    found = [
        record_json(0, requestParameters={"bucketName": "b", "key": 'it\'s "so",\r\n\u2028\x00é😀\\'}),
        record_json(1, requestParameters={"bucketName": "b", "key": "k" * 200_000}),
        record_json(2, errorCode="AccessDenied", errorMessage='say "no",\nplease'),
    ]
    with world(moto, PROJECTED, found) as through:
        assert through.take(tmp_path / "data").records == 3
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, found)


# ---------------------------------------------------------------- tables that aren't


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TableType": "VIRTUAL_VIEW"}, "is a view"),
        ({"PartitionKeys": [{"Name": "year", "Type": "string"}]}, "has no partitions"),
        (
            {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "string"}]}},
            "it has no column `eventtime`, `eventsource`, ",
        ),
    ],
)
def test_ingest_refuses_what_is_no_cloudtrail_table(moto: Server, tmp_path: Path, changes: Json, message: str) -> None:
    with world(moto, {**definition(), **changes, "PartitionKeys": []}, []) as found:
        session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
        table = {**definition(), **changes, "Name": found.name.table}
        glue = session.client("glue", endpoint_url=moto.url)
        glue.update_table(DatabaseName=found.name.database, TableInput=table)
        with pytest.raises(IngestError, match=message):
            found.take(tmp_path / "data")
        assert found.athena.queries == []


def test_ingest_says_that_a_table_must_be_told_accounts(moto: Server, tmp_path: Path) -> None:
    with world(moto, ORGANIZED, records_of([1])) as found, pytest.raises(IngestError, match="`account`") as caught:
        found.take(tmp_path / "data")
    assert caught.value.hint == "give --account; it repeats"


# ---------------------------------------------------------------- permissions


def test_ingest_calls_nothing_that_its_own_policy_does_not_allow(moto: Server, tmp_path: Path) -> None:
    with world(moto, REGISTERED, records_of([1]), [["111122223333", "us-east-1", "2024", "03", "01"]]) as found:
        found.athena.looks = 100

        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            found.take(tmp_path / "data", wait=interrupt)
        found.athena.looks = 1
        found.take(tmp_path / "data")
        found.athena.managed = True
        found.take(tmp_path / "other", output="")
        calls = set(found.athena.calls)
    prefixes = {"AmazonAthena": "athena", "AWSGlue": "glue"}
    used = {
        f"{prefixes[service]}:{operation}"
        for service, _, operation in (one.partition(".") for one in calls)
        if service in prefixes
    }
    others = {call for call in calls if call.partition(".")[0] not in prefixes}
    assert used == {
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
        "athena:StartQueryExecution",
        "athena:StopQueryExecution",
        "glue:GetPartitions",
        "glue:GetTable",
    }
    assert all(call.startswith(f"GET /{found.athena.results.name}/answers/") for call in others)
    policy = own_policies(bucket="logs", role="", caller="arn:aws:iam::111122223333:role/lpgen")[Duty.INGEST_ATHENA]
    assert used <= {action for statement in policy["Statement"] for action in statement["Action"]}


# ---------------------------------------------------------------- dry run


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
