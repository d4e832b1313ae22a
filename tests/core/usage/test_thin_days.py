"""Thin days, judged by made-up accounts: forgeries add nothing, and real accounts lose nothing."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.usage.thin_days import counted_days, lacks_files, thin_days
from tests.support.account_activity import (
    FORGERIES,
    HELD_OUT,
    SHORT,
    START,
    TUNED,
    WHOLE,
    Activity,
    Forgery,
    Kind,
    bulk_day,
    thinned,
    torn,
)
from tests.support.law_examples import examples

KINDS: dict[str, Kind] = {**TUNED, **HELD_OUT}
FORGED_DAYS = 79
SEEDS = range(2)

LOSE_NOTHING = [
    "office",
    "silent_office",
    "on_call_office",
    "monthly_batch",
    "sandbox",
    "bare_sandbox",
    "daily_sandbox",
    "young",
    "production",
    "quiet_production",
    "bulk_day",
    "holidays",
    "growing",
    "shrinking",
    "migration",
]
WITHOUT_CLOCK = ("silent_office", "small_office", "on_call_office", "quiet_production", "tiny", "bare_sandbox")


@cache
def account(name: str, seed: int, length: int) -> Activity:
    """A made-up account; nobody changes it."""
    return KINDS[name](random.Random(seed), length)


def counted(activity: Activity) -> frozenset[date]:
    return counted_days(activity.keys(), thin_days(activity))


@pytest.mark.parametrize("forgery", FORGERIES, ids=str)
def test_thin_days_let_no_forgery_add_a_day(forgery: Forgery) -> None:
    for name in KINDS:
        for seed in SEEDS:
            real = account(name, seed, SHORT)
            forged = forgery.add(real, random.Random(seed), FORGED_DAYS)
            truth = torn(real, FORGED_DAYS) if forgery.place == "between" else real
            assert counted(forged) <= counted_days(truth.keys(), ()), (name, seed)


@pytest.mark.parametrize("name", LOSE_NOTHING)
def test_thin_days_take_no_day_from_a_real_account(name: str) -> None:
    for seed in SEEDS:
        real = account(name, seed, WHOLE)
        assert counted(real) == counted_days(real.keys(), ()), seed


def test_thin_days_take_little_from_accounts_of_very_few_people() -> None:
    for name in ("small_office", "tiny"):
        for seed in SEEDS:
            real = account(name, seed, WHOLE)
            assert len(counted_days(real.keys(), ()) - counted(real)) <= 5, (name, seed)


def test_thin_days_are_not_made_by_one_bulk_day() -> None:
    for seed in SEEDS:
        real = bulk_day(random.Random(seed), WHOLE)
        biggest = max(real, key=lambda day: len(real[day]))
        without = {day: pairs for day, pairs in real.items() if day != biggest}
        assert thin_days(real) <= thin_days(without)


def test_counted_days_hold_no_quiet_day_by_itself() -> None:
    days = [START, START + timedelta(4), START + timedelta(9)]
    assert counted_days(days, ()) == {START + timedelta(at) for at in (0, 1, 2, 3, 4, 9)}
    assert counted_days(days, [days[1]]) == {days[0], days[2]}


@given(st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 3, 1)), st.integers(1, 3), max_size=40), st.data())
@settings(max_examples=examples(100), deadline=None)
def test_counted_days_treat_a_thin_day_as_one_without_records(days: Mapping[date, int], data: st.DataObject) -> None:
    thin = set(data.draw(st.lists(st.sampled_from(sorted(days)), unique=True))) if days else set()
    assert counted_days(days.keys(), thin) == counted_days(days.keys() - thin, ())


@pytest.mark.parametrize("name", KINDS)
def test_lacks_files_is_said_of_a_log_without_most_of_its_files_alone(name: str) -> None:
    for seed in SEEDS:
        real = account(name, seed, WHOLE)
        assert not lacks_files(real), seed
        if name not in (*WITHOUT_CLOCK, "daily_sandbox"):
            assert lacks_files(thinned(real, random.Random(seed))), seed
