"""The held-back chores: relatives of those in `bench.corpus.kinds.chores`.

https://docs.aws.amazon.com/wellarchitected/latest/operational-excellence-pillar/operate.html
https://docs.aws.amazon.com/redshift/latest/mgmt/managing-snapshots-console.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html
"""

from __future__ import annotations

from bench.corpus.calendar import NeedKind
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import When, daily, often, on, passing, some_object, step, together
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()
_SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def _permission_set(d: Draw, name: str) -> str:
    """https://docs.aws.amazon.com/singlesignon/latest/userguide/using-iam-roles.html"""
    return f"AWSReservedSSO_{d.app.title().replace('-', '')}{name}"[:47] + f"_{d.hex(16)}"


def _weekdays(share: float) -> When:
    return lambda today: NeedKind.ORDINARY if today.is_workday and today.chance(share) else None


def _some_day(d: Draw) -> int:
    return d.between(8, d.days - 12)


@KINDS.ordinary("summit")
def warehouse_retirement(d: Draw) -> Profile:
    old, day = d.own("redshift", f"cluster:{d.subject}-v1-{d.hex(4)}"), _some_day(d)
    schedule = together(
        step(_weekdays(0.6), "redshift:DescribeClusters", d.arn("redshift", "cluster:*")),
        step(_weekdays(0.3), "cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*")),
        step(on(day), "redshift:DeleteCluster", old),
    )
    grants = [grant("redshift:*"), grant("cloudwatch:*")]
    return Profile(f"{d.app}-dwh-ops", "operations: a warehouse retired once", grants, schedule, "role")


@KINDS.ordinary("canyon")
def flow_setup(d: Draw) -> Profile:
    day, role = _some_day(d), d.role("flow")
    machine, bucket = d.own("states", f"stateMachine:{d.name('intake')}"), d.bucket("intake")
    schedule = together(
        step(_weekdays(0.8), "s3:GetObject", some_object(bucket, "plans")),
        step(_weekdays(0.7), "states:ListStateMachines"),
        step(on(day), "iam:CreateRole AttachRolePolicy", role),
        step(on(day), "states:CreateStateMachine", machine, also=passing(role), params={"roleArn": role}),
    )
    grants = [grant("s3:*"), grant("states:*"), grant("iam:*")]
    return Profile(
        f"{d.app}-ci-flows", "a CI job that makes a flow and its role once", grants, schedule, "oidc", (7, 19)
    )


@KINDS.ordinary("summit")
def shell_at_incident(d: Draw) -> Profile:
    first, service = _some_day(d), d.own("ecs", f"service/{d.app}/web")
    schedule = together(
        step(_weekdays(0.7), "ecs:DescribeServices", service),
        step(_weekdays(0.5), "ecs:ListClusters"),
        step(on(first, d.days + d.between(20, 150)), "ecs:ExecuteCommand", d.arn("ecs", f"task/{d.app}/{d.hex(32)}")),
        step(on(first), "ecs:UpdateService", service),
    )
    about = "developers who enter a task at an incident"
    return Profile(
        _permission_set(d, "Support"), about, [grant("ecs:*"), grant("logs:*")], schedule, "sso", (6, 22), _SSO
    )


@KINDS.ordinary("canyon")
def git_credential(d: Draw) -> Profile:
    name, day, bucket = f"{d.app}-mirror", _some_day(d), d.bucket("mirror")
    user = d.arn("iam", f"user/{name}", region="")
    schedule = together(
        step(daily, "s3:GetObject", some_object(bucket, "mirror")),
        step(often(0.5), "s3:ListBucket", bucket),
        step(on(day), "iam:ListServiceSpecificCredentials CreateServiceSpecificCredential", user),
    )
    grants = [grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("iam:*", user)]
    return Profile(name, "mirrors objects, and renews its credential once", grants, schedule, "user")


@KINDS.ordinary("summit")
def cluster_access(d: Draw) -> Profile:
    day, cluster = _some_day(d), d.own("eks", f"cluster/{d.subject}-{d.hex(4)}")
    schedule = together(
        step(_weekdays(0.6), "eks:ListClusters"),
        step(_weekdays(0.8), "eks:DescribeCluster", cluster),
        step(on(day, day + 2), "eks:CreateAccessEntry", cluster),
    )
    about = "people who give a new team access to a cluster on two days"
    return Profile(
        _permission_set(d, "Platform"), about, [grant("eks:*"), grant("ec2:Describe*")], schedule, "sso", (7, 18), _SSO
    )


@KINDS.ordinary("canyon")
def queue_opening(d: Draw) -> Profile:
    queue, day = d.queue("partner"), _some_day(d)
    schedule = together(
        step(_weekdays(0.9), "sqs:ListQueues"),
        step(_weekdays(0.6), "sqs:GetQueueAttributes", queue),
        step(on(day), "sqs:SetQueueAttributes", queue),
    )
    return Profile(
        f"{d.app}-terraform", "a CI job that opens a queue once", [grant("sqs:*"), grant("sns:*")], schedule, "oidc"
    )


@KINDS.ordinary("summit")
def parameter_migration(d: Draw) -> Profile:
    topic, day = d.topic("jobs"), _some_day(d)
    old, new = d.own("ssm", f"parameter/{d.app}/v1"), d.own("ssm", f"parameter/{d.app}/v2")
    schedule = together(
        step(daily, "sns:Publish", topic),
        step(often(0.7), "ssm:DescribeParameters"),
        step(on(day), "ssm:GetParametersByPath", old),
        step(on(day, day + 1), "ssm:PutParameter", new),
    )
    grants = [grant("sns:*", topic.arn), grant("ssm:*")]
    return Profile(f"{d.app}-jobs-worker", "a task that moves parameters once", grants, schedule, "ecs")


