"""Every fact that the README of the sample logs speaks of is in the files."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date

import msgspec
import pytest

from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record
from lpgen.edge.catalog.files import bundled_catalog
from sample_logs.generate import tell_everything
from tests.support.sample_organization import (
    ROOT,
    SECURITY,
    SHOP,
    by_principal,
    details,
    expected,
    issuer,
    names_of,
    records,
    role,
    statements_of,
)


def test_deploy_role_is_an_administrator_that_uses_twenty_actions() -> None:
    arn = role("platform/platform-deployer")
    assert [(s["Action"], s["Resource"]) for s in statements_of(arn)] == [("*", "*")]
    assert len(expected()["principals"][arn]["used_actions"]) == 20
    passed = {
        r["requestParameters"]["taskRoleArn"] for r in by_principal()[arn] if r["eventName"] == "RegisterTaskDefinition"
    }
    assert passed == {role("app/storefront-api")}
    assert any(r["userIdentity"].get("invokedBy") == "cloudformation.amazonaws.com" for r in by_principal()[arn])


def test_storefront_shows_data_events_of_dynamodb_only() -> None:
    data = {r["eventSource"] for r in records() if r["eventCategory"] == "Data"}
    assert data == {"dynamodb.amazonaws.com"}
    arn = role("app/storefront-api")
    assert sorted(s["Action"] for s in statements_of(arn)) == ["dynamodb:*", "s3:*"]
    assert {"GetItem", "Query", "UpdateItem", "TransactWriteItems", "GetBucketLocation"} <= set(names_of(arn))


def test_fleet_node_can_swap_its_profile_and_never_does() -> None:
    arn = role("fleet-node")
    granted = {
        action
        for s in statements_of(arn)
        for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
    }
    swap = {"ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation", "iam:PassRole"}
    assert swap <= granted
    assert names_of(arn).keys().isdisjoint(action.split(":")[1] for action in swap)
    (holder,) = [h for h in details(SHOP)["RoleDetailList"] if h["Arn"] == arn]
    assert [profile["InstanceProfileName"] for profile in holder["InstanceProfileList"]] == ["fleet-node-profile"]


def test_nobody_takes_the_way_to_administrative_rights() -> None:
    for name, wildcard, used, steps in (
        ("app/orders-worker", "lambda:*", "GetSecretValue", {"UpdateFunctionCode20150331v2"}),
        ("lambda/checkout-tax", "ssm:*", "GetParameters", {"SendCommand", "CreateAssociation", "StartSession"}),
        ("fleet-node", "states:*", "DescribeTags", {"CreateStateMachine", "UpdateStateMachine", "StartExecution"}),
    ):
        assert wildcard in [statement["Action"] for statement in statements_of(role(name))]
        assert used in names_of(role(name))
        assert names_of(role(name)).keys().isdisjoint(steps)


def test_roles_trust_the_services_of_what_runs_with_them() -> None:
    hosts = {"ecs": "ecs-tasks"}
    trusts = {
        holder["Arn"]: json.dumps(holder["AssumeRolePolicyDocument"])
        for account in (SHOP, SECURITY)
        for holder in details(account)["RoleDetailList"]
    }
    for found in json.loads((ROOT / "compute.json").read_bytes()):
        service, account = found["arn"].split(":")[2], found["arn"].split(":")[4]
        assert f'"{hosts.get(service, service)}.amazonaws.com"' in trusts[found["role"]]
        assert found["role"].split(":")[4] == account


def test_publisher_uses_versioned_names_and_passes_a_role() -> None:
    arn = role("ci/functions-publisher")
    versioned = {
        "UpdateFunctionCode20150331v2",
        "CreateFunction20150331",
        "GetFunction20150331v2",
        "PublishVersion20150331",
    }
    assert versioned <= set(names_of(arn))
    made = [r for r in by_principal()[arn] if r["eventName"] == "CreateFunction20150331"]
    assert {r["requestParameters"]["role"] for r in made} == {role("lambda/checkout-tax")}


def test_launcher_passes_a_role_through_an_instance_profile() -> None:
    runs = [r for r in by_principal()[role("batch-launcher")] if r["eventName"] == "RunInstances"]
    assert {r["requestParameters"]["iamInstanceProfile"]["name"] for r in runs} == {"fleet-node-profile"}
    assert Counter(r.get("errorCode") for r in runs)["Client.DryRunOperation"] == 1


def test_worker_decrypts_through_secrets_manager() -> None:
    decrypts = [r for r in by_principal()[role("app/orders-worker")] if r["eventName"] == "Decrypt"]
    assert {r["userIdentity"]["invokedBy"] for r in decrypts} == {"secretsmanager.amazonaws.com"}
    assert len(decrypts) == 120


def test_attacker_is_always_denied_and_seen_in_an_unused_region() -> None:
    probes = [
        r for r in records() if r["sourceIPAddress"] == "198.51.100.222" and r["eventName"] != "GetCallerIdentity"
    ]
    assert len(probes) == expected()["counts"]["denied_by_principal"][role("reporting-export")]
    assert {r["awsRegion"] for r in probes} == {"us-east-1", "us-west-2"}
    assert {issuer(r) for r in probes} == {role("reporting-export")}
    assert all("authorized" in r["errorMessage"] for r in probes)


def test_scanner_never_gets_two_actions_through() -> None:
    arn = role("security/posture-scanner")
    errors = defaultdict(set)
    for record in by_principal()[arn]:
        errors[record["eventName"]].add(record.get("errorCode"))
    assert errors["DescribeSnapshots"] == {"Client.RequestLimitExceeded"}
    assert errors["ListGrants"] == {"ThrottlingException"}
    assert errors["GetBucketPolicy"] == {"NoSuchBucketPolicy"}
    assert errors["DescribeSecurityGroups"] == {None, "Client.RequestLimitExceeded"}


def test_auditor_is_assumed_across_accounts_under_one_shared_id() -> None:
    shared = defaultdict(set)
    for record in records():
        if record["eventName"] == "AssumeRole" and record["userIdentity"]["type"] in ("AssumedRole", "AWSAccount"):
            shared[record["sharedEventID"]].add((record["recipientAccountId"], record["userIdentity"]["type"]))
    assert len(shared) == 86
    assert all(seen == {(SHOP, "AssumedRole"), (SECURITY, "AWSAccount")} for seen in shared.values())
    assert names_of(role("audit-reader", SECURITY))


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (role("aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356"), "sso"),
        (role("aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"), "service_linked"),
    ],
)
def test_roles_that_nobody_edits_have_calls(arn: str, kind: str) -> None:
    assert by_principal()[arn]
    assert expected()["principals"][arn]["class"] == kind


def test_break_glass_and_coverage_hole_have_no_records() -> None:
    found = {h["Arn"]: h for h in details(SHOP)["RoleDetailList"]}
    emergency, hole = found[role("break-glass-admin")], found[role("app/fulfilment-sync")]
    assert (emergency["RoleLastUsed"], emergency["CreateDate"][:4]) == ({}, "2024")
    assert hole["RoleLastUsed"]["LastUsedDate"].startswith("2026-09-12")
    assert emergency["Arn"] not in by_principal()
    assert hole["Arn"] not in by_principal()


@pytest.mark.parametrize(
    ("arn", "planted"),
    [
        (role("data/data-engineer"), '"NotAction"'),
        (role("lambda/alert-router"), '"NotResource"'),
        (role("partner-share"), "${aws:PrincipalTag/partner}"),
        (role("release-manager"), '"aws:MultiFactorAuthPresent"'),
        (role("release-manager"), "codepipeline:OverrideStageLock"),
        (role("lambda/catalog-curator"), "s3:GetObjectMetadata"),
        (role("app/orders-worker"), "kms:ViaService"),
    ],
)
def test_policies_hold_what_is_planted(arn: str, planted: str) -> None:
    assert planted in json.dumps(statements_of(arn))


def test_boundary_document_is_exported_and_refuses_calls() -> None:
    (holder,) = [h for h in details(SHOP)["RoleDetailList"] if h["Arn"] == role("data/analytics-etl")]
    boundary = holder["PermissionsBoundary"]["PermissionsBoundaryArn"]
    assert boundary in {policy["Arn"] for policy in details(SHOP)["Policies"]}
    refused = [r for r in by_principal()[holder["Arn"]] if "permissions boundary" in r.get("errorMessage", "")]
    assert {r["eventName"] for r in refused} == {"StartQueryExecution"}


def test_recreated_role_shows_two_ids_and_exports_the_newer() -> None:
    arn = role("nightly-backup")
    days = defaultdict(list)
    for record in by_principal()[arn]:
        days[record["userIdentity"]["sessionContext"]["sessionIssuer"]["principalId"]].append(record["eventTime"])
    older, newer = sorted(days, key=lambda found: days[found][0])
    (holder,) = [h for h in details(SHOP)["RoleDetailList"] if h["Arn"] == arn]
    assert holder["RoleId"] == newer
    assert max(days[older]) < holder["CreateDate"][:10] <= min(days[newer])[:10]
    assert {"DeleteRole", "CreateRole"} <= {
        r["eventName"] for r in records() if r["eventSource"] == "iam.amazonaws.com"
    }


def test_unmapped_event_succeeds() -> None:
    inner = [r for r in records() if r["eventName"] == "GetStorageLensDashboardDataInternal"]
    assert {issuer(r) for r in inner} == {role("data/storage-analyst")}
    assert not any("errorCode" in r for r in inner)


def test_group_has_two_members_with_calls() -> None:
    members = expected()["groups"][f"arn:aws:iam::{SHOP}:group/developers"]["members"]
    assert [m.rsplit("/", 1)[1] for m in members] == ["priya.nair", "tomas.lindqvist"]
    assert all(by_principal()[member] for member in members)
    assert "${aws:username}" in json.dumps(details(SHOP)["Policies"])


def test_ungranted_use_is_explained_once_and_unexplained_once() -> None:
    made = [r["eventTime"] for r in by_principal()[role("app/invoice-renderer")] if r["eventName"] == "CreateQueue"]
    changes = {
        r["eventName"]: r["eventTime"]
        for r in records()
        if (r["requestParameters"] or {}).get("policyName") == "backfill-2026-07"
    }
    assert changes["PutRolePolicy"] < min(made) <= max(made) < changes["DeleteRolePolicy"]
    assert names_of(role("inventory-collector"))["DescribeVolumes"] > 5
    assert "DescribeVolumes" not in json.dumps(statements_of(role("inventory-collector")))


def test_legacy_policy_is_attached_and_missing_from_the_export() -> None:
    (holder,) = [h for h in details(SECURITY)["RoleDetailList"] if h["RoleName"] == "legacy-etl"]
    attached = {policy["PolicyArn"] for policy in holder["AttachedManagedPolicies"]}
    assert attached.isdisjoint(policy["Arn"] for policy in details(SECURITY)["Policies"])


def test_young_role_is_younger_than_ninety_days_and_the_others_are_not() -> None:
    ages = {
        holder["Arn"]: (date(2026, 9, 30) - date.fromisoformat(holder["CreateDate"][:10])).days
        for account in (SHOP, SECURITY)
        for holder in details(account)["RoleDetailList"]
    }
    assert [arn for arn, age in ages.items() if age < 90] == [role("app/search-indexer")]
    assert ages[role("app/search-indexer")] == 20


def test_pipeline_uses_the_key_of_a_user() -> None:
    calls = by_principal()[f"arn:aws:iam::{SHOP}:user/site-publisher"]
    assert {"GitHubActions" in record["userAgent"] for record in calls} == {True}
    assert {record["userIdentity"]["accessKeyId"][:4] for record in calls} == {"AKIA"}


def test_copies_of_a_role_have_one_policy_and_one_of_them_is_for_development() -> None:
    copies = [role(f"app/thumbnailer-{name}") for name in ("1", "2", "3", "dev")]
    assert all(statements_of(copy) == statements_of(copies[0]) for copy in copies)
    *alike, third = (frozenset(names_of(copies[at])) for at in (0, 1, 3, 2))
    assert {*alike, third - {"GetQueueAttributes"}} == {alike[0]}
    assert "GetQueueAttributes" in third


def test_jobs_share_a_role_in_sessions_of_their_own_names_and_repositories() -> None:
    arn = role("ci/scheduled-jobs")
    starts = {
        (r["requestParameters"]["roleSessionName"], r["userIdentity"]["userName"].split(":")[1])
        for r in records()
        if r["eventName"] == "AssumeRoleWithWebIdentity" and r["requestParameters"]["roleArn"] == arn
    }
    assert "invoices-2026-06-08" in {session for session, _ in starts}
    assert {repository for _, repository in starts} == {"larkspur-outdoor/invoices", "larkspur-outdoor/reports"}
    assert all(session.startswith(repository.split("/")[1]) for session, repository in starts)
    calls = defaultdict(set)
    for record in by_principal()[arn]:
        session = record["userIdentity"]["arn"].rpartition("/")[2]
        assert session in {name for name, _ in starts}
        calls[session.partition("-")[0]].add(record["eventName"])
    assert calls["invoices"].isdisjoint(calls["reports"])


def test_migration_left_a_policy_and_a_role_whose_user_is_gone() -> None:
    users = {user["UserId"] for user in details(SHOP)["UserDetailList"]}
    (holder,) = [h for h in details(SHOP)["RoleDetailList"] if h["RoleName"] == "cms-migration"]
    (statement,) = holder["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"]["AWS"].startswith("AIDA")
    assert statement["Principal"]["AWS"] not in users
    (policy,) = [p for p in details(SHOP)["Policies"] if p["PolicyName"] == "cms-import"]
    assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == (0, 0)


def test_exporter_is_seen_under_both_conditions() -> None:
    seen = {(r.get("vpcEndpointId", ""), r["sourceIPAddress"]) for r in by_principal()[role("app/order-exporter")]}
    assert seen == {("vpce-0c4e8a17b92d6f350", "10.20.7.140"), ("", "203.0.113.61")}


def test_event_map_finds_the_planted_actions() -> None:
    event_map = EventMap(bundled_catalog())
    for planted in tell_everything():
        mapping = event_map.map_record(msgspec.convert(planted.record, Record))
        assert {mapped.action for mapped in mapping.actions} == {action for action, _ in planted.needs}, planted.record
