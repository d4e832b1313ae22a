"""The sample organization is what its generator writes, and holds all that its README and expectations speak of."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lpgen.core.records import Record
from lpgen.edge.catalog_files import bundled_catalog
from sample_logs.generate import sample_files

ROOT = Path(__file__).parents[1] / "sample_logs"
SHOP, SECURITY = "111122223333", "444455556666"
Json = dict[str, Any]


def role(path_and_name: str, account: str = SHOP) -> str:
    return f"arn:aws:iam::{account}:role/{path_and_name}"


@cache
def generated() -> dict[str, bytes]:
    return sample_files()


@cache
def expected() -> Json:
    found: Json = json.loads((ROOT / "expected.json").read_bytes())
    return found


@cache
def log_paths() -> tuple[Path, ...]:
    return tuple(sorted(p for p in ROOT.glob("AWSLogs/*/CloudTrail/**/*.json.gz")))


@cache
def records() -> tuple[Json, ...]:
    return tuple(r for path in log_paths() for r in json.loads(gzip.decompress(path.read_bytes()))["Records"])


@cache
def details(account: str) -> Json:
    found: Json = json.loads((ROOT / "authorization-details" / f"{account}.json").read_bytes())
    return found


def issuer(record: Json) -> str:
    identity = record["userIdentity"]
    if identity.get("type") == "IAMUser":
        return str(identity["arn"])
    return str(identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn", ""))


@cache
def by_principal() -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for record in records():
        found[issuer(record)].append(record)
    return found


def names_of(principal: str) -> Counter[str]:
    return Counter(record["eventName"] for record in by_principal()[principal])


def statements_of(principal: str) -> list[Json]:
    account = principal.split(":")[4]
    found = details(account)
    (holder,) = [h for h in found["RoleDetailList"] + found["UserDetailList"] if h["Arn"] == principal]
    inline = holder.get("RolePolicyList", []) + holder.get("UserPolicyList", [])
    documents = [policy["PolicyDocument"] for policy in inline]
    attached = {policy["PolicyArn"] for policy in holder["AttachedManagedPolicies"]}
    documents += [
        version["Document"]
        for policy in found["Policies"]
        if policy["Arn"] in attached
        for version in policy["PolicyVersionList"]
        if version["IsDefaultVersion"]
    ]
    return [statement for document in documents for statement in document["Statement"]]


# ---------------------------------------------------------------- the generator and its output


def content(path: str, data: bytes) -> bytes:
    return gzip.decompress(data) if path.endswith(".gz") else data


def test_generator_writes_what_is_committed() -> None:
    committed = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for folder in ("AWSLogs", "authorization-details")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    committed |= {name: (ROOT / name).read_bytes() for name in ("expected.json", "README.md")}
    assert sorted(committed) == sorted(generated())
    # What gzip makes of the same input may differ between versions of zlib; what is inside may not.
    different = [path for path, data in generated().items() if content(path, data) != content(path, committed[path])]
    assert different == []


def test_generator_gives_the_same_bytes_every_time() -> None:
    assert sample_files() == generated()


def test_gzip_headers_hold_neither_time_nor_name() -> None:
    for path in ROOT.rglob("*.gz"):
        header = path.read_bytes()[:10]
        assert (header[:3], header[3], header[4:8]) == (b"\x1f\x8b\x08", 0, b"\0\0\0\0"), path


# ---------------------------------------------------------------- size and shape


def test_sample_has_the_promised_size() -> None:
    days = sorted({record["eventTime"][:10] for record in records()})
    assert len(records()) >= 5_000
    assert (date.fromisoformat(days[-1]) - date.fromisoformat(days[0])).days + 1 == len(days) == 120
    assert {record["recipientAccountId"] for record in records()} == {SHOP, SECURITY}
    assert len(set(by_principal()) - {""}) >= 12
    assert sum(path.stat().st_size for path in ROOT.rglob("*") if path.is_file()) < 3_000_000


def test_every_record_parses_as_a_record() -> None:
    parsed = [msgspec.convert(record, Record) for record in records()]
    assert all(p.eventID and p.eventTime and p.awsRegion and p.recipientAccountId for p in parsed)


def test_every_record_lies_where_its_path_says() -> None:
    for path in log_paths():
        account, _, region, year, month, day = path.relative_to(ROOT / "AWSLogs").parts[:6]
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            where = (record["recipientAccountId"], record["awsRegion"], record["eventTime"][:10])
            assert where == (account, region, f"{year}-{month}-{day}"), path


def test_every_day_of_the_regions_in_use_has_records() -> None:
    days = {(r["recipientAccountId"], r["awsRegion"], r["eventTime"][:10]) for r in records()}
    per_region = Counter((account, region) for account, region, _ in days)
    assert per_region == {
        (SHOP, "us-east-1"): 120,
        (SHOP, "eu-west-1"): 120,
        (SECURITY, "us-east-1"): 120,
        (SHOP, "us-west-2"): 2,
    }


def test_records_carry_the_fields_that_aws_always_writes() -> None:
    always = {
        "eventVersion",
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "sourceIPAddress",
        "userAgent",
        "requestParameters",
        "responseElements",
        "eventID",
        "readOnly",
        "eventType",
        "managementEvent",
        "recipientAccountId",
        "eventCategory",
    }
    for record in records():
        assert always <= set(record), record
        assert record["managementEvent"] == (record["eventCategory"] == "Management")
        assert ("errorCode" in record) == ("errorMessage" in record)


def test_event_ids_repeat_only_for_the_redelivered_record() -> None:
    seen = Counter(record["eventID"] for record in records())
    assert [event for event, count in seen.items() if count > 1] == [expected()["counts"]["redelivered_event_id"]]
    files = [
        p
        for p in log_paths()
        if expected()["counts"]["redelivered_event_id"].encode() in gzip.decompress(p.read_bytes())
    ]
    assert len(files) == 2


# ---------------------------------------------------------------- the counts


def test_counts_add_up_to_the_records_read() -> None:
    counts = expected()["counts"]
    skipped = sum(counts["skipped_records"].values())
    assert counts["records_read"] == counts["usage_records"] + skipped == len(records()) + 2
    outcomes = counts["allowed_records"] + counts["denied_records"] + counts["undetermined_records"]
    assert counts["usage_records"] == outcomes


def test_counts_are_those_of_the_files() -> None:
    counts, skipped = expected()["counts"], expected()["counts"]["skipped_records"]
    kinds = Counter(record["userIdentity"].get("type") for record in records())
    names = Counter(record["eventName"] for record in records())
    refused = [r for r in records() if "authorized" in r.get("errorMessage", "")]
    throttled = [r for r in records() if r.get("errorCode") in ("Client.RequestLimitExceeded", "ThrottlingException")]
    assert len(refused) == counts["denied_records"]
    assert Counter(issuer(record) for record in refused) == counts["denied_by_principal"]
    assert len(throttled) == counts["undetermined_records"]
    assert kinds["AWSService"] == skipped["service_caller"]
    assert kinds["AWSAccount"] == skipped["cross_account_caller"]
    assert kinds["WebIdentityUser"] + kinds["SAMLUser"] == skipped["federated_caller|no_permission"]
    assert kinds["Root"] == skipped["root_caller|no_permission"]
    assert names["GetCallerIdentity"] + names["ConsoleLogin"] - kinds["Root"] == skipped["no_permission"]
    assert names["GetStorageLensDashboardDataInternal"] == skipped["unmapped"]
    assert sum(record["eventType"] == "AwsServiceEvent" for record in records()) == skipped["service_event"]


# ---------------------------------------------------------------- the expectations


def test_expectations_cover_every_principal_of_the_export() -> None:
    exported = {
        holder["Arn"]
        for account in (SHOP, SECURITY)
        for kind in ("RoleDetailList", "UserDetailList")
        for holder in details(account)[kind]
    }
    assert set(expected()["principals"]) == exported
    assert {arn for arn in by_principal() if arn} <= exported


@pytest.mark.parametrize("arn", sorted(expected()["principals"]))
def test_expectations_of_a_principal_do_not_contradict_each_other(arn: str) -> None:
    found = expected()["principals"][arn]
    kept = {action for action, _ in found["must_keep"]}
    assert kept.isdisjoint(found["must_drop"])
    assert all(verdict != "used" or action in found["used_actions"] for action, verdict in found["verdicts"].items())
    assert [pair for pair in found["must_not_allow"] if pair in found["must_keep"]] == []
    assert (found["safe"] is None) == (found["class"] not in ("active", "sso"))
    assert found["safe"] is not False or found["reasons"]
    assert found["class"] != "active" or set(found["used_actions"]) <= kept


# ---------------------------------------------------------------- what is planted


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


def test_exporter_is_seen_under_both_conditions() -> None:
    seen = {(r.get("vpcEndpointId", ""), r["sourceIPAddress"]) for r in by_principal()[role("app/order-exporter")]}
    assert seen == {("vpce-0c4e8a17b92d6f350", "10.20.7.140"), ("", "203.0.113.61")}


def test_files_that_hold_no_calls_lie_in_the_tree() -> None:
    folders = {path.relative_to(ROOT / "AWSLogs" / SHOP).parts[0] for path in (ROOT / "AWSLogs" / SHOP).rglob("*.gz")}
    assert folders == {"CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight", "Config"}


# ---------------------------------------------------------------- expectations against the policies, conditions aside


def patterns(statement: Json, key: str) -> list[str]:
    value = statement.get(key, [])
    return [value] if isinstance(value, str) else value


def glob(pattern: str, text: str) -> bool:
    """IAM's `*` and `?`; nothing else is special."""
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def grants_action(statement: Json, action: str) -> bool:
    if "NotAction" in statement:
        return not any(glob(p.lower(), action.lower()) for p in patterns(statement, "NotAction"))
    return any(glob(p.lower(), action.lower()) for p in patterns(statement, "Action"))


