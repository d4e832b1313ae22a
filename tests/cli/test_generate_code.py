"""`lpgen generate --as`: the code of the sample organization, read back and linted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lpgen.app.rollout_plan import Basis, plan_rollout
from lpgen.core.rollout.refusals import Exceptions
from lpgen.core.rollout.source import Trust
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.report.documents.rollout import rollout_json
from tests.report.documents.test_schemas import faults
from tests.report.golden import GOLDEN
from tests.report.iac.hcl_reader import normal
from tests.report.iac.test_terraform import read_documents
from tests.support.forked_lpgen import run_forked

POLICIES = bundled_sample_logs().policies


@pytest.fixture(scope="module")
def terraform(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(sample_data, tmp_path_factory.mktemp("tf") / "out", "terraform")


@pytest.fixture(scope="module")
def cloudformation(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(sample_data, tmp_path_factory.mktemp("cfn") / "out", "cloudformation")


def generate(data: Path, output: Path, form: str, policies: Path = POLICIES) -> Path:
    """Runs `lpgen generate --as` as a user does; returns the output folder."""
    command = ["generate", "--data", str(data), "--policies", str(policies), "--output", str(output), "--as", form]
    done = run_forked(*command)
    assert done.returncode == 0, done.stderr
    return output


TRANSFORMS = "I3510:action 'cloudformation:CreateChangeSet' requires a resource of"
"""What cfn-lint says of transforms, a resource of this action that the service's reference doesn't list:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html"""


def lint(*files: Path) -> subprocess.CompletedProcess[str]:
    """What cfn-lint says; a finding of any level is an error."""
    program = "import sys; from cfnlint.runner import main; sys.exit(main())"
    options = ["--non-zero-exit-code", "informational", "--include-checks", "I", "--format", "parseable", "--"]
    command = [sys.executable, "-c", program, *options, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def documents_beside(code: Path, output: Path) -> list[Any]:
    """The JSON documents of the principal whose code a file holds."""
    account = next(part for part in code.relative_to(output).parts if part.isdecimal())
    kind, name = ("user", code.stem[5:]) if code.stem.startswith("user-") else ("role", code.stem)
    folder = output / f"{account}-{kind}-{name}"
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("policy-*.json"))]


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_generate_as_terraform_says_what_the_json_says(terraform: Path) -> None:
    written = [path for path in (terraform / "terraform").glob("[0-9]*/**/*.tf") if path.name != "versions.tf"]
    assert len(written) == 33
    for path in written:
        new, old = read_documents(path.read_text(encoding="utf-8")), documents_beside(path, terraform)
        assert old
        assert list(map(normal, new)) == list(map(normal, old))
    sets = {path.stem for path in (terraform / "terraform" / "permission-sets").glob("*.tf")} - {"versions"}
    assert sets == {"DeveloperAccess"}
    unsafe = {path.stem for path in (terraform / "terraform" / "permission-sets" / "not-safe-yet").glob("*.tf")}
    assert "AdministratorAccess" in unsafe
    assert any("&{aws:username}" in path.read_text(encoding="utf-8") for path in written)


@pytest.mark.slow
def test_generate_as_cloudformation_holds_the_json(cloudformation: Path) -> None:
    check_templates(cloudformation, count=33)


def test_generate_as_cloudformation_holds_the_json_of_an_account(sample_data: Path, tmp_path: Path) -> None:
    check_templates(generate(sample_data, tmp_path / "out", "cloudformation", POLICIES / "444455556666.json"), count=2)


def check_templates(output: Path, *, count: int) -> None:
    """Each template holds the JSON documents of its principal."""
    templates = list((output / "cloudformation").rglob("*.yaml"))
    assert len(templates) == count
    for path in templates:
        resources = yaml.safe_load(path.read_text(encoding="utf-8"))["Resources"].values()
        assert [resource["Properties"]["PolicyDocument"] for resource in resources] == documents_beside(path, output)


@pytest.mark.slow
def test_generate_as_cloudformation_is_clean_of_lint(cloudformation: Path) -> None:
    """The golden templates too, which quick tests compare with what is written."""
    templates = list((cloudformation / "cloudformation").rglob("*.yaml"))
    assert len(templates) == 33
    goldens = sorted(GOLDEN.glob("*.cfn.yaml"))
    assert len(goldens) == 3
    done = lint(*templates, *goldens)
    assert (
        [splitline for splitline in done.stdout.splitlines() if splitline and TRANSFORMS not in splitline],
        done.stderr,
    ) == ([], "")


@pytest.mark.slow
def test_cfn_lint_finds_what_is_wrong(tmp_path: Path) -> None:
    """What the test above rests on: with the same options, a fault is found."""
    resource = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Roles": "x"}}
    (tmp_path / "bad.json").write_text(
        json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"X": resource}}), encoding="utf-8"
    )
    done = lint(tmp_path / "bad.json")
    assert done.returncode != 0
    assert "PolicyDocument" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("form", ["terraform", "cloudformation"])
def test_generate_as_code_twice_gives_the_same_bytes(
    form: str, sample_data: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found = files_below(request.getfixturevalue(form))
    assert found == files_below(generate(sample_data, tmp_path / form, form))
    # The JSON documents are there too, so that they can be verified.
    assert sum(name.endswith("/policy-1.json") for name in found) == 35


def test_what_generate_writes_follows_its_schemas(terraform: Path) -> None:
    files = [terraform / "summary.json", *terraform.glob("*/evidence.json")]
    assert len(files) == 36
    for path in files:
        assert faults(path.stem, json.loads(path.read_text(encoding="utf-8"))) == []


def test_plans_of_rollouts_follow_their_schema(terraform: Path) -> None:
    plan = plan_rollout(terraform, [POLICIES], Exceptions(), bundled_catalog(), basis=Basis(Trust.OUTPUT))
    assert any(principal.calls for principal in plan.principals)
    assert any(principal.refusals for principal in plan.principals)
    assert faults("rollout", json.loads(rollout_json(plan))) == []
