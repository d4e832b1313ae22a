"""What a snapshot of an organization holds: all that the API says, as its readers find it, and no secret."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Snapshot
from lpgen.core.snapshots import BucketLogging
from lpgen.core.trust.evidence import ExistingProviders
from lpgen.edge.readers.guard_files import read_guards
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.readers.identity_providers import read_identity_providers
from lpgen.edge.readers.last_accessed import read_last_accessed
from lpgen.edge.readers.organization_files import read_access_reports, read_organization
from lpgen.edge.readers.snapshot_files import read_resource_tags, read_snapshot_list, read_trust_quotas
from lpgen.edge.readers.trail_settings import read_trails
from lpgen.edge.readers.vpc_endpoints import read_vpc_endpoints
from lpgen.edge.snapshot.account import SnapshotScope
from tests.support.aws_organization import (
    BUCKET_POLICY,
    MANAGEMENT,
    QUEUE_POLICY,
    QUEUE_TAGS,
    RCP,
    ROLE,
    SCP,
    UNIT_SCP,
    Organization,
    answer_missing,
    document,
    statement,
)
from tests.support.aws_proxy import Answer, AwsProxy, Call, Reply
from tests.support.aws_servers import ACCESS_KEY, SECRET_KEY
from tests.support.snapshot_runs import EVERYTHING, LITTLE, lpgen, opened, refuse, take

pytestmark = pytest.mark.usefixtures("proxy")

FULL = document(statement("*"))
FULL_RCP = document(statement("*", Principal="*"))


def as_the_api_says(organization: Organization, folder: Path) -> Snapshot:
    """The principals as read from what the API answers, put into files without any of lpgen's code."""
    for account in organization.accounts:
        answer = organization.client("iam", account).get_account_authorization_details()
        (folder / f"{account}.json").write_text(json.dumps(answer, default=str), encoding="utf-8")
    return replace(read_snapshot([folder]), sources=())


def test_the_readers_find_in_a_snapshot_what_the_api_says(
    organization: Organization, proxy: AwsProxy, tmp_path: Path
) -> None:
    stamp = take(tmp_path / "data", EVERYTHING)
    assert stamp.gaps == ()
    assert [(account.account, account.roles, account.users) for account in stamp.accounts] == sorted(
        (account, 3 if account == MANAGEMENT else 4, 1) for account in organization.accounts
    )
    snapshot = opened(tmp_path / "data")
    assert snapshot.stamp == stamp
    (tmp_path / "api").mkdir()
    found = replace(read_snapshot(snapshot.policies), sources=())
    assert found == as_the_api_says(organization, tmp_path / "api")
    assert found.problems == ()
    tagged = next(
        principal for principal in found.principals if principal.arn == f"arn:aws:iam::{MANAGEMENT}:role/team/app-2"
    )
    assert tagged.tags == (("team", "ünï 2"),)
    assert tagged.instance_profiles == (f"arn:aws:iam::{MANAGEMENT}:instance-profile/app-2",)
    assert proxy.operations(MANAGEMENT).count("GetAccountAuthorizationDetails") == 1


def test_scps_and_rcps_stand_by_level_and_leave_the_management_account_alone(
    organization: Organization, tmp_path: Path
) -> None:
    take(tmp_path)
    snapshot = opened(tmp_path)
    for path, full, at_root, at_unit in (
        (snapshot.scps, FULL, [FULL, SCP], [UNIT_SCP]),
        (snapshot.rcps, FULL_RCP, [FULL_RCP], [FULL_RCP, RCP]),
    ):
        assert path is not None
        levels = json.loads(path.read_text(encoding="utf-8"))
        assert sorted(levels) == list(organization.accounts)
        assert levels[MANAGEMENT] == []
        found = [by_text(level) for level in levels[organization.in_unit]]
        assert found == [by_text(at_root), by_text(at_unit), [full]]
        assert [by_text(level) for level in levels[organization.below_root]] == [by_text(at_root), [full]]
    assert snapshot.organization is not None
    tree = json.loads(snapshot.organization.read_text(encoding="utf-8"))
    targets = {one["name"]: (one["type"], one["targets"]) for one in tree["policies"]}
    for kind, target in (
        ("SERVICE_CONTROL_POLICY", organization.root),
        ("SERVICE_CONTROL_POLICY", organization.unit),
        ("RESOURCE_CONTROL_POLICY", organization.unit),
    ):
        assert targets[f"{kind}-{target}"] == (kind, [target])
    guards = read_guards(None, snapshot.scps, None)
    assert {scp.account: len(scp.levels) for scp in guards.scps} == {
        MANAGEMENT: 0,
        organization.in_unit: 3,
        organization.below_root: 2,
    }


