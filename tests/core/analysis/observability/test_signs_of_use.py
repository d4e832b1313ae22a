"""Signs of use: what is kept though no record can show it, and what isn't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.model import AttachedPolicy, PolicyKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.diffs import diff_usage
from tests.support.worlds import allow, exactly, policy, role, usage_of, use

MANY_SERVICES = ("acm", "athena", "backup", "batch", "cloudfront", "ec2", "ecs", "eks", "glue", "kms", "rds", "sqs")
OF_MANY_SERVICES = [f"{one}:Describe*" for one in MANY_SERVICES]


def of_aws(*statements: dict[str, Any]) -> AttachedPolicy:
    """A managed policy that AWS wrote for auditors."""
    arn = "arn:aws:iam::aws:policy/SecurityAudit"
    return replace(policy(*statements, name=arn), kind=PolicyKind.AWS_MANAGED, arn=arn)


def kept(policies: AttachedPolicy, *used: str, trusts: str = "ec2.amazonaws.com") -> set[str]:
    """The actions that a role's replacement keeps without use, by the log of an account without data events."""
    trust = {"Effect": "Allow", "Principal": {"Service": trusts}, "Action": "sts:AssumeRole"}
    principal = replace(role(policies), trust=policy(trust).document)
    usage = usage_of({principal.arn: [use(one) for one in used]}, data_events=())
    catalog = bundled_catalog()
    grants = grants_from_principals([principal], catalog)
    (found,) = diff_usage(usage, grants, catalog, exactly()).principals
    return {str(line.action) for line in found.lines} - set(used)


@pytest.mark.parametrize(
    ("ordinary", "rare", "used"),
    [
        ("s3:GetObject", "s3:BypassGovernanceRetention", "s3:GetBucketLocation"),
        ("dynamodb:GetItem", "dynamodb:PartiQLSelect", "dynamodb:DescribeTable"),
        ("rds-db:connect", "rds:DescribeRecommendations", "rds:DescribeDBInstances"),
    ],
)
def test_a_wildcard_keeps_what_ordinary_clients_do_and_nothing_rare(ordinary: str, rare: str, used: str) -> None:
    found = kept(policy(allow("*")), used)
    assert ordinary in found
    assert rare not in found


@pytest.mark.parametrize(
    "rare", ["s3:BypassGovernanceRetention", "dynamodb:PartiQLSelect", "rds:DescribeRecommendations"]
)
def test_a_rare_action_is_kept_where_a_policy_names_it(rare: str) -> None:
    assert kept(policy(allow(["s3:Get*", rare]))) >= {rare}
    assert rare in kept(of_aws(allow(rare)))
    assert rare not in kept(of_aws(allow([rare, *OF_MANY_SERVICES])))


def test_what_a_service_does_by_itself_is_kept_for_its_own_role_only() -> None:
    replicates = policy(allow(["s3:ReplicateObject", "s3:GetBucketLocation"]))
    assert kept(replicates, "s3:GetBucketLocation", trusts="s3.amazonaws.com") == {"s3:ReplicateObject"}
    assert kept(replicates, "s3:GetBucketLocation") == set()


def test_a_policy_for_auditors_says_nothing_of_the_services_that_it_names() -> None:
    statement: dict[str, Any] = allow([*OF_MANY_SERVICES, "iot:DescribeThing"])
    assert "iot:DescribeThing" in kept(policy(statement), "ec2:DescribeVpcs")
    assert kept(of_aws(statement), "ec2:DescribeVpcs") == set()
