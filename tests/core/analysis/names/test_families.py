"""Naming rules: which exact ARNs become a pattern, and which never do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.analysis.names.families import (
    CREATED,
    DELETED,
    FAMILY,
    FAMILY_SIZE,
    LAUNCHED_IMAGE,
    RELEASES,
    SHORT_LIVED,
    name_patterns_from_uses,
)
from lpgen.core.model import Outcome
from lpgen.core.replacements import Scope
from tests.core.analysis.test_diff import DATA, diff_of
from tests.support.worlds import allow, policy, role, use

HERE = "us-east-1:111122223333"


def patterns(*arns: str, action: str = "ec2:StartInstances") -> dict[str, tuple[str, str]]:
    found = name_patterns_from_uses([use(action, arn) for arn in arns])
    return {arn: (pattern.resource.text, pattern.rule) for arn, pattern in found.items()}


def test_short_lived_ids_become_the_pattern_of_their_type_in_place() -> None:
    instance = f"arn:aws:ec2:{HERE}:instance/i-0123456789abcdef0"
    assert patterns(instance) == {instance: (f"arn:aws:ec2:{HERE}:instance/*", SHORT_LIVED)}


@pytest.mark.parametrize(
    ("action", "kind", "is_creation"),
    [
        ("ec2:CreateSubnet", "subnet", True),
        ("ec2:CreateTags", "subnet", True),
        ("ec2:ReplaceNetworkAclAssociation", "subnet", False),
        ("ec2:AssociateAddress", "elastic-ip", False),
        ("elasticfilesystem:ModifyMountTargetSecurityGroups", "file-system", False),
        ("acm-pca:IssueCertificate", "certificate", True),
        ("route53resolver:AssociateFirewallRuleGroup", "firewall-rule-group-association", True),
    ],
)
def test_a_name_that_a_record_does_not_show_creates_nothing(action: str, kind: str, is_creation: bool) -> None:
    start = f"arn:aws:{action.partition(':')[0]}:{HERE}:{kind}/"
    uses = [use(action, f"{start}*"), use("ec2:StartInstances", f"{start}x-0123456789abcdef0")]
    assert bool(name_patterns_from_uses(uses)) is is_creation


def test_rules_of_security_groups_are_short_lived_since_their_group_has_to_be_allowed_too() -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""
    rule = f"arn:aws:ec2:{HERE}:security-group-rule/sgr-0123456789abcdef0"
    assert patterns(rule, action="ec2:ModifySecurityGroupRules")[rule][1] == SHORT_LIVED


def test_long_lived_ids_stay_exact() -> None:
    assert patterns(f"arn:aws:ec2:{HERE}:vpc/vpc-0123456789abcdef0", f"arn:aws:kms:{HERE}:key/0f1e2d3c") == {}


def test_ids_of_a_type_that_the_principal_creates_become_its_pattern() -> None:
    group = f"arn:aws:ec2:{HERE}:security-group/sg-0123456789abcdef0"
    pattern = f"arn:aws:ec2:{HERE}:security-group/*"
    assert patterns(group) == {}
    assert patterns(group, pattern) == {group: (pattern, CREATED)}


def test_what_a_launch_leaves_to_its_template_is_not_created() -> None:
    """Where a failed launch shows no security group, the pattern of all of them stands for the one of the template."""
    group = use("ec2:RevokeSecurityGroupIngress", f"arn:aws:ec2:{HERE}:security-group/sg-0123456789abcdef0")
    for action in ("ec2:RunInstances", "ec2:CreateFleet", "ec2:RequestSpotFleet"):
        launch = use(action, f"arn:aws:ec2:{HERE}:security-group/*")
        assert name_patterns_from_uses([group, launch]) == {}
    made = use("ec2:CreateSecurityGroup", f"arn:aws:ec2:{HERE}:security-group/*")
    assert name_patterns_from_uses([group, made])[group.resource.text].rule == CREATED


def test_many_names_of_one_shape_become_a_family() -> None:
    queues = [f"arn:aws:sqs:{HERE}:report-2025090{day}-done" for day in range(1, FAMILY_SIZE + 1)]
    assert patterns(*queues[1:]) == {}
    assert set(patterns(*queues).values()) == {(f"arn:aws:sqs:{HERE}:report-*-done", FAMILY)}


def test_names_that_hold_a_uuid_become_a_family() -> None:
    """As Packer names its key pairs: https://github.com/hashicorp/packer/issues/1616"""
    uuids = [f"6{number}715a70-eae1-440e-beef-a46030{number}3cc70" for number in range(FAMILY_SIZE)]
    pairs = [f"arn:aws:ec2:{HERE}:key-pair/packer_{one}" for one in uuids]
    assert patterns(*pairs[1:]) == {}
    assert set(patterns(*pairs).values()) == {(f"arn:aws:ec2:{HERE}:key-pair/packer_*", FAMILY)}
    longer = [f"{pair}x" for pair in pairs]
    assert set(patterns(*longer).values()) != {(f"arn:aws:ec2:{HERE}:key-pair/packer_*", FAMILY)}
    results = {(f"arn:aws:s3:::lake/{'-'.join('?' * size for size in (8, 4, 4, 4, 12))}.csv", FAMILY)}
    assert set(patterns(*(f"arn:aws:s3:::lake/{one}.csv" for one in uuids)).values()) == results


