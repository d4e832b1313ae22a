"""The windows of a backtest: of constant length, within the logs, and blind to later days."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.backtest.windows import (
    CURVE_DAYS,
    curve_windows,
    windows_of_days,
)
from lpgen.core.usage.columns import column_values
from lpgen.core.usage.usage_of_days import covered_days, usage_of_days
from lpgen.errors import InvocationError
from tests.support.law_examples import examples
from tests.support.worlds import LAST_DAY, days_before_end, usage_of, use

FIRST = date(2026, 1, 1)
lengths = st.integers(1, 100)


@settings(max_examples=examples(200))
@given(days=st.integers(2, 400), train=lengths, test=lengths, step=lengths)
def test_windows_keep_their_lengths_and_stay_within_the_logs(days: int, train: int, test: int, step: int) -> None:
    last = FIRST + timedelta(days=days - 1)
    if days < train + test:
        with pytest.raises(InvocationError, match=f"cover {days} days, from {FIRST} to {last}"):
            windows_of_days(FIRST, last, train=train, test=test, step=step)
        return
    windows = windows_of_days(FIRST, last, train=train, test=test, step=step)
    assert windows[0].learn_first == FIRST
    assert {(window.learn_days, window.judge_days) for window in windows} == {(train, test)}
    assert all(window.judge_first == window.learn_last + timedelta(days=1) for window in windows)
    assert {(after.learn_first - before.learn_first).days for before, after in pairwise(windows)} <= {step}
    assert windows[-1].judge_last <= last < windows[-1].judge_last + timedelta(days=step)


@settings(max_examples=examples(100))
@given(days=st.integers(10, 200), train=st.integers(1, 9))
def test_the_curve_judges_the_last_window_with_all_lengths_that_fit(days: int, train: int) -> None:
    (last,) = windows_of_days(FIRST, FIRST + timedelta(days=days - 1), train=train, test=1, step=999)
    found = curve_windows(last, FIRST)
    assert [window.learn_days for window in found] == [length for length in CURVE_DAYS if length <= train]
    assert {(window.judge_first, window.judge_last) for window in found} <= {(last.judge_first, last.judge_last)}


def test_usage_of_days_holds_nothing_of_other_days() -> None:
    ages = (0, 1, 29, 30, 31, 60)
    moments = {age: days_before_end(age) + timedelta(hours=23, minutes=59) for age in ages}
    uses = [use("s3:GetObject", "arn:aws:s3:::b/x", seen=f"{moment:%Y-%m-%dT%H:%M:%SZ}") for moment in moments.values()]
    skips = [
        {
            "reason": "unmapped",
            "outcome": "allowed",
            "principal": str(age),
            "first_seen": moments[60],
            "last_seen": moment,
        }
        for age, moment in moments.items()
    ]
    usage = usage_of({"someone": uses}, skips=[*skips, {"reason": "no_time", "outcome": "allowed"}])
    first, last = LAST_DAY - timedelta(days=30), LAST_DAY - timedelta(days=1)
    cut = usage_of_days(usage, first, last)
    assert covered_days(cut) == (first, last)
    days = {LAST_DAY - day for day in column_values(cut.table.column("day"))}
    assert {day.days for day in days} == {30, 29, 1}
    assert set(column_values(cut.skips.column("principal"))) == {"30", "29", "1", "0", ""}
    assert usage_of_days(cut, first, last) == cut
