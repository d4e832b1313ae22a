"""Principals that soon need what they never did: deployers of stacks, scanners, who makes backups, replicas."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.evidence import Use
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal
from lpgen.core.replacements import DecisionKind
from lpgen.core.workloads import FunctionLogs
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.test_diff import decision, diff_of, items, kept
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, allow, exactly, policy, role, usage_of, use

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"
NAMESAKE = QUEUE.replace("us-east-1", "eu-west-1")
VENDOR = {"AWS": "arn:aws:iam::999988887777:root"}


def trusting(who: dict[str, str], *policies: AttachedPolicy) -> Principal:
    statement = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}
    trust = policy_from_json({"Version": "2012-10-17", "Statement": [statement]}, place="trust")
    return replace(role(*policies), trust=trust)


def of_aws(name: str) -> AttachedPolicy:
    own = policy(allow(["ec2:Describe*", "s3:GetBucket*"]))
    return replace(own, kind=PolicyKind.AWS_MANAGED, name=name, arn=f"arn:aws:iam::aws:policy/{name}")


@pytest.mark.parametrize(
    ("service", "doubted"),
    [("cloudformation", True), ("servicecatalog", False), ("lambda", False), ("ec2", False)],
)
def test_a_role_of_stacks_is_never_safe_whatever_its_name(service: str, *, doubted: bool) -> None:
    principal = trusting({"Service": f"{service}.amazonaws.com"}, policy(allow("sqs:*")))
    used = [use("sqs:CreateQueue", QUEUE)]
    found = diff_of(principal, used)
    assert ("stacks" in items(found)) is doubted
    is_deployer = doubted or service == "servicecatalog"
    assert ("sqs:DeleteQueue" in kept(found)) is is_deployer, "a rollback deletes what was created"
    accept = exactly(decisions=(decision(DecisionKind.ACCEPT, item="stacks"),))
    assert "stacks" not in {caveat.item for caveat in diff_of(principal, used, options=accept).assessment.open_caveats}


@pytest.mark.parametrize(
    ("who", "granted", "doubted"),
    [
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "*", True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}, "*", True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}, "ec2:*", False),
        ({"Service": "ec2.amazonaws.com"}, "*", False),
    ],
)
def test_people_who_may_do_everything_are_never_safe(who: dict[str, str], granted: str, *, doubted: bool) -> None:
    found = diff_of(trusting(who, policy(allow(granted))), [use("ec2:DescribeInstances")])
    assert ("administrator" in items(found)) is doubted


@pytest.mark.parametrize(
    ("who", "name", "doubted"),
    [
        (VENDOR, "SecurityAudit", True),
        (VENDOR, "job-function/ViewOnlyAccess", True),
        ({"AWS": "999988887777"}, "ReadOnlyAccess", True),
        (VENDOR, "AmazonS3ReadOnlyAccess", False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}, "SecurityAudit", False),
        ({"Service": "lambda.amazonaws.com"}, "SecurityAudit", False),
    ],
)
def test_another_accounts_reader_with_a_policy_for_auditors_is_a_scanner(
    who: dict[str, str], name: str, *, doubted: bool
) -> None:
    found = diff_of(trusting(who, of_aws(name)), [use("ec2:DescribeInstances")])
    assert ("auditor" in items(found)) is doubted


@pytest.mark.parametrize(
    ("granted", "used", "doubted"),
    [
        ("rds:*", "rds:CreateDBSnapshot", True),
        ("dynamodb:*", "dynamodb:CreateBackup", True),
        ("fsx:*", "fsx:CreateBackup", True),
        ("rds:*", "rds:CreateDBInstance", False),
        (["rds:CreateDBSnapshot", "rds:DescribeDBSnapshots"], "rds:CreateDBSnapshot", False),
        ("ec2:*", "ec2:CreateSnapshot", False),  # volumes are made of snapshots, by a name that says nothing of it
    ],
)
def test_what_makes_backups_is_not_safe_without_what_restores(
    granted: str | list[str], used: str, *, doubted: bool
) -> None:
    principal = role(policy(allow(granted)))
    usage = usage_of({principal.arn: [use(used)]})
    grants = grants_from_principals([principal], bundled_catalog())
    (found,) = diff_usage(usage, grants, bundled_catalog(), exactly()).principals
    assert ("restore" in items(found)) is doubted


def failover(resources: list[str], *uses: Use, **world: object) -> bool:
    found = diff_of(role(policy(allow(["sqs:*", "s3:*"], resources))), uses, **world)  # type: ignore[arg-type]
    return "failover" in items(found)


def test_a_namesake_in_another_region_that_the_policy_names_is_not_lost_in_a_safe_replacement() -> None:
    used = use("sqs:SendMessage", QUEUE)
    assert failover([QUEUE, NAMESAKE], used)
    assert not failover([QUEUE, NAMESAKE.replace("work", "other")], used)
    assert not failover([QUEUE, NAMESAKE], used, use("sqs:SendMessage", NAMESAKE)), "a drill shows the need"
    found = diff_of(role(policy(allow("sqs:SendMessage", [QUEUE, NAMESAKE]))), [used])
    assert "failover" in items(found), "no action is removed"
    buckets = ["arn:aws:s3:::media-us-east-1/*", "arn:aws:s3:::media-eu-west-1/*"]
    assert failover(buckets, use("s3:GetObject", "arn:aws:s3:::media-us-east-1/a"))


@pytest.mark.parametrize(("namesake", "doubted"), [(NAMESAKE, True), (NAMESAKE.replace("work", "other"), False)])
def test_a_namesake_that_the_logs_name_is_not_lost_in_a_safe_replacement(namesake: str, *, doubted: bool) -> None:
    others = {f"arn:aws:iam::{ACCOUNT}:role/other": [use("sqs:SendMessage", namesake)]}
    world = {"others": others, "management_in": ("us-east-1", "eu-west-1")}
    every_region = QUEUE.replace("us-east-1", "*-*-1")
    assert failover([every_region], use("sqs:SendMessage", QUEUE), **world) is doubted
    assert not failover([QUEUE], use("sqs:SendMessage", QUEUE), **world), "it isn't granted"


def test_a_namesake_in_the_snapshot_is_not_lost_in_a_safe_replacement() -> None:
    functions = tuple(
        FunctionLogs(f"arn:aws:lambda:{region}:{ACCOUNT}:function:charge", "arn:aws:iam::1:role/f", "arn:aws:logs:::g")
        for region in ("us-east-1", "eu-west-1")
    )
    principal = role(policy(allow("lambda:InvokeFunction")))
    usage = usage_of({principal.arn: [use("lambda:InvokeFunction", functions[0].function)]})
    grants = grants_from_principals([principal], bundled_catalog())
    for known, doubted in ((functions, True), (functions[:1], False)):
        options = exactly(function_logs=known)
        (found,) = diff_usage(usage, grants, bundled_catalog(), options).principals
        assert ("failover" in items(found)) is doubted