def test_explain_takes_the_rcps_and_the_tree_of_a_snapshot(organization: Organization, tmp_path: Path) -> None:
    take(tmp_path)
    rest = ("s3:DeleteBucket", "arn:aws:s3:::photos", "--data", str(tmp_path), "--format", "json")
    asked = ("explain", f"arn:aws:iam::{organization.in_unit}:role/team/app-0", *rest)
    found = json.loads(lpgen(*asked).stdout)
    assert (found["result"], found["use"]) == ("ExplicitlyDenied", None)
    assert re.fullmatch(r"Explicitly denied by RCP [12] of level 2, statement 1\.", found["sentence"])
    path = found["context"]["aws:PrincipalOrgPaths"][0]
    assert path.endswith(f"/{organization.root}/{organization.unit}/")
    assert found["context"]["aws:PrincipalOrgID"] == [path.partition("/")[0]]
    manager = json.loads(lpgen("explain", f"arn:aws:iam::{MANAGEMENT}:role/team/app-0", *rest).stdout)
    assert not [one for one in manager["walls"] if one["layer"] == "rcp"]
    # What is named outweighs the snapshot.
    none = tmp_path / "none.json"
    none.write_text("[]", encoding="utf-8")
    assert json.loads(lpgen(*asked, "--rcps", str(none)).stdout)["result"] != "ExplicitlyDenied"


