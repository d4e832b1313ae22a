"""How long a schedule rests between two runs, by the grammars of EventBridge, its Scheduler and Systems Manager."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.workloads import Schedule, longest_interval, schedules_by_role

TODAY = date(2026, 9, 30)
SCHEDULER = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"
SSM = "https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html"


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("rate(5 minutes)", 1),
        ("rate(1 day)", 1),
        ("rate(36 hours)", 2),
        ("rate(7 days)", 7),
        ("cron(0 10 * * ? *)", 1),
        ("cron(15 12 ? * * *)", 1),
        ("cron(0/5 8-17 ? * MON-FRI *)", 3),
        ("cron(0 0 ? * 2,5 *)", 4),  # Mondays and Thursdays
        ("cron(0 8 1 * ? *)", 31),
        ("cron(0 0 L * ? *)", 31),
        ("cron(0 0 LW * ? *)", 33),
        ("cron(0 0 1W * ? *)", 33),
        ("cron(0 0 31 * ? *)", 61),
        ("cron(0 0 ? * L *)", 7),  # Saturdays
        ("cron(0 0 ? * 6L *)", 35),
        ("cron(0 0 ? * FRIL *)", 35),
        ("cron(0 0 ? * 3#2 *)", 35),
        ("cron(0 0 1 */3 ? *)", 92),
        ("cron(0 0 1 jan,jul ? *)", 184),
        ("cron(0 0 1 1 ? *)", 366),
        ("cron(0 0 1 1 ? 2026/2)", 731),
        ("cron(0 0 29 2 ? *)", 1461),
        ("cron(0 30 23 ? * TUE#3 *)", 35),  # with seconds
        ("cron(0 0 2 ? 1/1 THU#3 *)", 35),
        ("cron(0 15 10 ? * *)", 1),  # with seconds and without a year
        ("cron(0 0 2 L * ?)", 31),
    ],
)
def test_longest_interval_is_that_of_the_grammar(expression: str, days: int) -> None:
    assert longest_interval(expression, TODAY) == days


@pytest.mark.parametrize("expression", ["at(2026-09-29T23:00:00)", "cron(0 0 1 1 ? 2020)", "cron(0 0 31 2 ? *)"])
def test_longest_interval_is_0_where_it_does_not_run_any_more(expression: str) -> None:
    assert longest_interval(expression, TODAY) == 0


@pytest.mark.parametrize("expression", ["at(2026-10-01T00:00:00)", "cron(0 0 1 1 ? 2027)"])
def test_longest_interval_is_unknown_where_it_runs_once_more(expression: str) -> None:
    assert longest_interval(expression, TODAY) is None


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "every day",
        "rate(1 fortnight)",
        "rate(days)",
        "at(tomorrow)",
        "cron()",
        "cron(0 0 * * ?)",
        "cron(60 0 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 0 0 * ? *)",
        "cron(0 0 1 13 ? *)",
        "cron(0 0 1 1 MON *)",  # a day of the month and a weekday
        "cron(0 0 ? * FRI-MON *)",
        "cron(0 0 ? * 2#6 *)",
        "cron(0 0 1/0 * ? *)",
        "cron(0 0 L-3 * ? *)",
    ],
)
def test_longest_interval_is_unknown_where_the_expression_cannot_be_read(expression: str) -> None:
    assert longest_interval(expression, TODAY) is None


days_of_month = st.sets(st.integers(1, 31), min_size=1, max_size=5)
months = st.sets(st.integers(1, 12), min_size=1)
weekdays = st.sets(st.integers(1, 7), min_size=1)
starts = st.dates(date(1990, 1, 1), date(2100, 1, 1))


def listed(values: set[int]) -> str:
    return ",".join(map(str, sorted(values)))


def gap_by_counting(start: date, runs: set[date]) -> int | None:
    """The longest gap of the days of the next 28 years, and 0 or None where there is none."""
    gaps: list[int] = []
    last: date | None = None
    for run in sorted(run for run in runs if run >= start):
        gaps += [(run - last).days] if last else []
        last = run
    return max(gaps, default=None if last else 0)


def days_from(start: date) -> list[date]:
    end = date(start.year + 28, 12, 31)
    return [start + timedelta(number) for number in range((end - start).days + 1)]


@given(days_of_month, months, starts)
def test_longest_interval_of_days_of_months_is_that_of_a_calendar(days: set[int], of: set[int], start: date) -> None:
    runs = {day for day in days_from(start) if day.day in days and day.month in of}
    assert longest_interval(f"cron(0 0 {listed(days)} {listed(of)} ? *)", start) == gap_by_counting(start, runs)


@given(weekdays, months, starts)
def test_longest_interval_of_weekdays_is_that_of_a_calendar(days: set[int], of: set[int], start: date) -> None:
    runs = {day for day in days_from(start) if day.isoweekday() % 7 + 1 in days and day.month in of}
    assert longest_interval(f"cron(0 0 ? {listed(of)} {listed(days)} *)", start) == gap_by_counting(start, runs)


@given(st.integers(1, 7), st.integers(1, 5), starts)
def test_longest_interval_of_the_nth_weekday_is_that_of_a_calendar(day: int, nth: int, start: date) -> None:
    runs = {one for one in days_from(start) if one.isoweekday() % 7 + 1 == day and (one.day - 1) // 7 + 1 == nth}
    assert longest_interval(f"cron(0 0 ? * {day}#{nth} *)", start) == gap_by_counting(start, runs)


@given(st.integers(1, 5000), st.sampled_from([("minute", 1440), ("hour", 24), ("day", 1)]))
def test_longest_interval_of_a_rate_covers_it_and_less_than_a_day_more(value: int, unit: tuple[str, int]) -> None:
    days = longest_interval(f"rate({value} {unit[0]}{'s' if value > 1 else ''})", TODAY)
    assert days is not None
    assert value <= days * unit[1] < value + unit[1]


@given(st.text(max_size=40), st.sampled_from(["{}", "cron({})", "rate({})", "at({})"]))
def test_longest_interval_never_fails(text: str, form: str) -> None:
    days = longest_interval(form.format(text), TODAY)
    assert days is None or days >= 0


def test_only_schedules_that_may_still_run_count() -> None:
    def made(name: str, *, enabled: bool = True, days: int | None = 7) -> Schedule:
        return Schedule("EventBridge rule", name, "rate(7 days)", enabled, days, ("one", "two"))

    on, unknown = made("on"), made("unknown", days=None)
    found = schedules_by_role([on, made("off", enabled=False), made("over", days=0), unknown])
    assert found == {"one": (on, unknown), "two": (on, unknown)}
