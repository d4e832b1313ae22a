"""What drift and the growth of wildcards look like: goldens, and promises that hold whatever they hold."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import StringIO
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from rich.cells import cell_len
from sarif_pydantic import Sarif

from lpgen.core.choices import Severity
from lpgen.core.drift.coverage import CoverageDrift
from lpgen.core.drift.kinds import DRIFT_KINDS
from lpgen.core.drift.proposals import ProposalDrift
from lpgen.report.pages.drift import sparkline
from tests.report.drifts import ROLE, drift, finding, growth, poisoned_drift, poisoned_growth
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, PageReader, check_markdown
from tests.report.rendered import render_drift, render_growth
from tests.support.law_examples import examples

RENDERINGS: dict[str, Callable[[], str]] = {
    "drift.txt": lambda: render_drift(drift(), "text", width=80),
    "drift.md": lambda: render_drift(drift(), "markdown"),
    "drift.json": lambda: render_drift(drift(), "json"),
    "drift.sarif": lambda: render_drift(drift(), "sarif"),
    "drift.html": lambda: render_drift(drift(), "html"),
    "stars.txt": lambda: render_growth(growth(), "text", width=80),
    "stars.md": lambda: render_growth(growth(), "markdown"),
    "stars.json": lambda: render_growth(growth(), "json"),
    "stars.csv": lambda: render_growth(growth(), "csv"),
}


@pytest.mark.parametrize("name", RENDERINGS)
def test_renderers_print_the_golden_files(name: str) -> None:
    check_golden(name, RENDERINGS[name]())
    assert RENDERINGS[name]() == RENDERINGS[name]()


def poisons(texts: list[str]) -> Callable[[str], str]:
    found = cycle(texts)
    return lambda _text: next(found)


hostile = st.lists(st.sampled_from(CORPUS) | st.text(max_size=40), min_size=1, max_size=12)


@settings(max_examples=examples(30), deadline=None)
@given(hostile)
def test_text_obeys_no_hostile_text_and_fits(texts: list[str]) -> None:
    for shown in (
        render_drift(poisoned_drift(poisons(texts)), "text", width=80),
        render_growth(poisoned_growth(poisons(texts)), "text", width=80),
    ):
        assert all(line.isprintable() for line in shown.split("\n"))
        assert max(map(cell_len, shown.split("\n"))) <= 80


@settings(max_examples=examples(30), deadline=None)
@given(hostile)
def test_html_renders_no_hostile_text(texts: list[str]) -> None:
    plain = PageReader(render_drift(drift(), "html"))
    read = PageReader(render_drift(poisoned_drift(poisons(texts)), "html"))
    assert read.tags <= plain.tags | {"ol"}
    assert read.attributes <= plain.attributes
    assert all(character.isprintable() or character == "\n" for text in read.prose for character in text)


@settings(max_examples=examples(30), deadline=None)
@given(hostile)
def test_markdown_renders_no_hostile_text(texts: list[str]) -> None:
    for shown in (
        render_drift(poisoned_drift(poisons(texts)), "markdown"),
        render_growth(poisoned_growth(poisons(texts)), "markdown"),
    ):
        check_markdown(shown, {"style"})  # how Markdown aligns a table's columns


@settings(max_examples=examples(30), deadline=None)
@given(hostile)
def test_data_formats_stay_readable(texts: list[str]) -> None:
    for shown in (
        render_drift(poisoned_drift(poisons(texts)), "json"),
        render_growth(poisoned_growth(poisons(texts)), "json"),
    ):
        assert shown.isascii()
        json.loads(shown)
    rows = list(csv.reader(StringIO(render_growth(poisoned_growth(poisons(texts)), "csv"), newline="")))
    assert len(rows) == 5
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_sarif_is_read_by_anothers_model_with_a_rule_per_kind() -> None:
    (run,) = Sarif.model_validate_json(render_drift(drift(), "sarif")).runs
    assert run.tool.driver.rules
    assert [rule.id for rule in run.tool.driver.rules][:-1] == [f"drift-{kind}" for kind in DRIFT_KINDS]
    results = run.results or []
    assert len(results) == len(drift().open)
    assert {str(result.rule_id) for result in results} == {f"drift-{kind}" for kind in DRIFT_KINDS}


def test_sarif_points_to_the_proposed_policy_of_the_principal() -> None:
    text = (
        '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {\n      "Effect": "Allow",\n'
        '      "Action": "s3:GetObject",\n      "Resource": "*"\n    }\n  ]\n}\n'
    )
    parameters = {"action": "s3:GetObject", "uses": "0a1b2c3d"}
    found = [finding(ProposalDrift.NEW_USE, parameters=parameters), finding(ProposalDrift.NEVER_APPLIED)]
    one = replace(
        drift(), findings=(*found, finding(CoverageDrift.COVERAGE_LOST)), written={ROLE: ("app", (text, text))}.get
    )
    (run,) = json.loads(render_drift(one, "sarif", root="/iam/out/"))["runs"]
    places = {each["ruleId"]: each["locations"][0]["physicalLocation"] for each in run["results"]}
    policy = {"uri": "iam/out/app/policy-1.json"}
    assert places == {
        "drift-new-use": {"artifactLocation": policy, "region": {"startLine": 6, "endLine": 6}},
        "drift-never-applied": {"artifactLocation": policy, "region": {"startLine": 1, "endLine": 10}},
        "drift-coverage-lost": {
            "artifactLocation": {"uri": "lpgen-drift.json"},
            "region": {"startLine": 1, "endLine": 1},
        },
    }


def test_accepted_findings_are_shown_apart_and_kept_out_of_sarif() -> None:
    text = render_drift(drift(), "text", width=80)
    assert text.index("Accepted by decision") > text.index("── Info")
    assert "ops: known" in text
    assert "new-use accepted" not in render_drift(drift(), "sarif")
    assert "has expired" in text


def test_the_same_findings_in_another_week_are_the_same_alerts() -> None:
    def prints(days: int) -> set[str]:
        moved = replace(drift(), after=replace(drift().after, name=f"now-{days}"))
        (run,) = json.loads(render_drift(moved, "sarif"))["runs"]
        return {json.dumps(one["partialFingerprints"]) for one in run["results"]}

    assert prints(1) == prints(2)


def test_nothing_drifted_is_said_so() -> None:
    assert "No drift found" in render_drift(replace(drift(), findings=()), "text", width=80)


def test_a_drift_that_holds_more_than_a_comment_says_what_it_leaves_out() -> None:
    many = tuple(finding(ProposalDrift.NEW_USE, item=f"new-use {at}", severity=Severity.HIGH) for at in range(400))
    shown = render_drift(replace(drift(), findings=many), "markdown")
    assert len(shown) <= 65_536
    assert "--format json" in shown


def test_actions_that_came_after_the_day_for_sure_get_no_doubt() -> None:
    found = growth()
    exact = structs.replace(found, since=date.fromisoformat(found.actions[0].after))
    assert "3 actions first seen on 2025-11-27: added after 2025-02-13" in render_growth(found, "markdown")
    assert "may be older" not in render_growth(exact, "markdown")


@pytest.mark.parametrize(
    ("values", "bars"),
    [([], ""), ([5], "▁"), ([5, 5], "▁▁"), ([0, 7], "▁█"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([9, 0, 9], "█▁█")],
)
def test_sparkline_goes_from_least_to_greatest(values: list[int], bars: str) -> None:
    assert sparkline(values) == bars
