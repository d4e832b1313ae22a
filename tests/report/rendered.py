"""Reports as texts, for tests: each report in one of its formats."""

from __future__ import annotations

from typing import Any

from lpgen.app.output import review_page, review_parts
from lpgen.core.digests import Inputs
from lpgen.core.findings import Proposal, Report
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.report.blocks import NO_OPTIONS, Given, Layout
from lpgen.report.documents.evidence import evidence_json
from lpgen.report.documents.summary import summary_json
from lpgen.report.render import (
    BACKTEST,
    DRIFT,
    EXPLANATION,
    OBSERVE,
    OUTCOMES,
    PAGE,
    STARS,
    VERIFICATION,
    WHO_CAN,
    Formats,
)
from lpgen.report.summary import PartedReview, ReviewSummary, summary_of_review
from lpgen.report.views import PrincipalView


def summarize(report: Report) -> ReviewSummary:
    """The summary of a report."""
    return summary_of_review(report, (PrincipalView(one).summary for one in report.proposals))


def render_review(report: Report, format: str, *, given: Given = NO_OPTIONS, screen: bool = False, **how: Any) -> str:  # noqa: A002
    """A review in any format; with `screen` its first screen."""
    if format == "html":
        return "".join(PAGE.write(review_page(report, bundled_catalog(), given), "html"))
    return "".join(review_parts(report, "screen" if screen else format, Layout(**how), given))


def render_summary(report: Report, inputs: Inputs, files: dict[str, str]) -> str:
    """The `summary.json` of a report."""
    return summary_json(summarize(report), inputs, files)


def render_evidence(proposal: Proposal, report: Report, inputs: Inputs) -> str:
    """The `evidence.json` of a proposal."""
    return evidence_json(proposal, report, inputs)


def parted_review(report: Report, given: Given = NO_OPTIONS) -> PartedReview:
    """A review whose principals have empty parts."""
    return PartedReview(summarize(report), lambda _arn: "", given)


def _written(formats: Formats[Any]) -> Any:
    def render(value: Any, format: str, **how: Any) -> str:  # noqa: A002
        return formats.text(value, format, Layout(**how))

    return render


render_verification = _written(VERIFICATION)
render_drift = _written(DRIFT)
render_backtest = _written(BACKTEST)
render_explanation = _written(EXPLANATION)
render_stars = _written(STARS)
render_observe = _written(OBSERVE)
render_outcomes = _written(OUTCOMES)
render_who_can = _written(WHO_CAN)
