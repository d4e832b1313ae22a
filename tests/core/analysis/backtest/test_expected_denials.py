"""Expected denials: the interval holds what it promises, and more denials or fewer days never make it lower."""

from __future__ import annotations

from math import exp, factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.backtest.expected_denials import (
    DenialCount,
    Prior,
    expected_denials,
    expected_of_all,
    negative_binomial_interval,
    prior_from_counts,
    spread_of_windows,
)
from tests.support.law_examples import examples

shapes = st.floats(0.05, 200)
counts = st.lists(st.builds(DenialCount, st.integers(0, 60), st.integers(1, 120)), min_size=1, max_size=40)


def below(number: int, shape: float, scale: float) -> float:
    """How much of a negative binomial lies at a number or below it, term by term."""
    term = (1 / (1 + scale)) ** shape
    total = 0.0
    for at in range(number + 1):
        total += term
        term *= (shape + at) / (at + 1) * scale / (1 + scale)
    return total


@settings(max_examples=examples(200))
@given(shapes, st.floats(0.001, 2))
def test_the_interval_holds_nine_tenths_and_leaves_a_twentieth_on_each_side(shape: float, scale: float) -> None:
    low, high = negative_binomial_interval(shape, scale)
    assert low <= high
    assert below(low - 1, shape, scale) < 0.05 + 1e-9
    assert below(high, shape, scale) >= 0.95 - 1e-9
    assert below(high - 1, shape, scale) < 0.95 + 1e-9


def test_known_intervals() -> None:
    # A geometric distribution (shape 1) with the mean 9: P(at most n) = 1 - 0.9^(n + 1).
    assert negative_binomial_interval(1, 9) == (0, 28)
    # With a huge shape it is a Poisson distribution.
    poisson = [sum(exp(-4) * 4**at / factorial(at) for at in range(number + 1)) for number in range(20)]
    expected = tuple(next(at for at, share in enumerate(poisson) if share >= edge) for edge in (0.05, 0.95))
    assert negative_binomial_interval(1e9, 4e-9) == expected == (1, 8)


@settings(max_examples=examples(100))
@given(counts, st.integers(0, 50), st.integers(1, 120))
def test_more_denials_or_fewer_days_expect_no_less(found: list[DenialCount], needs: int, days: int) -> None:
    prior = prior_from_counts(found)
    denials = expected_denials(prior, DenialCount(needs, days))
    more = expected_denials(prior, DenialCount(needs + 1, days))
    longer = expected_denials(prior, DenialCount(needs, days + 10))
    assert more.mean > denials.mean > longer.mean
    assert (more.low, more.high) >= (denials.low, denials.high)
    assert (longer.low, longer.high) <= (denials.low, denials.high)
    assert denials.low <= denials.high


@settings(max_examples=examples(100))
@given(counts)
def test_the_prior_has_the_mean_of_all_and_the_sum_is_that_of_each(found: list[DenialCount]) -> None:
    prior = prior_from_counts(found)
    needs, days = sum(count.needs for count in found), sum(count.days for count in found)
    assert prior.shape / prior.days == pytest.approx(max(needs, 0.5) / days)
    whole = expected_of_all((prior, count) for count in found)
    assert whole.mean == pytest.approx(sum(expected_denials(prior, count).mean for count in found))
    assert whole.low <= whole.high


def test_principals_that_differ_keep_their_own_rates_and_alike_ones_share_theirs() -> None:
    differing = prior_from_counts([DenialCount(0, 90)] * 9 + [DenialCount(90, 90)])
    assert expected_denials(differing, DenialCount(90, 90)).mean == pytest.approx(30, rel=0.1)
    assert expected_denials(differing, DenialCount(0, 90)).high == 0
    alike = prior_from_counts([DenialCount(3, 90)] * 10)
    assert alike.shape == 1
    assert expected_denials(alike, DenialCount(0, 90)).mean > 5 * expected_denials(differing, DenialCount(0, 90)).mean


def test_without_any_denial_some_are_still_expected() -> None:
    prior = prior_from_counts([DenialCount(0, 90)])
    assert 0 < expected_denials(prior, DenialCount(0, 90)).mean < 0.5
    assert prior_from_counts([]) == Prior(1.0, 2.0)
    assert expected_of_all([]).mean == 0


def test_bursts_widen_the_interval_of_all() -> None:
    assert spread_of_windows([[2, 2, 2], [5]]) == 1
    assert spread_of_windows([]) == spread_of_windows([[0, 0]]) == 1
    bursts = spread_of_windows([[0, 0, 9], [0, 9, 0]])
    assert bursts == pytest.approx(9)
    counts = [DenialCount(9, 90)] * 20
    found = [(prior_from_counts(counts), count) for count in counts]
    steady, bursting = expected_of_all(found), expected_of_all(found, bursts)
    assert steady.mean == bursting.mean
    assert bursting.low < steady.low < steady.high < bursting.high
