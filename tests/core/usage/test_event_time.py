"""Times of records, and windows over them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.usage.event_time import ALL_TIME, TimeWindow, date_from_age, moment_from_text, window_from_text
from lpgen.errors import InvocationError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-01T10:00:00Z", "2024-03-01T10:00:00"),
        ("2024-03-01T10:00:00.000Z", "2024-03-01T10:00:00"),
        ("2024-03-01T10:00:00.25Z", "2024-03-01T10:00:00.250"),
        ("2024-03-01T10:00:00.123456789Z", "2024-03-01T10:00:00.123"),
        ("2024-03-01 10:00:00", "2024-03-01T10:00:00"),
        ("2024-03-01T01:00:00+02:00", "2024-02-29T23:00:00"),
        ("2024-03-01T01:00:00+0200", "2024-02-29T23:00:00"),
        ("", ""),
        (None, ""),
    ],
)
def test_moment_from_text_reads_utc(text: str | None, moment: str) -> None:
    assert moment_from_text(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "2024-03-01",
        "2024-02-30T10:00:00Z",
        "2024-03-01T24:00:00Z",
        "2024-03-01T10:60:00Z",
        "٢٠٢٤-03-01T10:00:00Z",
        "2024-03-01T10:00:00ZZ",
        "1709287200",
        "0001-01-01T00:00:00+05:00",
    ],
)
def test_moment_from_text_refuses_what_is_no_time(text: str) -> None:
    assert moment_from_text(text) is None


@given(st.datetimes(), st.datetimes())
def test_moment_from_text_sorts_as_time_does(one: object, other: object) -> None:
    texts = [f"{str(moment).replace(' ', 'T')}Z" for moment in (one, other)]
    moments = [str(moment_from_text(text)) for text in texts]
    cut = [str(moment)[:23] for moment in (one, other)]
    assert (moments[0] < moments[1]) == (cut[0].removesuffix(".000") < cut[1].removesuffix(".000"))


def test_window_from_text_takes_whole_days() -> None:
    window = window_from_text("2024-03-01", "2024-03-02")
    assert window == TimeWindow("2024-03-01T00:00:00", "2024-03-03T00:00:00")
    held = [window.holds(f"2024-03-0{day}T23:59:59.999") for day in (1, 2, 3)]
    assert held == [True, True, False]


@pytest.mark.parametrize(("since", "until"), [("last week", ""), ("2024-03-02", "2024-03-01"), ("", "2024-13-01")])
def test_window_from_text_refuses_nonsense(since: str, until: str) -> None:
    with pytest.raises(InvocationError):
        window_from_text(since, until)


def test_window_holds_a_record_without_time_only_if_it_has_no_ends() -> None:
    assert ALL_TIME.holds("")
    assert not TimeWindow(since="2024-03-01T00:00:00").holds("")


@given(*[st.sampled_from(["", "2024-01-01T00:00:00", "2024-02-01T00:00:00", "2024-03-01T00:00:00"])] * 4)
def test_window_covers_a_window_all_of_whose_times_it_holds(a: str, b: str, c: str, d: str) -> None:
    outer, inner = TimeWindow(a, b), TimeWindow(c, d)
    probes = ["", "0001-01-01T00:00:00", "9999-01-01T00:00:00"]
    probes += [f"2024-0{month}-{day}T00:00:00" for month in (1, 2, 3) for day in ("01", "15")]
    held = [probe for probe in probes if inner.holds(probe)]
    if outer.covers(inner):
        assert all(outer.holds(probe) for probe in held)
    elif held:
        assert not all(outer.holds(probe) for probe in held)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("90d", "2024-01-01"),
        ("4m", "2023-11-30"),
        ("0d", "2024-03-31"),
        ("2024-01-05", "2024-01-05"),
        ("", ""),
        ("9x", "9x"),
    ],
)
def test_date_from_age_counts_days_back_from_today(text: str, day: str) -> None:
    assert date_from_age(text, date(2024, 3, 31)) == day


def test_date_from_age_refuses_a_day_before_all_days() -> None:
    with pytest.raises(InvocationError, match="too long ago"):
        date_from_age("999999d", date(2024, 3, 31))