def grants_pair(statement: Json, action: str, resource: str) -> bool:
    if "NotResource" in statement:
        named = not any(glob(p, resource) for p in patterns(statement, "NotResource"))
    else:
        named = any(p == resource or glob(p, resource) for p in patterns(statement, "Resource"))
    return grants_action(statement, action) and named


def allows_of(principal: str) -> list[Json]:
    found = statements_of(principal)
    holder: Json = next((h for h in details(SHOP)["UserDetailList"] if h["Arn"] == principal), {"GroupList": []})
    for group in details(SHOP)["GroupDetailList"]:
        if group["GroupName"] in holder["GroupList"]:
            attached = {policy["PolicyArn"] for policy in group["AttachedManagedPolicies"]}
            found += [s for policy in group["GroupPolicyList"] for s in policy["PolicyDocument"]["Statement"]]
            found += [
                statement
                for policy in details(SHOP)["Policies"]
                if policy["Arn"] in attached
                for statement in policy["PolicyVersionList"][0]["Document"]["Statement"]
            ]
    return [statement for statement in found if statement["Effect"] == "Allow"]


@pytest.mark.parametrize("arn", sorted(expected()["principals"]))
def test_expected_keeps_are_granted_and_ungranted_verdicts_are_not(arn: str) -> None:
    found, allows = expected()["principals"][arn], allows_of(arn)
    for action, resource in found["must_keep"]:
        assert any(grants_pair(statement, action, resource) for statement in allows), (action, resource)
    for action, verdict in found["verdicts"].items():
        assert any(grants_action(statement, action) for statement in allows) == (verdict != "ungranted"), action


@pytest.mark.parametrize("arn", sorted(expected()["principals"]))
def test_expected_actions_are_in_the_catalog(arn: str) -> None:
    found = expected()["principals"][arn]
    named = {*found["used_actions"], *found["verdicts"], *found["must_drop"], *(pair[0] for pair in found["must_keep"])}
    unknown = {action for action in named if bundled_catalog().canonical(action) != action}
    assert unknown == ({"s3:GetObjectMetadata"} if arn == role("lambda/catalog-curator") else set())
