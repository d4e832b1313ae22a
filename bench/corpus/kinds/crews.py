"""Crews of roles: copies that should be merged, and look-alikes that must not be.

https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_permissions_least_privileges.html
https://docs.aws.amazon.com/whitepapers/latest/organizing-your-aws-environment/benefits-of-using-multiple-aws-accounts.html
"""

from __future__ import annotations

from bench.corpus.crew import DEVELOPMENT, Apart, Crew, Member, always, in_session, labels
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import daily, each_month, often, on, some_object, step, together
from bench.corpus.profile import Grant, Kinds, Profile, Schedule, grant
from bench.corpus.session import Session

KINDS = Kinds()


def _tool(d: Draw, name: str) -> str:
    """The ARN of a role in the account of the company's tools, which has no logs here."""
    return f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/{name}"


def _worker(d: Draw) -> tuple[Schedule, list[Grant]]:
    """What a worker does, and the wide policies that it has."""
    queue, table, bucket = d.queue("jobs"), d.table("results"), d.bucket("documents")
    schedule = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.9), "dynamodb:GetItem PutItem", table),
        step(often(0.8), "s3:GetObject PutObject", some_object(bucket, "inbound")),
        step(often(0.3), "cloudwatch:PutMetricData"),
    )
    grants = [
        grant("sqs:*", queue.arn),
        grant("dynamodb:*", table.arn),
        grant("s3:*", bucket.arn, f"{bucket.arn}/*"),
        grant("cloudwatch:*"),
    ]
    return schedule, grants


@KINDS.crew()
def twelve_copies(d: Draw) -> Crew:
    schedule, grants = _worker(d)
    names = [f"copy{number}" for number in range(1, 13)]
    members = [
        Member(name, Profile(f"{d.app}-worker-{name[4:]}", "an instance of one service", grants, schedule, "ecs"))
        for name in names
    ]
    return Crew(members, merges=[labels(*names)])


@KINDS.crew()
def environments_by_tag(d: Draw) -> Crew:
    """One account holds production and a copy for tests, which uses the same shared resources."""
    schedule, grants = _worker(d)
    stages = {"blue": "production", "green": "production", "trial": "development"}
    members = [
        Member(
            name,
            Profile(f"{d.app}-{name}", "a service in colors, and its trial", grants, schedule, "ecs"),
            tags={"environment": stage, "service": d.app},
        )
        for name, stage in stages.items()
    ]
    why = "development must not get production's access"
    return Crew(members, merges=[labels("blue", "green")], apart=[Apart(labels("trial"), labels("blue", "green"), why)])


@KINDS.crew()
def environments_by_account(d: Draw) -> Crew:
    """The same role in the accounts of production and development: nothing else says which is which but tags."""
    members = []
    for name, account in (("prod", "production"), ("dev", DEVELOPMENT)):
        here = d.in_account(account)
        table, topic = here.table("bookings"), here.topic("bookings")
        schedule = together(
            step(daily, "dynamodb:GetItem PutItem Query", table),
            step(often(0.7), "sns:Publish", topic),
            step(often(0.4), "dynamodb:DescribeTable", table),
        )
        grants = [grant("dynamodb:*", table.arn), grant("sns:*", topic.arn)]
        profile = Profile(f"{d.app}-bookings", "a service of an environment", grants, schedule, "lambda")
        members.append(Member(name, profile, account, tags={"env": name}))
    why = "production and development are separate accounts on purpose"
    return Crew(members, apart=[Apart(labels("prod"), labels("dev"), why)])


