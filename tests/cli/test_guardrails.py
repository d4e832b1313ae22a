"""`lpgen guardrails` as a user runs it: its inputs, formats and output folder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from lpgen.app import guardrails
from lpgen.report.documents.schemas import SCHEMAS
from tests.report.guardrails import boundary_report, scp_report
from tests.report.hostile import check_markdown, check_terminal_text
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT

Json = dict[str, Any]
SAMPLE = ROOT / "authorization-details"
ACCOUNT = "111122223333"


def lpgen(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = run_forked("guardrails", *arguments)
    assert done.returncode == status, done.stderr
    return done


def scps(data: Path, tmp_path: Path, *arguments: object) -> list[object]:
    unit = {"id": "ou-1234-apps", "name": "apps", "accounts": [ACCOUNT]}
    units = tmp_path / "units.json"
    units.write_text(json.dumps({"organization": "o-1", "management_account": "999999999999", "units": [unit]}))
    reports = tmp_path / "reports"
    reports.mkdir(exist_ok=True)
    rows = [{"ServiceNamespace": "gamelift"}, {"ServiceNamespace": "kms"}]
    (reports / "ou-1234-apps.json").write_text(json.dumps({"JobStatus": "COMPLETED", "AccessDetails": rows}))
    own = ("--policies", SAMPLE, "--data", data, "--units", units, "--access-reports", reports)
    return ["scp", *own, *arguments]


def test_scps_of_the_sample(sample_data: Path, tmp_path: Path) -> None:
    found: Json = json.loads(lpgen(*scps(sample_data, tmp_path, "--min-days", 1, "--format", "json")).stdout)
    assert [error.message for error in Draft202012Validator(SCHEMAS["scps"]).iter_errors(found)] == []
    services, regions, dangerous = found["units"][0]["proposals"]
    assert services["denies"] == ["gamelift"]
    assert "us-east-1" not in regions["denies"]
    assert "organizations:LeaveOrganization" in dangerous["denies"]
    check_terminal_text(lpgen(*scps(sample_data, tmp_path)).stdout, 80, color=False)
    check_markdown(lpgen(*scps(sample_data, tmp_path, "--format", "markdown")).stdout)


def test_documents_go_to_a_new_folder(sample_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    lpgen(*scps(sample_data, tmp_path, "--min-days", 1, "--out", out))
    written = {path.name for path in out.rglob("*") if path.is_file()}
    assert {"policy.json", "test.sh", "policy.tf", "template.yaml", "evidence.md"} <= written
    again = lpgen(*scps(sample_data, tmp_path, "--out", out), status=3)
    assert "isn't an empty folder" in again.stderr


def test_a_unit_that_doesnt_exist_is_an_error(sample_data: Path, tmp_path: Path) -> None:
    assert "no unit is called" in lpgen(*scps(sample_data, tmp_path, "--unit", "ou-none"), status=2).stderr
    assert "units are missing" in lpgen("scp", "--policies", SAMPLE, status=2).stderr


def test_boundary_of_the_sample(sample_data: Path, tmp_path: Path) -> None:
    own = ("boundary", "--policies", SAMPLE, "--data", sample_data, "--min-days", 1)
    named = (*own, "--creator", "role/platform/platform-deployer", "--created", "role/app/*")
    found: Json = json.loads(lpgen(*named, "--out", tmp_path / "out", "--format", "json").stdout)
    assert [error.message for error in Draft202012Validator(SCHEMAS["boundary"]).iter_errors(found)] == []
    assert found["created"]
    assert list((tmp_path / "out").rglob("evidence.md"))
    assert "matches" in lpgen(*own, "--creator", "role/nobody-at-all", status=2).stderr
    check_terminal_text(lpgen(*named).stdout, 80, color=False)


def test_access_analyzer_can_refuse_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def errors(session: object, document: Json, kind: str) -> tuple[str, ...]:  # noqa: ARG001
        asked.append(kind)
        return ("MISSING: something",) if "gamelift:*" in json.dumps(document) else ()

    monkeypatch.setattr(guardrails, "document_errors", errors)
    found = guardrails.validated_guardrails(scp_report(), cast("Any", None))
    states = [(one.kind.value, one.state.value) for one in cast("Any", found).units[0].proposals]
    assert states[:2] == [("services", "refused"), ("regions", "safe")]
    assert set(asked) == {"SERVICE_CONTROL_POLICY"}
    assert cast("Any", guardrails.validated_guardrails(boundary_report(), cast("Any", None))).boundary is not None
    assert "IDENTITY_POLICY" in asked
