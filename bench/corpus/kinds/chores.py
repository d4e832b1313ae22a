"""Chores: principals that do something harmful on a day or two of the whole corpus, because it is their job.

Each has a relative among the held-back kinds, with other services, names and callers. Somebody who decides whether a
harmful action was an intruder's must not burden all of them.
https://docs.aws.amazon.com/wellarchitected/latest/operational-excellence-pillar/operate.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html
"""

from __future__ import annotations

from bench.corpus.calendar import NeedKind, Place
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import When, daily, often, on, passing, some_object, step, together
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()
_SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def _permission_set(d: Draw, name: str) -> str:
    """https://docs.aws.amazon.com/singlesignon/latest/userguide/using-iam-roles.html"""
    return f"AWSReservedSSO_{d.app.title().replace('-', '')}{name}"[:47] + f"_{d.hex(16)}"


def _workdays(share: float) -> When:
    return lambda today: NeedKind.ORDINARY if today.is_workday and today.chance(share) else None


def _once(d: Draw) -> int:
    return d.between(10, d.days - 10)


@KINDS.ordinary("harbor")
def database_retirement(d: Draw) -> Profile:
    old, day = d.own("rds", f"db:{d.subject}-old-{d.hex(4)}"), _once(d)
    schedule = together(
        step(_workdays(0.7), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
        step(_workdays(0.4), "cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*")),
        step(on(day), "rds:CreateDBSnapshot DeleteDBInstance", old),
    )
    grants, about = [grant("rds:*"), grant("cloudwatch:*"), grant("ec2:*")], "people who retire a database once"
    return Profile(_permission_set(d, "Database"), about, grants, schedule, "sso", (7, 18), _SSO)


@KINDS.ordinary("meadow")
def pipeline_setup(d: Draw) -> Profile:
    day, role = _once(d), d.role("build")
    project, stack = (
        d.own("codebuild", f"project/{d.name('ci')}"),
        d.own("cloudformation", f"stack/{d.app}-ci/{d.uuid()}"),
    )
    schedule = together(
        step(_workdays(0.8), "cloudformation:DescribeStacks", stack),
        step(_workdays(0.3), "cloudformation:UpdateStack", stack),
        step(on(day), "iam:CreateRole PutRolePolicy", role),
        step(on(day), "codebuild:CreateProject", project, also=passing(role), params={"serviceRole": role}),
        step(on(day), "codepipeline:CreatePipeline", d.arn("codepipeline", f"{d.app}-ci")),
    )
    grants = [grant("cloudformation:*"), grant("iam:*"), grant("codebuild:*"), grant("codepipeline:*"), grant("s3:*")]
    return Profile(f"{d.app}-pipelines", "a CI job that makes a pipeline once", grants, schedule, "oidc", (7, 19))


@KINDS.ordinary("harbor")
def incident_command(d: Draw) -> Profile:
    first = _once(d)
    instances = [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(2)]
    document = Place(f"arn:aws:ssm:{d.region}::document/AWS-RunShellScript")
    ids = [place.arn.rpartition("/")[2] for place in instances]
    more = {"documentName": "AWS-RunShellScript", "instanceIds": ids}
    also = tuple(("ssm:SendCommand", place.arn) for place in instances)
    schedule = together(
        step(often(0.6), "ec2:DescribeInstances"),
        step(often(0.4), "cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*")),
        step(on(first, d.days + d.between(10, 200)), "ssm:SendCommand", document, also=also, params=more),
        step(on(first), "ssm:ListCommandInvocations"),
        step(on(first), "ec2:RebootInstances", instances[0]),
    )
    grants = [grant("ec2:*"), grant("cloudwatch:*"), grant("ssm:*")]
    return Profile(f"{d.app}-ops", "operations: a command on instances at an incident", grants, schedule, "role")


@KINDS.ordinary("meadow")
def own_key_rotation(d: Draw) -> Profile:
    name, day, bucket = f"{d.app}-uploader", _once(d), d.bucket("uploads")
    user = d.arn("iam", f"user/{name}", region="")
    schedule = together(
        step(daily, "s3:PutObject", some_object(bucket, "uploads")),
        step(often(0.6), "s3:GetBucketLocation", bucket),
        step(on(day), "iam:ListAccessKeys CreateAccessKey", user),
        step(on(day + 1, d.days + 90), "iam:UpdateAccessKey DeleteAccessKey", user),
    )
    grants = [grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("iam:*", user)]
    return Profile(name, "uploads with a key, which it rotates once", grants, schedule, "user")


