"""What a new role keeps of the old one, what the decision for it rests on, and its code."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from msgspec import structs

from lpgen.app.inputs import AnalysisFiles, read_choices, read_inputs
from lpgen.app.review import analyse
from lpgen.app.roles import roles
from lpgen.core.backtests import Risk
from lpgen.core.roles.model import RoleSettings, RolesReport
from lpgen.report.iac.roles import files_of_roles
from lpgen.report.pages.roles import roles_page
from tests.report.iac.hcl_reader import read_blocks, read_quoted
from tests.report.role_reports import roles_report
from tests.support.role_worlds import BOTO, Assume, Call, Someone, allow, arn_of, service, write_world

READS = ("dynamodb:DescribeTable", "s3:GetBucketLocation")
BOUNDARY = arn_of("policy/boundary")
TAGS = (("aws:cloudformation:stack-name", "app"), ("cost", '9${x}"'), ("team", "a"))
HOLD = (allow(["dynamodb:*", "s3:*"]),)
WORKER = Someone("role/app/worker", HOLD, tags=TAGS, boundary=BOUNDARY)
COPIES = [
    Someone(f"role/app/orders-{number}", HOLD, tags=(("copy", f"{number}"), ("team", "a")), boundary=BOUNDARY)
    for number in (1, 2)
]
PIPELINE = Someone("user/ci/deploy", HOLD, tags=(("team", "b"),), boundary=BOUNDARY)
GITHUB = Someone("role/ci", HOLD, {"Federated": arn_of("oidc-provider/token.actions.githubusercontent.com")})


@cache
def _reviewed() -> tuple[RolesReport, dict[str, Risk | None]]:
    """The answer about a small organization, and the forecast of each replacement."""
    calls: list[Call | Assume] = [
        Call(WORKER.arn, action, job, session=job) for job in ("invoices", "orders") for action in READS
    ]
    calls += [Assume(WORKER.arn, job) for job in ("invoices", "orders")]
    calls += [Call(one.arn, action, "shared", every=1 + at * 5) for at, one in enumerate(COPIES) for action in READS]
    calls += [Call(PIPELINE.arn, READS[0], "x", agent=f"{BOTO} github-actions", hours=(0, 24))]
    document = {"Version": "2012-10-17", "Statement": [allow(["*"])]}
    version = {"Document": document, "VersionId": "v1", "IsDefaultVersion": True}
    policies = [{"Arn": BOUNDARY, "PolicyName": "boundary", "PolicyVersionList": [version]}]
    with TemporaryDirectory() as folder:
        people = [WORKER, *COPIES, PIPELINE, GITHUB, Someone("role/fn", trust=service())]
        data, details = write_world(Path(folder), people, calls, Policies=policies)
        inputs = read_inputs(data, AnalysisFiles((details,)), read_choices(min_days=90))
        risks = {one.diff.principal.arn: one.diff.draft.risk for one in analyse(inputs).proposals}
        return roles(inputs), risks


def test_a_new_role_keeps_path_boundary_and_tags() -> None:
    report, _ = _reviewed()
    (split,), (merge,), (move,) = report.splits, report.merges, report.users
    kept = RoleSettings(path="/app/", boundary=BOUNDARY, tags={"cost": '9${x}"', "team": "a"})
    assert split.settings == kept
    assert merge.settings == structs.replace(kept, tags={"team": "a"})
    assert move.goes_to.new
    assert move.settings == RoleSettings(path="/ci/", boundary=BOUNDARY, tags={"team": "b"})


def test_proposals_state_the_forecast_that_they_rest_on() -> None:
    report, risks = _reviewed()
    (split,), (merge,) = report.splits, report.merges
    worst = max((risk for one in COPIES if (risk := risks[one.arn])), key=lambda risk: risk.share)
    for found, risk in ((split.risk, risks[WORKER.arn]), (merge.risk, worst)):
        assert found is not None
        assert risk is not None
        assert (found.evidence, found.share, found.needs, found.days) == (
            risk.evidence,
            risk.share,
            risk.needs,
            risk.days,
        )
    assert risks[COPIES[0].arn] != risks[COPIES[1].arn]


def test_code_creates_each_role_with_its_settings_and_policies() -> None:
    files = dict(files_of_roles(_reviewed()[0]))
    terraform = [read_blocks(text) for path, text in files.items() if path.endswith("/role.tf")]
    templates = [yaml.safe_load(text)["Resources"] for path, text in files.items() if path.endswith("template.yaml")]
    made = [
        (name, block)
        for found in terraform
        for name, block in found.items()
        if name.startswith("resource.aws_iam_role.")
    ]
    assert sorted(read_quoted(block["name"]) for _, block in made) == ["orders", "worker-invoices", "worker-orders"]
    for _, block in made:
        assert (read_quoted(block["permissions_boundary"]), read_quoted(block["path"])) == (BOUNDARY, "/app/")
    assert all(any("policy_attachment" in name for name in found) for found in terraform)
    in_templates = [
        one["Properties"] for found in templates for one in found.values() if one["Type"] == "AWS::IAM::Role"
    ]
    assert sorted(one["RoleName"] for one in in_templates) == ["orders", "worker-invoices", "worker-orders"]
    for one in in_templates:
        assert (one["PermissionsBoundary"], one["Path"]) == (BOUNDARY, "/app/")
        assert {"Key": "team", "Value": "a"} in one["Tags"]
        assert {"Ref": "Policy1"} in one["ManagedPolicyArns"]
        assert one["AssumeRolePolicyDocument"]["Statement"]


def test_policies_left_attached_are_attached_to_the_new_role() -> None:
    report = roles_report()
    left = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    merges = tuple(structs.replace(one, left=(left,)) for one in report.merges)
    files = dict(files_of_roles(RolesReport(merges=merges)))
    assert any(left in text for path, text in files.items() if path.endswith("/role.tf"))
    (template,) = [yaml.safe_load(text) for path, text in files.items() if path.endswith("template.yaml")]
    assert left in template["Resources"]["Role"]["Properties"]["ManagedPolicyArns"]


def test_roles_of_several_accounts_have_code_with_the_boundary_of_each() -> None:
    (merge,) = roles_report().merges
    members = (merge.members[0], merge.members[0].replace("111122223333", "444455556666"))
    several = structs.replace(
        merge, account="", members=members, settings=RoleSettings(path="/", boundary=BOUNDARY, tags={})
    )
    files = dict(files_of_roles(RolesReport(merges=(several,))))
    for account in ("111122223333", "444455556666"):
        (text,) = [text for path, text in files.items() if path.endswith(f"/{account}/role.tf")]
        (role,) = [block for name, block in read_blocks(text).items() if name.startswith("resource.aws_iam_role.")]
        assert read_quoted(role["permissions_boundary"]) == BOUNDARY.replace("111122223333", account)


@pytest.mark.parametrize("boundary", ["boundary.json"])
def test_a_role_whose_boundary_has_no_arn_isnt_in_the_code(boundary: str) -> None:
    merges = tuple(
        structs.replace(one, settings=RoleSettings(path="/", boundary=boundary, tags={}))
        for one in roles_report().merges
    )
    files = dict(files_of_roles(RolesReport(merges=merges)))
    assert any(path.endswith("/policies.tf") for path in files)
    assert not any("aws_iam_role" in text or "AWS::IAM::Role" in text for text in files.values())


def test_pages_state_boundary_and_risk() -> None:
    report, risks = _reviewed()
    risk = risks[WORKER.arn]
    assert risk is not None
    text = json.dumps([str(block) for block in roles_page(report)])
    assert BOUNDARY in text
    assert risk.evidence in text
    unknown = tuple(structs.replace(one, risk=None) for one in report.splits)
    assert "no backtest" in str(roles_page(RolesReport(splits=unknown)))
