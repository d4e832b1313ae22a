"""What an ingest from Athena commits is what one of the same records in files does."""

from __future__ import annotations

import json
import urllib.request
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.athena.days import DaySpan
from tests.support.athena_ingests import World, march_world, records_of, tables, tables_from_records, world
from tests.support.athena_server import Json
from tests.support.athena_tables import (
    CONSOLE,
    DOCUMENTED_COLUMNS,
    LATER_COLUMNS,
    ORGANIZED,
    PROJECTED,
    REGISTERED,
    definition,
)
from tests.support.aws_servers import REGION, Server
from tests.support.log_samples import record_json
from tests.support.sample_organization import SECURITY, SHOP, records

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]
march = pytest.fixture(march_world)

AS_TEXT = definition({**DOCUMENTED_COLUMNS, "useridentity": "string", "resources": "string"})
"""As some SerDes and copies of the logs have it."""

SAMPLE_DAYS = DaySpan(date(2026, 6, 3), date(2026, 9, 30))


def sample_records() -> list[Json]:
    """The sample logs; each seventh record is delivered two days late."""

    def deliver(number: int, record: Json) -> Json:
        day = date.fromisoformat(record["eventTime"][:10])
        return {**record, "delivered": str(day + timedelta(2 if number % 7 == 0 and day < date(2026, 9, 29) else 0))}

    return [deliver(number, record) for number, record in enumerate(records())]


def test_ingest_of_sample_logs_through_athena_equals_that_of_the_files(moto: Server, tmp_path: Path) -> None:
    """On the command line, from an organization's table that must be told accounts; records are there twice."""
    found = [*sample_records(), *sample_records()[:1_000]]
    arguments = ("--since", "2026-06-03", "--until", "2026-09-30", "--account", SHOP, "--account", SECURITY)
    with world(moto, ORGANIZED, found) as through:
        through.athena.looks = 1
        options = (*arguments, "--output-location", through.output, "--data", tmp_path / "data")
        first = through.run(through.address, *options)
        assert first.returncode == 0, first.stderr
        assert len(through.athena.queries) == 120
        again = through.run(through.address, *options)
        assert (again.returncode, len(through.athena.queries)) == (0, 120), again.stderr
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, found)
    assert first.stderr.startswith("120 new days with 8,325 records, 6,677 of them usage\n")
    assert "  skipped 1,001: records that occur twice in their file (duplicate)" in first.stderr
    assert again.stderr.startswith("0 new days with 0 records, 0 of them usage\n120 days were already known\n")
    assert "note: Athena scanned 120,000 bytes" in first.stderr


@pytest.mark.parametrize("table", [PROJECTED, REGISTERED, definition(LATER_COLUMNS), AS_TEXT, CONSOLE])
def test_ingest_of_sample_logs_through_other_tables_equals_that_of_the_files(
    moto: Server, tmp_path: Path, table: Json
) -> None:
    """The console's table has no column for the category of events, which then is unknown."""
    silent: dict[str, Any] = {"eventCategory": None, "managementEvent": None} if table is CONSOLE else {}
    found = sample_records()
    with world(moto, table, found) as through:
        through.athena.looks = 1
        through.take(tmp_path / "data", SAMPLE_DAYS)
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, [{**record, **silent} for record in found])


def test_ingest_counts_whatever_a_day_of_delivery_holds(moto: Server, tmp_path: Path) -> None:
    """Each partition is read once: with events of days long past, without a time, and of the future."""
    times = ["2024-03-02T10:00:00Z", "2024-03-01T23:59:00Z", "2023-12-01T10:00:00Z", None, "", "2031-01-01T00:00:00Z"]
    found = [{**record_json(number), "eventTime": time, "delivered": "2024-03-02"} for number, time in enumerate(times)]
    day = DaySpan(date(2024, 3, 2), date(2024, 3, 2))
    with world(moto, PROJECTED, found) as through:
        result = through.take(tmp_path / "data", day)
        assert (len(through.athena.queries), result.records, result.usage_records) == (1, 6, 3)
    ours, theirs = tables(tmp_path / "data"), tables_from_records(tmp_path, found)
    assert [row.pop("detail") != "" for row in ours["skips"]] == [row.pop("detail") != "" for row in theirs["skips"]]
    assert ours == theirs


