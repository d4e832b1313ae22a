"""Guardrails as JSON, pages and files."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from lpgen.core.perimeter.reasons import ProposalState
from lpgen.report.documents.schemas import SCHEMAS
from lpgen.report.iac.guardrails import files_of_boundary, files_of_scps
from lpgen.report.render import BOUNDARY, SCPS
from tests.report.golden import check_golden
from tests.report.guardrails import boundary_report, scp_report
from tests.report.hostile import check_markdown, check_terminal_text


def test_the_documents_follow_their_schemas() -> None:
    texts = {"scps": SCPS.text(scp_report(), "json"), "boundary": BOUNDARY.text(boundary_report(), "json")}
    for name, text in texts.items():
        assert [error.message for error in Draft202012Validator(SCHEMAS[name]).iter_errors(json.loads(text))] == []
        check_golden(f"{name}.json", text)


def test_the_pages_have_all_states() -> None:
    states = {proposal.state for unit in scp_report().units for proposal in unit.proposals}
    assert states == set(ProposalState)
    check_golden("scps.txt", SCPS.text(scp_report(), "text"))
    check_golden("boundary.txt", BOUNDARY.text(boundary_report(), "text"))
    for text in (SCPS.text(scp_report(), "text"), BOUNDARY.text(boundary_report(), "text")):
        check_terminal_text(text, 100, color=False)
    for text in (SCPS.text(scp_report(), "markdown"), BOUNDARY.text(boundary_report(), "markdown")):
        check_markdown(text)


def test_documents_that_arent_safe_are_apart() -> None:
    files = dict(files_of_scps(scp_report()))
    assert {name for name in files if name.endswith("policy.json")} == {
        "ou-1234-apps/services/policy.json",
        "ou-1234-apps/regions/policy.json",
        "not-safe-yet/ou-1234-apps/dangerous/policy.json",
    }
    assert "\n" not in files["ou-1234-apps/services/policy.json"]
    assert {"ou-1234-apps/services/policy.tf", "ou-1234-apps/services/template.yaml"} <= files.keys()
    assert all(
        name.startswith("not-safe-yet/") or name == "evidence.md" for name, _ in files_of_boundary(boundary_report())
    )