def test_dates_and_hashes_behind_a_name_are_no_ids_that_aws_assigns() -> None:
    days = [f"arn:aws:rds:{HERE}:snapshot:orders-2026090{day}" for day in range(1, FAMILY_SIZE + 1)]
    assert set(patterns(*days).values()) == {(f"arn:aws:rds:{HERE}:snapshot:orders-*", FAMILY)}
    tables = [f"arn:aws:dynamodb:{HERE}:table/branch-3f2c1a9{number}" for number in range(FAMILY_SIZE)]
    family = {(f"arn:aws:dynamodb:{HERE}:table/branch-*", FAMILY)}
    assert set(patterns(*tables, action="dynamodb:DeleteTable").values()) == family
    workspaces = [f"arn:aws:aps:{HERE}:workspace/ws-0f1e2d3c-0000-4000-8000-00000000000{n}" for n in range(FAMILY_SIZE)]
    assert patterns(*workspaces) == {}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (f"cloudformation:{HERE}:stack/pr-", "/*"),
        (f"logs:{HERE}:log-group:/aws/lambda/pr-", "-fn:*"),
        (f"logs:{HERE}:log-group:/ecs/pr-", ":log-stream:*"),
        (f"secretsmanager:{HERE}:secret:pr-", "/db-??????"),
        (f"ssm:{HERE}:parameter/pr-", "/db/password"),
        (f"ecr:{HERE}:repository/pr-", "/web"),
        (f"autoscaling:{HERE}:autoScalingGroup:*:autoScalingGroupName/web-", ""),
        (f"autoscaling:{HERE}:autoScalingGroup:*:autoScalingGroupName/web-v", ""),
        (f"elasticloadbalancing:{HERE}:listener/app/pr-", "/*/*"),
        (f"lambda:{HERE}:function:pr-", "-fn:*"),
    ],
)
def test_names_with_what_lies_below_them_become_a_family(start: str, end: str) -> None:
    """Names in front of ids and streams, and parts of paths: as those of a stack for each pull request."""
    names = [f"arn:aws:{start}{number}{end}" for number in range(10, 10 + FAMILY_SIZE)]
    assert patterns(*names[1:]) == {}
    star = "??" if start.endswith("v") else "*"  # as Spinnaker numbers its server groups
    assert set(patterns(*names).values()) == {(f"arn:aws:{start}{star}{end}", FAMILY)}


