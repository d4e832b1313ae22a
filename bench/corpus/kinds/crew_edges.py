"""Crews at the edges: work that no trail shows, sessions that change their names, and users of unusual habits.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
https://docs.aws.amazon.com/wellarchitected/latest/operational-excellence-pillar/operate.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.crew import QUIET, Apart, Crew, Goal, Job, Member, User, UserKind, always, idle, in_session, labels
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import When, daily, often, some_object, step, together
from bench.corpus.profile import Grant, Kinds, Profile, Schedule, grant, stable_number
from bench.corpus.session import Session

KINDS = Kinds()
_SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
_MAC_SDK = "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/macos#24.5.0 md/arch#arm64 lang/python#3.12.9 md/pyimpl#CPython"
_LINUX_SDK = "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux#5.15.0 md/arch#x86_64 lang/python#3.12.9"
_LINUX_TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 (+https://www.terraform.io) terraform-provider-aws/6.0.0 "
    "aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.3 md/GOOS#linux md/GOARCH#amd64"
)
_LAPTOP_CLI = "aws-cli/2.27.7 md/awscrt#0.26.1 ua/2.1 os/windows#11 md/arch#amd64 lang/python#3.13.3 md/installer#exe"


def _bucket_grant(bucket: Place, names: str = "*") -> Grant:
    return grant(f"s3:{names}", bucket.arn, f"{bucket.arn}/*")


def _workdays(share: float) -> When:
    return lambda today: NeedKind.ORDINARY if today.is_workday and today.chance(share) else None


# ---------------------------------------------------------------- unseen work


@KINDS.crew()
def unseen_copies(d: Draw) -> Crew:
    """Three copies of a service in an account without data events: trails show only a secret and a table's state."""
    here = d.in_account(QUIET)
    table, bucket, secret = here.table("orders"), here.bucket("orders"), here.secret("orders")
    schedule = together(
        step(daily, "secretsmanager:GetSecretValue", secret),
        step(often(0.5), "dynamodb:DescribeTable", table),
        step(daily, "dynamodb:GetItem PutItem", table),
        step(daily, "s3:GetObject PutObject", some_object(bucket, "orders")),
    )
    grants = [grant("secretsmanager:GetSecretValue DescribeSecret", secret.arn), grant("dynamodb:*", table.arn)]
    grants.append(_bucket_grant(bucket))
    names = ("one", "two", "three")
    members = [
        Member(name, Profile(f"{d.app}-{name}", "a copy whose data no trail shows", grants, schedule, "ecs"), QUIET)
        for name in names
    ]
    return Crew(members, merges=[labels(*names)])


@KINDS.crew()
def unseen_writer(d: Draw) -> Crew:
    """Three readers and a writer, alike in all that trails show: only the policies tell them apart."""
    here = d.in_account(QUIET)
    bucket, secret = here.bucket("ledger"), here.secret("ledger")
    seen = together(
        step(daily, "secretsmanager:GetSecretValue", secret), step(often(0.4), "s3:GetBucketLocation", bucket)
    )
    reads = together(seen, step(daily, "s3:GetObject", some_object(bucket, "pages")))
    writes = together(seen, step(daily, "s3:PutObject DeleteObject", some_object(bucket, "pages")))
    common = grant("secretsmanager:GetSecretValue", secret.arn)
    reading, writing = (
        [common, _bucket_grant(bucket, names)]
        for names in ("GetObject ListBucket GetBucketLocation", "PutObject DeleteObject ListBucket GetBucketLocation")
    )
    names = ("balance", "report", "search")
    members = [
        Member(name, Profile(f"{d.app}-{name}", "reads a ledger", reading, reads, "lambda"), QUIET) for name in names
    ]
    members.append(Member("booking", Profile(f"{d.app}-booking", "writes a ledger", writing, writes, "lambda"), QUIET))
    why = "those who read the ledger must not be able to change it"
    return Crew(members, merges=[labels(*names)], apart=[Apart(labels("booking"), labels(*names), why)])


