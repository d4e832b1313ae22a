"""`lpgen generate --validate`: Access Analyzer sees each new policy, and an error leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.access_analyzer import Json, analyzer, sign_in
from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT

TRUST_POLICY = "AWS::IAM::AssumeRolePolicyDocument"


def generate(data: Path, output: Path, *options: object) -> subprocess.CompletedProcess[str]:
    policies = ROOT / "authorization-details"
    return run_forked("generate", "--data", data, "--policies", policies, "--output", output, *options)


def documents(output: Path, name: str) -> list[Json]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in output.glob(f"*/{name}")]


@pytest.fixture(autouse=True)
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(monkeypatch)


def in_order(found: list[Json]) -> list[str]:
    return sorted(json.dumps(one) for one in found)


def test_each_new_policy_and_trust_policy_is_checked_as_what_it_is(sample_data: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    with analyzer("WARNING") as (url, asked):
        done = generate(sample_data, output, "--trust", "--validate", "--endpoint-url", url)
    assert done.returncode == 0, done.stderr
    sent: dict[str, list[Json]] = {"IDENTITY_POLICY": [], TRUST_POLICY: []}
    for request in asked:
        kind = request.get("validatePolicyResourceType", request["policyType"])
        sent[kind].append(json.loads(request["policyDocument"]))
        assert request["policyType"] == ("RESOURCE_POLICY" if kind == TRUST_POLICY else "IDENTITY_POLICY")
    assert in_order(sent["IDENTITY_POLICY"]) == in_order(documents(output, "policy-*.json"))
    assert in_order(sent[TRUST_POLICY]) == in_order(documents(output, "trust-policy.json"))
    assert sent["IDENTITY_POLICY"]
    assert sent[TRUST_POLICY]


@pytest.mark.parametrize(
    ("about", "file", "role"),
    [
        pytest.param("larkspur-analytics-lake", "policy-1.json", "role/data/analytics-etl", marks=pytest.mark.slow),
        (TRUST_POLICY, "trust-policy.json", "role/"),
    ],
)
def test_an_error_names_principal_file_and_finding_and_nothing_is_written(
    about: str, file: str, role: str, sample_data: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    assert generate(sample_data, output, "--trust").returncode == 0
    before = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    for folder in (output, tmp_path / "new"):
        with analyzer("ERROR", about) as (url, _):
            done = generate(sample_data, folder, "--trust", "--validate", "--endpoint-url", url)
        said = " ".join(done.stderr.split())
        assert (done.returncode, done.stdout) == (1, "")
        assert f"/{file}`, a new policy of `arn:aws:iam::" in said
        assert f":{role}" in said
        assert "INVALID_KEY: A key is unknown." in said
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "new").exists()


def test_nothing_is_asked_without_the_option(sample_data: Path, tmp_path: Path) -> None:
    with analyzer("ERROR") as (url, asked):
        done = generate(sample_data, tmp_path / "out", "--endpoint-url", url)
    assert (done.returncode, asked) == (0, [])


def test_the_printed_permission_is_all_that_the_check_needs() -> None:
    (statement,) = json.loads(run_forked("iam-policy", "perimeter").stdout)["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
    assert statement["Action"] in ("access-analyzer:ValidatePolicy", ["access-analyzer:ValidatePolicy"])
