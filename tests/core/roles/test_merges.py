"""Which merges are proposed: permission sets, roles of one name, and what keeps principals apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import RolesReport
from tests.support.role_worlds import ACCOUNT, Call, Someone, allow, arn_of, report_of, service

SSO = {"Federated": arn_of("saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE")}
TABLES = ("dynamodb:DescribeTable", "dynamodb:ListTables")


def permission_set(name: str, digit: str) -> Someone:
    path = "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_"
    return Someone(f"{path}{name}_{digit * 16}", (allow(TABLES),), SSO)


def app(name: str, *more: str, **kinds: object) -> Someone:
    return Someone(f"role/{name}", (allow([*TABLES, *more]),), **kinds)  # type: ignore[arg-type]


def calls_of(one: Someone, *more: str) -> list[Call]:
    calls = [Call(one.arn, TABLES[0], "orders"), Call(one.arn, TABLES[1])]
    return [*calls, *(Call(one.arn, action, "app") for action in more)]


SETS = [permission_set("Analyst-Orders", "1"), permission_set("Analyst-Billing", "2")]
PAIR = [app("shop-1"), app("shop-2")]
MANAGES = [app(f"admin-{number}", "iam:*", trust=service("states")) for number in (1, 2)]
ON_EC2 = app("shop-3", trust=service("ec2"))
BOUNDED = app("shop-4", boundary=arn_of("policy/boundary"))
FROM_ACCOUNT, FROM_PARTNER = app("shop-5", trust={"AWS": ACCOUNT}), app("shop-6", trust={"AWS": "999999999999"})
PEOPLE = [*SETS, *PAIR, *MANAGES, ON_EC2, BOUNDED, FROM_ACCOUNT, FROM_PARTNER]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> RolesReport:
    document = {"Version": "2012-10-17", "Statement": [allow(["*"])]}
    version = {"Document": document, "VersionId": "v1", "IsDefaultVersion": True}
    policies = [{"Arn": arn_of("policy/boundary"), "PolicyName": "boundary", "PolicyVersionList": [version]}]
    calls = [call for one in PEOPLE if one not in MANAGES for call in calls_of(one)]
    calls += [call for one, more in zip(MANAGES, ((), ("iam:TagRole",)), strict=True) for call in calls_of(one, *more)]
    folder: Path = tmp_path_factory.mktemp("merges")
    return report_of(folder, PEOPLE, calls, [RolesPart.MERGES], Policies=policies)


def test_only_principals_of_one_kind_of_trust_and_boundary_share_a_role(report: RolesReport) -> None:
    assert {merge.members for merge in report.merges} == {
        tuple(sorted(one.arn for one in SETS)),
        tuple(one.arn for one in PAIR),
    }


def test_permission_sets_share_a_set_with_the_common_name(report: RolesReport) -> None:
    (merge,) = [merge for merge in report.merges if merge.kind == "permission-set"]
    assert (merge.name, merge.account, merge.roles_saved) == ("Analyst", "", 1)


def test_nobody_gains_a_change_of_iam(report: RolesReport) -> None:
    together = [{*merge.members} for merge in report.merges]
    assert not any({one.arn for one in MANAGES} <= some for some in together)
    (curve,) = [curve for curve in report.curves if MANAGES[0].arn in curve.members]
    assert curve.points[-1].harmful > 0


def test_a_role_of_one_name_in_several_accounts_is_not_safe_without_known_environments(tmp_path: Path) -> None:
    other = Someone("role/shop-1", PAIR[0].statements, account="444455556666")
    reader = Someone("role/reader-2", (allow(["iam:ListRoles"]),), service("config"), account=other.account)
    calls = [*calls_of(PAIR[0]), *calls_of(other), Call(reader.arn, "iam:ListRoles")]
    found = report_of(tmp_path, [PAIR[0], other, reader], calls, [RolesPart.MERGES])
    (merge,) = found.merges
    assert (merge.members, merge.account, merge.name) == ((PAIR[0].arn, other.arn), "", "shop-1")
    assert "environment-unknown" in {one.kind for one in merge.against}


def test_who_reads_gains_no_action_that_changes_something(tmp_path: Path) -> None:
    reads = ("dynamodb:DescribeTable", "dynamodb:ListTables", "dynamodb:ListBackups", "dynamodb:DescribeBackup")
    readers = [Someone(f"role/read-{number}", (allow(reads),)) for number in (1, 2)]
    deletes = Someone("role/read-3", (allow([*reads, "dynamodb:UpdateTable"]),))
    calls = [Call(one.arn, action, "orders") for one in (*readers, deletes) for action in reads]
    found = report_of(
        tmp_path, [*readers, deletes], [*calls, Call(deletes.arn, "dynamodb:UpdateTable", "orders")], [RolesPart.MERGES]
    )
    assert [merge.members for merge in found.merges] == [tuple(one.arn for one in readers)]


def test_roles_of_several_tenants_stay_apart(tmp_path: Path) -> None:
    tenants = [Someone(f"role/shop-{who}", (allow(TABLES),), tags=(("Tenant", who),)) for who in ("a", "b")]
    found = report_of(tmp_path, tenants, [call for one in tenants for call in calls_of(one)], [RolesPart.MERGES])
    assert (found.merges, found.curves) == ((), ())


@pytest.mark.parametrize(
    ("resource", "kinds"),
    [(f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders-{{n}}", {"own-resources"}), ("*", set())],
    ids=["tables of its own", "all tables"],
)
def test_a_merge_that_opens_resources_of_one_member_to_another_is_not_safe(
    tmp_path: Path, resource: str, kinds: set[str]
) -> None:
    numbered = [
        Someone(f"role/orders-{n}", (allow([TABLES[0]], resource.format(n=n)), allow([TABLES[1]]))) for n in (1, 2)
    ]
    calls = [Call(one.arn, TABLES[0], one.arn.rpartition("/")[2]) for one in numbered]
    found = report_of(tmp_path, numbered, [*calls, *(Call(one.arn, TABLES[1]) for one in numbered)], [RolesPart.MERGES])
    (merge,) = found.merges
    objections = {one.kind.value: one.names for one in merge.against}
    assert objections.keys() & {"own-resources"} == kinds
    assert all(objections[kind] == tuple(one.arn for one in numbered) for kind in kinds)
