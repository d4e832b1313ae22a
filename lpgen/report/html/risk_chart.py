"""The chart of the trade between risk and safe replacements: how many would be safe with which `--max-risk`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from lpgen.core.analysis.caveats.replacement import other_than_risk
from lpgen.report.summary import PrincipalSummary, ReviewSummary
from lpgen.report.words import percent

_WIDTH: Final = 360
_HEIGHT: Final = 100
_ROOM: Final = 1.25
"""The axis reaches beyond the highest risk by this factor."""


@dataclass(frozen=True, slots=True)
class _Step:
    """From this risk on, this many replacements are safe. `x` and `y` are its place in the chart."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class RiskChart:
    """The curve as an SVG path, its steps, and the place of the limit. `end` is the label of the end of the axis."""

    width: int
    height: int
    path: str
    steps: tuple[_Step, ...]
    limit: _Step
    end: str


def risk_chart(review: ReviewSummary) -> RiskChart | None:
    """The chart of the replacements to put in place, or None if none can be safe."""
    limit, replacements = review.report.max_risk, len(review.to_replace)
    risks = Counter(summary.risk.share for summary in review.to_replace if summary.risk and _is_free(summary))
    if limit is None or not risks:
        return None
    most = min(max(*risks, limit) * _ROOM, 1.0)

    def step(risk: float, safe: int) -> _Step:
        text = f"at most {percent(risk)}: {percent(safe / replacements)} safe"
        return _Step(round(_WIDTH * risk / most), round(_HEIGHT * (1 - safe / replacements)), text)

    shares = sorted(risks)
    steps = tuple(map(step, shares, accumulate(risks[share] for share in shares)))
    path = "".join(f"H{found.x}V{found.y}" for found in steps)
    at_limit = step(limit, sum(number for share, number in risks.items() if share <= limit))
    return RiskChart(_WIDTH, _HEIGHT, f"M0 {_HEIGHT}{path}H{_WIDTH}", steps, at_limit, percent(most))


def _is_free(summary: PrincipalSummary) -> bool:
    """Whether a replacement has no open caveat, except perhaps its risk."""
    return not (summary.failed or other_than_risk(summary.caveats))
