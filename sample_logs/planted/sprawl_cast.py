"""What grew over the years: keys of users, copies of a role, a role of two jobs, and what a migration left behind."""

from __future__ import annotations

from datetime import datetime, timedelta

from sample_logs.planted.calls import (
    arn,
    athena_query,
    bucket_location,
    describe_table,
    item_call,
    listing,
    queue_call,
)
from sample_logs.planted.data_cast import REPORTS
from sample_logs.planted.delivery_cast import GITHUB, subject_of
from sample_logs.planted.deploy_calls import session_of, stack_call
from sample_logs.planted.identities import Json, ManagedPolicy, Role, User, allow, document, service_trust, trust_of
from sample_logs.planted.member import UNUSED, Act, Member, weekly
from sample_logs.planted.people_cast import CLI
from sample_logs.planted.records import Call, Chronicle, Session
from sample_logs.planted.shop_cast import IMAGES, TABLE, TABLE_ARN, UPLOADS, task_session
from sample_logs.planted.world import EAST, SHOP, WEST, unique_id, uuid_of

DISTRIBUTION = f"arn:aws:cloudfront::{SHOP}:distribution/E2QWRUHAPOMQZL"
SITE = "larkspur-site"
QUEUE = arn("sqs", EAST, SHOP, "image-uploads")
QUEUE_ACTIONS = ("Get*", "ReceiveMessage", "DeleteMessage", "SetQueueAttributes", "DeleteQueue")
SETTINGS = ("/thumbnails/sizes", "/thumbnails/formats")
WORKGROUP = arn("athena", EAST, SHOP, "workgroup/finance")
JOBS = {"invoices": 0, "reports": 3}
"""The day of the week on which each job runs."""

PUBLISHER = User(
    "site-publisher",
    SHOP,
    inline={
        "publish-site": document(
            allow("cloudfront:*", DISTRIBUTION, Sid="Distribution"),
            allow(["s3:GetBucketLocation", "s3:PutObject"], [f"arn:aws:s3:::{SITE}", f"arn:aws:s3:::{SITE}/*"]),
        )
    },
)
NOOR = User("noor.haddad", SHOP, inline={"look": document(allow(["logs:*", "cloudformation:DescribeStacks"], "*"))})
UNATTACHED = ManagedPolicy("cms-import", SHOP, [allow("s3:*", "arn:aws:s3:::larkspur-cms-import*")])
MIGRATION = Role(
    "cms-migration",
    SHOP,
    trust_of({"AWS": unique_id("AIDA", "contractor")}),
    created="2024-03-18T11:20:31+00:00",
    inline={"read": document(allow("s3:GetObject", "arn:aws:s3:::larkspur-cms/*"))},
)
SCHEDULED = Role(
    "scheduled-jobs",
    SHOP,
    trust_of(
        {"Federated": GITHUB},
        "sts:AssumeRoleWithWebIdentity",
        {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": [subject_of(job) for job in JOBS],
            }
        },
    ),
    path="/ci/",
    inline={
        "invoices": document(
            allow("dynamodb:*", [TABLE_ARN, f"{TABLE_ARN}/index/*"]),
            allow("sqs:GetQueueUrl", arn("sqs", EAST, SHOP, "invoice-requests")),
        ),
        "reports": document(
            allow("athena:*", WORKGROUP),
            allow(["s3:GetBucketLocation", "s3:PutObject"], [f"arn:aws:s3:::{REPORTS}", f"arn:aws:s3:::{REPORTS}/*"]),
        ),
    },
    last_used="2026-09-28T09:12:00+00:00",
)


