"""Principals whose use another source shows and no record: they are never called unused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.findings import PrincipalClass, PrincipalDiff
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.last_accessed import AccessReport, ServiceAccess
from lpgen.core.model import Principal, PrincipalKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.test_diff import diff_of
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, LAST_DAY, allow, days_before_end, exactly, grants_of, policy, role, usage_of


def trusting(principal: Principal, service: str) -> Principal:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return replace(principal, trust=policy_from_json({"Version": "2012-10-17", "Statement": [statement]}, place="t"))


def assumed(principal: Principal, service: str = "s3.amazonaws.com", days: int = 3) -> dict[str, Any]:
    """The row of a service's AssumeRole of the role, as ingest writes it."""
    moment = days_before_end(days)
    return {
        "reason": "service_caller",
        "principal": principal.arn,
        "account": ACCOUNT,
        "region": "us-east-1",
        "event_source": "sts.amazonaws.com",
        "event_name": "AssumeRole",
        "outcome": "allowed",
        "detail": service,
        "first_seen": moment,
        "last_seen": moment,
        "example_event_id": "e1",
    }


def diff_with_all_services(principal: Principal, **world: Any) -> PrincipalDiff:
    whole = bundled_catalog()
    grants = grants_from_principals([principal], whole)
    (found,) = diff_usage(usage_of({principal.arn: []}, **world), grants, whole, exactly()).principals
    return found


@pytest.mark.parametrize(("days", "is_unseen"), [(5, True), (130, True), (390, True), (400, True), (401, False)])
def test_a_role_that_iam_dates_within_400_days_is_not_to_be_disabled(days: int, *, is_unseen: bool) -> None:
    found = diff_of(role(policy(allow("sqs:ListQueues")), last_used=days_before_end(days)))
    assert (found.principal_class is PrincipalClass.UNSEEN) is is_unseen
    assert found.advice.sentence.startswith("disable") is not is_unseen


def test_a_role_of_once_a_year_is_left_to_its_owner() -> None:
    moment = days_before_end(300)
    found = diff_of(role(policy(allow("sqs:ListQueues")), last_used=moment))
    assert found.advice.sentence == (
        "ask its owner whether it is used about once a year, and keep it until then: IAM reports its last use on"
        f" {moment.date()}, before the logs, which cover 120 days"
    )
    drill = diff_of(role(policy(allow("sqs:ListQueues")), last_used=moment, name="break-glass"))
    assert drill.advice.task == "ask its owner whether it is for emergencies, and keep it until then"


@pytest.mark.parametrize("kind", [PrincipalKind.ROLE, PrincipalKind.USER])
def test_service_last_accessed_shows_use_before_the_logs_too(kind: PrincipalKind) -> None:
    principal = role(policy(allow("sqs:*")), kind=kind)

    def found(days: int) -> PrincipalDiff:
        last = days_before_end(days).date()
        report = AccessReport("f", "f", principal.arn, "", LAST_DAY, (ServiceAccess("sqs", last, "", ()),))
        return diff_of(principal, options=exactly(last_accessed=(report,)))

    assert found(300).principal_class is PrincipalClass.UNSEEN
    assert found(300).advice.sentence.startswith("ask its owner whether it is used about once a year, ")
    assert "IAM reports its last attempt to use sqs on " in found(300).advice.sentence
    assert found(401).principal_class is PrincipalClass.UNUSED


def test_a_role_that_a_service_assumes_is_never_called_unused() -> None:
    principal = role(policy(allow("sqs:ListQueues")))
    found = diff_of(principal, skips=[assumed(principal, "lambda.amazonaws.com")])
    assert found.principal_class is PrincipalClass.UNSEEN
    day = days_before_end(3).date()
    assert found.advice.sentence.startswith(
        f"first find out what it is used for: lambda.amazonaws.com assumed it, last on {day}"
    )
    other = diff_of(principal, skips=[assumed(role(name="other"))])
    assert other.principal_class is PrincipalClass.UNUSED
    refused = diff_of(principal, skips=[{**assumed(principal), "outcome": "denied"}])
    assert refused.principal_class is PrincipalClass.UNUSED


RDS_DB = f"arn:aws:rds-db:us-east-1:{ACCOUNT}:dbuser:cluster-A/app"
BUCKET = "arn:aws:s3:::origin/*"
CASES = {
    "database": (
        role(policy(allow("rds-db:connect", RDS_DB))),
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html",
        "rds-db: CloudTrail and CloudWatch don't log signing in to a database with IAM",
    ),
    "replication": (
        trusting(
            role(policy(allow(["s3:ReplicateObject", "s3:GetObjectVersionForReplication"], BUCKET))), "s3.amazonaws.com"
        ),
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html",
        "s3: Amazon S3 replicates with the role by itself",
    ),
    "transfer": (
        trusting(role(policy(allow(["s3:PutObject", "s3:GetObject"], BUCKET))), "transfer.amazonaws.com"),
        "https://docs.aws.amazon.com/",
        "s3: a data event, which a trail records if it selects AWS::S3::Object",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_no_record_shows_is_said_by_service_with_awss_page(case: str) -> None:
    principal, page, said = CASES[case]
    found = diff_with_all_services(replace(principal, last_used=days_before_end(5)), data_events=())
    assert found.principal_class is PrincipalClass.UNSEEN
    assert said in found.advice.sentence
    assert page in found.advice.sentence
    (caveat,) = (caveat for caveat in found.assessment.caveats if caveat.kind is LogsCaveat.COVERAGE_HOLE)
    assert said in caveat.step
    assert not caveat.step.startswith("find the trail")


def test_without_a_page_it_is_said_that_it_is_not_known() -> None:
    principal = role(policy(allow("ec2:DescribeLocalGatewayRouteTablePermissions")), last_used=days_before_end(5))
    found = diff_with_all_services(principal)
    assert "ec2: no page of AWS says what records it" in found.advice.sentence


def test_a_role_whose_use_records_would_show_has_a_trail_to_be_found() -> None:
    found = diff_of(role(policy(allow("sqs:ListQueues")), last_used=days_before_end(5)))
    (caveat,) = found.assessment.caveats
    assert caveat.step.startswith("find the trail that recorded its use on ")
    assert grants_of(found.principal).allows
