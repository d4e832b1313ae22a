"""Names in code: snake case, one per principal, and the same whoever else there is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.model import Principal, PrincipalKind
from lpgen.report.iac.subject import file_of_principal, label_of_principal, label_of_set
from tests.report.safe_cases import deployer

PRINCIPAL = deployer().proposal().diff.principal
SNAKE_CASE = re.compile("[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""https://github.com/terraform-linters/tflint-ruleset-terraform/blob/main/docs/rules/terraform_naming_convention.md"""


def role(name: str) -> Principal:
    return replace(PRINCIPAL, name=name)


def user(name: str) -> Principal:
    return replace(PRINCIPAL, name=name, kind=PrincipalKind.USER)


@pytest.mark.parametrize(
    ("principal", "label", "file"),
    [
        (role("storefront-api"), "storefront_api", "storefront-api"),
        (role("worker-2"), "worker_2", "worker-2"),
        (role("DeployRole"), "deploy_role_", "DeployRole"),
        (role("EMR_EC2_DefaultRole"), "emr_ec2_default_role_", "EMR_EC2_DefaultRole"),
        (role("AWSControlTowerExecution"), "aws_control_tower_execution_", "AWSControlTowerExecution"),
        (user("svc-jenkins"), "user_svc_jenkins", "user-svc-jenkins"),
        (user("ana.lopez"), "user_ana_lopez_", "user-ana.lopez"),
        (role("4you"), "role_4you_", "4you"),
        (role("="), "role_", "="),
    ],
)
def test_names_are_those_of_the_principal(principal: Principal, label: str, file: str) -> None:
    found = label_of_principal(principal)
    assert found == label if not label.endswith("_") else re.fullmatch(f"{label}[0-9a-f]{{8}}", found)
    assert file_of_principal(principal) == file


def test_labels_of_permission_sets_are_those_of_the_set() -> None:
    assert label_of_set("DeveloperAccess") == "permission_set_developer_access"
    others = ["developer-access", "developerAccess", "Developer.Access", "DeveloperAccess-0123456789ab"]
    labels = {label_of_set(name) for name in ["DeveloperAccess", *others]}
    assert len(labels) == 5
    assert all(map(SNAKE_CASE.fullmatch, labels))


@pytest.mark.parametrize(
    "names",
    [
        ["a-b", "a_b", "a.b", "a+b", "a@b", "aB", "A=b", "a--b", "a-b-", "-a-b"],
        ["part2", "a-part2", "a-part2-part2", "a"],
        [f"a-b-{label_of_principal(role(other))[-8:]}" for other in ("a_b", "a.b")],
        ["1", "2-", "=", "+", "@"],
    ],
)
def test_labels_of_names_that_look_alike_differ(names: list[str]) -> None:
    principals = [make(name) for name in [*names, *(f"user-{name}" for name in names)] for make in (role, user)]
    labels = [label_of_principal(principal) for principal in principals]
    # Every subject may have more documents, whose labels are made of its own.
    labels += [f"{label}_part{number}" for label in labels for number in (2, 3)]
    assert len(set(labels)) == len(labels)
    assert all(map(SNAKE_CASE.fullmatch, labels))
    files = [file_of_principal(principal).lower() for principal in principals]
    assert len(set(files)) == len({(principal.kind, principal.name.lower()) for principal in principals})


@pytest.mark.parametrize(
    "name",
    ["versions", "Override", "override", "app_override", "APP_OVERRIDE", ".app", "con", "COM1", "nul.x", "user-x"],
)
def test_files_have_no_name_that_means_something_else(name: str) -> None:
    assert re.fullmatch(r"[^.].*-[0-9a-f]{8}", file_of_principal(role(name)))


IAM_NAMES = st.text("abAB01-_.+=,@", min_size=1, max_size=8)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


@given(st.lists(st.tuples(st.sampled_from([role, user]), IAM_NAMES), max_size=12))
@settings(deadline=None)
def test_names_are_unique_and_plain(found: list[tuple[object, str]]) -> None:
    principals = {(one.kind, one.name.lower()): one for one in (make(name) for make, name in found)}  # type: ignore[operator]
    labels = [label_of_principal(principal) for principal in principals.values()]
    assert len(set(labels)) == len(labels)
    assert all(map(SNAKE_CASE.fullmatch, labels))
    files = [file_of_principal(principal).lower() for principal in principals.values()]
    assert len(set(files)) == len(files)
