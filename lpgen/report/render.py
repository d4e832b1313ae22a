"""Rendering: a report or a verification in, text in the asked-for format out. Equal values give equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lpgen.core.backtests import Backtest
    from lpgen.core.digests import Inputs
    from lpgen.core.drift.findings import Drift
    from lpgen.core.explanations import Explanation
    from lpgen.core.findings import Proposal, Report
    from lpgen.core.observe.outcome import Outcome
    from lpgen.core.observe.plan import ObservePlan
    from lpgen.core.replacements import OutputVerification
    from lpgen.core.stars import Stars
    from lpgen.report.commands import Given
    from lpgen.report.entries import Details, Entry
    from lpgen.report.pages.blocks import PageBlock
    from lpgen.report.views import PrincipalView

FORMATS: Final = ("text", "json", "markdown")
"""The values of `format`: a terminal's text, JSON with a versioned schema, or Markdown for a pull request.

A review and drift have SARIF for code scanning and HTML for a browser, too; a review has JSON lines, a backtest HTML.
"""


def render_review(
    report: Report,
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
    root: str = "",
) -> str:
    """The review of a report, with a line break at the end. `width` and `color` matter only to text.

    `root` is the folder in the repository that holds the output of `generate`, which SARIF points to.

    Raises:
        ValueError: there is no such format.
    """
    return "".join(render_review_parts(report, format, width=width, color=color, root=root))


def render_review_parts(
    report: Report,
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
    root: str = "",
    details: Details | None = None,
    given: Given | None = None,
    screen: bool = False,
) -> Iterable[str]:
    """The text of `render_review` in parts, for what would be too long to hold at once.

    With `details`, the report's proposals are outlines; HTML and SARIF take none. With `given`, commands
    have these options in place of placeholders. With `screen`, text is only the first screen.

    Raises:
        ValueError: there is no such format.
    """
    if format == "json":
        from lpgen.report.documents.review import review_json

        return review_json(report, details)
    if format == "jsonl":
        from lpgen.report.documents.review import review_lines

        return review_lines(report, details)
    if format == "html":
        from lpgen.report.html import review_html

        return [review_html(report, given)]
    if format == "sarif":
        from lpgen.report.sarif.review import review_sarif

        return [review_sarif(report, root=root)]
    if format == "text" and screen:
        from lpgen.report.screens import render_review_screen

        return [render_review_screen(report, given, details, width=width, color=color)]
    from lpgen.report.pages.review import review_page

    page = review_page(report, details=details, given=given)
    if format == "text":
        from lpgen.report.layout.text import render_text_parts

        return render_text_parts(page, width=width, color=color)
    return [_render_page(page, format, width=width, color=color)]


def render_details(
    view: PrincipalView,
    format: str,  # noqa: A002
    *,
    width: int,
    color: bool,
) -> str:
    """One principal's part of a review as JSON, a JSON line, text or Markdown, in its form within the whole."""
    if format in ("json", "jsonl"):
        from lpgen.report.documents.layout import lay_out_item, lay_out_line
        from lpgen.report.documents.review import part_from_principal

        return (lay_out_item if format == "json" else lay_out_line)(part_from_principal(view))
    from lpgen.report.pages.principal import principal_fold

    fold = principal_fold(view)
    if format == "text":
        from lpgen.report.layout.text import block_text

        return block_text(fold, width=width, color=color)
    from lpgen.report.layout.markdown import fold_markdown

    return fold_markdown(fold)


def render_verification(
    verification: OutputVerification,
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
) -> str:
    """The checks on an output folder and its replacements, with a line break at the end.

    Raises:
        ValueError: there is no such format.
    """
    if format == "json":
        from lpgen.report.documents.verification import verification_json

        return verification_json(verification)
    from lpgen.report.pages.verification import verification_page

    return _render_page(verification_page(verification), format, width=width, color=color)


def render_explanation(
    explanation: Explanation,
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
) -> str:
    """The explanation of one request, with a line break at the end.

    Raises:
        ValueError: there is no such format.
    """
    if format == "json":
        from lpgen.report.documents.explanation import explain_json

        return explain_json(explanation)
    from lpgen.report.pages.explain import explain_page

    return _render_page(explain_page(explanation), format, width=width, color=color)


def render_stars(
    stars: Stars,
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
) -> str:
    """The actions that wildcards gained, as text, Markdown, JSON or CSV, with a line break at the end.

    Raises:
        ValueError: there is no such format.
    """
    if format in ("json", "csv"):
        from lpgen.report.documents.stars import stars_json
        from lpgen.report.stars_table import stars_csv

        return stars_json(stars) if format == "json" else stars_csv(stars)
    from lpgen.report.pages.stars import stars_page

    return _render_page(stars_page(stars), format, width=width, color=color, noun="wildcard")


def render_drift(
    drift: Drift,
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
    root: str = "",
) -> str:
    """The changes between two states, as text, Markdown, JSON, SARIF or HTML, with a line break at the end.

    `root` is the folder in the repository that holds the output of `generate`, which SARIF points to.

    Raises:
        ValueError: there is no such format.
    """
    if format == "json":
        from lpgen.report.documents.drift import drift_json

        return drift_json(drift)
    if format == "sarif":
        from lpgen.report.sarif.drift import drift_sarif

        return drift_sarif(drift, root=root)
    from lpgen.report.pages.drift import drift_page

    if format == "html":
        from lpgen.report.html import blocks_html

        title = f"lpgen drift of {drift.after.as_of.isoformat()} since {drift.before.name}"
        return blocks_html(drift_page(drift), title=title)
    return _render_page(drift_page(drift), format, width=width, color=color, noun="group")


