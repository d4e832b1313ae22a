"""Windows as sets of times, and left-out records that are taken back."""

from __future__ import annotations

import itertools

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.cloudtrail.records import Record
from lpgen.core.usage.event_time import ALL_TIME, LatestTime, TimeWindow
from lpgen.core.usage.left_out import counted_window, cover_window, hold_moment, take_back, unite_windows
from lpgen.core.usage.tables import Usage, merge_usage
from tests.support.log_samples import PlainMap, record_json, rows
from tests.support.record_usage import usage_from_records

_MOMENTS = st.integers(1, 9).map(lambda day: f"2024-03-0{day}T00:00:00")
_WINDOWS = st.builds(TimeWindow, _MOMENTS | st.just(""), _MOMENTS | st.just("")).filter(
    lambda window: not window.until or window.since < window.until
)


@given(st.lists(_WINDOWS, min_size=1, max_size=5), _MOMENTS)
def test_unite_windows_holds_the_same_times_in_windows_apart(windows: list[TimeWindow], moment: str) -> None:
    united = unite_windows(windows)
    assert hold_moment(united, moment) == any(window.holds(moment) for window in windows)
    assert all(window.until and window.until < other.since for window, other in itertools.pairwise(united))
    assert all(cover_window(united, window) for window in windows)
    assert unite_windows(united) == united


@given(_WINDOWS, _MOMENTS, _MOMENTS)
def test_counted_window_holds_what_is_not_too_late(window: TimeWindow, latest: str, moment: str) -> None:
    found = counted_window(window, LatestTime(latest, "why"))
    assert found.holds(moment) == (window.holds(moment) and moment <= latest)


def test_take_back_leaves_what_other_files_have() -> None:
    window = TimeWindow("2024-03-05T00:00:00")

    def usage(digest: str, *numbers: int) -> Usage:
        records = [msgspec.convert(record_json(number), Record) for number in numbers]
        return usage_from_records(records, PlainMap(), window=window, source=digest)

    one, other = usage("a" * 64, 0, 1, 8, 9), usage("b" * 64, 2, 8)
    left = take_back(merge_usage([one, other]), {"a" * 64})
    without = merge_usage([take_back(one, {"a" * 64}), other])
    assert {name: rows(table) for name, table in left.tables().items()} == {
        name: rows(table) for name, table in without.tables().items()
    }
    assert [row["records"] for row in rows(left.skips) if row["reason"] == "out_of_window"] == [1]
    assert take_back(other, {"a" * 64}) is other
    assert counted_window(ALL_TIME, LatestTime()) == ALL_TIME
