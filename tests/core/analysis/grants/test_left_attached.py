"""Which policies stay attached: AWS's own for the one service that a role trusts, and only those that are harmless."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.grants.aws_policies import LeftAttached, is_service_policy
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal
from lpgen.core.replacements import Decision, DecisionKind, LeftPolicy
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.observability.test_rare_service_needs import of_aws, trusting
from tests.support.worlds import allow, catalog, deny, grants_of, policy, role

CONFIG, BACKUP = "config.amazonaws.com", "backup.amazonaws.com"
READS = allow(["s3:Get*", "ec2:Describe*"])
PASSED = {"StringEquals": {"iam:PassedToService": "malware-protection.guardduty.amazonaws.com"}}


def config(*statements: dict[str, Any], name: str = "service-role/AWS_ConfigRole") -> AttachedPolicy:
    return of_aws(name, *(statements or (READS,)))


def left(principal: Principal, *decisions: Decision) -> tuple[LeftPolicy, ...]:
    return LeftAttached(catalog()).of(grants_of(principal), decisions)


def drop(action: str, **more: str) -> Decision:
    fields = dict.fromkeys(("principal", "resource", "item", "since", "until", "expires"), "")
    return Decision(DecisionKind.DROP, action=action, reason="not ours", owner="ada", **(fields | more))


def trusted_by(*principals: dict[str, Any], **more: Any) -> Principal:
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more} for principal in principals
    ]
    trust = policy_from_json(json.dumps({"Version": "2012-10-17", "Statement": statements}), place="trust")
    return replace(role(config()), trust=trust)


def test_awss_policy_for_the_one_trusted_service_stays_with_its_version_and_document() -> None:
    known = replace(config(), version="v67")
    assert left(trusting(CONFIG, known, policy(allow("sqs:*")))) == (LeftPolicy(known.arn, "v67", known.document),)  # type: ignore[arg-type]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_it_stays_in_every_partition(partition: str) -> None:
    policy = replace(config(), arn=f"arn:{partition}:iam::aws:policy/service-role/AWS_ConfigRole")
    assert [found.arn for found in left(trusting(CONFIG, policy))] == [policy.arn]


@pytest.mark.parametrize(
    "held",
    [
        policy(READS, name="AWS_ConfigRole"),
        replace(config(), kind=PolicyKind.CUSTOMER_MANAGED, arn="arn:aws:iam::111122223333:policy/AWS_ConfigRole"),
        replace(config(), arn="arn:aws:iam::111122223333:policy/service-role/AWS_ConfigRole"),
        replace(config(), document=None),
        of_aws("service-role/AWSBackupServiceRolePolicyForBackup", READS),
        of_aws("service-role/NotInTheTable", READS),
        of_aws("ReadOnlyAccess", READS),
    ],
    ids=["inline", "a customer's", "another account's", "no document", "another service's", "no row", "for anybody"],
)
def test_no_other_policy_stays(held: AttachedPolicy) -> None:
    assert left(trusting(CONFIG, held)) == ()


@pytest.mark.parametrize(
    "principal",
    [
        trusted_by({"Service": CONFIG}, {"AWS": "arn:aws:iam::111122223333:root"}),
        trusted_by({"Service": [CONFIG, BACKUP]}),
        trusted_by({"Service": CONFIG, "AWS": "111122223333"}),
        trusted_by({"Service": BACKUP}),
        trusted_by({"AWS": "*"}),
        trusted_by({"Federated": "cognito-identity.amazonaws.com"}),
        role(config()),
    ],
    ids=["an account too", "two services", "one statement", "another service", "anybody", "federated", "no trust"],
)
def test_it_stays_only_where_the_service_alone_is_trusted(principal: Principal) -> None:
    assert left(principal) == ()


def test_who_is_named_by_whom_else_is_not_trusted_alone() -> None:
    fields = {"Effect": "Allow", "NotPrincipal": {"Service": CONFIG}, "Action": "sts:AssumeRole"}
    trust = policy_from_json(json.dumps({"Version": "2012-10-17", "Statement": [fields]}), place="trust")
    assert left(replace(role(config()), trust=trust)) == ()


def test_conditions_on_the_trust_and_denies_change_nothing() -> None:
    source = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    assert left(trusted_by({"Service": CONFIG}, {"Service": CONFIG}, Condition=source))
    assert left(trusting(CONFIG, config(READS, deny("s3:GetObject"))))


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("lambda.amazonaws.com", "service-role/AWSLambdaBasicExecutionRole"),
        ("ecs-tasks.amazonaws.com", "service-role/AmazonECSTaskExecutionRolePolicy"),
        ("ec2.amazonaws.com", "AmazonSSMManagedInstanceCore"),
        ("glue.amazonaws.com", "service-role/AWSGlueServiceRole"),
        ("elasticmapreduce.amazonaws.com", "service-role/AmazonElasticMapReduceRole"),
    ],
)
def test_what_runs_customers_code_keeps_no_policy_attached(service: str, name: str) -> None:
    assert left(trusting(service, of_aws(name, READS))) == ()


@pytest.mark.parametrize(
    "statement",
    [
        allow("iam:PassRole"),
        allow("iam:PassRole", "arn:aws:iam::111122223333:role/one"),
        allow("iam:*", "arn:aws:iam::111122223333:role/one"),
        allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
        allow("iam:PassRole", Condition={"StringEqualsIfExists": PASSED["StringEquals"]}),
        allow("iam:PassRole", Condition={"StringNotEquals": PASSED["StringEquals"]}),
        allow("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": "*.amazonaws.com"}}),
        allow("s3:PutBucketPolicy"),
        allow("s3:Put*"),
        {"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:PutBucketPolicy", "NotResource": "arn:aws:s3:::own"},
    ],
)
def test_what_hands_out_rights_is_replaced(statement: dict[str, Any]) -> None:
    assert (
        left(trusting(BACKUP, config(READS, statement, name="service-role/AWSBackupServiceRolePolicyForBackup"))) == ()
    )


@pytest.mark.parametrize(
    "statement",
    [
        allow("iam:PassRole", "arn:aws:iam::*:role/*", Condition=PASSED),
        allow("s3:PutBucketPolicy", "arn:aws:s3:::one"),
        allow("s3:PutBucketPolicy", Condition={"Bool": {"aws:ViaAWSService": "true"}}),
    ],
    ids=["passed to a service that runs no code", "named resources", "a condition"],
)
def test_what_is_limited_stays(statement: dict[str, Any]) -> None:
    assert left(trusting(BACKUP, config(READS, statement, name="service-role/AWSBackupServiceRolePolicyForBackup")))


def test_a_policy_is_replaced_where_a_person_drops_what_it_grants() -> None:
    principal = trusting(CONFIG, config())
    assert left(principal, drop("s3:getobject")) == ()
    assert left(principal, drop("*", principal="*:role/app")) == ()
    assert left(principal, drop("sqs:*"))
    assert left(principal, drop("s3:*", principal="*:role/other"))
    assert left(principal, drop("s3:*", since="2026-09-01", until="2026-09-02"))


def test_each_row_names_a_page_and_no_policy_is_of_two_services() -> None:
    rows = json.loads(bundled_catalog().source.read_table("service_roles"))
    assert [row["service"] for row in rows] == sorted({row["service"] for row in rows})
    assert all(row["source"].startswith("https://docs.aws.amazon.com/") for row in rows)
    named = Counter(name for row in rows for name in row["policies"])
    assert set(named.values()) == {1}
    left_to_aws = [name for row in rows if not row["runs_customer_code"] for name in row["policies"]]
    assert all(is_service_policy(f"arn:aws:iam::aws:policy/{name}") for name in left_to_aws)