def _thumbnailer(name: str) -> Role:
    return Role(
        f"thumbnailer-{name}",
        SHOP,
        service_trust("ecs-tasks"),
        path="/app/",
        inline={
            "thumbnails": document(
                allow([f"sqs:{name}" for name in QUEUE_ACTIONS], QUEUE, Sid="Work"),
                allow("ssm:GetParameter*", arn("ssm", EAST, SHOP, "parameter/thumbnails/*"), Sid="Settings"),
                allow("s3:GetBucketLocation", [f"arn:aws:s3:::{UPLOADS}", f"arn:aws:s3:::{IMAGES}"], Sid="Find"),
                allow("s3:GetObject", f"arn:aws:s3:::{UPLOADS}/*", Sid="Read"),
                allow("s3:PutObject", f"arn:aws:s3:::{IMAGES}/thumbnails/*", Sid="Write"),
            )
        },
        last_used="2026-09-30T10:04:00+00:00",
    )


COPIES = tuple(map(_thumbnailer, ("1", "2", "3")))
DEVELOPMENT = _thumbnailer("dev")


def _publish(chronicle: Chronicle) -> None:
    agent = "aws-cli/2.28.11 md/awscrt#0.27.6 ua/2.1 os/linux#6.11.0 exec-env/GitHubActions"
    for number, moment in enumerate(weekly("site", 1, 4)):
        who = Session(PUBLISHER, ip=("198.51.100.19", "198.51.100.20")[number % 2], agent=agent)
        asked = {"distributionId": DISTRIBUTION.rpartition("/")[2], "invalidationBatch": {"paths": {"items": ["/*"]}}}
        needs = (("cloudfront:CreateInvalidation", DISTRIBUTION),)
        call = Call("cloudfront", "CreateInvalidation", asked, read_only=False, needs=needs)
        chronicle.tell(who, moment, EAST, bucket_location(SITE, EAST) if number % 4 == 0 else call)


def _look(chronicle: Chronicle) -> None:
    groups = listing("logs", "DescribeLogGroups", target=arn("logs", WEST, SHOP, "log-group:*"))
    for number, moment in enumerate(weekly("noor", 0, 3)):
        who = Session(NOOR, ip="198.51.100.36", agent=CLI)
        chronicle.tell(who, moment, WEST, stack_call("DescribeStacks", "storefront-eu", WEST) if number % 3 else groups)


def _settings() -> Call:
    needs = tuple(("ssm:GetParameters", arn("ssm", EAST, SHOP, f"parameter{name}")) for name in SETTINGS)
    return Call("ssm", "GetParameters", {"names": [*SETTINGS], "withDecryption": False}, needs=needs)


def _make_thumbnails(role: Role) -> Act:
    """The calls of one copy. The third also asks how long the queue is."""
    calls = [
        queue_call("GetQueueUrl", "image-uploads", EAST),
        _settings(),
        bucket_location(UPLOADS, EAST),
        bucket_location(IMAGES, EAST),
    ]
    if role is COPIES[2]:
        asked = {"attributeNames": ["ApproximateNumberOfMessages"]}
        calls.append(queue_call("GetQueueAttributes", "image-uploads", EAST, asked))

    def act(chronicle: Chronicle) -> None:
        for number, moment in enumerate(weekly(role.name, 2)):
            for offset, call in enumerate((calls[number % len(calls)], calls[(number + 1) % len(calls)])):
                chronicle.tell(task_session(role, moment), moment + timedelta(seconds=offset), EAST, call)

    return act


def job_starts() -> list[tuple[str, datetime]]:
    """When each of the jobs starts."""
    return [(job, moment) for job, day in JOBS.items() for moment in weekly(job, day, start=4, end=5)]


def session_of_job(job: str, moment: datetime) -> str:
    """The session in which a job runs on a day, such as `invoices-2026-06-08`."""
    return f"{job}-{moment.date()}"


def _run_jobs(chronicle: Chronicle) -> None:
    for job, moment in job_starts():
        who = session_of(SCHEDULED, session_of_job(job, moment), ip="198.51.100.21")
        for offset, call in enumerate(_calls_of(job, moment)):
            chronicle.tell(who, moment + timedelta(seconds=30 * (offset + 1)), EAST, call)


