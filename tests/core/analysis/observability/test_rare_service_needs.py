"""What services need of their roles seldom stays: as AWS's policies name it, and as the pages of services say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.grants.aws_policies import is_service_policy
from lpgen.core.analysis.observability.rare_needs import RareServiceNeeds
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.evidence import Use
from lpgen.core.findings import GENERATED_CLASSES, PrincipalClass, PrincipalDiff, Verdict
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.last_accessed import AccessReport, ServiceAccess
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal, PrincipalKind
from lpgen.core.options import Options
from lpgen.core.replacements import LineKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.test_diff import diff_of, kept, verdicts
from tests.support.worlds import LAST_DAY, OTHER_ROLE, allow, catalog, exactly, grants_of, policy, role, use

QUEUE = "arn:aws:sqs:us-east-1:111122223333:work"
NETWORK = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"]


def of_aws(name: str, *statements: dict[str, Any]) -> AttachedPolicy:
    arn = f"arn:aws:iam::aws:policy/{name}"
    document = policy_from_json(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), place=name)
    return AttachedPolicy(PolicyKind.AWS_MANAGED, name.rpartition("/")[2], arn, "", None, document)


def trusting(service: str, *policies: AttachedPolicy, kind: PrincipalKind = PrincipalKind.ROLE) -> Principal:
    trust = policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}).document
    return replace(role(*policies, kind=kind), trust=trust)


def why(found: PrincipalDiff, action: str) -> str:
    (line,) = [line for line in found.draft.lines if line.action == action]
    assert line.kind is LineKind.KEPT
    return line.why


SNAPSHOTS = of_aws(
    "service-role/Snapshots", allow(["ec2:CreateSnapshot", "EC2:deletesnapshot", "ec2:DescribeSnapshot*"])
)
ASKED = [use("ec2:DescribeSnapshots")]
UNUSED = "ec2:DescribeVolumeA*"
"""Goes, so a replacement of the policy is no copy of it, and the policy doesn't stay."""


def test_what_awss_policy_for_a_service_names_stays_and_its_wildcards_are_narrowed() -> None:
    found = diff_of(trusting("backup.amazonaws.com", SNAPSHOTS), ASKED)
    assert kept(found).keys() == {"ec2:CreateSnapshot", "ec2:DeleteSnapshot", "ec2:DescribeSnapshots"}
    assert verdicts(found)["ec2:CreateSnapshot"] is Verdict.UNOBSERVABLE
    assert verdicts(found)["ec2:DescribeSnapshotAttribute"] is Verdict.UNUSED
    assert "policy/service-role/Snapshots, statement 1" in why(found, "ec2:DeleteSnapshot")


def test_what_is_used_of_it_is_narrowed_to_its_resources_as_ever() -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:alarms"
    found = diff_of(
        trusting("iot.amazonaws.com", of_aws("service-role/Rules", allow(["sns:Publish", "sqs:SendMessage"]))),
        [use("sns:Publish", topic)],
    )
    assert kept(found) == {"sns:Publish": {topic}, "sqs:SendMessage": {"*"}}


def test_it_stays_in_the_scope_of_awss_statement_not_of_wider_ones() -> None:
    tagged = {"StringEquals": {"aws:ResourceTag/team": "data"}}
    narrow = of_aws("service-role/Snapshots", allow(["ec2:DeleteSnapshot", UNUSED], "*", Condition=tagged))
    found = diff_of(trusting("dlm.amazonaws.com", narrow, policy(allow("*"))), ASKED)
    (line,) = [line for line in found.draft.lines if line.action == "ec2:DeleteSnapshot"]
    assert line.parent.kind is PolicyKind.AWS_MANAGED


