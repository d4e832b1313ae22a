"""The formats of each report: a table of the functions that write them. A new format is a file and a row here.

Equal values give equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from lpgen.report.blocks import DEFAULT_LAYOUT, Layout

if TYPE_CHECKING:
    from lpgen.core.backtests import Backtest
    from lpgen.core.drift.findings import Drift
    from lpgen.core.drift.wildcards import Growth
    from lpgen.core.explanations import Explanation, WhoCan
    from lpgen.core.findings import Report
    from lpgen.core.graph.answers import GraphReport
    from lpgen.core.guardrails.boundary import BoundaryReport
    from lpgen.core.guardrails.scp import ScpReport
    from lpgen.core.observe.open_uses import ObserveOutcome
    from lpgen.core.observe.plan import ObservePlan
    from lpgen.core.perimeter.proposals import PerimeterReport
    from lpgen.core.replacements import OutputVerification
    from lpgen.core.roles.model import RolesReport
    from lpgen.core.tags.model import TagReport
    from lpgen.core.trust.roles import TrustReport
    from lpgen.report.html.page import ReviewPage
    from lpgen.report.screens import AskedDrift
    from lpgen.report.summary import PartedReview
    from lpgen.report.views import PrincipalView


Value = TypeVar("Value")

_TEXT: Final = {"text": "layout.text:page_text", "markdown": "layout.markdown:page_markdown"}
_PAGE: Final = {**_TEXT, "html": "html.templating:page_html"}
_PART: Final = {"text": "layout.text:part_text", "markdown": "layout.markdown:part_markdown"}


class Formats(Generic[Value]):
    """The formats of one report, by name: each a function of it that returns the text or its parts.

    A function is named `module:function`, below `lpgen.report`. `(layout)` follows if it also takes a `Layout`. It is
    imported when it is called, because a command needs only one. `page` is a function that returns blocks. With it, the
    report also has the formats in `of_page`. `noun` is the subject of each fold. `title` is the HTML title ("": the
    first heading).
    """

    def __init__(
        self,
        page: str = "",
        *,
        of_page: Mapping[str, str] = _PAGE,
        noun: str = "principal",
        title: str = "",
        **rows: str,
    ) -> None:
        self._page: Final = page
        self._of_page: Final = of_page if page else {}
        self._noun: Final = noun
        self._title: Final = title
        self.rows: Final[Mapping[str, str]] = {**self._of_page, **rows}

    def write(self, value: Value, format: str, layout: Layout = DEFAULT_LAYOUT) -> Iterable[str]:  # noqa: A002
        """The report in a format, in parts. The last part ends with a line break.

        Raises:
            ValueError: the format doesn't exist.
        """
        found: str | Iterable[str] = self._call(value, format, layout)
        return [found] if isinstance(found, str) else found

    def text(self, value: Value, format: str, layout: Layout = DEFAULT_LAYOUT) -> str:  # noqa: A002
        """The report as one text."""
        return "".join(self.write(value, format, layout))

    def write_bytes(self, value: Value, format: str) -> Iterable[bytes]:  # noqa: A002
        """The report as bytes, for formats that may be binary."""
        found = self._call(value, format, DEFAULT_LAYOUT)
        return (part.encode() if isinstance(part, str) else part for part in found)

    def _call(self, value: Value, format: str, layout: Layout) -> Any:  # noqa: A002
        row = self.rows.get(format)
        if row is None:
            raise ValueError(f"no format {format!r}; available: {', '.join(self.rows)}")
        if row == self._of_page.get(format):
            return _load(row)(_load(self._page)(value), replace(layout, noun=self._noun, title=self._title))
        name = row.removesuffix("(layout)")
        return _load(name)(value) if name == row else _load(name)(value, layout)


def _load(row: str) -> Callable[..., Any]:
    module, _, name = row.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"lpgen.report.{module}"), name)
    return found


REVIEW: Final[Formats[PartedReview]] = Formats(
    "pages.review:review_page",
    of_page=_TEXT,
    json="documents.review:review_json",
    jsonl="documents.review:review_lines",
    screen="screens:review_screen(layout)",
)
PRINCIPAL: Final[Formats[PrincipalView]] = Formats(
    "pages.principal:principal_page",
    of_page=_PART,
    json="documents.review:principal_json",
    jsonl="documents.review:principal_line",
)
"""One principal in each format of `REVIEW` except `screen`."""

PAGE: Final[Formats[ReviewPage]] = Formats(html="html.page:review_html")
"""A review for a browser."""

WHOLE_REVIEW: Final[Formats[Report]] = Formats(
    sarif="sarif.review:review_sarif(layout)", csv="tables:verdict_csv", parquet="tables:verdict_parquet"
)
VERIFICATION: Final[Formats[OutputVerification]] = Formats(
    "pages.verification:verification_page", json="documents.output_folder:verification_json"
)
EXPLANATION: Final[Formats[Explanation]] = Formats(
    "pages.explain:explain_page",
    of_page=_TEXT,
    json="documents.explanation:explain_json",
    html="html.two_walls:explain_html",
    svg="html.two_walls:explain_svg",
)
WHO_CAN: Final[Formats[WhoCan]] = Formats(
    "pages.explain:who_can_page", text="screens:who_can_screen(layout)", json="documents.explanation:who_can_json"
)
WILDCARDS: Final[Formats[Growth]] = Formats(
    "pages.drift:wildcards_page", noun="wildcard", json="documents.layout:lay_out", csv="csv_text:wildcards_csv"
)
DRIFT: Final[Formats[Drift]] = Formats(
    "pages.drift:drift_page", noun="group", json="documents.drift:drift_json", sarif="sarif.drift:drift_sarif(layout)"
)
DRIFT_SCREEN: Final[Formats[AskedDrift]] = Formats(screen="screens:drift_screen(layout)")
BACKTEST: Final[Formats[Backtest]] = Formats(
    "pages.backtest:backtest_page", title="lpgen backtest", json="documents.backtest:backtest_json"
)
OBSERVE: Final[Formats[ObservePlan]] = Formats(
    "pages.observe:observe_page",
    json="documents.observe:observe_json",
    cli="iac.trails:plan_as_cli",
    terraform="iac.trails:plan_as_terraform",
    cloudformation="iac.trails:plan_as_cloudformation",
)
OUTCOMES: Final[Formats[tuple[ObserveOutcome, ...]]] = Formats(
    "pages.observe:outcomes_page", json="documents.observe:outcomes_json"
)
TRUST: Final[Formats[TrustReport]] = Formats(
    "pages.trust:trust_page",
    noun="role",
    title="lpgen trust",
    text="screens:trust_screen(layout)",
    json="documents.trust:trust_json",
    sarif="sarif.trust:trust_sarif(layout)",
)
GRAPH: Final[Formats[GraphReport]] = Formats(
    "pages.graph:graph_page",
    of_page=_TEXT,
    noun="path",
    title="lpgen graph",
    text="screens:graph_screen(layout)",
    json="documents.graph:graph_json",
    html="html.graph:graph_html",
    graphml="documents.graph_files:graph_graphml",
    dot="documents.graph_files:graph_dot",
)
TAGS: Final[Formats[TagReport]] = Formats(
    "pages.tags:tags_page",
    of_page=_TEXT,
    title="lpgen tags",
    text="screens:tags_screen(layout)",
    json="documents.layout:lay_out",
)
PERIMETER: Final[Formats[PerimeterReport]] = Formats(
    "pages.perimeter:perimeter_page",
    of_page=_TEXT,
    noun="resource",
    title="lpgen perimeter",
    text="screens:perimeter_screen(layout)",
    json="documents.perimeter:perimeter_json",
)
SCPS: Final[Formats[ScpReport]] = Formats(
    "pages.guardrails:scps_page",
    of_page=_TEXT,
    noun="unit",
    title="lpgen guardrails scp",
    json="documents.guardrails:scps_json",
)
BOUNDARY: Final[Formats[BoundaryReport]] = Formats(
    "pages.guardrails:boundary_page",
    of_page=_TEXT,
    noun="policy",
    title="lpgen guardrails boundary",
    json="documents.guardrails:boundary_json",
)
ROLES: Final[Formats[RolesReport]] = Formats(
    "pages.roles:roles_page",
    of_page=_TEXT,
    text="screens:roles_screen(layout)",
    json="documents.layout:lay_out",
    html="html.role_curve:roles_html",
    svg="html.role_curve:roles_svg",
)