@KINDS.ordinary("canyon")
def landing_audit(d: Draw) -> Profile:
    first, roles = _some_day(d), [f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/reader-{n}" for n in range(3)]
    schedule = together(
        step(_weekdays(0.6), "config:DescribeConfigRules DescribeConfigurationRecorders"),
        step(_weekdays(0.4), "organizations:ListAccounts"),
        step(on(first, d.days + d.between(30, 200)), "sts:AssumeRole", *roles),
    )
    grants = [grant("config:Describe*"), grant("organizations:List* Describe*"), grant("sts:AssumeRole")]
    return Profile(
        _permission_set(d, "Auditor"), "people who audit other accounts once", grants, schedule, "sso", (8, 18), _SSO
    )


@KINDS.ordinary("summit")
def alarm_cleanup(d: Draw) -> Profile:
    day, project = _some_day(d), d.own("codebuild", f"project/{d.name('checks')}")
    alarms = [d.arn("cloudwatch", f"alarm:{d.app}-{part}") for part in ("cpu", "errors")]
    schedule = together(
        step(_weekdays(0.8), "codebuild:BatchGetProjects", project),
        step(_weekdays(0.6), "cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*")),
        step(on(day), "cloudwatch:DeleteAlarms", *alarms),
        step(on(day), "events:DisableRule", d.own("events", f"rule/{d.app}-checks")),
    )
    grants = [grant("codebuild:*"), grant("cloudwatch:*"), grant("events:*")]
    return Profile(f"{d.app}-checks", "a CI job that cleans up alarms once", grants, schedule, "oidc", (7, 19))


@KINDS.ordinary("canyon")
def cluster_snapshot_partner(d: Draw) -> Profile:
    day = _some_day(d)
    schedule = together(
        step(often(0.9), "rds:DescribeDBClusters", d.arn("rds", "cluster:*")),
        step(often(0.7), "rds:DescribeDBSnapshots", d.arn("rds", "snapshot:*")),
        step(on(day), "rds:ModifyDBClusterSnapshotAttribute", d.arn("rds", f"cluster-snapshot:{d.subject}-shared")),
    )
    return Profile(f"{d.app}-dba", "operations: a snapshot shared with a partner", [grant("rds:*")], schedule, "role")


@KINDS.ordinary("summit")
def flow_hotfix(d: Draw) -> Profile:
    machine, day = d.own("states", f"stateMachine:{d.name('checkout')}"), _some_day(d)
    schedule = together(
        step(_weekdays(0.8), "states:ListStateMachines"),
        step(_weekdays(0.8), "states:DescribeStateMachine", machine),
        step(_weekdays(0.3), "states:StartExecution", machine),
        step(on(day), "states:UpdateStateMachine", machine),
    )
    about = "developers who fix a flow by hand once"
    return Profile(
        _permission_set(d, "FlowDeveloper"), about, [grant("states:*"), grant("logs:*")], schedule, "sso", (7, 20), _SSO
    )


@KINDS.ordinary("canyon")
def vault_retirement(d: Draw) -> Profile:
    vault, day = d.own("backup", f"backup-vault:{d.subject}-{d.hex(4)}"), _some_day(d)
    schedule = together(
        step(often(0.8), "backup:ListBackupVaults"),
        step(often(0.8), "backup:StartBackupJob", vault),
        step(on(day), "backup:DeleteBackupVault", d.arn("backup", f"backup-vault:{d.subject}-old")),
    )
    return Profile(
        f"{d.app}-vaults",
        "runs backups, and deletes an old vault",
        [grant("backup:*"), grant("ec2:*")],
        schedule,
        "lambda",
    )


@KINDS.ordinary("summit")
def detector_update(d: Draw) -> Profile:
    detector, day = d.arn("guardduty", f"detector/{d.hex(32)}"), _some_day(d)
    schedule = together(
        step(often(0.9), "guardduty:ListFindings GetFindings", detector),
        step(often(0.5), "securityhub:GetFindings", d.arn("securityhub", "hub/default")),
        step(on(day), "guardduty:UpdateDetector", detector),
    )
    grants = [grant("guardduty:*"), grant("securityhub:*"), grant("config:*")]
    return Profile(f"{d.app}-secops", "reads findings, and changes the detector once", grants, schedule, "role")


@KINDS.ordinary("canyon")
def file_system_removal(d: Draw) -> Profile:
    file_systems, day = [d.own("elasticfilesystem", f"file-system/fs-0{d.hex(16)}") for _ in range(2)], _some_day(d)
    schedule = together(
        step(_weekdays(0.9), "elasticfilesystem:DescribeFileSystems", *file_systems),
        step(_weekdays(0.5), "ec2:DescribeSubnets"),
        step(on(day), "elasticfilesystem:DeleteFileSystem", file_systems[0]),
    )
    grants = [grant("elasticfilesystem:*"), grant("ec2:*")]
    return Profile(f"{d.app}-infra", "a CI job that removes a file system once", grants, schedule, "oidc", (7, 19))


@KINDS.ordinary("summit")
def bucket_replication(d: Draw) -> Profile:
    bucket, day = d.bucket("archive"), _some_day(d)
    role = d.role("replication")
    more = {"ReplicationConfiguration": {"Role": role}}
    schedule = together(
        step(_weekdays(0.6), "s3:GetBucketVersioning", bucket),
        step(_weekdays(0.4), "s3:ListAllMyBuckets"),
        step(on(day), "s3:PutReplicationConfiguration", bucket, also=passing(role), params=more),
    )
    grants = [grant("s3:*"), grant("iam:PassRole")]
    return Profile(
        f"{d.app}-storage",
        "storage people who set up replication once",
        grants,
        schedule,
        "user",
        (7, 18),
        console=True,
    )
