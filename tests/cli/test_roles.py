"""`lpgen roles` as a user runs it: its formats, its parts, and its folder of policies."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lpgen.report.documents.schemas import SCHEMAS
from lpgen.report.iac.roles import files_of_roles
from tests.report.golden import check_golden
from tests.report.hostile import check_markdown, check_terminal_text
from tests.report.role_reports import roles_report
from tests.support.forked_lpgen import run_forked
from tests.support.role_worlds import Call, Someone, allow, write_world
from tests.support.sample_organization import ROOT

Json = dict[str, Any]
PERSON = "user/priya.nair"


def lpgen(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = run_forked("roles", *arguments)
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """The options of a small organization with two roles that do the same job, and an empty group."""
    roles = [Someone(f"role/orders-{number}", (allow(["dynamodb:DescribeTable"]),)) for number in (1, 2)]
    calls = [Call(role.arn, "dynamodb:DescribeTable", "orders") for role in roles]
    group = {"Arn": "arn:aws:iam::111122223333:group/empty", "GroupName": "empty", "Path": "/"}
    folder = tmp_path_factory.mktemp("roles")
    data, policies = write_world(folder, [*roles, Someone("user/idle")], calls, GroupDetailList=[group])
    return "--data", data, "--policies", policies


def test_json_of_the_sample_organization_is_golden_and_follows_its_schema(sample_data: Path) -> None:
    done = lpgen("--data", sample_data, "--policies", ROOT / "authorization-details", "--format", "json")
    found = json.loads(done.stdout)
    assert [error.message for error in Draft202012Validator(SCHEMAS["roles"]).iter_errors(found)] == []
    assert found["schema"] == "lpgen.roles/1"
    check_golden("roles.json", done.stdout)


def test_screen_fits_a_terminal_and_markdown_is_escaped(world: tuple[object, ...]) -> None:
    done = lpgen(*world)
    check_terminal_text(done.stdout, 80, color=False)
    assert "orders" in done.stdout
    assert done.stdout.count("\n") <= 40
    check_markdown(lpgen(*world, "--format", "markdown").stdout)


def test_only_limits_the_answer_to_a_part(world: tuple[object, ...]) -> None:
    found = json.loads(lpgen(*world, "--only", "leftovers", "--format", "json").stdout)
    assert (found["parts"], found["users"], found["merges"]) == (["leftovers"], [], [])
    assert {one["kind"] for one in found["leftovers"]} == {"empty-group", "group-without-policies"}


def test_a_principal_limits_the_answer_to_its_proposals(world: tuple[object, ...]) -> None:
    found = json.loads(lpgen(*world, "--principal", "role/orders-1", "--format", "json").stdout)
    assert [len(one["members"]) for one in found["merges"]] == [2]
    assert (found["users"], found["leftovers"]) == ([], [])
    assert "no principal" in lpgen(*world, "--principal", "role/nobody", status=2).stderr


def test_out_writes_the_policies_of_shared_roles(world: tuple[object, ...], tmp_path: Path) -> None:
    lpgen(*world, "--out", tmp_path / "new")
    (trust,) = (tmp_path / "new").rglob("trust.json")
    policy = json.loads((trust.parent / "policy-1.json").read_text())
    assert next(one["Action"] for one in policy["Statement"] if one["Effect"] == "Allow") == "dynamodb:DescribeTable"
    assert (trust.parent / "role.tf").exists()


def test_documents_that_are_not_safe_are_in_a_folder_that_says_so() -> None:
    files = dict(files_of_roles(roles_report()))
    folders = {path.rpartition("/")[0] for path in files if path.endswith("policy-1.json")}
    assert folders
    assert all(folder.startswith("not-safe-yet/") for folder in folders)
