"""SARIF of reviews: read back by another's model, as code scanning takes it, with alerts that stay the same."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sarif_pydantic import Result, Run, Sarif

from lpgen.core.analysis.caveats.kinds import CAVEAT_KINDS
from lpgen.core.choices import Severity
from lpgen.core.evidence import Evidence, Hole
from lpgen.core.findings import PrincipalClass, Report, Verdict
from lpgen.report.blocks import Layout, line, name
from lpgen.report.sarif.kinds import ReviewKind
from lpgen.report.sarif.layout import LEVELS, Place, SarifFinding, fingerprint_of, sarif_log
from lpgen.report.sarif.review import REVIEW_RULES, findings_of_review, review_sarif
from lpgen.report.views import PrincipalView
from tests.report.cases import Case, verdict
from tests.report.golden import check_golden
from tests.report.hostile import CORPUS, poison
from tests.report.rendered import render_review
from tests.report.reports import large_report, organization, report_of
from tests.support.documents import FORMATS_PAGE, check_block
from tests.support.law_examples import examples
from tests.support.registry_examples import example_caveat
from tests.support.verdicts import verdicts_from


def read_run(text: str) -> Run:
    """The one run of a SARIF file, by the model of sarif-pydantic."""
    (run,) = Sarif.model_validate_json(text).runs
    return run


def results_of(text: str) -> list[Result]:
    return read_run(text).results or []


def findings_in(report: Report) -> list[SarifFinding]:
    return list(findings_of_review(report, map(PrincipalView, report.proposals), root=""))


def message_of(result: Result) -> str:
    assert result.message.text
    return str(result.message.text)


def test_review_sarif_prints_the_golden_file() -> None:
    check_golden("review.sarif", review_sarif(organization()))


def test_review_sarif_is_the_same_whatever_the_order_of_proposals() -> None:
    report = organization()
    assert review_sarif(report) == review_sarif(replace(report, proposals=report.proposals[::-1]))
    assert review_sarif(report) == review_sarif(organization())


def test_render_review_prints_sarif_that_points_below_the_given_root() -> None:
    for root, prefix in (("iam/new", "iam/new/"), ("", ""), ("/iam/", "iam/")):
        for result in results_of(render_review(organization(), "sarif", root=root)):
            (location,) = result.locations or []
            assert location.physical_location
            assert location.physical_location.artifact_location
            uri = location.physical_location.artifact_location.uri or ""
            assert re.fullmatch(re.escape(prefix) + r"([^/]+/(evidence|policy-\d+)|summary)\.json", uri)


def test_review_sarif_percent_encodes_paths() -> None:
    (one, *_) = results_of(review_sarif(organization(), Layout(root="a b/ü\ud800%")))
    uri = one.model_dump_json()
    assert '"a%20b/%C3%BC%3F%25/' in uri


# ---------------------------------------------------------------- what code scanning asks for


@pytest.mark.parametrize("report", [organization(), report_of([]), large_report(40)], ids=["each", "none", "many"])
def test_review_sarif_has_what_code_scanning_asks_for(report: Report) -> None:
    run = read_run(review_sarif(report))
    rules = run.tool.driver.rules or []
    for rule in rules:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
        assert len(rule.name or "") <= 255
        assert rule.short_description
        assert len(rule.short_description.text or "") <= 1024
        assert rule.help
        assert "What to do" in (rule.help.markdown or "") or rule.id == ReviewKind.LEFT_OUT.rule
        assert urlsplit(rule.help_uri or "").scheme == "https"
        properties = rule.properties or {}
        assert properties["precision"] in ("very-high", "high", "medium", "low")
        assert ("security" in properties["tags"]) == ("security-severity" in properties)
        assert 0 < float(properties.get("security-severity", "1")) <= 10
    assert len({rule.id for rule in rules}) == len({rule.name for rule in rules}) == len(rules)
    fingerprints = []
    for result in run.results or []:
        assert rules[result.rule_index or 0].id == result.rule_id
        (location,) = result.locations or []
        assert location.physical_location
        assert location.physical_location.region
        region = location.physical_location.region
        assert 1 <= (region.start_line or 0) <= (region.end_line or 0)
        fingerprint = (result.partial_fingerprints or {})["primaryLocationLineHash"]
        assert re.fullmatch(r"[0-9a-f]{32}:[1-9][0-9]*", fingerprint)
        fingerprints.append(fingerprint)
        assert re.match(r"[^\n]*[.:]", message_of(result))
    assert len(set(fingerprints)) == len(fingerprints)


def test_review_rules_all_have_findings_and_every_caveat_has_a_rule() -> None:
    assert set(CAVEAT_KINDS) < set(REVIEW_RULES)
    case = Case(
        "everything",
        verdicts=[verdict("s3:PutObjectAcl", Verdict.UNOBSERVABLE, danger="grants access to objects through an ACL")],
        caveats=[example_caveat(kind) for kind in CAVEAT_KINDS],
    )
    report = report_of([case])
    first, *others = report.diff.coverage.accounts
    hole = Hole(first.first_day, first.first_day, "StopLogging")
    coverage = replace(report.diff.coverage, accounts=(replace(first, holes=(hole,)), *others))
    report = replace(report, diff=replace(report.diff, coverage=coverage))
    found = findings_in(report) + findings_in(organization())
    assert {finding.kind for finding in found} == set(REVIEW_RULES)
    assert any("StopLogging" in str(finding.message) for finding in found)


def test_review_sarif_says_what_the_run_rests_on_and_what_could_not_be_read() -> None:
    run: Any = json.loads(review_sarif(organization()))["runs"][0]
    assert run["properties"]["asOf"] == "2026-09-30"
    assert run["properties"]["totals"]["principals"] == len(organization().proposals)
    (invocation,) = run["invocations"]
    assert [one["message"]["text"] for one in invocation["toolExecutionNotifications"]] == list(organization().problems)


def test_review_sarif_leaves_alone_what_aws_owns_and_what_a_person_accepted() -> None:
    report = organization()
    linked = [
        proposal.diff.principal.arn
        for proposal in report.proposals
        if proposal.diff.principal_class is PrincipalClass.SERVICE_LINKED
    ]
    assert linked
    text = review_sarif(report)
    assert not any(arn in text for arn in linked)
    accepted = [c for proposal in report.proposals for c in proposal.diff.assessment.caveats if c.accepted_by]
    assert accepted
    messages = " ".join(map(message_of, results_of(text)))
    assert not any(caveat.message in messages for caveat in accepted)


# ---------------------------------------------------------------- alerts that stay the same


def test_fingerprints_do_not_change_with_counts_dates_and_evidence() -> None:
    def later(value: Any) -> Any:
        if isinstance(value, Evidence):
            return replace(value, records=value.records + 7, last_seen="2026-10-07T00:00:00Z", example_event_id="new")
        return value

    report = organization()
    week = replace(
        report,
        proposals=tuple(
            replace(
                proposal,
                diff=replace(
                    proposal.diff,
                    use=replace(
                        proposal.diff.use,
                        covered_days=proposal.diff.use.covered_days + 7,
                        ungranted=tuple(
                            replace(u, use=replace(u.use, evidence=later(u.use.evidence)))
                            for u in proposal.diff.use.ungranted
                        ),
                    ),
                    assessment=replace(
                        proposal.diff.assessment,
                        verdicts=verdicts_from(
                            v._replace(evidence=later(v.evidence)) for v in proposal.diff.assessment.verdicts
                        ),
                        wildcards=tuple(
                            replace(w, expands_to=w.expands_to + 3) for w in proposal.diff.assessment.wildcards
                        ),
                    ),
                ),
            )
            for proposal in report.proposals
        ),
    )
    before = {fingerprint_of(finding) for finding in findings_in(report)}
    assert before == {fingerprint_of(finding) for finding in findings_in(week)}


def test_fingerprints_of_equal_findings_are_numbered() -> None:
    twice = [
        SarifFinding(ReviewKind.UNUSED, line("one."), ("role",), Place("a")),
        SarifFinding(ReviewKind.UNUSED, line("two."), ("role",), Place("a")),
    ]
    found = [(result.partial_fingerprints or {})["primaryLocationLineHash"] for result in results_of(log_of(twice))]
    assert [one.rpartition(":")[2] for one in found] == ["1", "2"]
    assert len({one.rpartition(":")[0] for one in found}) == 1


# ---------------------------------------------------------------- the cut


def log_of(findings: list[SarifFinding], most: int = 100) -> str:
    return sarif_log(
        (ReviewKind.UNUSED_DANGEROUS, ReviewKind.WILDCARD, ReviewKind.UNUSED),
        findings,
        category="lpgen/test",
        most=most,
    )


def test_sarif_log_cuts_the_least_severe_and_says_so() -> None:
    rules = (ReviewKind.UNUSED, ReviewKind.WILDCARD, ReviewKind.UNUSED_DANGEROUS)
    findings = [SarifFinding(rule, line("found."), (str(n),), Place(f"{n}")) for n in range(20) for rule in rules]
    findings.append(SarifFinding(ReviewKind.UNUSED, line("worse."), ("x",), Place("x"), severity=Severity.HIGH))
    first, *others = results_of(log_of(findings, most=30))
    assert first.rule_id == ReviewKind.LEFT_OUT.rule
    assert "32 findings did not fit" in message_of(first)
    assert "20 of unused-grant, 12 of wildcard-action" in message_of(first)
    ids = [one.rule_id for one in others]
    assert ids == ["unused-dangerous-grant"] * 20 + ["unused-grant"] + ["wildcard-action"] * 8
    assert json.loads(log_of(findings, most=30))["runs"][0]["properties"]["resultsLeftOut"] == 32


def test_sarif_log_cuts_nothing_that_fits() -> None:
    findings = [SarifFinding(ReviewKind.UNUSED, line("found."), (str(n),), Place("a")) for n in range(30)]
    assert len(results_of(log_of(findings, most=30))) == 30
    assert json.loads(log_of(findings, most=30))["runs"][0]["properties"]["resultsLeftOut"] == 0


# ---------------------------------------------------------------- hostile texts

hostile = st.sampled_from(CORPUS) | st.text(max_size=40)


@given(st.lists(hostile, min_size=1, max_size=7))
@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_review_sarif_lets_no_text_act_in_a_viewer(texts: list[str]) -> None:
    found = cycle(texts)
    report: Report = poison(organization(), lambda _text: next(found))
    text = review_sarif(report)
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    for result in results_of(text):
        message = message_of(result)
        assert message.isprintable()
        assert not re.search(r"(?<!\\)(\\\\)*\[", message)  # no link
        assert not re.search(r"(?<!\{)(\{\{)*\{(?!\{)", message)  # no placeholder
        for location in result.locations or []:
            for logical in location.logical_locations or []:
                assert (logical.fully_qualified_name or "").isprintable()


def test_sarif_text_is_what_was_said_where_nothing_acts() -> None:
    said = line("granted to ", name("arn:aws:iam::111122223333:role/app/x"), " in ${aws:username} [a](b) \\ \x1b.")
    (one,) = results_of(log_of([SarifFinding(ReviewKind.UNUSED, said, (), Place("a"))]))
    assert message_of(one) == (
        r"granted to arn:aws:iam::111122223333:role/app/x in ${{aws:username}} \[a\](b) \\ \x1b."
    )


def test_document_lists_every_rule() -> None:
    rows = [
        f"| `{kind.rule}` | {LEVELS[kind.row.severity]} | {kind.row.score} | {kind.row.title} |"
        for kind in (*REVIEW_RULES, ReviewKind.LEFT_OUT)
    ]
    check_block(FORMATS_PAGE, "rules", "\n".join(["| rule | level | severity | |", "|---|---|---|---|", *rows]))