@pytest.mark.parametrize(
    ("principal", "keep"),
    [
        (trusting("ec2.amazonaws.com", of_aws("AmazonEC2FullAccess", allow("ec2:DeleteSnapshot"))), "signed"),
        (trusting("ec2.amazonaws.com", policy(allow("ec2:DeleteSnapshot"))), "signed"),
        (trusting("backup.amazonaws.com", SNAPSHOTS, kind=PrincipalKind.USER), "signed"),
        (trusting("backup.amazonaws.com", SNAPSHOTS), "none"),
    ],
    ids=["not a service's policy", "not AWS's policy", "a user", "nothing unobservable kept"],
)
def test_nothing_else_stays_so(principal: Principal, keep: str) -> None:
    found = diff_of(principal, ASKED, options=exactly(keep_unobservable=keep_each(KeepUnobservable(keep))))
    assert "ec2:DeleteSnapshot" not in kept(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("service-role/AWSBackupServiceRolePolicyForRestores", True),
        ("AmazonEKSClusterPolicy", True),
        ("AmazonSSMManagedInstanceCore", True),
        ("AWSElasticBeanstalkWebTier", True),
        ("AdministratorAccess-AWSElasticBeanstalk", False),
        ("AdministratorAccess", False),
        ("job-function/ViewOnlyAccess", False),
    ],
)
def test_is_service_policy_goes_by_awss_path_and_names(name: str, expected: bool) -> None:
    assert is_service_policy(f"arn:aws-us-gov:iam::aws:policy/{name}") is expected
    assert not is_service_policy(f"arn:aws:iam::111122223333:policy/{name}")


def test_a_functions_role_keeps_what_lambda_needs_for_its_network_where_the_policy_names_it() -> None:
    own = policy(allow(NETWORK), allow("s3:GetObject"))
    found = diff_of(trusting("lambda.amazonaws.com", own), [use("s3:GetObject", "arn:aws:s3:::data/a")])
    assert kept(found).keys() == {*NETWORK, "s3:GetObject"}
    assert why(found, NETWORK[0]).startswith("Lambda calls it with a function's role only when")
    others = diff_of(trusting("ecs-tasks.amazonaws.com", own), [use("s3:GetObject", "arn:aws:s3:::data/a")])
    assert kept(others).keys() == {"s3:GetObject"}


def test_a_functions_role_with_a_star_alone_keeps_none_of_it() -> None:
    found = diff_of(trusting("lambda.amazonaws.com", policy(allow("*"))), [use("s3:GetObject", "arn:aws:s3:::data/a")])
    assert not set(NETWORK) & kept(found).keys()
    assert verdicts(found)[NETWORK[0]] is Verdict.UNOBSERVABLE


def test_iams_word_that_it_was_never_tried_outweighs_what_a_page_says_but_not_awss_policy() -> None:
    never = (ServiceAccess("ec2", None, "", ()),)
    report = AccessReport("app.json", "app", "", "", LAST_DAY, never)
    options = exactly(last_accessed=(report,))
    own = trusting("lambda.amazonaws.com", policy(allow(NETWORK)), SNAPSHOTS)
    assert kept(diff_of(own, options=options)).keys() == {"ec2:CreateSnapshot", "ec2:DeleteSnapshot"}


