"""The latest time that a record can bear, from the name of its log file and the time of the ingest."""

from __future__ import annotations

import pytest

from lpgen.core.usage.event_time import ALL_TIME, ANY_TIME, latest_time
from lpgen.core.usage.left_out import counted_window

NOW = "2026-03-01T12:00:00"
NAME = "111122223333_CloudTrail_us-east-1_{}_Mu0KsOhtH1ar15ZZ.json.gz"


@pytest.mark.parametrize(
    ("name", "moment", "what"),
    [
        (f"s3://b/AWSLogs/{NAME.format('20260105T0210Z')}", "2026-01-06T02:10:00", "delivery"),
        (NAME.format("20260105T0210Z"), "2026-01-06T02:10:00", "delivery"),
        (NAME.format("20990105T0210Z"), "2099-01-06T02:10:00", "delivery"),
        (NAME.format("20261305T0210Z"), "2026-03-02T12:00:00", "ingest"),
        ("records.json", "2026-03-02T12:00:00", "ingest"),
    ],
)
def test_latest_time_is_a_day_after_the_delivery_or_else_the_ingest(name: str, moment: str, what: str) -> None:
    found = latest_time(name, NOW)
    assert (found.moment, what in found.why) == (moment, True)
    assert not found.is_before(moment)
    assert found.is_before(moment + ".001")


def test_latest_time_is_the_same_whenever_a_file_tells_its_delivery() -> None:
    name = NAME.format("20260105T0210Z")
    assert latest_time(name, NOW) == latest_time(name, "2036-03-01T12:00:00") == latest_time(name, "")


def test_latest_time_of_nothing_known_lets_any_time_count() -> None:
    assert latest_time("records.json", "") == ANY_TIME
    assert not ANY_TIME.is_before("9999-12-31T23:59:59")


def test_latest_time_at_the_end_of_the_calendar_still_ends_a_window() -> None:
    for name, now in ((NAME.format("99991231T2359Z"), NOW), ("records.json", "9999-12-31T23:00:00")):
        latest = latest_time(name, now)
        assert latest.moment.startswith("9999-12-30")
        assert counted_window(ALL_TIME, latest).holds(latest.moment)
