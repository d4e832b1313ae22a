"""Queries that fail, are too large or answer badly: an ingest from Athena gets all the same, or says what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.athena.query import DaySpan
from lpgen.errors import AccessError, AwsError, IngestError, QueryTooLargeError
from tests.support.athena_ingests import (
    MARCH,
    World,
    ends_of,
    march_world,
    records_of,
    tables,
    tables_from_records,
    too_large,
)
from tests.support.athena_server import Rows
from tests.support.fault_proxy import Cut, Drop, Fault, Request, fault_proxy

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]
march = pytest.fixture(march_world)


def asks_for(sql: str, day: date) -> bool:
    first, end = ends_of(sql)
    return first <= day < end


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


def test_ingest_says_that_answers_need_a_place(march: World, tmp_path: Path) -> None:
    result = march.run(march.address, "--since", "2024-03-01", "--until", "2024-03-02", "--data", tmp_path / "data")
    assert result.returncode == 3
    assert "No output location provided" in result.stderr
    assert "--output-location s3://BUCKET/PREFIX/" in result.stderr
    located = march.take(tmp_path / "data", output="", workgroup="located")
    assert located.days_read == 28


@pytest.mark.parametrize("fault", [Cut(0.4), Drop()])
def test_ingest_survives_connections_that_break_in_the_answer(
    march: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("lpgen.edge.athena.answers.WAIT_SECONDS", 0.0)
    monkeypatch.setattr("lpgen.edge.athena.answers.READ_BYTES", 1_000)

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