@KINDS.crew()
def unseen_functions(d: Draw) -> Crew:
    """Three functions in one role: trails show each one's secret and key, but not its table or bucket."""
    here = d.in_account(QUIET)
    grants: list[Grant] = []
    jobs = []
    for name in ("checkout", "refunds", "receipts"):
        table, bucket, secret, key = here.table(name), here.bucket(name), here.secret(name), here.key()
        function = here.function(name)
        work = together(
            step(daily, "secretsmanager:GetSecretValue", secret),
            step(often(0.9), "kms:Decrypt GenerateDataKey", key),
            step(often(0.5), "dynamodb:DescribeTable", table),
            step(daily, "dynamodb:GetItem PutItem", table),
            step(often(0.8), "s3:PutObject", some_object(bucket, name)),
        )
        session = Session(name=function.arn.rpartition(":")[2], issued_to=function.arn)
        jobs.append(Job(name, work, always(session)))
        grants += [grant("secretsmanager:*", secret.arn), grant("kms:Decrypt GenerateDataKey", key.arn)]
        grants += [grant("dynamodb:*", table.arn), _bucket_grant(bucket)]
    profile = Profile(f"{d.app}-shared", "the role of three functions", grants, idle, "lambda")
    return Crew([Member("role", profile, QUIET, jobs=jobs)])


# ---------------------------------------------------------------- sessions


@KINDS.crew()
def renamed_function(d: Draw) -> Crew:
    """Two functions in one role; one of them was replaced by a function of another name that does the same."""
    table, queue, bucket, day = d.table("quotes"), d.queue("quotes"), d.bucket("archive"), d.days // 2
    old, new, other = d.function("calculator").arn, d.function("pricing").arn, d.function("archiver").arn

    def named(function: str) -> Session:
        return Session(name=function.rpartition(":")[2], issued_to=function)

    prices = together(step(daily, "dynamodb:GetItem PutItem Query", table), step(often(0.9), "sqs:SendMessage", queue))
    archive = together(
        step(daily, "s3:PutObject", some_object(bucket, "old")), step(often(0.8), "s3:ListBucket DeleteObject", bucket)
    )
    grants = [grant("dynamodb:*", table.arn), grant("sqs:*", queue.arn), _bucket_grant(bucket)]
    profile = Profile(f"{d.app}-shared", "the role of two functions", grants, idle, "lambda")
    jobs = [
        Job("prices", prices, lambda today: named(old if today.index < day else new)),
        Job("archive", archive, always(named(other))),
    ]
    return Crew([Member("role", profile, jobs=jobs)])


@KINDS.crew()
def debugging_in_a_job_role(d: Draw) -> Crew:
    """Three jobs in one role, and an engineer who sometimes looks at the data of all of them in the same role."""
    table, queue, bucket = d.table("stock"), d.queue("stock"), d.bucket("stock")
    scheduler = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/scheduler"
    engineer = f"arn:aws:sts::{d.between(10**11, 10**12 - 1)}:assumed-role/Engineer/maria.silva@example.com"

    def job(name: str, schedule: Schedule) -> Job:
        return Job(name, schedule, lambda today: Session(name=f"{name}-{today.date:%Y-%m-%d}", by=scheduler))

    looks: Schedule = together(
        step(_workdays(0.06), "dynamodb:GetItem", table),
        step(_workdays(0.06), "sqs:GetQueueAttributes", queue),
        step(_workdays(0.06), "s3:ListBucket", bucket),
    )
    jobs = [
        job(
            "count",
            together(step(daily, "dynamodb:GetItem UpdateItem Query", table), step(often(0.5), "dynamodb:Scan", table)),
        ),
        job(
            "reorder",
            together(
                step(daily, "sqs:ReceiveMessage DeleteMessage SendMessage", queue),
                step(often(0.5), "sqs:GetQueueAttributes", queue),
            ),
        ),
        job(
            "export",
            together(step(daily, "s3:PutObject", some_object(bucket, "out")), step(daily, "s3:ListBucket", bucket)),
        ),
        Job("debug", looks, always(Session(name="maria.silva", by=engineer, agent=_LAPTOP_CLI)), (8, 17)),
    ]
    grants = [grant("dynamodb:*", table.arn), grant("sqs:*", queue.arn), _bucket_grant(bucket)]
    profile = Profile(f"{d.app}-jobs", "the role of three jobs and an engineer", grants, idle, trusted=scheduler)
    return Crew([Member("role", profile, jobs=jobs)])