REPLICATION = policy(
    allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], "arn:aws:s3:::source"),
    allow(["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl"], "arn:aws:s3:::source/*"),
    allow(["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], "arn:aws:s3:::target/*"),
)


def test_a_replication_role_keeps_what_s3_documents_for_it() -> None:
    found = diff_of(trusting("s3.amazonaws.com", REPLICATION), [use("s3:ReplicateObject", "arn:aws:s3:::target/a")])
    assert {"s3:GetReplicationConfiguration", "s3:ListBucket", "s3:ReplicateDelete"} <= kept(found).keys()
    assert kept(found)["s3:GetReplicationConfiguration"] == {"arn:aws:s3:::source"}
    others = diff_of(trusting("ec2.amazonaws.com", REPLICATION), [use("s3:ReplicateObject", "arn:aws:s3:::target/a")])
    assert "s3:GetReplicationConfiguration" not in kept(others)


@pytest.mark.parametrize(
    ("service", "name", "actions"),
    [
        ("backup.amazonaws.com", "service-role/AWSBackupServiceRolePolicyForRestores", ["ec2:RunInstances"]),
        ("ssm.amazonaws.com", "service-role/AmazonSSMAutomationRole", ["ec2:CreateImage"]),
        ("elasticmapreduce.amazonaws.com", "service-role/AmazonEMRServicePolicy_v2", ["ec2:RunInstances"]),
        ("spotfleet.amazonaws.com", "service-role/AmazonEC2SpotFleetTaggingRole", ["ec2:RunInstances"]),
    ],
)
def test_the_roles_that_a_service_may_have_to_pass_stay_with_what_it_passes_them_to(
    service: str, name: str, actions: list[str]
) -> None:
    passing = allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})
    own = of_aws(name, allow([*actions, "ec2:DescribeSnapshots", UNUSED]), passing)
    found = diff_of(trusting(service, own), ASKED)
    assert kept(found).keys() == {*actions, "ec2:DescribeSnapshots", "iam:PassRole"}


POLLER = policy(allow("sqs:*", QUEUE))


@pytest.mark.parametrize(
    ("service", "uses", "stays"),
    [
        ("lambda.amazonaws.com", [use("sqs:ReceiveMessage", QUEUE)], True),
        ("pipes.amazonaws.com", [use("sqs:ReceiveMessage", QUEUE)], True),
        ("lambda.amazonaws.com.cn", [use("sqs:ReceiveMessage", QUEUE)], True),
        ("lambda.amazonaws.com", [use("sqs:SendMessage", QUEUE)], False),
        ("ec2.amazonaws.com", [use("sqs:ReceiveMessage", QUEUE)], False),
    ],
)
def test_who_polls_a_queue_for_a_service_keeps_what_the_service_asks_for(
    service: str, uses: Sequence[Use], *, stays: bool
) -> None:
    demands = RareServiceNeeds(catalog().source).of(grants_of(trusting(service, POLLER)), {use.action for use in uses})
    assert ({"sqs:DeleteMessage", "sqs:GetQueueAttributes"} <= demands.keys()) is stays


def test_a_role_that_a_service_may_need_seldom_is_not_to_be_disabled_at_once() -> None:
    proposal = diff_of(trusting("backup.amazonaws.com", SNAPSHOTS), others={OTHER_ROLE: ASKED}).advice.sentence
    assert proposal.startswith("ask its owner first")


def test_the_table_names_actions_of_the_catalog_and_services_with_a_page_each() -> None:
    rows = json.loads(bundled_catalog().source.read_table("service_demands"))
    actions = set(bundled_catalog().actions())
    for row in rows:
        assert {*row["actions"], *row.get("shown_by", ())} <= actions
        assert all(name.endswith(".amazonaws.com") for name in row["trusts"])
        assert row["source"].startswith("https://docs.aws.amazon.com/")


def test_a_role_is_left_to_aws_where_a_replacement_takes_nothing_away() -> None:
    named = of_aws("AmazonEKSClusterPolicy", allow(["ec2:CreateSnapshot", "ec2:DescribeSnapshots"]))
    principal = trusting("eks.amazonaws.com", named)
    found = diff_of(principal, ASKED)
    assert found.principal_class is PrincipalClass.LEFT_TO_AWS
    assert found.advice.sentence.startswith("nothing: AWS wrote its policies")
    assert found.principal_class not in GENERATED_CLASSES


@pytest.mark.parametrize(
    ("policies", "options"),
    [
        ([SNAPSHOTS], exactly()),
        ([of_aws("AmazonEKSClusterPolicy", allow("ec2:DescribeSnapshots")), policy(allow("s3:GetObject"))], exactly()),
        (
            [of_aws("service-role/Named", allow(["ec2:CreateSnapshot", "ec2:DescribeSnapshots"]))],
            exactly(keep_unobservable=keep_each(KeepUnobservable.NONE)),
        ),
    ],
    ids=["a wildcard goes", "a policy of its own", "kept by nothing"],
)
def test_a_role_is_not_left_to_aws_where_something_goes(policies: list[AttachedPolicy], options: Options) -> None:
    found = diff_of(trusting("eks.amazonaws.com", *policies), ASKED, options=options)
    assert found.principal_class is PrincipalClass.ACTIVE
