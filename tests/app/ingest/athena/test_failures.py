"""Queries that fail, are too large or answer badly: an ingest from Athena gets all the same, or says what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.athena.days import DaySpan
from lpgen.errors import AccessError, AwsError, IngestError, MissingError
from tests.support.athena_ingests import (
    MARCH,
    World,
    fails_on,
    march_world,
    records_of,
    tables,
    tables_from_records,
    world,
)
from tests.support.athena_server import Rows
from tests.support.athena_tables import CONSOLE
from tests.support.aws_servers import Server
from tests.support.fault_proxy import Cut, Drop, Fault, Request, fault_proxy

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]
march = pytest.fixture(march_world)


def test_ingest_keeps_the_days_before_one_that_is_too_large(march: World, tmp_path: Path) -> None:
    march.athena.fail = fails_on(date(2024, 3, 10), "Query exhausted resources at this scale factor")
    with pytest.raises(AwsError, match="exhausted resources") as caught:
        march.take(tmp_path / "data")
    assert caught.value.hint.startswith("a day is too large: use fewer --account or --region")
    march.athena.fail = lambda _, __: None
    assert march.take(tmp_path / "data").days_known == 9
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))


def test_ingest_runs_a_query_again_that_athena_says_to(march: World, tmp_path: Path) -> None:
    hiccup = {"State": "FAILED", "StateChangeReason": "internal", "AthenaError": {"Retryable": True, "ErrorType": 1}}
    march.athena.fail = lambda _, number: hiccup if number < 3 else None
    assert march.take(tmp_path / "data").days_read == 28
    march.athena.fail = lambda _, __: hiccup
    with pytest.raises(AwsError, match="the query failed: `internal`"):
        march.take(tmp_path / "other")
    assert len(march.athena.queries) == 30 + 3


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (("FAILED", "Insufficient Lake Formation permission(s) on trail"), AccessError, "grant SELECT"),
        (("FAILED", "Access denied when writing output to url: s3://answers/x.csv"), AccessError, "lpgen iam-policy"),
        (("FAILED", "HIVE_CURSOR_ERROR: Row is not a valid JSON Object"), AwsError, "can't read"),
        (("FAILED", "TABLE_NOT_FOUND: line 26:6: Table does not exist"), MissingError, "--aws-region"),
        (("CANCELLED", "Query cancelled by user"), AwsError, ""),
        (("CANCELLED", "Bytes scanned limit was exceeded"), AwsError, "fewer --account"),
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


def test_ingest_says_that_answers_need_a_place(march: World, tmp_path: Path) -> None:
    result = march.run(march.address, "--since", "2024-03-01", "--until", "2024-03-02", "--data", tmp_path / "data")
    assert result.returncode == 3
    assert "No output location provided" in result.stderr
    assert "--output-location s3://BUCKET/PREFIX/" in result.stderr
    located = march.take(tmp_path / "data", output="", workgroup="located")
    assert located.days_read == 28


@pytest.mark.parametrize("fault", [Cut(0.4), Drop()])
def test_ingest_survives_connections_that_break_in_the_answer(march: World, tmp_path: Path, fault: Fault) -> None:
    def breaks(request: Request) -> Fault:
        is_answer = request.method == "GET" and request.path.endswith(".csv")
        return fault if is_answer and request.number <= 2 else None

    with fault_proxy(march.server, breaks) as proxy:
        result = march.take(tmp_path / "data", url=proxy.server.url)
        asked = [request for request in proxy.requests if request.path.endswith(".csv") and request.method == "GET"]
    assert result.records == 56
    assert len(asked) > 28
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [row[:-1] for row in rows], "doesn't have the columns"),
        (lambda rows: [*rows, rows[-1][:-1]], "row 3 is truncated"),
        (lambda _: [], "doesn't have the columns"),
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


def test_ingest_refuses_events_of_another_day_than_it_asked_for(moto: Server, tmp_path: Path) -> None:
    """Where no partition tells the day."""
    with world(moto, CONSOLE, records_of(range(2))) as found:
        found.athena.change = lambda rows: [
            [str(cell).replace("2024-03-01T", "2025-01-01T") for cell in row] for row in rows
        ]
        with pytest.raises(IngestError, match="wasn't requested: `2025-01-01`"):
            found.take(tmp_path / "data")