@KINDS.crew()
def standby(d: Draw) -> Crew:
    """A primary and a standby in one role: the standby only watches, except in a week of failover."""
    table, queue, topic, week = d.table("leases"), d.queue("work"), d.topic("alarms"), d.between(20, d.days - 20)
    watches = together(step(daily, "dynamodb:GetItem", table), step(often(0.5), "cloudwatch:DescribeAlarms", "*"))
    works = together(
        step(daily, "dynamodb:GetItem PutItem", table),
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.5), "sns:Publish", topic),
        step(often(0.5), "cloudwatch:DescribeAlarms", "*"),
    )
    runner = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/node"

    def day(today: Day) -> Iterator[Use]:
        is_failover = week <= today.index < week + 7 or (today.index - d.days) % 120 in range(7)
        for node, schedule in (
            ("primary", watches if is_failover else works),
            ("standby", works if is_failover else watches),
        ):
            yield from in_session(always(Session(name=f"node-{node}", by=runner)), schedule)(today)

    grants = [
        grant("dynamodb:*", table.arn),
        grant("sqs:*", queue.arn),
        grant("sns:*", topic.arn),
        grant("cloudwatch:*"),
    ]
    profile = Profile(f"{d.app}-node", "a primary and its standby", grants, day, trusted=runner)
    return Crew([Member("role", profile)])


@KINDS.crew()
def twin_sets(d: Draw) -> Crew:
    """Two permission sets of two teams that do the same work on the same things."""
    functions, queue = d.fixed(d.function, 3), d.queue("dead")
    work = together(
        step(_workdays(0.9), "lambda:ListFunctions"),
        step(_workdays(0.6), "lambda:GetFunction", *functions),
        step(_workdays(0.4), "logs:DescribeLogGroups"),
        step(_workdays(0.4), "sqs:GetQueueAttributes", queue),
    )
    grants = [grant("lambda:List* Get*"), grant("logs:Describe* Get*"), grant("sqs:*", queue.arn)]

    def team(name: str) -> Member:
        def person(today: Day) -> Session:
            user = f"{name.lower()}{today.rng.randrange(3)}@example.com"
            return Session(name=user, address=f"203.0.113.{stable_number(user) % 200 + 1}")

        role = f"AWSReservedSSO_{d.app.title().replace('-', '')}{name}_{d.hex(16)}"
        profile = Profile(role, "a team", grants, in_session(person, work), "sso", (7, 18), _SSO)
        return Member(name, profile)

    return Crew([team("Blue"), team("Green")], merges=[labels("Blue", "Green")])


# ---------------------------------------------------------------- users


@KINDS.crew()
def jenkins_on_weekdays(d: Draw) -> Crew:
    """A build server applies Terraform when developers merge: on workdays, at changing hours, from one address."""
    state, queue, table = d.bucket("tfstate"), d.queue("mail"), d.table("mail")
    work = together(
        step(_workdays(0.8), "s3:GetObject PutObject", state.at(f"{d.app}/terraform.tfstate")),
        step(_workdays(0.8), "sqs:GetQueueAttributes SetQueueAttributes", queue),
        step(_workdays(0.8), "dynamodb:DescribeTable DescribeContinuousBackups", table),
    )
    server = always(Session(agent=_LINUX_TERRAFORM, address="198.51.100.77"))
    grants = [grant("sqs:*", queue.arn), grant("dynamodb:*", table.arn), _bucket_grant(state)]
    user = User(UserKind.WORKLOAD, (Goal.QUESTION,))
    profile = Profile(f"{d.app}-jenkins", "a build server", grants, in_session(server, work), "user", (7, 18))
    return Crew([Member("key", profile, tags={"used-by": "jenkins", "team": "platform"}, user=user)])