@KINDS.ordinary("harbor")
def team_onboarding(d: Draw) -> Profile:
    day = _once(d)
    user, group = (
        d.arn("iam", rest, region="") for rest in (f"user/{d.subject}.{d.hex(4)}", f"group/{d.subject}-team")
    )
    schedule = together(
        step(_workdays(0.4), "iam:ListUsers ListRoles"),
        step(_workdays(0.2), "organizations:ListAccounts"),
        step(on(day), "iam:CreateUser CreateLoginProfile", user),
        step(on(day), "iam:AddUserToGroup", group),
    )
    grants = [grant("iam:*"), grant("organizations:List* Describe*")]
    about = "people who manage access, and take in a new team member once"
    return Profile(_permission_set(d, "Access"), about, grants, schedule, "sso", (8, 17), _SSO)


@KINDS.ordinary("meadow")
def bucket_policy_fix(d: Draw) -> Profile:
    bucket, day = d.bucket("downloads"), _once(d)
    schedule = together(
        step(_workdays(0.8), "s3:ListAllMyBuckets"),
        step(_workdays(0.6), "s3:GetBucketPolicy", bucket),
        step(
            _workdays(0.3),
            "cloudfront:CreateInvalidation",
            d.arn("cloudfront", f"distribution/E{d.upper(13)}", region=""),
        ),
        step(on(day, day + 1), "s3:PutBucketPolicy", bucket),
    )
    grants, about = [grant("s3:*"), grant("cloudfront:*")], "developers who fix a bucket policy on two days"
    return Profile(_permission_set(d, "WebDeveloper"), about, grants, schedule, "sso", (7, 19), _SSO)


@KINDS.ordinary("harbor")
def secret_migration(d: Draw) -> Profile:
    table, old, new, day = d.table("tenants"), d.secret("old"), d.secret("new"), _once(d)
    schedule = together(
        step(daily, "dynamodb:GetItem Query", table),
        step(often(0.9), "secretsmanager:DescribeSecret", new),
        step(on(day), "secretsmanager:GetSecretValue", old),
        step(on(day), "secretsmanager:PutSecretValue", new),
    )
    grants = [grant("dynamodb:*", table.arn), grant("secretsmanager:*")]
    return Profile(f"{d.app}-tenants", "a task that moves a secret once", grants, schedule, "ecs")


