"""Who uses a user, and what replaces a person: cases that the judge's scenarios don't hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import UserMove
from tests.support.role_worlds import BOTO, CLI, Call, Someone, allow, arn_of, report_of

TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.7.4 (+https://www.terraform.io) aws-sdk-go-v2/1.25.2"
SSO = {"Federated": arn_of("saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE")}
DEVICE = {"AccessKeys": [], "MFADevices": [{"SerialNumber": arn_of("mfa/phone")}]}


def move_of(folder: Path, user: Someone, agent: str, *others: Someone, hours: tuple[int, int] = (9, 17)) -> UserMove:
    calls = [Call(user.arn, "ec2:DescribeInstances", weekdays=True, agent=agent, hours=hours)]
    (move,) = report_of(folder, [user, *others], calls, [RolesPart.USERS]).users
    return move


def someone(name: str, **more: object) -> Someone:
    return Someone(name, (allow(["ec2:Describe*"]),), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["user/shop-jenkins", "user/deploy"])
def test_a_user_that_is_named_for_a_pipeline_is_a_workload(tmp_path: Path, name: str) -> None:
    tags = (("used-by", "GitLab runner"),) if name == "user/deploy" else ()
    move = move_of(tmp_path, someone(name, tags=tags), TERRAFORM)
    assert (move.kind, move.state, move.goes_to.kind) == ("workload", "unsafe", "question")


def test_a_user_with_an_mfa_device_is_a_person_even_if_it_calls_by_an_sdk(tmp_path: Path) -> None:
    assert move_of(tmp_path / "with", someone("user/eva", more=tuple(DEVICE.items())), BOTO).kind == "person"
    assert move_of(tmp_path / "without", someone("user/eva"), BOTO).kind != "person"


def test_a_person_gets_a_new_permission_set_where_the_account_has_any(tmp_path: Path) -> None:
    other = Someone(f"role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Billing_{'1' * 16}", (allow(["ce:*"]),), SSO)
    alone = move_of(tmp_path / "alone", someone("user/ada"), CLI).goes_to
    assert (alone.kind, alone.name, alone.new) == ("role", "ada", True)
    beside = move_of(tmp_path / "beside", someone("user/" + "ada" * 12), CLI, other).goes_to
    assert (beside.kind, beside.name, beside.new) == ("permission-set", ("ada" * 12)[:32], True)