def _calls_of(job: str, moment: datetime) -> tuple[Call, ...]:
    if job == "invoices":
        orders = item_call("Query", TABLE, EAST, {}, index="customerId-placedAt-index", read_only=True)
        return describe_table(TABLE, EAST), orders, queue_call("GetQueueUrl", "invoice-requests", EAST)
    asked = {"queryExecutionId": uuid_of("query", f"scheduled {moment}")}
    result = listing("athena", "GetQueryExecution", request=asked, target=WORKGROUP)
    return bucket_location(REPORTS, EAST), athena_query("finance", EAST, f"scheduled {moment}"), result


_COPY: Json = {
    "conclusion": "The used actions stay, and what logs can't show. The copies could share a role",
    "drop": ("sqs:DeleteQueue", "sqs:SetQueueAttributes", "ssm:GetParametersByPath"),
    "keep": (("s3:GetObject", f"arn:aws:s3:::{UPLOADS}/a.png"), ("sqs:ReceiveMessage", QUEUE)),
    "verdicts": {"sqs:DeleteQueue": "unused", "sqs:ReceiveMessage": "unobservable", "s3:PutObject": "unobservable"},
}


PROPOSALS: Json = {
    "users": {
        NOOR.arn: {"kind": "permission-set", "name": "DeveloperAccess", "new": False},
        PUBLISHER.arn: {"kind": "role", "name": PUBLISHER.name, "new": True},
    },
    "merges": [[role.arn for role in COPIES]],
    "splits": {
        SCHEDULED.arn: {"scheduled-jobs-invoices": ["invoices-*-*-*"], "scheduled-jobs-reports": ["reports-*-*-*"]}
    },
    "leftovers": {UNATTACHED.arn: "unattached-policy", MIGRATION.arn: "unassumable-role"},
}
"""What `lpgen roles` should propose: where safe moves of users go, all shared roles, the jobs of
all roles to split with their sessions, and all leftovers."""


CAST = (
    Member(
        PUBLISHER,
        "A GitHub pipeline that uses the key of a user, in an account that has GitHub's OIDC provider",
        "`cloudfront:CreateInvalidation` and the upload of objects stay; a new role for the pipeline replaces the user",
        _publish,
        keep=(("s3:PutObject", f"arn:aws:s3:::{SITE}/index.html"),),
        drop=("cloudfront:DeleteDistribution", "cloudfront:UpdateDistribution"),
        verdicts={"cloudfront:DeleteDistribution": "unused", "s3:PutObject": "unobservable"},
    ),
    Member(
        NOOR,
        "A person who works with the key of a user, and needs less than the permission set DeveloperAccess allows",
        "Two reads and what logs can't show of CloudWatch Logs stay; the permission set replaces the user",
        _look,
        keep=(("logs:PutLogEvents", arn("logs", WEST, SHOP, "log-group:/dev:log-stream:a")),),
        drop=("logs:DeleteLogGroup",),
        verdicts={"logs:DeleteLogGroup": "unused", "logs:PutLogEvents": "unobservable"},
    ),
    *(Member(role, "One of three copies of a role", act=_make_thumbnails(role), **_COPY) for role in COPIES),
    Member(
        DEVELOPMENT,
        "The same role for development",
        **_COPY | {"conclusion": "As the three copies, but it must not share their role"},
        act=_make_thumbnails(DEVELOPMENT),
    ),
    Member(
        SCHEDULED,
        "Two jobs share it, each in sessions of its own name, and each started by its own repository",
        "What both jobs use stays. By their sessions, each job could have a role of its own",
        _run_jobs,
        keep=(("s3:PutObject", f"arn:aws:s3:::{REPORTS}/2026/09.csv"),),
        drop=("dynamodb:DeleteTable", "dynamodb:PutItem", "athena:DeleteWorkGroup"),
        verdicts={"dynamodb:DeleteTable": "unused", "s3:PutObject": "unobservable"},
    ),
    Member(
        MIGRATION,
        "Its trust policy names only a user who was deleted",
        "Class unused, and nobody can assume it",
        kind=UNUSED,
        safe=None,
    ),
)