def by_text(policies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(policies, key=json.dumps)


def test_no_levels_stand_where_a_kind_of_policy_is_switched_off(organization: Organization, tmp_path: Path) -> None:
    kind = {"RootId": organization.root, "PolicyType": "RESOURCE_CONTROL_POLICY"}
    organization.client("organizations").disable_policy_type(**kind)
    try:
        take(tmp_path)
    finally:
        organization.client("organizations").enable_policy_type(**kind)
    snapshot = opened(tmp_path)
    assert snapshot.scps is not None
    assert snapshot.rcps is not None
    assert json.loads(snapshot.rcps.read_text(encoding="utf-8")) == {account: [] for account in organization.accounts}
    assert json.loads(snapshot.scps.read_text(encoding="utf-8"))[organization.in_unit] != []


def test_trails_of_all_regions_stand_with_selectors_and_status(tmp_path: Path) -> None:
    take(tmp_path)
    trails = {trail.name: trail for trail in read_trails(opened(tmp_path).trails)}
    assert {name: (trail.home_region, trail.multi_region, trail.logging) for name, trail in trails.items()} == {
        "organization": ("us-east-1", True, True),
        "stopped": ("eu-west-1", True, False),
    }
    assert [selector.category for selector in trails["organization"].selectors] == ["Data", "Management"]


def test_last_accessed_reports_stand_whole_for_every_role_and_user(proxy: AwsProxy, tmp_path: Path) -> None:
    take(tmp_path, SnapshotScope())
    folder = opened(tmp_path).last_accessed
    assert folder is not None
    reports, problems = read_last_accessed(folder)
    assert problems == ()
    assert {report.arn for report in reports} == {
        f"arn:aws:iam::{MANAGEMENT}:{name}"
        for name in ("role/team/app-0", "role/team/app-1", "role/team/app-2", "user/ann")
    }
    for report in reports:
        assert report.entity == report.arn
        assert [(service.service, service.last, service.actions) for service in report.services] == [
            ("s3", date(2026, 8, 1), (("getobject", date(2026, 8, 1)),)),
            ("sqs", None, ()),
        ]
    assert proxy.operations().count("GenerateServiceLastAccessedDetails") == len(reports)


def test_resource_policies_stand_with_their_owner_and_only_where_there_is_one(tmp_path: Path) -> None:
    take(tmp_path, replace(EVERYTHING, role="", last_accessed=False))
    guards = read_guards(None, None, opened(tmp_path).resource_policies)
    found = {policy.resource.split(":")[2]: policy for policy in guards.resource_policies}
    assert sorted(found) == ["dynamodb", "ecr", "kms", "s3", "secretsmanager", "sns", "sqs"]
    assert len(guards.resource_policies) == 7
    assert {policy.account for policy in found.values()} == {MANAGEMENT}
    assert found["s3"].resource == "arn:aws:s3:::lpgen-logs"
    assert found["sqs"].resource == f"arn:aws:sqs:eu-west-1:{MANAGEMENT}:lpgen-queue"
    for service, policy in (("s3", BUCKET_POLICY), ("sqs", QUEUE_POLICY)):
        assert found[service].policy == policy_from_json(policy, place="")


def test_buckets_that_have_or_had_versioning_are_listed(tmp_path: Path) -> None:
    take(tmp_path)
    assert "arn:aws:s3:::lpgen-logs" in (found := read_snapshot_list(opened(tmp_path).versioned_buckets, str))
    assert "arn:aws:s3:::lpgen-plain" not in found
    assert opened(tmp_path).stamp.gaps == ()


LOGGING = """<BucketLoggingStatus><LoggingEnabled><TargetBucket>lpgen-logs</TargetBucket>
<TargetPrefix>access/plain-</TargetPrefix>{format}</LoggingEnabled></BucketLoggingStatus>"""
BY_DAY = "<TargetObjectKeyFormat><PartitionedPrefix/></TargetObjectKeyFormat>"


@pytest.mark.parametrize(("key_format", "is_partitioned"), [("", False), (BY_DAY, True)])
def test_buckets_with_server_access_logs_are_listed_with_their_place(
    proxy: AwsProxy, tmp_path: Path, key_format: str, is_partitioned: bool
) -> None:
    def answer(call: Call) -> Reply:
        if call.operation == "GetBucketLogging" and "lpgen-plain" in call.parameters["path"]:
            return Answer(200, LOGGING.format(format=key_format))
        return answer_missing(call)

    proxy.reply = answer
    assert take(tmp_path, replace(LITTLE, role="")).gaps == ()
    found = read_snapshot_list(opened(tmp_path).bucket_logging, BucketLogging)
    assert found == (BucketLogging("lpgen-plain", "lpgen-logs", "access/plain-", is_partitioned),)
    said = lpgen(
        "snapshot", "--data", str(tmp_path / "other"), "--no-last-accessed", "--no-compute", "--region", "us-east-1"
    ).stderr
    assert "server access logs of 1 bucket are in s3://lpgen-logs/access/: `lpgen ingest` reads them" in said


def test_quotas_of_every_account_are_those_that_iam_says(organization: Organization, tmp_path: Path) -> None:
    assert take(tmp_path).gaps == ()
    assert read_trust_quotas(opened(tmp_path).account_summaries) == dict.fromkeys(organization.accounts, 2_048)


def test_identity_providers_are_known_for_the_accounts_whose_lists_could_be_read(
    organization: Organization, proxy: AwsProxy, tmp_path: Path
) -> None:
    iam = organization.client("iam")
    arn = iam.create_open_id_connect_provider(Url="https://ci.example.com")["OpenIDConnectProviderArn"]
    try:
        take(tmp_path / "all")
        proxy.reply = refuse("ListOpenIDConnectProviders", account=organization.in_unit)
        take(tmp_path / "some")
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    found = read_identity_providers(opened(tmp_path / "all").identity_providers)
    assert found == ExistingProviders(frozenset({arn}), frozenset(organization.accounts))
    some = read_identity_providers(opened(tmp_path / "some").identity_providers)
    assert some is not None
    other = arn.replace("ci.example.com", "gone.example.com")
    assert [some.lack(one) for one in (arn, other)] == [False, True]
    assert not some.lack(other.replace(MANAGEMENT, organization.in_unit))


def test_resource_tags_stand_by_region_and_tell_an_explanation_what_a_condition_turns_on(tmp_path: Path) -> None:
    queue = f"arn:aws:sqs:eu-west-1:{MANAGEMENT}:lpgen-queue"
    take(tmp_path, replace(EVERYTHING, role="", resource_policies=False, last_accessed=False))
    files = opened(tmp_path).resource_tags
    assert [path.name for path in files] == [f"{MANAGEMENT}-eu-west-1.json"]
    assert read_resource_tags(files, queue) == QUEUE_TAGS
    assert read_resource_tags(files, f"{queue}-2") == {}
    policies, logs = tmp_path / "policies.json", tmp_path / "logs.json"
    logs.write_text('{"Records": []}', encoding="utf-8")
    lpgen("ingest", str(logs), "--data", str(tmp_path))
    for team, result in (("orders", "Allowed"), ("billing", "ImplicitlyDenied")):
        wanted = statement("sqs:SendMessage", Condition={"StringEquals": {"aws:ResourceTag/team": team}})
        policies.write_text(details_of_role(document(wanted)), encoding="utf-8")
        asked = ("explain", "tagger", "sqs:SendMessage", queue, "--policies", str(policies), "--format", "json")
        assert json.loads(lpgen(*asked).stdout)["result"] == "Depends"
        assert json.loads(lpgen(*asked, "--data", str(tmp_path)).stdout)["result"] == result


def details_of_role(policy: dict[str, Any]) -> str:
    """Authorization details with the one role `tagger`."""
    role = {
        "Path": "/", "RoleName": "tagger", "RoleId": "AROATAGGER", "Arn": f"arn:aws:iam::{MANAGEMENT}:role/tagger",
        "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": document(), "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy}], "AttachedManagedPolicies": [], "Tags": [],
    }  # fmt: skip
    return json.dumps({"RoleDetailList": [role]})


def test_no_secret_is_stored_or_said(tmp_path: Path) -> None:
    done = lpgen(
        "snapshot",
        "--data",
        str(tmp_path),
        "--assume-role",
        ROLE,
        "--resource-policies",
        "--region",
        "us-east-1",
    )
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file())
    assert "app-0" in written
    for secret in (SECRET_KEY, ACCESS_KEY, "never-to-be-read", "ASIA"):
        assert secret not in written + done.stdout + done.stderr


def test_vpc_endpoints_stand_with_their_vpc_and_owner(organization: Organization, tmp_path: Path) -> None:
    ec2 = organization.client("ec2", region="eu-west-1")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.s3")["VpcEndpoint"]
    take(tmp_path, replace(EVERYTHING, role="", last_accessed=False))
    found = read_vpc_endpoints(opened(tmp_path).vpc_endpoints)
    assert found is not None
    assert found[made["VpcEndpointId"]].vpc == vpc


def test_each_unit_has_its_access_report(organization: Organization, tmp_path: Path) -> None:
    take(tmp_path, replace(EVERYTHING, role="", resource_policies=False))
    snapshot = opened(tmp_path)
    units = read_organization(None, snapshot.organization).units
    reports = read_access_reports(snapshot.access_reports)
    assert {unit.id for unit in units} == reports.keys() > set(organization.accounts)
    assert {row.service for rows in reports.values() for row in rows} == {"s3"}
