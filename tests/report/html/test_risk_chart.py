"""The chart of risks: it counts the replacements without other open caveats."""

from __future__ import annotations

from dataclasses import replace

from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.backtests import EvidenceClass, Risk
from lpgen.core.registry.row import Caveat
from lpgen.report.html.risk_chart import risk_chart
from lpgen.report.summary import ReviewSummary, summary_of_review
from tests.report.rendered import summarize
from tests.report.reports import large_report


def review_of(shares: list[float], *, limit: float | None = 0.03, doubted: int = 0) -> ReviewSummary:
    """A review with one replacement per risk, too high ones with the caveat, and some with another one."""
    whole = summarize(large_report(len(shares) + doubted))
    other = (Caveat.of(ReplacementCaveat.TOO_MANY_RESOURCES, action="s3:GetObject"),)
    risks = [Risk(EvidenceClass.STEADY, share, share, 30) for share in shares]
    found = [
        replace(summary, risk=risk, caveats=caveats_of(risk, limit), accepted=(), refusal="", failed=False)
        for summary, risk in zip(whole.principals, risks, strict=False)
    ]
    doubt = Risk(EvidenceClass.DOUBTED, 0.01, 0.01, 30)
    found += [replace(summary, risk=doubt, caveats=other) for summary in whole.principals[len(shares) :]]
    return summary_of_review(replace(whole.report, max_risk=limit, trust=()), found)


def caveats_of(risk: Risk, limit: float | None) -> tuple[Caveat, ...]:
    facts = {"case": risk.evidence.value, "share": risk.share, "next_days": 30, "needs": 0, "windows": 3, "days": 90}
    too_high = limit is not None and risk.share > limit
    return (Caveat(ReplacementCaveat.HIGH_RISK, facts),) if too_high else ()


def test_each_step_counts_the_replacements_up_to_its_risk() -> None:
    chart = risk_chart(review_of([0.01, 0.01, 0.02, 0.2], doubted=0))
    assert chart is not None
    assert [step.text for step in chart.steps] == [
        "at most 1 %: 50 % safe",
        "at most 2 %: 75 % safe",
        "at most 20 %: 100 % safe",
    ]
    assert chart.limit.text == "at most 3 %: 75 % safe"
    assert (chart.end, chart.steps[-1].y) == ("25 %", 0)
    assert chart.steps[1].x < chart.limit.x < chart.steps[2].x
    assert chart.path == f"M0 100{''.join(f'H{step.x}V{step.y}' for step in chart.steps)}H{chart.width}"


def test_replacements_with_other_caveats_are_never_safe() -> None:
    chart = risk_chart(review_of([0.01, 0.2], doubted=2))
    assert chart is not None
    assert [step.text for step in chart.steps] == ["at most 1 %: 25 % safe", "at most 20 %: 50 % safe"]


def test_the_chart_needs_a_limit_and_a_replacement_that_can_be_safe() -> None:
    assert risk_chart(review_of([0.01], limit=None)) is None
    assert risk_chart(review_of([], doubted=3)) is None
    nothing_allowed = risk_chart(review_of([0.01, 0.02], limit=0))
    assert nothing_allowed is not None
    assert nothing_allowed.limit.text == "at most 0 %: 0 % safe"
    assert nothing_allowed.limit.x == 0