def _readers(d: Draw) -> tuple[Schedule, list[Grant]]:
    schedule = together(
        step(often(0.7), "iam:ListRoles ListUsers ListPolicies"),
        step(often(0.5), "ec2:DescribeInstances DescribeSecurityGroups DescribeVpcs"),
        step(often(0.4), "cloudtrail:LookupEvents"),
        step(often(0.4), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
    )
    return schedule, [grant("iam:Get* List*"), grant("ec2:Describe*"), grant("cloudtrail:*"), grant("rds:Describe*")]


def _inspectors(d: Draw, admin: Schedule, about: str) -> Crew:
    """Three inspectors, and an administrator who mostly does what they do."""
    reads, grants = _readers(d)
    runner = _tool(d, "inspection-runner")
    here = always(Session(name=d.app, by=runner))
    names = ("network", "identity", "cost")
    members = [
        Member(
            name,
            Profile(
                f"{d.app}-{name}-inspection",
                "reads the account's settings",
                grants,
                in_session(here, reads),
                trusted=runner,
            ),
        )
        for name in names
    ]
    schedule = in_session(here, together(reads, admin))
    members.append(Member("admin", Profile(f"{d.app}-platform", about, (), schedule, is_admin=True, trusted=runner)))
    why = "an administrator's access isn't for those who inspect"
    return Crew(members, merges=[labels(*names)], apart=[Apart(labels("admin"), labels(*names), why)])


@KINDS.crew()
def administrator_on_one_day(d: Draw) -> Crew:
    role, day = d.role("made"), d.between(20, d.days - 20)
    admin = together(
        step(on(day, d.days + 60), "iam:CreateRole PutRolePolicy", role),
        step(on(day, d.days + 60), "iam:AttachRolePolicy UpdateAssumeRolePolicy", role),
    )
    return _inspectors(d, admin, "administers, seen on one day")


@KINDS.crew()
def administrator_unseen(d: Draw) -> Crew:
    role = d.role("made")
    admin = step(on(d.days + 20, d.days + 90), "iam:CreateRole PutRolePolicy", role)
    return _inspectors(d, admin, "administers, though not in the logs")


@KINDS.crew()
def one_deletes_backups(d: Draw) -> Crew:
    table = d.table("accounts")
    backups = f"{table.arn}/backup/01700000000000-{d.hex(8)}"
    both = together(
        step(daily, "dynamodb:DescribeTable", table),
        step(often(0.9), "dynamodb:CreateBackup", table),
        step(often(0.5), "dynamodb:DescribeContinuousBackups", table),
    )
    grants = [grant("dynamodb:*", table.arn, f"{table.arn}/*")]
    cleaning = together(both, step(each_month(d.between(1, 28)), "dynamodb:DeleteBackup", backups))
    names = ("hourly", "daily", "weekly")
    members = [
        Member(name, Profile(f"{d.app}-backup-{name}", "makes backups", grants, both, "lambda")) for name in names
    ]
    profile = Profile(f"{d.app}-backup-cleanup", "makes backups, and deletes old ones", grants, cleaning, "lambda")
    why = "those who make backups must not be able to delete them"
    return Crew(
        [*members, Member("cleanup", profile)],
        merges=[labels(*names)],
        apart=[Apart(labels("cleanup"), labels(*names), why)],
    )


@KINDS.crew()
def another_trust(d: Draw) -> Crew:
    """Two exporters of the company, and one that a partner's account assumes."""
    bucket = d.bucket("exports")
    schedule = together(
        step(daily, "s3:ListBucket", bucket),
        step(often(0.9), "s3:GetObject", some_object(bucket, "daily")),
        step(often(0.4), "s3:GetBucketLocation", bucket),
    )
    grants = [grant("s3:*", bucket.arn, f"{bucket.arn}/*")]
    runner = _tool(d, "export-runner")
    partner = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:root"
    own = in_session(always(Session(name="export", by=runner)), schedule)
    foreign = in_session(
        always(Session(name="partner-export", by=partner.replace(":root", ":role/reader"), address="192.0.2.77")),
        schedule,
    )
    about = "reads exports"
    members = [
        Member("east", Profile(f"{d.app}-export-east", about, grants, own, trusted=runner)),
        Member("west", Profile(f"{d.app}-export-west", about, grants, own, trusted=runner)),
        Member("partner", Profile(f"{d.app}-export-partner", about, grants, foreign, "vendor", trusted=partner)),
    ]
    why = "a partner's access must end when the partner's contract does"
    apart = [Apart(labels("partner"), labels("east", "west"), why)]
    return Crew(members, merges=[labels("east", "west")], apart=apart)