@pytest.mark.parametrize(
    ("start", "end", "star"),
    [
        (f"ecs:{HERE}:service/pr-", "/web", "/web"),
        (f"dynamodb:{HERE}:table/pr-", "/index/by-user", "/index/by-user"),
        (f"glue:{HERE}:table/dbt_pr_", "/orders", "/orders"),
        (f"scheduler:{HERE}:schedule/pr-", "/nightly", "/nightly"),
        (f"codedeploy:{HERE}:deploymentgroup:pr-", "/blue", "/blue"),
        (f"eks:{HERE}:addon/pr-", "/coredns/*", "/coredns/*"),
        (f"imagebuilder:{HERE}:component/cis/1.0.", "/1", "/*"),
        (f"states:{HERE}:execution:pr-", ":0f1e2d3c-0000-4000-8000-000000000001", ":*"),
    ],
)
def test_names_within_generated_ones_become_a_family(start: str, end: str, star: str) -> None:
    """As the services of a cluster for each pull request; an id within a new one is new too."""
    names = [f"arn:aws:{start}{number}{end}" for number in range(10, 10 + FAMILY_SIZE)]
    assert patterns(*names[1:]) == {}
    found = start.removesuffix("1.0.")
    assert set(patterns(*names).values()) == {(f"arn:aws:{found}*{star}", FAMILY)}
    shared = [f"arn:aws:{start}7/{number}x{number}-run" for number in range(10, 10 + FAMILY_SIZE)]
    assert patterns(*shared) == {}  # one parent alone makes none


def test_names_within_ids_that_aws_assigned_stay_exact() -> None:
    stages = [f"arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e{number}/stages/prod" for number in range(FAMILY_SIZE)]
    topics = [
        f"arn:aws:kafka:{HERE}:topic/main/0f1e2d3c-0000-4000-8000-00000000000{number}/orders"
        for number in range(FAMILY_SIZE)
    ]
    paths = [f"arn:aws:iam::111122223333:role/pr-{number}/deploy" for number in range(FAMILY_SIZE)]
    assert patterns(*stages, *topics, *paths) == {}


def test_names_in_something_that_the_call_does_not_name_become_a_family() -> None:
    names = [f"arn:aws:elasticbeanstalk:{HERE}:environment/*/pr-{number}" for number in range(FAMILY_SIZE)]
    assert set(patterns(*names).values()) == {(f"arn:aws:elasticbeanstalk:{HERE}:environment/*/pr-*", FAMILY)}


def test_types_make_no_family() -> None:
    types = ("instance", "volume", "snapshot", "image", "network-interface", "subnet")
    assert patterns(*(f"arn:aws:ec2:{HERE}:{one}/*" for one in types)) == {}


def test_names_that_only_their_end_tells_become_a_family_of_their_length() -> None:
    snapshots = [f"arn:aws:rds:{HERE}:snapshot:2026-09-0{day}-orders" for day in range(1, FAMILY_SIZE + 1)]
    assert set(patterns(*snapshots).values()) == {(f"arn:aws:rds:{HERE}:snapshot:????-??-??-orders", FAMILY)}
    untold = [f"arn:aws:sqs:{HERE}:{day}-q" for day in range(1, FAMILY_SIZE + 1)]
    assert patterns(*untold) == {}


def test_numbers_that_count_on_behind_a_name_become_a_family() -> None:
    """As versions of a model package: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html"""
    group = f"arn:aws:sagemaker:{HERE}:model-package/fraud"
    versions = [f"{group}/{number}" for number in range(1, FAMILY_SIZE + 1)]
    assert set(patterns(*versions).values()) == {(f"{group}/*", FAMILY)}
    recipes = f"arn:aws:imagebuilder:{HERE}:image-recipe/web"
    versions = [f"{recipes}/1.0.{number}" for number in range(1, FAMILY_SIZE + 1)]
    assert set(patterns(*versions).values()) == {(f"{recipes}/*", FAMILY)}
    assert patterns(*(f"arn:aws:sqs:{HERE}:{number}" for number in range(FAMILY_SIZE))) == {}
    assert patterns(*(f"arn:aws:ecs:{HERE}:cluster/{number}" for number in range(FAMILY_SIZE))) == {}


