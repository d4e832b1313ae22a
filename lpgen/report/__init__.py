"""Renderers: a report value in, text out. Each format imports its needs when it is asked for."""

from lpgen.report.render import (
    render_backtest,
    render_backtest_line,
    render_code,
    render_drift,
    render_evidence,
    render_explanation,
    render_observe,
    render_outcomes,
    render_review,
    render_review_parts,
    render_stars,
    render_summary,
    render_verdicts,
    render_verification,
)

__all__ = [
    "render_backtest",
    "render_backtest_line",
    "render_code",
    "render_drift",
    "render_evidence",
    "render_explanation",
    "render_observe",
    "render_outcomes",
    "render_review",
    "render_review_parts",
    "render_stars",
    "render_summary",
    "render_verdicts",
    "render_verification",
]
