"""Days are asked for once, when all their records have come."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.athena.days import (
    DaySpan,
    IngestedDay,
    Wanted,
    day_from_name,
    days_from_window,
    missing_days,
)
from lpgen.core.athena.table import TableName, table_from_definition
from lpgen.core.usage.event_time import window_from_text
from lpgen.errors import IngestError, InvocationError
from tests.support.athena_tables import definition

TODAY = date(2024, 5, 10)
TABLE = table_from_definition(TableName("logs", "trail"), definition(location="s3://b/AWSLogs"))
SPAN = DaySpan(date(2024, 3, 1), date(2024, 3, 3))
IDS = st.lists(st.integers(0, 3).map(lambda number: f"{number:012}"), unique=True, max_size=3).map(sorted).map(tuple)
WANTED = st.builds(Wanted, IDS, IDS)


@given(WANTED)
def test_day_from_name_gives_back_what_was_named(wanted: Wanted) -> None:
    day = IngestedDay("logs.trail", "s3://b/AWSLogs/", SPAN.first, wanted)
    assert day_from_name(day.name, day.location) == day


@given(WANTED, WANTED)
def test_missing_days_never_counts_a_record_twice_or_loses_one(known: Wanted, asked: Wanted) -> None:
    """By brute force over the accounts and Regions that there may be."""
    ids = [f"{number:012}" for number in range(4)]
    pairs = [(account, region) for account in ids for region in ids]

    def records(wanted: Wanted) -> set[tuple[str, str]]:
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
    ingested = [IngestedDay(table, location, SPAN.first, Wanted())]
    if clashes:
        with pytest.raises(IngestError, match="would count twice"):
            missing_days(TABLE, Wanted(), SPAN, ingested)
    else:
        assert SPAN.days[1:] == missing_days(TABLE, Wanted(), SPAN, ingested)[-2:]


def days(since: str, until: str) -> tuple[str, str, bool]:
    span, left = days_from_window(window_from_text(since, until), TODAY)
    return span.first.isoformat(), span.last.isoformat(), left


def test_days_from_window_leaves_days_that_are_not_settled() -> None:
    assert days("2024-05-01", "2024-05-07") == ("2024-05-01", "2024-05-07", False)
    assert days("2024-05-01", "2024-05-08") == ("2024-05-01", "2024-05-08", False)
    assert days("2024-05-01", "2024-05-09") == ("2024-05-01", "2024-05-08", True)
    assert days("2024-05-01", "") == ("2024-05-01", "2024-05-08", True)
    assert days("2024-05-08", "") == ("2024-05-08", "2024-05-08", True)


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("", "2024-05-01", "needs --since"),
        ("2024-05-01T08:00:00Z", "", "takes whole days"),
        ("2024-05-01", "2024-05-02T08:00:00Z", "takes whole days"),
        ("2024-05-09", "", "the events of 2024-05-09 haven't all come yet"),
        ("2024-06-01", "2024-06-02", "the events of 2024-06-01 haven't all come yet"),
    ],
)
def test_days_from_window_refuses_what_it_can_not_ask_for(since: str, until: str, message: str) -> None:
    with pytest.raises(InvocationError, match=message):
        days(since, until)