def test_roles_users_and_assigned_ids_never_make_a_family() -> None:
    roles = [f"arn:aws:iam::111122223333:role/batch-{number}" for number in range(10)]
    subnets = [f"arn:aws:ec2:{HERE}:subnet/subnet-0123456789abcde{number:02x}" for number in range(10)]
    short = [f"arn:aws:sqs:{HERE}:q-{number}" for number in range(10)]
    assert patterns(*roles, *subnets, *short) == {}


def test_images_and_snapshots_that_follow_one_another_become_a_family() -> None:
    """A new release has a new id: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html"""
    images = [f"arn:aws:ec2:us-east-1::image/ami-0123456789abcde{number:02x}" for number in range(FAMILY_SIZE)]
    snapshots = [f"arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcde{number:02x}" for number in range(FAMILY_SIZE)]
    assert patterns(*images[1:]) == {}
    assert set(patterns(*images).values()) == {("arn:aws:ec2:us-east-1::image/ami-*", FAMILY)}
    assert set(patterns(*snapshots).values()) == {("arn:aws:ec2:us-east-1::snapshot/snap-*", FAMILY)}


def test_images_that_were_launched_one_after_another_become_any_image() -> None:
    images = [f"arn:aws:ec2:us-east-1::image/ami-0123456789abcde{number:02x}" for number in range(RELEASES)]
    found = {("arn:aws:ec2:us-east-1::image/ami-*", LAUNCHED_IMAGE)}
    for action in ("ec2:RunInstances", "ec2:CreateFleet", "ec2:RequestSpotInstances"):
        assert set(patterns(*images, action=action).values()) == found
        assert patterns(*images[1:], action=action) == {}
    assert patterns(*images, action="ec2:DeregisterImage") == {}


def test_objects_and_folders_that_are_named_by_date_or_hash_become_a_family() -> None:
    def family(*keys: str) -> set[tuple[str, str]]:
        found = patterns(*(f"arn:aws:s3:::lake/{key}" for key in keys), action="s3:PutObject")
        assert len(found) in (0, len(keys))
        return {(text.removeprefix("arn:aws:s3:::lake/"), rule) for text, rule in found.values()}

    days = [f"{day:02}" for day in range(1, FAMILY_SIZE + 1)]
    assert family(*(f"orders/dt=2026-09-{day}/*" for day in days)) == {("orders/dt=*/*", FAMILY)}
    assert family(*(f"backups/daily-202609{day}0100/*" for day in days)) == {("backups/daily-*/*", FAMILY)}
    assert family(*(f"orders/dt=2025-09-{day}/*" for day in days[1:])) == set()
    # Where no name tells what is meant, only names of the same length:
    assert family(*(f"2026/{day}/*" for day in days)) == {("????/??/*", FAMILY)}
    assert family(*(f"0a1b2c3d{day}.zip" for day in days)) == {("??????????.zip", FAMILY)}
    assert family("a/*", "b/*", "c/*", "d/*", "e/*", "f/*") == set()
    # Blocks of Thanos and Mimir are named by ULIDs: https://pkg.go.dev/github.com/thanos-io/thanos/pkg/block
    assert family(*(f"01J7ZQ4M3X8V5N2K6T9W1R0{n}B/*" for n in days)) == {(f"{'?' * 26}/*", FAMILY)}
    # A number that ends a word keeps its length.
    assert family(*(f"backup202609{day}/*" for day in days)) == {("backup????????/*", FAMILY)}
    assert family(*(f"device{day}/2026/*" for day in days)) == {("device??/*/*", FAMILY)}
    assert family(*(f"copy-ec{day}-logs/*" for day in days)) == set()