@KINDS.crew()
def monthly_script(d: Draw) -> Crew:
    """A script on a server writes a report at a fixed minute of the first day of each month."""
    bucket, minute = d.bucket("closing"), d.between(0, 50)
    server = Session(agent=_LINUX_SDK, address="198.51.100.12")

    def day(today: Day) -> Iterator[Use]:
        if today.monthly(1):
            where = bucket.at(f"closing/{today.date:%Y-%m}.csv")
            report = together(step(daily, "s3:ListBucket", bucket), step(daily, "s3:PutObject", where))
            for number, use in enumerate(report(today)):
                yield replace(use, session=server, at=(4 * 60 + minute) * 60 + number)

    user = User(UserKind.WORKLOAD, (Goal.QUESTION,))
    profile = Profile(f"{d.app}-closing", "a monthly script", [_bucket_grant(bucket)], day, "user")
    return Crew([Member("key", profile, user=user)])


@KINDS.crew()
def data_scientist_on_laptop(d: Draw) -> Crew:
    """A data scientist explores data with an SDK in notebooks on a laptop, at home and in the office."""
    data, results = d.bucket("samples"), d.bucket("features")
    group, holiday = d.own("athena", f"workgroup/{d.app}-explore"), d.between(20, 60)
    places = (f"203.0.113.{d.between(1, 250)}", f"192.0.2.{d.between(1, 250)}")

    def notebook(today: Day) -> Session:
        return Session(agent=_MAC_SDK, address=places[stable_number(str(today.date)) % 2])

    work = together(
        step(_workdays(0.8), "s3:ListBucket", data),
        step(_workdays(0.7), "s3:GetObject", some_object(data, "raw")),
        step(_workdays(0.4), "athena:StartQueryExecution GetQueryExecution", group),
        step(_workdays(0.3), "s3:PutObject", some_object(results, "features")),
    )

    def day(today: Day) -> Iterator[Use]:
        if not holiday <= today.index % 365 < holiday + 14:
            yield from in_session(notebook, work)(today)

    grants = [_bucket_grant(data), _bucket_grant(results), grant("athena:*")]
    user = User(UserKind.PERSON, (Goal.ROLE, Goal.PERMISSION_SET), has_mfa=True)
    name = f"{d.pick('eva', 'raj', 'nils')}.{d.app}"
    return Crew([Member("person", Profile(name, "a data scientist", grants, day, "user", (7, 20)), user=user)])


@KINDS.crew()
def person_on_call(d: Draw) -> Crew:
    """An engineer on call, with the AWS CLI: on workdays, and each fourth weekend at any hour."""
    instances = [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(3)]
    alarms = d.arn("cloudwatch", "alarm:*")
    laptop = Session(agent=_LAPTOP_CLI, address=f"192.0.2.{d.between(1, 250)}")

    def watch(when: When, at: Callable[[Day], int]) -> Schedule:
        schedule = together(
            step(when, "ec2:DescribeInstances"), step(when, "cloudwatch:DescribeAlarms", alarms), _reboots(when)
        )
        return lambda today: (replace(use, session=laptop, at=at(today)) for use in schedule(today))

    def _reboots(when: When) -> Schedule:
        return lambda today: (
            today.use("ec2:RebootInstances", place, NeedKind.ORDINARY)
            for place in today.some(instances, 1)
            if when(today) and today.chance(0.3)
        )

    def weekend(today: Day) -> NeedKind | None:
        is_mine = not today.is_workday and today.date.isocalendar().week % 4 == 0
        return NeedKind.ORDINARY if is_mine and today.chance(0.6) else None

    day = together(
        watch(_workdays(0.7), lambda today: today.rng.randrange(7 * 3600, 18 * 3600)),
        watch(weekend, lambda today: today.rng.randrange(6 * 3600, 23 * 3600)),
    )
    grants = [grant("ec2:Describe* RebootInstances"), grant("cloudwatch:Describe* Get*")]
    user = User(UserKind.PERSON, (Goal.ROLE, Goal.PERMISSION_SET), has_password=True, has_mfa=True)
    name = f"{d.pick('olga', 'piet', 'sami')}.{d.app}"
    return Crew([Member("person", Profile(name, "an engineer on call", grants, day, "user"), user=user)])
