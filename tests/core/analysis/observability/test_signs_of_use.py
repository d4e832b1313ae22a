"""Signs of use: what is kept though no record can show it, and what isn't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.model import AttachedPolicy, PolicyKind, Principal, PrincipalKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.diffs import diff_usage
from tests.support.worlds import allow, exactly, month_by_month, policy, role, usage_of, use

MANY_SERVICES = ("acm", "athena", "backup", "batch", "cloudfront", "ec2", "ecs", "eks", "glue", "kms", "rds", "sqs")
OF_MANY_SERVICES = [f"{service}:Describe*" for service in MANY_SERVICES]


def of_aws(*statements: dict[str, Any]) -> AttachedPolicy:
    """A managed policy that AWS wrote for auditors."""
    arn = "arn:aws:iam::aws:policy/SecurityAudit"
    return replace(policy(*statements, name=arn), kind=PolicyKind.AWS_MANAGED, arn=arn)


def trusting(policies: AttachedPolicy, trusts: str | dict[str, str], **more: Any) -> Principal:
    """A role that a service or another principal may assume."""
    names = {"Service": trusts} if isinstance(trusts, str) else trusts
    trust = {"Effect": "Allow", "Principal": names, "Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML"], **more}
    return replace(role(policies), trust=policy(trust).document)


def kept_by(principal: Principal, *used: str, log: dict[str, Any] | None = None, **choices: Any) -> set[str]:
    """The actions that a replacement keeps without use, by the log of an account without data events."""
    usage = usage_of(
        {principal.arn: month_by_month([use(action) for action in used])}, **{"data_events": (), **(log or {})}
    )
    catalog = bundled_catalog()
    grants = grants_from_principals([principal], catalog)
    (found,) = diff_usage(usage, grants, catalog, exactly(**choices)).principals
    return {str(line.action) for line in found.draft.lines} - set(used)


def kept(
    policies: AttachedPolicy, *used: str, trusts: str | dict[str, str] = "ec2.amazonaws.com", **choices: Any
) -> set[str]:
    """The actions that a role's replacement keeps without use."""
    return kept_by(trusting(policies, trusts), *used, **choices)


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


VERSIONS = {
    "s3:DeleteObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectVersion", "s3:GetObjectVersionTagging",
    "s3:ListBucketVersions",
}  # fmt: skip
BUCKETS = ["arn:aws:s3:::files", "arn:aws:s3:::files/*"]


def test_versions_of_objects_are_kept_only_where_something_shows_them() -> None:
    every = policy(allow("s3:*", BUCKETS))
    assert not kept(every, "s3:GetBucketLocation") & VERSIONS
    assert kept(every, "s3:GetBucketVersioning") >= VERSIONS
    assert kept(every, "s3:GetBucketLocation", versioned_buckets=("arn:aws:s3:::files",)) >= VERSIONS
    assert not kept(every, "s3:GetBucketLocation", versioned_buckets=("arn:aws:s3:::others",)) & VERSIONS
    assert kept(every, "s3:GetBucketLocation", trusts="s3.amazonaws.com") >= VERSIONS, "it replicates versions"
    named = policy(allow(["s3:Get*", "s3:GetObjectVersion"], BUCKETS))
    assert kept(named, "s3:GetBucketLocation") & VERSIONS == {"s3:GetObjectVersion"}


def test_what_copies_need_of_tags_is_kept_for_who_may_read_and_write_objects() -> None:
    tags = {"s3:GetObjectTagging", "s3:PutObjectTagging"}
    assert kept(policy(allow("s3:*", BUCKETS)), "s3:GetBucketLocation") >= tags
    assert not kept(policy(allow(["s3:Get*", "s3:List*"], BUCKETS)), "s3:GetBucketLocation") & tags
    assert not kept(policy(allow("s3:Put*", BUCKETS)), "s3:PutBucketTagging") & tags
    reads = policy(allow(["s3:Get*", "s3:List*"], BUCKETS))
    assert "s3:GetObjectTagging" in kept(reads, "s3:GetBucketLocation", trusts="datasync.amazonaws.com")


def test_uploads_in_parts_are_kept_for_who_may_write_objects() -> None:
    parts = {"s3:ListMultipartUploadParts"}
    assert kept(policy(allow(["s3:List*", "s3:PutObject"], BUCKETS)), "s3:ListAllMyBuckets") >= parts
    assert not kept(policy(allow(["s3:List*", "s3:GetObject"], BUCKETS)), "s3:ListAllMyBuckets") & parts


STREAM = {"dynamodb:GetRecords", "dynamodb:GetShardIterator"}
AGENT = {"ec2messages:GetMessages", "ssm:GetManifest", "ssmmessages:OpenControlChannel"}
TRACES = {"xray:BatchGetTraces", "xray:GetTraceSummaries"}
PAGES = {"redshift:ViewQueriesInConsole", "redshift:DescribeQuery"}
PERSON = {"Federated": "arn:aws:iam::111122223333:saml-provider/people"}


@pytest.mark.parametrize(
    ("granted", "few", "used", "fits", "other"),
    [
        ("dynamodb:*", STREAM, "dynamodb:DescribeTable", "lambda.amazonaws.com", "ec2.amazonaws.com"),
        ("*", AGENT, "ssm:GetParameter", "ec2.amazonaws.com", "cloudformation.amazonaws.com"),
        ("xray:*", TRACES, "xray:GetGroups", PERSON, "ecs-tasks.amazonaws.com"),
        ("redshift:*", PAGES, "redshift:DescribeClusters", PERSON, "lambda.amazonaws.com"),
    ],
    ids=["streams", "agents", "traces", "console"],
)
def test_what_few_principals_use_is_kept_for_those(
    granted: str, few: set[str], used: str, fits: str | dict[str, str], other: str
) -> None:
    policies = policy(allow(granted))
    assert kept(policies, used, trusts=fits) >= few
    assert not kept(policies, used, trusts=other) & few
    assert kept_by(role(policies), used) >= few, "its trust policy isn't known"
    named = policy(allow([granted.replace("*", "Get*"), *few])) if granted != "*" else policy(allow(sorted(few)))
    assert kept(named, used, trusts=other) >= few


def test_a_recorded_call_that_goes_before_shows_who_reads_a_stream() -> None:
    policies = policy(allow("dynamodb:*"))
    assert kept(policies, "dynamodb:DescribeStream") >= STREAM
    assert kept(policies, "dynamodb:UpdateTable", log={"management_sides": (False,)}) >= STREAM, (
        "the log lacks what reads"
    )


def test_users_may_work_in_the_console_and_roles_with_an_external_id_do_not() -> None:
    policies, account = policy(allow("redshift:*")), {"AWS": "arn:aws:iam::444455556666:root"}
    assert kept_by(role(policies, kind=PrincipalKind.USER), "redshift:DescribeClusters") >= PAGES
    assert kept_by(trusting(policies, account), "redshift:DescribeClusters") >= PAGES
    condition = {"StringEquals": {"sts:ExternalId": "ours"}}
    assert not kept_by(trusting(policies, account, Condition=condition), "redshift:DescribeClusters") & PAGES


@pytest.mark.parametrize("keep", list(KeepUnobservable))
def test_an_action_without_effect_unless_a_star_follows_is_never_kept(keep: KeepUnobservable) -> None:
    named = policy(allow(["lambda:*", "lambda:EnableReplication", "lambda:DisableReplication"]))
    found = kept(named, "lambda:GetFunction", keep_unobservable=keep_each(keep))
    assert not found & {"lambda:EnableReplication", "lambda:DisableReplication"}
