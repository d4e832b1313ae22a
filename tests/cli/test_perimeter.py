"""`lpgen perimeter` as a user runs it: its formats, its folder of new policies, and checks by Access Analyzer."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lpgen.report.documents.schemas import SCHEMAS
from tests.report.golden import check_golden
from tests.report.hostile import check_markdown, check_terminal_text
from tests.report.iac.hcl_reader import read_blocks, read_heredoc, read_quoted
from tests.support.access_analyzer import analyzer, sign_in
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT

Json = dict[str, Any]
SAMPLE = ROOT / "authorization-details"
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/storefront-orders"


def lpgen(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = run_forked("perimeter", "--policies", SAMPLE, "--organization", "o-exampleorgid", *arguments)
    assert done.returncode == status, done.stderr
    return done


def answer(*arguments: object) -> Json:
    """The JSON document, which follows its schema."""
    found: Json = json.loads(lpgen(*arguments, "--format", "json").stdout)
    assert [error.message for error in Draft202012Validator(SCHEMAS["perimeter"]).iter_errors(found)] == []
    assert found["schema"] == "lpgen.perimeter/1"
    return found


def proposals(found: Json, resource: str = TABLE) -> dict[str, Json]:
    """The proposals for a resource by kind."""
    (one,) = [one for one in found["resources"] if one["resource"] == resource]
    return {proposal["kind"]: proposal for proposal in one["proposals"]}


def test_screen_of_the_sample_organization_is_golden_and_fits(sample_data: Path) -> None:
    done = lpgen("--data", sample_data)
    check_golden("perimeter.txt", done.stdout)
    check_golden("perimeter.json", lpgen("--data", sample_data, "--format", "json").stdout)
    check_terminal_text(done.stdout, 80, color=False)
    check_markdown(lpgen("--data", sample_data, "--format", "markdown").stdout)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A folder with the policy of a bucket."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "bucket.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": []}))
    (folder / "index.json").write_text(json.dumps({"bucket.json": "arn:aws:s3:::data"}))
    return folder


def test_without_logs_nothing_is_safe(policies: Path) -> None:
    found = answer("--resource-policies", policies)
    assert {one["state"] for one in proposals(found, "arn:aws:s3:::data").values()} == {"refused"}


def test_kinds_and_resources_are_chosen(sample_data: Path) -> None:
    found = answer("--data", sample_data, "--kind", "identity", "--resource", "*storefront-orders")
    assert list(proposals(found)) == ["identity"]
    assert len(found["resources"]) == 1
    lpgen("--data", sample_data, "--resource", "arn:aws:s3:::nothing", status=2)
    lpgen("--data", sample_data, "--break-glass", "role/nobody", status=2)


def test_folder_has_the_safe_policies_and_commands(sample_data: Path, policies: Path, tmp_path: Path) -> None:
    wanted = proposals(answer("--data", sample_data, "--resource", TABLE, "--resource-policies", policies))
    added = [one for proposal in wanted.values() if proposal["state"] == "safe" for one in proposal["added"]]
    lpgen("--data", sample_data, "--resource", TABLE, "--out", tmp_path / "new", status=2)
    known = ("--resource-policies", policies, "--out", tmp_path / "new")
    lpgen("--data", sample_data, "--resource", TABLE, *known)
    (folder,) = (tmp_path / "new").iterdir()
    document = json.loads((folder / "policy.json").read_text())
    assert document == {"Version": "2012-10-17", "Statement": added}
    assert "put-resource-policy" in (folder / "apply.sh").read_text()
    assert subprocess.run(["sh", "-n", folder / "apply.sh"], check=False).returncode == 0
    (block,) = read_blocks((folder / "policy.tf").read_text()).values()
    assert read_quoted(block["resource_arn"]) == TABLE
    assert json.loads(read_heredoc(block["policy"])) == document
    assert stat.S_IMODE((folder / "policy.json").stat().st_mode) == 0o600
    lpgen("--data", sample_data, *known, status=3)


@pytest.mark.parametrize(("kind", "states"), [("ERROR", {"refused"}), ("WARNING", {"safe", "refused"})])
def test_an_error_of_access_analyzer_refuses_a_proposal(
    kind: str, states: set[str], sample_data: Path, policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = ("--data", sample_data, "--resource", TABLE, "--resource-policies", policies)
    sign_in(monkeypatch)
    before = [one for one in proposals(answer(*asking)).values() if one["policy"]]
    with analyzer(kind) as (url, asked):
        found = answer(*asking, "--validate", "--endpoint-url", url)
    assert [json.loads(one["policyDocument"]) for one in asked] == [one["policy"] for one in before]
    assert {(one["policyType"], one["validatePolicyResourceType"]) for one in asked} == {
        ("RESOURCE_POLICY", "AWS::DynamoDB::Table")
    }
    assert {one["state"] for one in proposals(found).values()} == states
    reasons = {reason["kind"] for one in proposals(found).values() for reason in one["reasons"]}
    assert ("invalid" in reasons) is (kind == "ERROR")


def test_the_profile_for_access_analyzer_must_exist(sample_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(monkeypatch)
    asking = ("--data", sample_data, "--resource", TABLE, "--profile", "no-such-profile")
    assert "no-such-profile" in lpgen(*asking, "--validate", status=2).stderr
    lpgen(*asking)  # nothing is asked without --validate
