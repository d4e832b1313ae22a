"""Days are asked for once, when all their records have come."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.athena.days import (
    DaySpan,
    IngestedDay,
    RecordScope,
    day_from_name,
    days_from_window,
    missing_days,
    settled_days,
)
from lpgen.core.athena.table import AthenaTable, TableName, table_from_definition
from lpgen.core.usage.event_time import window_from_text
from lpgen.errors import IngestError, InvocationError
from tests.support.athena_tables import PROJECTED, definition

TABLE = table_from_definition(TableName("logs", "trail"), definition(location="s3://b/AWSLogs"))
BY_DELIVERY = table_from_definition(TableName("logs", "trail"), PROJECTED)
SPAN = DaySpan(date(2024, 3, 1), date(2024, 3, 3))
IDS = st.lists(st.integers(0, 3).map(lambda number: f"{number:012}"), unique=True, max_size=3).map(sorted).map(tuple)
WANTED = st.builds(RecordScope, IDS, IDS)


@given(WANTED)
def test_day_from_name_gives_back_what_was_named(wanted: RecordScope) -> None:
    day = IngestedDay("logs.trail", "s3://b/AWSLogs/", SPAN.first, wanted)
    assert day_from_name(day.name, day.location) == day


@given(WANTED, WANTED)
def test_missing_days_never_counts_a_record_twice_or_loses_one(known: RecordScope, asked: RecordScope) -> None:
    """By brute force over the accounts and Regions that there may be."""
    ids = [f"{number:012}" for number in range(4)]
    pairs = [(account, region) for account in ids for region in ids]

    def records(wanted: RecordScope) -> set[tuple[str, str]]:
        return {
            (account, region)
            for account, region in pairs
            if (not wanted.accounts or account in wanted.accounts) and (not wanted.regions or region in wanted.regions)
        }

    ingested = [IngestedDay("logs.trail", TABLE.location, SPAN.first, known)]
    try:
        missing = missing_days(TABLE, asked, SPAN, ingested)
    except IngestError:
        assert records(known) & records(asked)
        return
    assert missing[-2:] == SPAN.days[1:]
    if len(missing) == 3:
        assert not records(known) & records(asked)
    else:
        assert records(asked) <= records(known)


@pytest.mark.parametrize(
    ("table", "location", "clashes"),
    [
        ("logs.trail", "s3://b/AWSLogs/", False),
        ("logs.trail", "s3://elsewhere/", True),
        ("logs.other", "s3://b/AWSLogs/", True),
        ("logs.other", "s3://b/", True),
        ("logs.other", "s3://b/AWSLogs/111122223333/", True),
        ("logs.other", "s3://b/AWSLogs2/", False),
        ("logs.other", "", False),
    ],
)
def test_missing_days_refuses_other_tables_of_the_same_objects(table: str, location: str, clashes: bool) -> None:
    ingested = [IngestedDay(table, location, SPAN.first, RecordScope())]
    if clashes:
        with pytest.raises(IngestError, match="would count twice"):
            missing_days(TABLE, RecordScope(), SPAN, ingested)
    else:
        assert SPAN.days[1:] == missing_days(TABLE, RecordScope(), SPAN, ingested)[-2:]


def days(since: str, until: str, *, table: AthenaTable = TABLE, now: str = "2024-05-10T12:00") -> tuple[str, str]:
    asked = days_from_window(window_from_text(since, until))
    span = settled_days(table, asked, datetime.fromisoformat(now).replace(tzinfo=UTC))
    return span.first.isoformat(), span.last.isoformat()


def test_settled_days_are_days_of_events_before_yesterday() -> None:
    assert days("2024-05-01", "2024-05-07") == ("2024-05-01", "2024-05-07")
    assert days("2024-05-01", "2024-05-09") == ("2024-05-01", "2024-05-08")
    assert days("2024-05-08", "") == ("2024-05-08", "2024-05-08")


def test_settled_days_are_days_of_delivery_that_ended_an_hour_ago() -> None:
    assert days("2024-05-01", "2024-05-07", table=BY_DELIVERY) == ("2024-05-01", "2024-05-07")
    assert days("2024-05-01", "", table=BY_DELIVERY) == ("2024-05-01", "2024-05-09")
    assert days("2024-05-01", "", table=BY_DELIVERY, now="2024-05-10T00:59") == ("2024-05-01", "2024-05-08")
    assert days("2024-05-09", "2024-06-30", table=BY_DELIVERY, now="2024-05-10T01:00") == ("2024-05-09", "2024-05-09")


@pytest.mark.parametrize(
    ("since", "table"), [("2024-05-09", TABLE), ("2024-05-10", BY_DELIVERY), ("2024-06-01", TABLE)]
)
def test_settled_days_refuses_days_whose_records_have_not_all_come(since: str, table: AthenaTable) -> None:
    with pytest.raises(InvocationError, match=f"the records of {since} haven't all arrived yet"):
        days(since, "", table=table)


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("", "2024-05-01", "needs --since"),
        ("2024-05-01T08:00:00Z", "", "takes whole days"),
        ("2024-05-01", "2024-05-02T08:00:00Z", "takes whole days"),
    ],
)
def test_days_from_window_refuses_what_it_can_not_ask_for(since: str, until: str, message: str) -> None:
    with pytest.raises(InvocationError, match=message):
        days(since, until)
