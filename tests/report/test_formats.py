"""The tables of formats: each row names a function that is there and writes the report, and commands offer no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import Any

import pytest

from lpgen.app.output import review_page
from lpgen.cli.backtest import BacktestFormat
from lpgen.cli.drift import DriftFormat
from lpgen.cli.explain import ExplainFormat
from lpgen.cli.formats import ReportFormat, ReviewFormat
from lpgen.cli.graph import GraphFormat
from lpgen.cli.observe import ObserveFormat
from lpgen.cli.roles import RolesFormat
from lpgen.cli.trust import TrustFormat
from lpgen.cli.wildcards import WildcardsFormat
from lpgen.core.analysis.explain.answers import who_can
from lpgen.core.replacements import OutputVerification
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.report import render
from lpgen.report.blocks import DEFAULT_LAYOUT, Layout
from lpgen.report.render import Formats
from lpgen.report.screens import AskedDrift
from lpgen.report.views import PrincipalView
from tests.report.backtests import backtest
from tests.report.drifts import drift, growth
from tests.report.explanations import everything
from tests.report.graphs import organization_of
from tests.report.guardrails import boundary_report, scp_report
from tests.report.pages.test_observe import OUTCOMES, plan
from tests.report.perimeters import perimeter_report
from tests.report.rendered import DATA, parted_review
from tests.report.reports import organization
from tests.report.role_reports import roles_report
from tests.report.safe_cases import storefront
from tests.report.tagged import tag_report
from tests.report.trusts import trust_report

TABLES: dict[str, Formats[Any]] = {
    name: formats for name, formats in vars(render).items() if isinstance(formats, Formats)
}
ROWS = [(name, form, row) for name, table in TABLES.items() for form, row in table.rows.items()]
NAMES = [f"{name}-{form}" for name, form, _ in ROWS]

SAMPLES: dict[str, Callable[[], object]] = {
    "REVIEW": lambda: parted_review(organization(), DATA, "{}\n"),
    "PRINCIPAL": lambda: PrincipalView(storefront().proposal()),
    "PAGE": lambda: review_page(organization(), bundled_catalog(), DATA),
    "WHOLE_REVIEW": organization,
    "VERIFICATION": lambda: OutputVerification((), ()),
    "EXPLANATION": everything,
    "WILDCARDS": growth,
    "DRIFT": drift,
    "DRIFT_SCREEN": lambda: AskedDrift(drift(), DATA),
    "BACKTEST": backtest,
    "OBSERVE": plan,
    "OUTCOMES": lambda: OUTCOMES,
    "TRUST": trust_report,
    "GRAPH": lambda: organization_of(6),
    "PERIMETER": perimeter_report,
    "TAGS": tag_report,
    "ROLES": roles_report,
    "SCPS": scp_report,
    "BOUNDARY": boundary_report,
    "WHO_CAN": lambda: who_can("*", [everything()], ()),
}
"""A value of each table."""

OFFERED: dict[str, tuple[type[StrEnum], set[str]]] = {
    "review": (ReviewFormat, {*TABLES["REVIEW"].rows, *TABLES["WHOLE_REVIEW"].rows, *TABLES["PAGE"].rows}),
    "verify": (ReportFormat, {*TABLES["VERIFICATION"].rows}),
    "explain": (ExplainFormat, {*TABLES["EXPLANATION"].rows}),
    "backtest": (BacktestFormat, {*TABLES["BACKTEST"].rows}),
    "drift": (DriftFormat, {*TABLES["DRIFT"].rows}),
    "wildcards": (WildcardsFormat, {*TABLES["WILDCARDS"].rows}),
    "trust": (TrustFormat, {*TABLES["TRUST"].rows}),
    "graph": (GraphFormat, {*TABLES["GRAPH"].rows}),
    "perimeter": (ReportFormat, {*TABLES["PERIMETER"].rows}),
    "tags": (ReportFormat, {*TABLES["TAGS"].rows}),
    "roles": (RolesFormat, {*TABLES["ROLES"].rows}),
    "guardrails scp": (ReportFormat, {*TABLES["SCPS"].rows}),
    "guardrails boundary": (ReportFormat, {*TABLES["BOUNDARY"].rows}),
    "observe": (ObserveFormat, {*TABLES["OBSERVE"].rows}),
}
"""The formats that a command offers, and those that there are."""


def test_every_table_has_a_sample() -> None:
    assert set(SAMPLES) == set(TABLES)


@pytest.mark.parametrize(("name", "form", "row"), ROWS, ids=NAMES)
def test_every_row_names_a_function(name: str, form: str, row: str) -> None:
    module, _, function = row.removesuffix("(layout)").partition(":")
    assert callable(getattr(import_module(f"lpgen.report.{module}"), function)), (name, form)


@pytest.mark.parametrize(("name", "form", "row"), ROWS, ids=NAMES)
def test_every_row_writes_a_report_that_ends_with_a_line_break(name: str, form: str, row: str) -> None:
    written = b"".join(TABLES[name].write_bytes(SAMPLES[name](), form))
    assert written, row
    if form == "parquet":
        assert written.startswith(b"PAR1")
    elif name != "PRINCIPAL":  # parts are put together
        assert written.endswith(b"\n")
        assert written == TABLES[name].text(SAMPLES[name](), form).encode()
    if form == "json":
        json.loads(written)


@pytest.mark.parametrize("name", TABLES)
def test_a_format_that_is_not_there_is_refused_by_name(name: str) -> None:
    for write in (TABLES[name].write, TABLES[name].write_bytes):
        with pytest.raises(ValueError, match="no format 'pdf'; available: "):
            write(SAMPLES[name](), "pdf")


@pytest.mark.parametrize("command", OFFERED)
def test_commands_offer_only_formats_that_there_are(command: str) -> None:
    offered, there = OFFERED[command]
    assert {enum.value for enum in offered} <= there


@pytest.mark.parametrize(("name", "form", "row"), [row for row in ROWS if row[1] != "parquet"])
def test_width_and_color_matter_only_to_text_and_screens(name: str, form: str, row: str) -> None:
    narrow = Layout(width=72, color=True)
    plain, other = (TABLES[name].text(SAMPLES[name](), form, layout) for layout in (DEFAULT_LAYOUT, narrow))
    assert (plain != other) is (form in ("text", "screen")), row
