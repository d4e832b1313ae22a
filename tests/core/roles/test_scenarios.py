"""From logs to proposals: users, shared roles and leftovers of small organizations."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpgen.core.roles.model import RolesReport
from tests.support.role_worlds import BOTO, CLI, Call, Someone, allow, arn_of, report_of, service, sign_in

WORK = ("dynamodb:DescribeTable", "s3:GetBucketLocation", "sqs:GetQueueAttributes", "ecr:DescribeRepositories")


def worker(name: str, **more: object) -> Someone:
    statements = (allow(["dynamodb:*", "s3:*", "sqs:*", "ecr:*"]),)
    return Someone(name, statements, service(), **more)  # type: ignore[arg-type]


def work_of(one: Someone, *names: str) -> list[Call]:
    return [Call(one.arn, action, name, hours=(0, 24)) for action, name in zip(WORK, names, strict=False)]


ALICE, BOT, IDLE = Someone("user/alice", (allow(["dynamodb:Describe*"]),)), worker("user/bot"), worker("user/idle")
PIPELINE = worker("user/deploy")
GITHUB = arn_of("oidc-provider/token.actions.githubusercontent.com")
ORDERS = [worker(f"role/orders-{number}") for number in (1, 2, 3)]
BILLING, STAGING, PRODUCTION = worker("role/billing"), worker("role/staging/orders-4"), worker("role/prod/orders-5")
GLASS = worker("role/break-glass-orders")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> RolesReport:
    people = [ALICE, BOT, IDLE, PIPELINE, *ORDERS, BILLING, STAGING, PRODUCTION, GLASS]
    people.append(Someone("role/developer", (allow(["dynamodb:DescribeTable"]),), {"AWS": arn_of("root")}))
    people.append(Someone("role/ci", (allow(["ecr:*"]),), {"Federated": GITHUB}))
    calls = [
        sign_in(ALICE.arn, every=2),
        Call(ALICE.arn, "dynamodb:DescribeTable", "orders", weekdays=True, agent=CLI, key="AKIAALICE"),
        *(
            Call(BOT.arn, WORK[0], name, hours=(0, 24), key="AKIABOT", agent=agent, source=source)
            for name, agent, source in (("jobs", BOTO, "203.0.113.5"), ("more", "aws-sdk-go/1.44", "198.51.100.7"))
        ),
        Call(PIPELINE.arn, WORK[3], "app", agent=f"{BOTO} github-actions", key="AKIACI", hours=(0, 24)),
        *(call for one in ORDERS for call in work_of(one, "orders", f"data-{one.arn.rpartition('/')[2]}", "q", "app")),
        *work_of(BILLING, "invoices", "invoices", "invoices", "billing"),
        *(call for one in (STAGING, PRODUCTION, GLASS) for call in work_of(one, "orders", "data", "q", "app")),
    ]
    return report_of(tmp_path_factory.mktemp("world"), people, calls)


def test_a_person_goes_to_a_role_for_people_that_allows_what_it_needs(report: RolesReport) -> None:
    found = {move.user: move for move in report.users}[ALICE.arn]
    assert (found.kind, found.goes_to.kind, found.goes_to.name) == ("person", "role", "developer")
    assert (found.goes_to.new, found.goes_to.harmful, found.policy) == (False, 0, None)
    assert {"console-sign-in", "mfa", "key", "hours", "user-agent", "networks"} <= {one.kind for one in found.evidence}
    assert "inline-policy" in {one.kind for one in found.findings}


def test_a_program_without_named_compute_is_a_question(report: RolesReport) -> None:
    found = {move.user: move for move in report.users}[BOT.arn]
    assert (found.kind, found.goes_to.kind, found.state) == ("workload", "question", "unsafe")
    assert {"compute-unknown", "shared-key"} <= {one.kind for one in found.against}
    assert found.policy is None


def test_a_pipeline_in_the_user_agent_goes_to_a_new_role_if_its_provider_exists(report: RolesReport) -> None:
    found = {move.user: move for move in report.users}[PIPELINE.arn]
    assert (found.kind, found.goes_to.kind, found.goes_to.new) == ("workload", "role", True)
    assert found.policy
    assert "compute-unknown" not in {one.kind for one in found.against}


def test_an_unused_user_is_deactivated_before_it_is_deleted(report: RolesReport) -> None:
    found = {move.user: move for move in report.users}[IDLE.arn]
    assert (found.kind, found.state, found.against) == ("unused", "safe", ())
    assert [step.text.partition(" ")[0] for step in found.steps] == ["Deactivate", "Wait", "Delete"]


def test_steps_deactivate_keys_before_anything_is_deleted(report: RolesReport) -> None:
    for move in report.users:
        words = [step.text.partition(" ")[0] for step in move.steps]
        assert words[-1] == "Delete"
        assert all(step.check for step in move.steps)
        if "Deactivate" in words:
            assert max(at for at, word in enumerate(words) if word == "Deactivate") < words.index("Wait")


def test_roles_with_the_same_job_share_a_role(report: RolesReport) -> None:
    (merge,) = [merge for merge in report.merges if merge.kind == "role"]
    assert merge.members == tuple(one.arn for one in ORDERS)
    assert (merge.name, merge.roles_saved, merge.harmful) == ("orders", 2, 0)
    assert merge.over_grant > 0
    assert {one.kind for one in merge.against} <= {"unsafe-replacement"}
    assert merge.trust is not None
    assert len(merge.trust["Statement"]) == 1


def test_the_shared_policy_names_the_resources_of_all_members(report: RolesReport) -> None:
    (merge,) = [merge for merge in report.merges if merge.kind == "role"]
    text = str(merge.policy)
    assert all(f"data-orders-{number}" in text or "data-orders" in text for number in (1, 2, 3))
    assert "invoices" not in text


def test_curves_start_without_over_grant_and_rise_as_roles_fall(report: RolesReport) -> None:
    assert report.curves
    for curve in report.curves:
        assert curve.points[0].over_grant == 0
        assert [point.roles for point in curve.points] == list(range(len(curve.members), 0, -1))
        costs = [point.over_grant for point in curve.points]
        assert costs == sorted(costs)


def test_members_of_other_environments_and_break_glass_roles_are_never_together(report: RolesReport) -> None:
    together = [{*merge.members} for merge in report.merges] + [{*curve.members} for curve in report.curves]
    apart = {STAGING.arn, PRODUCTION.arn, GLASS.arn, ORDERS[0].arn}
    assert all(len(apart & some) <= 1 for some in together)


def test_leftovers_are_what_nobody_can_use(tmp_path: Path) -> None:
    version = {"Document": {"Version": "2012-10-17", "Statement": []}, "VersionId": "v1", "IsDefaultVersion": True}
    unused, bounding = arn_of("policy/unused"), arn_of("policy/bounding")
    policies = [
        {"Arn": arn, "PolicyName": arn.rpartition("/")[2], "PolicyVersionList": [version]} for arn in (unused, bounding)
    ]
    groups = [{"Arn": arn_of(f"group/{name}"), "GroupName": name, "Path": "/"} for name in ("empty", "full")]
    groups[0]["GroupPolicyList"] = [{"PolicyName": "p", "PolicyDocument": version["Document"]}]  # type: ignore[assignment]
    people = [
        Someone("user/bob", groups=("full",), boundary=bounding),
        Someone("role/deleted", trust={"AWS": "AROAEXAMPLEEXAMPLE123"}),
        Someone("role/absent", trust={"AWS": arn_of("role/gone")}),
        Someone("role/half", trust={"AWS": [arn_of("role/gone"), arn_of("user/bob")]}),
        Someone("role/partner", trust={"AWS": arn_of("role/theirs", "999999999999")}),
        Someone("role/pod", trust={"Federated": GITHUB}),
    ]
    profiles = [{"Arn": arn_of(f"instance-profile/{name}"), "Roles": []} for name in ("bare",)]
    found = report_of(
        tmp_path,
        people,
        [],
        GroupDetailList=groups,
        Policies=policies,
        InstanceProfiles=profiles,
    ).leftovers
    assert [(one.kind, one.arn) for one in found] == [
        ("unattached-policy", unused),
        ("empty-group", arn_of("group/empty")),
        ("group-without-policies", arn_of("group/full")),
        ("empty-instance-profile", arn_of("instance-profile/bare")),
        ("unassumable-role", arn_of("role/absent")),
        ("unassumable-role", arn_of("role/deleted")),
    ]
