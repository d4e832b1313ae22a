"""The evidence classes: each follows from a few facts about the past, and more evidence never means more risk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.evidence_classes import class_of_past, risk_of_class, with_doubts
from lpgen.core.backtests import EvidenceClass, PastDenials
from lpgen.core.choices import MAX_RISK
from tests.support.law_examples import examples

CLEAN = PastDenials(
    windows=3, days=90, needs=0, denied_windows=0, denied_last=False, example=None, active_days=100, used=20
)
pasts = st.builds(
    replace,
    st.just(CLEAN),
    active_days=st.integers(0, 400),
    used=st.integers(0, 60),
    denied_windows=st.integers(0, 3),
    denied_last=st.booleans(),
)
covered = st.integers(45, 400)


@pytest.mark.parametrize(
    ("past", "days", "evidence"),
    [
        (CLEAN, 120, EvidenceClass.STEADY),
        (replace(CLEAN, active_days=30), 45, EvidenceClass.STEADY),
        (replace(CLEAN, denied_windows=1), 120, EvidenceClass.STEADY),
        (replace(CLEAN, active_days=29), 90, EvidenceClass.FEW_DAYS),
        (replace(CLEAN, active_days=29), 89, EvidenceClass.SHORT_PAST),
        (replace(CLEAN, active_days=29, used=1), 120, EvidenceClass.ONE_NEED),
        (replace(CLEAN, denied_windows=2), 90, EvidenceClass.NEW_NEEDS),
        (replace(CLEAN, denied_windows=1, denied_last=True), 90, EvidenceClass.NEW_NEEDS),
        (replace(CLEAN, denied_windows=2), 89, EvidenceClass.SHORT_NEW_NEEDS),
    ],
)
def test_the_class_follows_from_the_past(past: PastDenials, days: int, evidence: EvidenceClass) -> None:
    assert class_of_past(past, days) is evidence


@settings(max_examples=examples(300))
@given(pasts, covered, st.integers(0, 100))
def test_longer_logs_and_fewer_denials_never_mean_more_risk(past: PastDenials, days: int, more: int) -> None:
    def share(past: PastDenials, days: int) -> float:
        return risk_of_class(class_of_past(past, days)).share

    assert share(past, days + more) <= share(past, days)
    assert share(replace(past, denied_windows=0, denied_last=False), days) <= max(
        share(past, days), risk_of_class(EvidenceClass.ONE_NEED).share
    )


@settings(max_examples=examples(300))
@given(pasts, covered)
def test_other_doubts_never_lower_the_risk(past: PastDenials, days: int) -> None:
    alone = risk_of_class(class_of_past(past, days))
    doubted = with_doubts(alone)
    assert doubted.share >= alone.share
    assert doubted.share >= risk_of_class(EvidenceClass.DOUBTED).share


def test_every_class_has_a_risk_that_says_so_in_words() -> None:
    risks = [risk_of_class(evidence) for evidence in EvidenceClass]
    assert all(0 < risk.share < 1 and risk.needs >= risk.share for risk in risks)
    assert len({risk.text for risk in risks}) == len(risks)
    half = replace(risks[0], share=0.004)
    assert half.text.startswith("of 100 replacements like this one, fewer than 1 denies something within 30 days: ")
    assert "about 1 denies something" in replace(half, share=0.006).text
    assert "about 25 deny something" in replace(half, share=0.25).text


def test_the_usual_limit_separates_classes() -> None:
    safe = {evidence for evidence in EvidenceClass if risk_of_class(evidence).share <= MAX_RISK}
    assert safe >= {EvidenceClass.STEADY, EvidenceClass.FEW_DAYS, EvidenceClass.NEW_NEEDS}
    assert safe.isdisjoint({EvidenceClass.ONE_NEED, EvidenceClass.SHORT_NEW_NEEDS, EvidenceClass.DOUBTED})