@KINDS.ordinary("meadow")
def account_audit(d: Draw) -> Profile:
    first = _once(d)
    roles = [f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/audit-read" for _ in range(2)]
    schedule = together(
        step(_workdays(0.5), "iam:ListRoles ListUsers"),
        step(_workdays(0.5), "s3:ListAllMyBuckets"),
        step(on(first, first + 2, d.days + d.between(20, 180)), "sts:AssumeRole", *roles),
    )
    grants = [grant("iam:Get* List*"), grant("s3:Get* List*"), grant("sts:AssumeRole")]
    return Profile(f"{d.app}-audit", "audits other accounts on two days", grants, schedule, "role")


@KINDS.ordinary("harbor")
def log_cleanup(d: Draw) -> Profile:
    groups, day = [d.own("logs", f"log-group:/legacy/{d.app}/{d.part()}:*") for _ in range(3)], _once(d)
    repository = d.own("ecr", f"repository/{d.app}/web")
    schedule = together(
        step(_workdays(0.9), "ecr:GetAuthorizationToken"),
        step(_workdays(0.9), "ecr:BatchCheckLayerAvailability PutImage", repository),
        step(_workdays(0.5), "logs:DescribeLogGroups"),
        step(on(day), "logs:DeleteLogGroup", *groups),
    )
    grants = [grant("ecr:*"), grant("logs:*")]
    return Profile(f"{d.app}-images", "a CI job that cleans up log groups once", grants, schedule, "oidc", (7, 19))


@KINDS.ordinary("meadow")
def snapshot_partner(d: Draw) -> Profile:
    database, day = d.own("rds", f"db:{d.subject}-{d.hex(4)}"), _once(d)
    snapshot = d.arn("rds", f"snapshot:{d.subject}-partner")
    schedule = together(
        step(often(0.9), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
        step(often(0.9), "rds:DescribeDBSnapshots", d.arn("rds", "snapshot:*")),
        step(often(0.5), "rds:CreateDBSnapshot", database),
        step(on(day), "rds:ModifyDBSnapshotAttribute", snapshot),
    )
    grants = [grant("rds:*"), grant("kms:CreateGrant DescribeKey")]
    return Profile(f"{d.app}-backup", "makes snapshots, and shares one with a partner", grants, schedule, "lambda")


@KINDS.ordinary("harbor")
def function_hotfix(d: Draw) -> Profile:
    functions, day = d.fixed(d.function, 3), _once(d)
    schedule = together(
        step(_workdays(0.9), "lambda:ListFunctions"),
        step(_workdays(0.8), "lambda:GetFunction", functions[0]),
        step(_workdays(0.5), "logs:FilterLogEvents", d.own("logs", f"log-group:/aws/lambda/{d.app}:*")),
        step(on(day), "lambda:UpdateFunctionCode", functions[d.between(0, 2)]),
    )
    grants, about = [grant("lambda:*"), grant("logs:*")], "developers who fix a function's code by hand once"
    return Profile(_permission_set(d, "Developer"), about, grants, schedule, "sso", (7, 20), _SSO)


@KINDS.ordinary("meadow")
def key_retirement(d: Draw) -> Profile:
    keys, day = d.fixed(d.key, 3), _once(d)
    schedule = together(
        step(_workdays(0.6), "kms:ListKeys ListAliases"),
        step(_workdays(0.5), "kms:DescribeKey", *keys),
        step(on(day), "kms:DisableKey", keys[0]),
        step(on(day + 7), "kms:ScheduleKeyDeletion", keys[0]),
    )
    about = "security people who retire a key"
    return Profile(_permission_set(d, "KeyCustodian"), about, [grant("kms:*")], schedule, "sso", (8, 18), _SSO)


@KINDS.ordinary("harbor")
def trail_selectors(d: Draw) -> Profile:
    trail, day = d.arn("cloudtrail", f"trail/{d.app}-debug"), _once(d)
    schedule = together(
        step(often(0.7), "cloudtrail:DescribeTrails"),
        step(often(0.5), "cloudtrail:GetTrailStatus GetEventSelectors", trail),
        step(often(0.3), "guardduty:ListFindings", d.arn("guardduty", f"detector/{d.hex(32)}")),
        step(on(day), "cloudtrail:PutEventSelectors", trail),
    )
    grants = [grant("cloudtrail:*"), grant("guardduty:*")]
    return Profile(f"{d.app}-logging", "watches the trail, and changes its selectors once", grants, schedule, "role")


@KINDS.ordinary("meadow")
def stack_removal(d: Draw) -> Profile:
    stacks, day = [d.own("cloudformation", f"stack/{d.app}-{d.part()}/{d.uuid()}") for _ in range(3)], _once(d)
    schedule = together(
        step(_workdays(0.9), "cloudformation:DescribeStacks", *stacks[1:]),
        step(_workdays(0.4), "cloudformation:UpdateStack", stacks[1]),
        step(on(day), "cloudformation:DeleteStack", stacks[0]),
    )
    grants = [grant("cloudformation:*"), grant("ec2:*"), grant("iam:PassRole")]
    return Profile(f"{d.app}-stacks", "a CI job that deletes a stack once", grants, schedule, "oidc", (7, 19))


@KINDS.ordinary("harbor")
def queue_purge(d: Draw) -> Profile:
    queue, table, day = d.queue("imports"), d.table("imports"), _once(d)
    schedule = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.9), "dynamodb:PutItem", table),
        step(on(day, d.days + d.between(10, 150)), "sqs:PurgeQueue", queue),
    )
    grants = [grant("sqs:*", queue.arn), grant("dynamodb:*", table.arn)]
    return Profile(
        f"{d.app}-imports", "a worker that empties its queue once, after a failed import", grants, schedule, "ecs"
    )
