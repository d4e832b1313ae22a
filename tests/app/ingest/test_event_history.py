"""From CloudTrail's event history to the tables, over HTTP: each event once, at the pace that CloudTrail allows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.usage.event_time import ALL_TIME, TimeWindow, window_from_text
from lpgen.core.usage.ingest_result import IngestResult
from lpgen.edge.aws_session import Connection, open_session
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.ingest.event_history import SECONDS_BETWEEN_CALLS, EventHistory, open_event_history
from lpgen.errors import AccessError, CredentialsError, InvocationError
from tests.support.event_history_server import EventHistoryServer, event_history_server
from tests.support.forked_lpgen import run_forked
from tests.support.ingests import ingest
from tests.support.log_samples import log_bytes, record_json, rows
from tests.support.s3_buckets import CATALOG, content


def call(number: int, **changes: Any) -> dict[str, Any]:
    """A management event of its own."""
    return record_json(number, **{"eventName": "ListBuckets", "eventCategory": "Management", **changes})


@pytest.fixture
def history() -> Iterator[EventHistoryServer]:
    with event_history_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _keys(history: EventHistoryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in history.server.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


def look_up(data: Path, *regions: str, window: TimeWindow = ALL_TIME, waits: list[float] | None = None) -> IngestResult:
    """Ingests the event history without waiting."""
    noted = [] if waits is None else waits
    events = EventHistory(open_session(Connection()), regions or ("us-east-1",), window, noted.append)
    return ingest([], CATALOG, data=data, window=window, event_history=events)


def test_ingest_of_the_event_history_gives_the_tables_of_its_records(
    history: EventHistoryServer, tmp_path: Path
) -> None:
    history.records["us-east-1"] = [call(number) for number in range(7)]
    history.page_size = 3
    result = look_up(tmp_path / "data")
    assert (result.events_read, result.events_known, result.records, result.usage_records) == (7, 0, 7, 7)
    assert len(history.requests) == 3
    (tmp_path / "log.json.gz").write_bytes(log_bytes(history.records["us-east-1"]))
    ingest([tmp_path / "log.json.gz"], CATALOG, data=tmp_path / "files")
    assert content(tmp_path / "data")["usage.parquet"] == content(tmp_path / "files")["usage.parquet"]
    assert content(tmp_path / "data")["coverage.parquet"] == content(tmp_path / "files")["coverage.parquet"]


def test_ingest_of_the_event_history_counts_an_event_once(history: EventHistoryServer, tmp_path: Path) -> None:
    records = history.records["us-east-1"] = [call(number) for number in range(4)]
    look_up(tmp_path / "data")
    before = content(tmp_path / "data")
    again = look_up(tmp_path / "data")
    assert (again.events_read, again.events_known, content(tmp_path / "data")) == (0, 4, before)
    records[0] = {**records[0], "additionalEventData": {"spelled": "otherwise"}}  # the same event id
    records.append(call(9))
    more = look_up(tmp_path / "data")
    assert (more.events_read, more.events_known, more.records) == (1, 4, 1)
    look_up(tmp_path / "whole")
    assert content(tmp_path / "data")["usage.parquet"] == content(tmp_path / "whole")["usage.parquet"]


def test_ingest_of_the_event_history_asks_for_the_window_alone(history: EventHistoryServer, tmp_path: Path) -> None:
    times = ("2024-03-01T23:59:59Z", "2024-03-02T00:00:00Z", "2024-03-03T23:59:59Z", "2024-03-04T00:00:00Z")
    history.records["us-east-1"] = [call(number, eventTime=time) for number, time in enumerate(times)]
    result = look_up(tmp_path / "data", window=window_from_text("2024-03-02", "2024-03-03"))
    assert (result.events_read, result.usage_records, result.skips) == (2, 2, ())
    assert history.requests[0]["StartTime"] == 1709337600
    assert history.requests[0]["EndTime"] == 1709510399


def test_ingest_of_the_event_history_reads_each_region_that_is_named(
    history: EventHistoryServer, tmp_path: Path
) -> None:
    history.records = {"us-east-1": [call(1)], "eu-west-1": [call(2, awsRegion="eu-west-1")], "eu-west-2": [call(3)]}
    result = look_up(tmp_path / "data", "us-east-1", "eu-west-1")
    assert [request["region"] for request in history.requests] == ["us-east-1", "eu-west-1"]
    assert {row["region"] for row in rows(read_usage(tmp_path / "data").table)} == {"us-east-1", "eu-west-1"}
    assert any("us-east-1, eu-west-1" in note for note in result.notes)
    assert any("no data events" in note for note in result.notes)


def test_ingest_of_the_event_history_keeps_the_pace(history: EventHistoryServer, tmp_path: Path) -> None:
    history.records["us-east-1"] = [call(number) for number in range(4)]
    history.page_size = 1
    waits: list[float] = []
    look_up(tmp_path / "data", waits=waits)
    assert len(waits) == 4
    assert waits[0] == 0
    assert all(SECONDS_BETWEEN_CALLS / 2 < wait <= SECONDS_BETWEEN_CALLS for wait in waits[1:])


def test_ingest_of_the_event_history_is_slow_enough_for_cloudtrail(history: EventHistoryServer, tmp_path: Path) -> None:
    """Against a server that throttles what comes faster than the two requests a second that AWS allows."""
    history.records["us-east-1"] = [call(number) for number in range(5)]
    history.page_size, history.most_a_second = 1, 2
    events = EventHistory(open_session(Connection()), ("us-east-1",), ALL_TIME)
    result = ingest([], CATALOG, data=tmp_path / "data", event_history=events)
    assert (result.events_read, len(history.requests)) == (5, 5 + history.throttled)
    assert history.throttled <= 1


@pytest.mark.slow
def test_ingest_of_the_event_history_waits_when_it_is_throttled(history: EventHistoryServer, tmp_path: Path) -> None:
    history.records["us-east-1"] = [call(number) for number in range(3)]
    history.page_size = 2
    history.refusals = [(400, "ThrottlingException"), (500, "InternalFailure")]
    assert look_up(tmp_path / "data").events_read == 3
    assert len(history.requests) == 4


def test_ingest_of_the_event_history_keeps_what_came_before_an_error(
    history: EventHistoryServer, tmp_path: Path
) -> None:
    history.records["us-east-1"] = [call(number) for number in range(6)]
    history.page_size = 2

    history.refused_tokens = {"4": (400, "ExpiredTokenException")}
    with pytest.raises(CredentialsError):
        look_up(tmp_path / "data")
    history.refused_tokens = {}
    result = look_up(tmp_path / "data")
    assert (result.events_read, result.events_known) == (2, 4)


def test_ingest_of_the_event_history_says_which_permission_it_takes(
    history: EventHistoryServer, tmp_path: Path
) -> None:
    history.refusals = [(400, "AccessDeniedException")]
    with pytest.raises(AccessError, match="can't look up the events of us-east-1") as caught:
        look_up(tmp_path / "data")
    assert caught.value.hint == "it needs cloudtrail:LookupEvents on *"


def test_open_event_history_needs_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_session(Connection())
    assert open_event_history(session, (), ALL_TIME).regions == ("us-east-1",)
    assert open_event_history(session, ("eu-west-1",), ALL_TIME).regions == ("eu-west-1",)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION", raising=False)
    with pytest.raises(InvocationError, match="needs a Region"):
        open_event_history(open_session(Connection()), (), ALL_TIME)


def test_ingest_command_reads_the_event_history(history: EventHistoryServer, tmp_path: Path) -> None:
    history.records["eu-west-1"] = [call(1), call(2, eventTime=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")]
    done = run_forked("ingest", "cloudtrail://", "--data", tmp_path / "data", "--since", "7d", "--region", "eu-west-1")
    assert done.returncode == 0, done.stderr
    first, *others = done.stderr.splitlines()
    assert first == "1 new event with 1 record, 1 of them usage"
    assert others[0].startswith("note: the event history holds management events only")