def render_backtest(
    backtest: Backtest,
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
) -> str:
    """A backtest as text, Markdown, JSON or HTML, with a line break at the end.

    Raises:
        ValueError: there is no such format.
    """
    if format == "json":
        from lpgen.report.documents.backtest import backtest_json

        return backtest_json(backtest)
    from lpgen.report.pages.backtest import backtest_page

    if format == "html":
        from lpgen.report.html import blocks_html

        return blocks_html(backtest_page(backtest), title="lpgen backtest")
    return _render_page(backtest_page(backtest), format, width=width, color=color)


def render_backtest_line(backtest: Backtest) -> str:
    """The outcome of a backtest in one sentence, without a line break."""
    from lpgen.report.escaping import terminal_text
    from lpgen.report.pages.backtest import backtest_sentence

    return terminal_text(backtest_sentence(backtest))


def render_evidence(proposal: Proposal, report: Report, inputs: Inputs) -> str:
    """The `evidence.json` of one principal's folder: see `lpgen.report.documents.evidence`."""
    from lpgen.report.documents.evidence import evidence_json

    return evidence_json(proposal, report, inputs)


def files_of_proposal(proposal: Proposal, report: Report, inputs: Inputs) -> Iterator[tuple[str, str]]:
    """The files of one principal in an output folder, as their paths and texts; none without a replacement.

    Policies left attached have a folder of their own: the files in a principal's folder are to be attached.
    """
    from lpgen.core.folders import file_of_left_policy, folder_of_principal
    from lpgen.core.iam.policy import policy_to_json
    from lpgen.report.counts import has_documents
    from lpgen.report.plan import document_file

    if has_documents(proposal) and proposal.replacement is not None:
        folder = folder_of_principal(proposal.diff.principal)
        yield f"{folder}/evidence.json", render_evidence(proposal, report, inputs)
        for number, document in enumerate(proposal.replacement.documents, start=1):
            yield f"{folder}/{document_file(number)}", document.text
        for one in proposal.replacement.left:
            yield file_of_left_policy(one.arn, one.sha256), policy_to_json(one.document, indent=2) + "\n"


def render_summary(
    report: Report, inputs: Inputs, files: Mapping[str, str], entries: Mapping[str, Entry] | None = None
) -> str:
    """The `summary.json` of an output folder, given the digests of its other files by path.

    With `entries`, by ARN, the report's proposals are outlines.
    """
    from lpgen.core.folders import folder_of_principal
    from lpgen.report.counts import has_documents
    from lpgen.report.documents.summary import summary_json

    found = (one for one in report.proposals if has_documents(one))
    folders = {one.diff.principal.arn: folder_of_principal(one.diff.principal) for one in found}
    return summary_json(report, folders, inputs, files, entries)


def render_verdicts(report: Report, format: str) -> Iterator[bytes]:  # noqa: A002
    """The table of verdicts as `csv` or `parquet`, in pieces: see `lpgen.report.verdict_table`.

    Raises:
        ValueError: there is no such format.
    """
    from lpgen.report.verdict_table import verdict_csv, verdict_parquet

    if format == "csv":
        return (text.encode() for text in verdict_csv(report))
    if format == "parquet":
        return iter([verdict_parquet(report)])
    raise ValueError(f"no table format {format!r}; there are csv, parquet")


def render_code(report: Report, form: str) -> dict[str, str]:
    """The replacements as code, as texts by path below the output folder: see `lpgen.report.iac`.

    Raises:
        ValueError: there is no such form.
    """
    from lpgen.report.iac import CodeForm, code_files

    return code_files(report.proposals, CodeForm(form))


def _render_page(
    page: Iterable[PageBlock],
    format: str,  # noqa: A002
    *,
    width: int,
    color: bool,
    noun: str = "principal",
) -> str:
    if format == "text":
        from lpgen.report.layout.text import render_text

        return render_text(page, width=width, color=color)
    if format == "markdown":
        from lpgen.report.layout.markdown import render_markdown

        return render_markdown(page, noun=noun)
    raise ValueError(f"no format {format!r}; there are {', '.join(FORMATS)}")


def render_observe(
    plan: ObservePlan,
    format: str,  # noqa: A002
    *,
    price: float,
    width: int = 100,
    color: bool = False,
) -> str:
    """A plan of trails as text, Markdown, JSON, or the code of one account, with a line break at the end.

    `price` is that of 100,000 data events.

    Raises:
        InvocationError: the code would be that of several accounts, or of a trail that exists.
        ValueError: there is no such format.
    """
    if format == "json":
        from lpgen.report.documents.observe import observe_json

        return observe_json(plan, price)
    if format in ("cli", "terraform", "cloudformation"):
        from lpgen.report.iac.trails import code_of_plan

        return code_of_plan(plan, format)
    from lpgen.report.pages.observe import observe_page

    return _render_page(observe_page(plan, price), format, width=width, color=color)


def render_outcomes(
    outcomes: Sequence[Outcome],
    format: str,  # noqa: A002
    *,
    width: int = 100,
    color: bool = False,
) -> str:
    """The outcomes of the kept actions of a plan as text, Markdown or JSON, with a line break at the end.

    Raises:
        ValueError: there is no such format.
    """
    if format == "json":
        from lpgen.report.documents.observe import outcomes_json

        return outcomes_json(outcomes)
    from lpgen.report.pages.observe import outcomes_page

    return _render_page(outcomes_page(outcomes), format, width=width, color=color)
