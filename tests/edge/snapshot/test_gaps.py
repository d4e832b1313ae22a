"""Gaps of a snapshot: what can't be read is named, and the rest is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lpgen.core.snapshots import Gap, SnapshotStamp, Subject
from lpgen.edge.data_folder.snapshot_folder import find_snapshot
from lpgen.edge.readers.guard_files import read_guards
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.readers.last_accessed import read_last_accessed
from lpgen.edge.snapshot.account import SnapshotScope
from lpgen.edge.snapshot.fetch import take_snapshot
from lpgen.errors import SnapshotError
from tests.support.aws_organization import MANAGEMENT, Organization, answer_missing
from tests.support.aws_proxy import DENIED, AwsProxy, Call, Failure, Reply
from tests.support.snapshot_runs import EVERYTHING, LITTLE, NOW, opened, refuse, session, take

pytestmark = pytest.mark.usefixtures("proxy")


def gaps_of(stamp: SnapshotStamp) -> set[tuple[str, Subject]]:
    return {(gap.account, gap.subject) for gap in stamp.gaps}


def test_an_account_that_refuses_is_a_gap_and_the_rest_is_kept(
    organization: Organization, proxy: AwsProxy, tmp_path: Path
) -> None:
    def answer(call: Call) -> Reply:
        refused = call.operation == "AssumeRole" and organization.in_unit in call.parameters["RoleArn"]
        return DENIED if refused else answer_missing(call)

    proxy.reply = answer
    stamp = take(tmp_path, replace(EVERYTHING, regions=("us-east-1",)))
    assert [(gap.account, gap.subject) for gap in stamp.gaps] == [(organization.in_unit, Subject.ACCOUNT)]
    assert "AccessDenied" in stamp.gaps[0].reason
    assert {account.account for account in stamp.accounts} == {MANAGEMENT, organization.below_root}
    snapshot = opened(tmp_path)
    assert snapshot.stamp.gaps == stamp.gaps
    assert {principal.account for principal in read_snapshot(snapshot.policies).principals} == {
        MANAGEMENT,
        organization.below_root,
    }
    assert read_guards(None, snapshot.scps, None).scps[1 if organization.in_unit > MANAGEMENT else 0].levels is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        ("ListTrails", Subject.TRAILS),
        ("GetAccountSummary", Subject.QUOTAS),
        ("ListSAMLProviders", Subject.IDENTITY_PROVIDERS),
        pytest.param("GetTrailStatus", Subject.TRAILS, marks=pytest.mark.slow),
        ("GenerateServiceLastAccessedDetails", Subject.LAST_ACCESSED),
        ("DescribeOrganization", Subject.ORGANIZATION),
        pytest.param("ListRoots", Subject.ORGANIZATION, marks=pytest.mark.slow),
        ("ListQueues", Subject.RESOURCE_POLICIES),
        pytest.param("GetKeyPolicy", Subject.RESOURCE_POLICIES, marks=pytest.mark.slow),
        pytest.param("GetBucketPolicy", Subject.RESOURCE_POLICIES, marks=pytest.mark.slow),
        ("GetResources", Subject.RESOURCE_TAGS),
        ("GetBucketVersioning", Subject.VERSIONED_BUCKETS),
        ("GetBucketAbac", Subject.ABAC_BUCKETS),
        ("GetBucketLogging", Subject.BUCKET_LOGGING),
        pytest.param("ListRules", Subject.SCHEDULES, marks=pytest.mark.slow),
        ("ListTargetsByRule", Subject.SCHEDULES),
        ("ListEventSourceMappings", Subject.EVENT_SOURCES),
        ("GetDevEndpoints", Subject.COMPUTE),
        ("DescribeNotebookInstance", Subject.COMPUTE),
        ("GetLoginProfile", Subject.LOGIN_PROFILES),
        ("ListMFADevices", Subject.CREDENTIALS),
        ("ListInstanceProfiles", Subject.INSTANCE_PROFILES),
        ("GenerateOrganizationsAccessReport", Subject.ACCESS_REPORTS),
    ],
)
def test_a_refused_call_is_one_gap_and_the_rest_is_kept(
    proxy: AwsProxy, tmp_path: Path, operation: str, subject: Subject
) -> None:
    proxy.reply = refuse(operation, reply=replace(DENIED, code="AccessDeniedException"))
    stamp = take(tmp_path, replace(EVERYTHING, role=""))
    account = "" if subject in (Subject.ORGANIZATION, Subject.ACCESS_REPORTS) else MANAGEMENT
    assert [(gap.account, gap.subject) for gap in stamp.gaps] == [(account, subject)] * len(stamp.gaps)
    assert len(stamp.gaps) == 1
    assert len(read_snapshot(opened(tmp_path).policies).principals) == 4


def test_scps_that_lack_a_document_are_left_out_as_a_whole(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("DescribePolicy", reply=replace(DENIED, code="AccessDeniedException"))
    assert gaps_of(take(tmp_path)) == {("", Subject.SCPS), ("", Subject.RCPS)}
    assert opened(tmp_path).scps is None


def test_after_the_first_refusal_no_further_report_is_asked_for(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("GenerateServiceLastAccessedDetails")
    take(tmp_path, SnapshotScope())
    assert proxy.operations().count("GenerateServiceLastAccessedDetails") == 1
    assert opened(tmp_path).last_accessed is None


def test_a_report_that_iam_fails_to_make_is_a_gap_of_that_principal(proxy: AwsProxy, tmp_path: Path) -> None:
    def answer(call: Call) -> Reply:
        if call.operation == "GenerateServiceLastAccessedDetails" and call.parameters["Arn"].endswith("/app-1"):
            return Failure("NoSuchEntity", "it is gone", 404)
        return answer_missing(call)

    proxy.reply = answer
    stamp = take(tmp_path, SnapshotScope())
    assert [(gap.place, gap.subject) for gap in stamp.gaps] == [
        (f"arn:aws:iam::{MANAGEMENT}:role/team/app-1", Subject.LAST_ACCESSED)
    ]
    folder = opened(tmp_path).last_accessed
    assert folder is not None
    assert len(read_last_accessed(folder)[0]) == 3


def test_a_service_without_an_endpoint_in_a_region_is_a_gap(tmp_path: Path) -> None:
    stamp = take(
        tmp_path, SnapshotScope(regions=("xx-nowhere-1", "us-east-1"), resource_policies=True, last_accessed=False)
    )
    services = ("dynamodb", "ecr", "kms", "lambda", "secretsmanager", "sns", "sqs")
    assert {(gap.subject, gap.place) for gap in stamp.gaps} == {
        *((Subject.RESOURCE_POLICIES, f"{service} in xx-nowhere-1") for service in services),
        (Subject.VPC_ENDPOINTS, "xx-nowhere-1"),
    }
    assert all("knows no endpoint" in gap.reason for gap in stamp.gaps)


def test_without_organization_or_other_accounts_the_own_account_is_read(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("DescribeOrganization", reply=Failure("AWSOrganizationsNotInUseException"))
    stamp = take(tmp_path)
    assert stamp.gaps == ()
    assert [account.account for account in stamp.accounts] == [MANAGEMENT]
    scps = opened(tmp_path).scps
    assert scps is not None
    assert json.loads(scps.read_text(encoding="utf-8")) == {MANAGEMENT: []}


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Failure("AWSOrganizationsNotInUseException"), "there is no organization"),
        (replace(DENIED, code="AccessDeniedException"), "the accounts of the organization can't be read"),
    ],
)
def test_a_role_without_known_accounts_is_said_to_read_one(
    proxy: AwsProxy, tmp_path: Path, reply: Failure, why: str
) -> None:
    proxy.reply = refuse("DescribeOrganization", reply=reply)
    said: list[str] = []
    take_snapshot(session(), LITTLE, tmp_path, now=NOW, print_status=said.append)
    assert said[0] == f"{why}, so only {MANAGEMENT} is read; name others with --accounts ID,ID"
    said.clear()
    take_snapshot(
        session(), replace(LITTLE, accounts=(MANAGEMENT,)), tmp_path, now=NOW + timedelta(1), print_status=said.append
    )
    take_snapshot(session(), replace(LITTLE, role=""), tmp_path, now=NOW + timedelta(2), print_status=said.append)
    assert not any("so only" in one for one in said)


def test_listed_accounts_alone_are_read(organization: Organization, tmp_path: Path) -> None:
    stamp = take(tmp_path, replace(LITTLE, accounts=(organization.in_unit,)))
    assert [(account.account, account.name) for account in stamp.accounts] == [(organization.in_unit, "workload")]
    assert stamp.gaps == ()


def test_without_any_account_there_is_no_snapshot(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("GetAccountAuthorizationDetails")
    with pytest.raises(SnapshotError, match=r"no account's policies could be read.*AccessDenied"):
        take(tmp_path)
    assert find_snapshot(tmp_path) is None
    assert list((tmp_path / "snapshots").iterdir()) == []


def test_gap_type_is_read_back_as_written() -> None:
    assert str(Gap("111122223333", Subject.TRAILS, "us-east-1", "why")) == "trails (us-east-1 of 111122223333): why"