def odd_records() -> list[Json]:
    """Records of odd shapes: hidden, missing, empty and deep parts, names that end SQL, and characters of all kinds."""
    deep: Json = {}
    for _ in range(2_000):
        deep = {"deep": deep}
    changes: list[Json] = [
        {"requestParameters": "HIDDEN_DUE_TO_SECURITY_REASONS"},
        {"requestParameters": None, "resources": []},
        {"requestParameters": {}, "userIdentity": None},
        {"requestParameters": {"bucketName": "b", "key": 'it\'s "so",\r\n\u2028\x00é😀\\; --'}},
        {"requestParameters": {"bucketName": "b", "key": "k" * 200_000}},
        {"requestParameters": {"bucketName": "b", "deep": deep}},
        {"responseElements": {"errorCode": "AccessDenied", "errorMessage": "no"}},
        {"userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}},
        {"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/x", "principalId": "AIDA"}},
        {"userIdentity": {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}},
        {"resources": [{"ARN": "arn:aws:s3:::b/k", "type": "AWS::S3::Object"}, {"type": "AWS::S3::Bucket"}]},
        {"errorCode": "AccessDenied", "errorMessage": 'say "no",\nplease'},
        {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity", "vpcEndpointId": "vpce-1"},
        {"eventType": "AwsCloudTrailInsight", "eventCategory": "Insight", "eventName": None},
        {"readOnly": None, "recipientAccountId": None, "awsRegion": "cn-north-1"},
        {"eventVersion": "2.01"},
        {"eventVersion": None},
        {"eventID": None},
    ]
    return [record_json(number, **change) for number, change in enumerate(changes)]


@pytest.mark.parametrize("table", [definition(LATER_COLUMNS), AS_TEXT])
def test_ingest_of_odd_records_through_athena_equals_that_of_the_files(
    moto: Server, tmp_path: Path, table: Json
) -> None:
    found = [{key: value for key, value in record.items() if value is not None} for record in odd_records()]
    with world(moto, table, found) as through:
        assert through.take(tmp_path / "data").records == len(found)
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, found)


def test_ingest_reads_what_athena_keeps_itself_page_by_page(moto: Server, tmp_path: Path) -> None:
    found = [record_json(0, eventID=f"event {number}") for number in range(20)]
    with world(moto, PROJECTED, found) as through:
        through.athena.managed = True
        result = through.take(tmp_path / "data", DaySpan(date(2024, 3, 1), date(2024, 3, 1)), output="")
        assert through.athena.calls.count("AmazonAthena.GetQueryResults") == 3
    assert (result.days_read, result.records) == (1, 20)
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, found)


def test_ingest_reads_what_was_queued_in_moto(moto: Server, tmp_path: Path) -> None:
    """moto's own Athena takes the calls as they are, and gives back the answer that a query on DuckDB gave."""
    found, day = records_of(range(1)), DaySpan(date(2024, 3, 1), date(2024, 3, 1))
    with world(moto, PROJECTED, found) as through:
        through.take(tmp_path / "first", day)
        (query,) = through.athena.queries
        rows = [{"Data": [{"VarCharValue": cell or ""} for cell in row]} for row in query.rows]
        queued = {"account_id": "123456789012", "region": REGION, "results": [{"rows": rows, "column_info": []}]}
        request = urllib.request.Request(
            f"{moto.url}/moto-api/static/athena/query-results", json.dumps(queued).encode(), method="POST"
        )
        urllib.request.urlopen(request).close()
        result = through.take(tmp_path / "data", day, url=moto.url, output="")
    assert (result.days_read, result.records) == (1, 1)
    assert tables(tmp_path / "data") == tables(tmp_path / "first")


def test_ingest_skips_a_record_whose_cell_is_broken_and_names_it(march: World, tmp_path: Path) -> None:
    """The rest of the day counts."""

    def cut(rows: list[list[str | None]]) -> list[list[str | None]]:
        at = rows[0].index("requestparameters")
        return [*rows[:-1], [*rows[-1][:at], (rows[-1][at] or "")[:-1], *rows[-1][at + 1 :]]]

    march.athena.change = cut
    result = march.take(tmp_path / "data", DaySpan(date(2024, 3, 1), date(2024, 3, 1)))
    assert (result.days_read, result.records, result.usage_records, result.has_problems) == (1, 2, 1, True)
    (example,) = (example for skip in result.skips for example in skip.examples)
    assert (example.path, example.detail) == (
        f"{march.address}/2024-03-01",
        "`requestparameters` holds broken JSON",
    )
    assert example.position.startswith("event 00000000-")
    (skip,) = tables(tmp_path / "data")["skips"]
    assert (skip["reason"], skip["event_name"], skip["principal"][-10:]) == ("bad_record", "GetObject", "app/worker")
