"""The sample organization is what its generator writes, well-formed, and consistent with its expectations."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import date
from functools import cache

import msgspec
import pytest

from lpgen.core.cloudtrail.records import Record
from lpgen.edge.catalog.files import bundled_catalog
from sample_logs.generate import sample_files
from tests.support.sample_organization import (
    ROOT,
    SECURITY,
    SHOP,
    Json,
    by_principal,
    details,
    expected,
    issuer,
    log_paths,
    records,
    role,
    statements_of,
)


@cache
def generated() -> dict[str, bytes]:
    return sample_files()


def content(path: str, data: bytes) -> bytes:
    return gzip.decompress(data) if path.endswith(".gz") else data


def test_generator_writes_what_is_committed() -> None:
    committed = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for folder in ("AWSLogs", "authorization-details")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    committed |= {name: (ROOT / name).read_bytes() for name in ("compute.json", "expected.json", "README.md")}
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


def test_files_that_hold_no_calls_lie_in_the_tree() -> None:
    folders = {path.relative_to(ROOT / "AWSLogs" / SHOP).parts[0] for path in (ROOT / "AWSLogs" / SHOP).rglob("*.gz")}
    assert folders == {"CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight", "Config"}