def test_ids_that_a_principal_deletes_become_the_pattern_of_their_type() -> None:
    groups = [f"arn:aws:ec2:{HERE}:security-group/sg-0123456789abcde{number:02x}" for number in range(FAMILY_SIZE)]
    deleted = {(f"arn:aws:ec2:{HERE}:security-group/*", DELETED)}
    assert set(patterns(*groups, action="ec2:DeleteSecurityGroup").values()) == deleted
    assert patterns(*groups[1:], action="ec2:DeleteSecurityGroup") == {}
    dry = [replace(use("ec2:DeleteSecurityGroup", one), error_code="Client.DryRunOperation") for one in groups]
    assert name_patterns_from_uses(dry) == {}
    assert patterns(*groups, action="ec2:RevokeSecurityGroupIngress") == {}
    kept = f"arn:aws:ec2:{HERE}:security-group/sg-0aaaaaaaaaaaaaaaa"
    found = name_patterns_from_uses(
        [use("ec2:DeleteSecurityGroup", arn) for arn in groups] + [use("ec2:RevokeSecurityGroupIngress", kept)]
    )
    assert kept not in found
    keys = [f"arn:aws:kms:{HERE}:key/0f1e2d3c-0000-4000-8000-00000000000{number}" for number in range(FAMILY_SIZE)]
    assert patterns(*keys, action="kms:DeleteImportedKeyMaterial") == {}
    addresses = [f"arn:aws:ec2:{HERE}:elastic-ip/eipalloc-0123456789abcde{number:02x}" for number in range(FAMILY_SIZE)]
    assert set(patterns(*addresses, action="ec2:ReleaseAddress").values()) == {
        (f"arn:aws:ec2:{HERE}:elastic-ip/*", DELETED)
    }
    tried = [use("ec2:DeleteSecurityGroup", arn, outcome=Outcome.UNDETERMINED) for arn in groups]
    assert name_patterns_from_uses(tried) == {}


@pytest.mark.parametrize(
    ("action", "start"),
    [
        ("ec2:DeleteTags", f"arn:aws:ec2:{HERE}:subnet/subnet-"),
        ("ec2:DeleteRoute", f"arn:aws:ec2:{HERE}:route-table/rtb-"),
        ("ec2:DeleteNetworkAclEntry", f"arn:aws:ec2:{HERE}:network-acl/acl-"),
        ("ec2:DeleteLaunchTemplateVersions", f"arn:aws:ec2:{HERE}:launch-template/lt-"),
        ("elasticfilesystem:DeleteMountTarget", f"arn:aws:elasticfilesystem:{HERE}:file-system/fs-"),
        ("s3:DeleteObject", "arn:aws:s3:::data/0f1e2d3c-0000-4000-8000-"),
    ],
)
def test_ids_of_what_is_not_deleted_itself_stay_exact(action: str, start: str) -> None:
    found = patterns(*(f"{start}0123456789{number:02x}" for number in range(FAMILY_SIZE)), action=action)
    assert DELETED not in {rule for _, rule in found.values()}


def test_folders_that_follow_one_another_are_kept_by_their_shape_within_the_grant() -> None:
    days = [use("s3:PutObject", f"{DATA}/orders/dt=2026-09-0{day}/*") for day in range(1, 6)]
    found = diff_of(role(policy(allow("s3:PutObject", f"{DATA}/orders/*"), allow("s3:PutObject", DATA))), days)
    assert {(line.scope, line.rule) for line in found.lines} == {(Scope((f"{DATA}/orders/dt=*/*",)), "name-family")}
    found = diff_of(role(policy(allow("s3:PutObject", f"{DATA}/orders/dt=2026-*"))), days)
    assert {line.scope for line in found.lines} == {Scope((f"{DATA}/orders/dt=2026-*/*",))}


def test_statements_on_other_types_leave_no_line() -> None:
    volumes, snapshots = (f"arn:aws:ec2:*:*:{kind}/*" for kind in ("volume", "snapshot"))
    seen = "arn:aws:ec2:us-east-1:111122223333:volume/*"
    principal = role(policy(allow("ec2:CreateVolume", snapshots), allow("ec2:CreateVolume", volumes)))
    found = diff_of(principal, [use("ec2:CreateVolume", seen)])
    assert [line.scope for line in found.lines] == [Scope((seen,))]
