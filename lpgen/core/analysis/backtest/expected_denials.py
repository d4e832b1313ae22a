"""The number of needs that a replacement is expected to deny in the next days, from the denials in the windows.

The model: the denied needs of a principal in a span of days follow a Poisson distribution with the mean rate times
days. The rates of similar principals follow a gamma distribution, fitted by moments over the whole run: one for
principals whose last replacement was called safe, one for the others. So a principal without a denial borrows from
similar principals, and a principal with many denials keeps its own rate. Given its counts, a principal's rate again
follows a gamma distribution, and its next count a negative binomial distribution, which gives the mean and the 90 %
interval.

Windows that share days would count the same denials several times, so only windows with disjoint days to judge on are
counted. A run without any denial counts as half a denial, because the lack of denials doesn't prove that none can
happen.
https://en.wikipedia.org/wiki/Gamma_distribution#Conjugate_prior
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, log1p
from typing import Final

from lpgen.core.backtests import ExpectedDenials

_HORIZON_DAYS: Final = 30
"""The number of days of the forecast."""

_TAIL: Final = 0.05
_UNSEEN: Final = 0.5
_SHAPES: Final = (0.01, 1.0)
"""Bounds of the prior's shape: a few denials don't determine it, and rates always differ widely."""


@dataclass(frozen=True, slots=True)
class DenialCount:
    """The number of denied needs of one principal, and the number of counted days."""

    needs: int
    days: int


@dataclass(frozen=True, slots=True)
class Prior:
    """A gamma distribution of rates, in needs a day: its mean is `shape / days`."""

    shape: float
    days: float


def prior_from_counts(counts: Sequence[DenialCount]) -> Prior:
    """The distribution of the rates of similar principals, fitted by moments: the mean, and the variance beyond
    Poisson's."""
    needs, days = sum(count.needs for count in counts), sum(count.days for count in counts)
    rate = max(needs, _UNSEEN) / max(days, 1)
    beyond = sum((count.needs - rate * count.days) ** 2 - rate * count.days for count in counts)
    variance = beyond / max(sum(count.days**2 for count in counts), 1)
    least, most = _SHAPES
    shape = min(max(rate**2 / variance, least), most) if variance > 0 else most
    return Prior(shape, shape / rate)


def expected_denials(prior: Prior, count: DenialCount, *, days: int = _HORIZON_DAYS) -> ExpectedDenials:
    """The denied needs to expect of one principal in the next days."""
    shape, past = prior.shape + count.needs, prior.days + count.days
    low, high = negative_binomial_interval(shape, days / past)
    return ExpectedDenials(days, shape * days / past, low, high)


def spread_of_windows(needs: Iterable[Sequence[int]]) -> float:
    """The ratio of the variance of a principal's windows to Poisson's variance, at least 1. Denials come in bursts."""
    several = [need for need in needs if len(need) > 1]
    means = [sum(sequence) / len(sequence) for sequence in several]
    pairs = zip(several, means, strict=True)
    variances = (sum((count - mean) ** 2 for count in pair) / (len(pair) - 1) for pair, mean in pairs)
    return max(sum(variances) / sum(means), 1.0) if any(means) else 1.0


def expected_of_all(
    counts: Iterable[tuple[Prior, DenialCount]], spread: float = 1.0, *, days: int = _HORIZON_DAYS
) -> ExpectedDenials:
    """The denied needs to expect of all principals together.

    It is a negative binomial with the sum of their means, and the sum of their variances times the spread.
    """
    mean = variance = 0.0
    for prior, count in counts:
        scale = days / (prior.days + count.days)
        own = (prior.shape + count.needs) * scale
        mean, variance = mean + own, variance + own * (1 + scale)
    if not mean:
        return ExpectedDenials(days, 0.0, 0, 0)
    scale = variance * spread / mean - 1
    low, high = negative_binomial_interval(mean / scale, scale)
    return ExpectedDenials(days, mean, low, high)


def negative_binomial_interval(shape: float, scale: float) -> tuple[int, int]:
    """The 5 % and 95 % quantiles of a negative binomial: a Poisson distribution whose mean is gamma with this shape and
    scale."""
    step = log(scale) - log1p(scale)
    term, below, number, low = -shape * log1p(scale), 0.0, 0, -1
    while True:
        below += exp(term)
        if low < 0 and below >= _TAIL:
            low = number
        if below >= 1 - _TAIL:
            return low, number
        term += log((shape + number) / (number + 1)) + step
        number += 1
