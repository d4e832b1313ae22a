"""Reports as texts, for tests: each report in one of its formats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from lpgen.app.output import review_page, review_parts
from lpgen.core.digests import Inputs
from lpgen.core.findings import Proposal, Report
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.report.blocks import NO_OPTIONS, Given, Layout
from lpgen.report.documents.output_folder import evidence_json, summary_json
from lpgen.report.iac.files import CodeForm, code_of_subjects
from lpgen.report.iac.subject import subject_of_proposal
from lpgen.report.render import (
    BACKTEST,
    DRIFT,
    EXPLANATION,
    OBSERVE,
    OUTCOMES,
    PAGE,
    VERIFICATION,
    WHO_CAN,
    WILDCARDS,
    Formats,
)
from lpgen.report.summary import PartedReview, ReviewSummary, summary_of_review
from lpgen.report.views import PrincipalView

COMMANDS: Final = (
    "review",
    "generate",
    "backtest",
    "ingest",
    "snapshot",
    "catalog update",
    "rollout plan",
    "baseline save",
    "drift",
)
OPTIONS: Final = ("--data", "--policies", "--trails", "--decisions", "--principal", "--no-backtest")
TAKEN: Final = dict.fromkeys(COMMANDS, OPTIONS)
"""The options that each command takes, in place of those of the command line."""

DATA: Final = Given((("--data", "lpgen-data"),), TAKEN)
"""What a command was given that can suggest every other."""


def summarize(report: Report) -> ReviewSummary:
    """The summary of a report."""
    return summary_of_review(report, (PrincipalView(proposal).summary for proposal in report.proposals))


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


def parted_review(report: Report, given: Given = NO_OPTIONS, part: str = "") -> PartedReview:
    """A review whose principals have all the same part."""
    return PartedReview(summarize(report), lambda _arn: part, given)


def _written(formats: Formats[Any]) -> Any:
    def render(value: Any, format: str, **how: Any) -> str:  # noqa: A002
        return formats.text(value, format, Layout(**how))

    return render


render_verification = _written(VERIFICATION)
render_drift = _written(DRIFT)
render_backtest = _written(BACKTEST)
render_explanation = _written(EXPLANATION)
render_growth = _written(WILDCARDS)
render_observe = _written(OBSERVE)
render_outcomes = _written(OUTCOMES)
render_who_can = _written(WHO_CAN)


def code_files(proposals: Iterable[Proposal], form: CodeForm) -> dict[str, str]:
    """The files of the proposals' code, by path."""
    return code_of_subjects(filter(None, map(subject_of_proposal, proposals)), form)
