"""Who uses a user, and what replaces a person: cases that the judge's scenarios don't hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import AgainstKind, UserMove, against
from lpgen.core.roles.needs import Pair
from lpgen.core.roles.users import shared_move
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


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("user/shop-jenkins", ()),
        ("user/shop-ci", ()),
        ("user/ShopPipeline", ()),
        ("user/deploy", (("used-by", "GitLab runner"),)),
        ("user/deploy", (("purpose", "CI"), ("owner", "ada"))),
    ],
)
def test_a_user_that_is_named_for_a_pipeline_is_a_workload(
    tmp_path: Path, name: str, tags: tuple[tuple[str, str], ...]
) -> None:
    move = move_of(tmp_path, someone(name, tags=tags), TERRAFORM)
    assert (move.kind, move.state, move.goes_to.kind) == ("workload", "unsafe", "question")


@pytest.mark.parametrize(
    ("name", "tags"), [("user/ada", (("team", "ci"), ("Owner", "Jenkins guild"))), ("user/cindy", ())]
)
def test_the_name_of_a_team_or_a_part_of_a_word_names_no_pipeline(
    tmp_path: Path, name: str, tags: tuple[tuple[str, str], ...]
) -> None:
    assert move_of(tmp_path, someone(name, tags=tags), CLI).kind == "person"


GITHUB = {"Federated": arn_of("oidc-provider/token.actions.githubusercontent.com")}
IN_GITHUB = f"{BOTO} github-actions"


def test_a_pipeline_goes_to_its_only_role_that_allows_what_it_needs(tmp_path: Path) -> None:
    needed, more = (allow(["ec2:DescribeInstances"]),), (allow(["ec2:*"]),)
    own = Someone("role/deploy-web", needed, GITHUB)
    move = move_of(tmp_path / "one", someone("user/deploy"), IN_GITHUB, own, hours=(0, 24))
    assert (move.kind, move.goes_to.name, move.goes_to.new, move.state) == ("workload", "deploy-web", False, "unsafe")
    assert [found.kind for found in move.against] == ["trust-unconfirmed"]
    both = {"Federated": [GITHUB["Federated"], arn_of("oidc-provider/gitlab.com")]}
    others = {
        "two": (own, Someone("role/deploy-app", needed, GITHUB)),
        "wide": (Someone("role/deploy-web", more, GITHUB),),
        "shared": (Someone("role/deploy-web", needed, both),),
        "less": (Someone("role/deploy-web", (allow(["s3:ListAllMyBuckets"]),), GITHUB),),
    }
    for case, roles in others.items():
        move = move_of(tmp_path / case, someone("user/deploy"), IN_GITHUB, *roles, hours=(0, 24))
        assert (case, move.goes_to.kind, move.goes_to.new) == (case, "role", True)


def test_people_who_go_to_what_exists_need_no_shared_role(tmp_path: Path) -> None:
    users = [someone("user/ada"), someone("user/bo")]
    calls = [Call(one.arn, "ec2:DescribeInstances", weekdays=True, agent=CLI, hours=(9, 17)) for one in users]
    assert [len(one.members) for one in report_of(tmp_path / "new", users, calls).merges] == [2]
    known = Someone(
        f"role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Viewer_{'1' * 16}", (allow(["ec2:Describe*"]),), SSO
    )
    report = report_of(tmp_path / "known", [*users, known], calls)
    assert {one.goes_to.name for one in report.users} == {"Viewer"}
    assert (report.merges, report.curves) == ((), ())


def test_a_user_with_an_mfa_device_is_a_person_even_if_it_calls_by_an_sdk(tmp_path: Path) -> None:
    assert move_of(tmp_path / "with", someone("user/eva", more=tuple(DEVICE.items())), BOTO).kind == "person"
    assert move_of(tmp_path / "without", someone("user/eva"), BOTO).kind != "person"


def test_a_person_gets_a_new_permission_set_where_the_account_has_any(tmp_path: Path) -> None:
    other = Someone(f"role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Billing_{'1' * 16}", (allow(["ce:*"]),), SSO)
    alone = move_of(tmp_path / "alone", someone("user/ada"), CLI).goes_to
    assert (alone.kind, alone.name, alone.new) == ("role", "ada", True)
    beside = move_of(tmp_path / "beside", someone("user/" + "ada" * 12), CLI, other).goes_to
    assert (beside.kind, beside.name, beside.new) == ("permission-set", ("ada" * 12)[:32], True)


def test_users_who_do_the_same_job_go_to_one_permission_set(tmp_path: Path) -> None:
    other = Someone(f"role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Analyst_{'1' * 16}", (allow(["ce:*"]),), SSO)
    users = [someone(f"user/analyst-{name}") for name in ("ada", "bo")]
    reads = [f"ec2:Describe{what}" for what in ("Instances", "Vpcs", "Images", "Subnets", "Hosts")]
    used = zip(users, (reads, reads[1:]), strict=True)
    calls = [Call(one.arn, action, weekdays=True, agent=CLI) for one, actions in used for action in actions]
    report = report_of(tmp_path, [*users, other], calls)
    (merge,) = report.merges
    assert merge.name == "analyst-shared"
    assert merge.state == "safe"
    for move, gained in zip(report.users, (0, 1), strict=True):
        target = move.goes_to
        assert (target.kind, target.name, target.new, target.over_grant) == ("permission-set", merge.name, True, gained)
        assert (move.state, move.policy, move.settings) == ("safe", None, None)
        assert merge.name in move.steps[0].text
        assert move.user.rpartition("/")[2] not in move.steps[0].text


def test_a_safe_move_stays_if_the_shared_role_is_not_safe(tmp_path: Path) -> None:
    users = [someone(f"user/analyst-{name}") for name in ("ada", "bo")]
    calls = [Call(one.arn, "ec2:DescribeInstances", weekdays=True, agent=CLI, hours=(9, 17)) for one in users]
    report = report_of(tmp_path, users, calls)
    (merge,), (move, _) = report.merges, report.users
    unsafe = replace(merge, state="unsafe", against=(against(AgainstKind.UNPROVEN),))
    own = replace(move, goes_to=replace(move.goes_to, name="own"))
    needs = {user.arn: frozenset[Pair]() for user in users}
    assert shared_move(own, unsafe, needs) == own
    shared = shared_move(replace(own, state="unsafe", against=(against(AgainstKind.SHARED_KEY),)), unsafe, needs)
    assert (shared.goes_to.name, shared.state) == (merge.name, "unsafe")
    assert [one.kind for one in shared.against] == ["shared-key", "unproven"]
