"""The measure of forecasts: what is fitted has the shares of the rows, and a wrong forecast shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from bench.forecast import check, class_of, fit, weigh
from lpgen.core.analysis.evidence_classes import risk_of_class
from lpgen.core.backtests import EvidenceClass


def rows(
    evidence: EvidenceClass, denied: int, number: int, *, free: bool = True, needs: int = 1, kind: str = "worker"
) -> list[dict[str, Any]]:
    """Rows of a class, the first of which deny something."""
    found = {"days": 90, "half": "tuned", "kind": kind, "class": evidence.value, "free": free}
    return [found | {"needs": needs * (at < denied)} for at in range(number)]


def test_each_kind_has_one_vote_and_a_class_is_drawn_to_all_kinds() -> None:
    many = rows(EvidenceClass.STEADY, 0, 1_000)
    few = [*rows(EvidenceClass.STEADY, 1, 2, kind="baker"), *rows(EvidenceClass.ONE_NEED, 2, 2, needs=5, kind="baker")]
    found = fit([*many, *few], 2)
    whole = (0 + 3 / 4) / 2
    assert found[EvidenceClass.STEADY]["share"] == pytest.approx((0 + 1 / 2 + 2 * whole) / 4, abs=0.001)
    assert found[EvidenceClass.ONE_NEED]["share"] == pytest.approx((1 + 2 * whole) / 3, abs=0.001)
    assert found[EvidenceClass.ONE_NEED]["mean"] == pytest.approx((5 + 2 * (11 / 4) / 2) / 3, abs=0.001)
    assert (found[EvidenceClass.ONE_NEED]["needs"], found[EvidenceClass.STEADY]["kinds"]) == (10, 2)
    assert found[EvidenceClass.FEW_DAYS]["replacements"] == 0


def test_a_small_weight_is_best_if_kinds_of_a_class_are_alike_and_a_large_one_if_they_are_not() -> None:
    def worlds(denied: Iterable[tuple[int, int]]) -> list[dict[str, Any]]:
        return [
            row
            for kind, both in enumerate(denied)
            for evidence, count in zip((EvidenceClass.STEADY, EvidenceClass.ONE_NEED), both, strict=True)
            for row in rows(evidence, count, 100, kind=str(kind))
        ]

    alike, mixed = weigh(worlds([(2, 60)] * 5)), weigh(worlds([(1, 61), (90, 2), (2, 3), (70, 88), (3, 70)]))
    assert min(alike, key=alike.__getitem__) == min(alike)
    assert min(mixed, key=mixed.__getitem__) > min(mixed)


def test_other_caveats_count_unless_the_past_is_worse() -> None:
    assert class_of(rows(EvidenceClass.STEADY, 0, 1, free=False)[0]) is EvidenceClass.DOUBTED
    assert class_of(rows(EvidenceClass.ONE_NEED, 0, 1, free=False)[0]) is EvidenceClass.ONE_NEED


def test_a_check_counts_what_is_safe_and_tells_a_true_forecast_from_a_wrong_one() -> None:
    share = risk_of_class(EvidenceClass.STEADY).share
    steady, one = rows(EvidenceClass.STEADY, round(3000 * share), 3000), rows(EvidenceClass.ONE_NEED, 0, 200)
    found = check([*steady, *one])
    assert found["safe"] == {"number": 3000, "share": 0.938, "deny": 75, "deny_share": 0.025}
    assert found["safe without the limit"]["number"] == 3200
    low, high = found["share"]
    assert (low["replacements"], low["outcome"], low["holds"]) == (3000, 75, True)
    assert (high["replacements"], high["outcome"], high["holds"]) == (200, 0, False)
    assert low["interval"][0] < 75 < low["interval"][1]


def test_bands_that_expect_too_little_are_pooled() -> None:
    found = check([*rows(EvidenceClass.STEADY, 1, 100), *rows(EvidenceClass.ONE_NEED, 20, 100)])
    (band,) = found["share"]
    assert band["replacements"] == 200
    assert band["outcome"] == 21
