"""The measure of forecasts: what is fitted has the shares of the rows, and a wrong forecast shows."""

from __future__ import annotations

from typing import Any

import pytest

from bench.forecast import check, class_of, fit
from lpgen.core.analysis.evidence_classes import risk_of_class
from lpgen.core.backtests import EvidenceClass


def rows(
    evidence: EvidenceClass, denied: int, number: int, *, free: bool = True, needs: int = 1
) -> list[dict[str, Any]]:
    """Rows of a class, the first of which deny something."""
    return [
        {"days": 90, "half": "tuned", "class": evidence.value, "free": free, "needs": needs * (at < denied)}
        for at in range(number)
    ]


def test_a_fit_of_many_rows_has_their_shares_and_one_of_few_that_of_all() -> None:
    many, few = rows(EvidenceClass.STEADY, 100, 10_000), rows(EvidenceClass.ONE_NEED, 1, 1, needs=5)
    found = fit([*many, *few])
    assert found[EvidenceClass.STEADY]["share"] == pytest.approx(0.01, abs=0.001)
    assert found[EvidenceClass.ONE_NEED]["share"] == pytest.approx((1 + 20 * 0.0101) / 21, abs=0.001)
    assert found[EvidenceClass.ONE_NEED]["needs"] == 5
    assert found[EvidenceClass.FEW_DAYS]["replacements"] == 0


def test_other_caveats_count_unless_the_past_is_worse() -> None:
    assert class_of(rows(EvidenceClass.STEADY, 0, 1, free=False)[0]) is EvidenceClass.DOUBTED
    assert class_of(rows(EvidenceClass.ONE_NEED, 0, 1, free=False)[0]) is EvidenceClass.ONE_NEED


def test_a_check_counts_what_is_safe_and_tells_a_true_forecast_from_a_wrong_one() -> None:
    share = risk_of_class(EvidenceClass.STEADY).share
    steady, one = rows(EvidenceClass.STEADY, round(3000 * share), 3000), rows(EvidenceClass.ONE_NEED, 0, 200)
    found = check([*steady, *one])
    assert found["safe"] == {"number": 3000, "share": 0.938, "deny": 42, "deny_share": 0.014}
    assert found["safe without the limit"]["number"] == 3200
    low, high = found["share"]
    assert (low["replacements"], low["outcome"], low["holds"]) == (3000, 42, True)
    assert (high["replacements"], high["outcome"], high["holds"]) == (200, 0, False)
    assert low["interval"][0] < 42 < low["interval"][1]


def test_bands_that_expect_too_little_are_pooled() -> None:
    found = check([*rows(EvidenceClass.STEADY, 1, 100), *rows(EvidenceClass.ONE_NEED, 20, 100)])
    (band,) = found["share"]
    assert band["replacements"] == 200
    assert band["outcome"] == 21
