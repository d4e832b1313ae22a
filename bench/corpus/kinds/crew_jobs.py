"""Crews of one role: several jobs that should be split, and one job in many sessions that must not be.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/us-iam-role.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bench.corpus.calendar import Day, Place, Use
from bench.corpus.crew import Crew, Job, Member, always, idle, in_session
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import daily, each_month, often, some_object, step, together
from bench.corpus.profile import Grant, Kinds, Profile, Schedule, grant, stable_number
from bench.corpus.session import Session

KINDS = Kinds()
_SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
_PEOPLE = ("ana.sousa", "ben.okoro", "chen.li", "dora.novak", "emil.berg")
_JOBS = ("invoices", "images", "mail", "search", "archive")


def _five(d: Draw) -> tuple[dict[str, Schedule], list[Grant]]:
    """Five jobs of an application, which share one parameter, and the policies that allow all of them."""
    settings = Place(d.arn("ssm", f"parameter/{d.app}/settings"))
    table, queue, topic = d.table("invoices"), d.queue("mail"), d.topic("mail")
    pictures, archive, stream = d.bucket("images"), d.bucket("archive"), d.own("kinesis", f"stream/{d.name('search')}")
    shared = step(often(0.6), "ssm:GetParameter", settings)
    jobs = {
        "invoices": together(
            step(daily, "dynamodb:GetItem PutItem Query", table),
            step(each_month(d.between(2, 20)), "dynamodb:Scan", table),
        ),
        "images": together(
            step(daily, "s3:GetObject PutObject", some_object(pictures, "full")),
            step(often(0.5), "s3:ListBucket", pictures),
        ),
        "mail": together(
            step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
            step(often(0.9), "sns:Publish", topic),
        ),
        "search": step(daily, "kinesis:DescribeStreamSummary GetShardIterator GetRecords", stream),
        "archive": together(
            step(daily, "s3:PutObject DeleteObject", some_object(archive, "year")),
            step(often(0.5), "s3:GetBucketLocation", archive),
        ),
    }
    grants = [
        grant("ssm:Get* Describe*"),
        grant("dynamodb:*", table.arn, f"{table.arn}/*"),
        grant("sqs:*", queue.arn),
        grant("sns:*", topic.arn),
        grant("kinesis:*", stream.arn),
        grant("s3:*", *(f"{bucket.arn}{end}" for bucket in (pictures, archive) for end in ("", "/*"))),
    ]
    return {name: together(job, shared) for name, job in jobs.items()}, grants


@KINDS.crew()
def functions_of_one_role(d: Draw) -> Crew:
    jobs, grants = _five(d)
    functions = {name: d.function(name).arn for name in jobs}
    profile = Profile(f"{d.app}-functions", "the role of all functions of an application", grants, idle, "lambda")
    parts = [
        Job(name, schedule, always(Session(name=functions[name].rpartition(":")[2], issued_to=functions[name])))
        for name, schedule in jobs.items()
    ]
    return Crew([Member("role", profile, jobs=parts)])


@KINDS.crew()
def jobs_by_session_name(d: Draw) -> Crew:
    """A scheduler assumes one role for all jobs, and names each session after the job and the run."""
    jobs, grants = _five(d)
    scheduler = d.arn("iam", "role/scheduler", region="", account=str(d.between(10**11, 10**12 - 1)))
    profile = Profile(f"{d.app}-batch", "the role of all jobs of a scheduler", grants, idle, trusted=scheduler)

    def named(job: str) -> Callable[[Day], Session]:
        return lambda today: Session(name=f"{job}-{today.date:%Y%m%d}", by=scheduler)

    return Crew([Member("role", profile, jobs=_jobs(jobs, named))])


@KINDS.crew()
def jobs_by_source_identity(d: Draw) -> Crew:
    """The sessions of all jobs have one name, but each job sets its source identity."""
    jobs, grants = _five(d)
    runner = d.arn("iam", "role/job-runner", region="", account=str(d.between(10**11, 10**12 - 1)))
    trust = [
        {"Effect": "Allow", "Principal": {"AWS": runner}, "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]},
    ]
    profile = Profile(f"{d.app}-jobs", "the role of all jobs of a runner", grants, idle)

    def identified(job: str) -> Callable[[Day], Session]:
        return always(Session(name="job-runner", source_identity=f"{d.subject}-{job}", by=runner))

    return Crew([Member("role", profile, jobs=_jobs(jobs, identified), trust=trust)])


@KINDS.crew()
def jobs_by_federated_user(d: Draw) -> Crew:
    """Technical users of the company's identity provider work in one role, each for a job."""
    jobs, grants = _five(d)
    provider = d.arn("iam", "saml-provider/company", region="")
    audience = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
    trust = [
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithSAML",
            "Condition": audience,
        }
    ]
    profile = Profile(f"{d.app}-integration", "the role of technical users", grants, idle, "sso")

    def signed_in(job: str) -> Callable[[Day], Session]:
        user = f"svc-{d.subject}-{job}"
        return always(Session(name=user, by=user, agent="Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux"))

    return Crew([Member("role", profile, jobs=_jobs(jobs, signed_in), trust=trust)])


def _jobs(jobs: dict[str, Schedule], session: Callable[[str], Callable[[Day], Session]]) -> list[Job]:
    hours: Sequence[tuple[int, int]] = ((0, 24), (1, 5), (6, 20), (12, 18), (22, 24))
    return [Job(name, jobs[name], session(name), hours[number]) for number, name in enumerate(_JOBS)]


@KINDS.crew()
def autoscaling_instances(d: Draw) -> Crew:
    """A group replaces its instances every few days; each has a session of its own, and all do one job."""
    queue, table, bucket = d.queue("renders"), d.table("renders"), d.bucket("renders")
    life = d.between(2, 6)
    work = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.8), "dynamodb:UpdateItem", table),
        step(often(0.7), "s3:PutObject", some_object(bucket, "done")),
        step(often(0.3), "s3:GetObject", some_object(bucket, "source")),
    )

    def instance(today: Day) -> Session:
        number = f"{d.app}/{today.index // life}"
        return Session(name=f"i-0{stable_number(number):08x}{stable_number(number[::-1]):08x}")

    grants = [
        grant("sqs:*", queue.arn),
        grant("dynamodb:*", table.arn),
        grant("s3:*", bucket.arn, f"{bucket.arn}/*"),
    ]
    profile = Profile(f"{d.app}-render", "the role of an Auto Scaling group", grants, idle, "ec2")
    return Crew([Member("role", profile, jobs=[Job("render", work, instance)])])


@KINDS.crew()
def rotating_team(d: Draw) -> Crew:
    """People of one team take turns by week, so each of them needs all that the team does."""
    functions = d.fixed(d.function, 3)
    queue, groups = d.queue("dead"), d.own("logs", f"log-group:/aws/lambda/{d.app}:*")

    def workday(share: float) -> Schedule:
        return step(lambda today: often(share)(today) if today.is_workday else None, "lambda:ListFunctions")

    def on_workdays(share: float, actions: str, *places: Place) -> Schedule:
        return step(lambda today: often(share)(today) if today.is_workday else None, actions, *places)

    work = together(
        workday(0.9),
        on_workdays(0.5, "lambda:GetFunction", *functions),
        on_workdays(0.4, "logs:FilterLogEvents", groups),
        on_workdays(0.3, "sqs:ReceiveMessage DeleteMessage", queue),
        on_workdays(0.2, "lambda:UpdateFunctionConfiguration", functions[0]),
        on_workdays(0.2, "logs:DescribeLogGroups"),
    )

    def person(today: Day) -> Session:
        name = _PEOPLE[today.date.isocalendar().week % len(_PEOPLE)]
        return Session(name=f"{name}@example.com", address=f"203.0.113.{stable_number(name) % 200 + 1}")

    grants = [grant("lambda:*"), grant("logs:*"), grant("sqs:*", queue.arn)]
    name = f"AWSReservedSSO_{d.app.title().replace('-', '')}OnCall_{d.hex(16)}"
    profile = Profile(name, "people on call, by week", grants, idle, "sso", (7, 18), _SSO)
    return Crew([Member("role", profile, jobs=[Job("on-call", work, person)])])


@KINDS.crew()
def runs_of_a_scheduler(d: Draw) -> Crew:
    """Two frequent jobs and a weekly one, which share a lock and settings; their runs have random names."""
    lock, feeds = d.table("locks"), d.bucket("feeds")
    settings = Place(d.arn("ssm", f"parameter/{d.app}/feeds"))
    prices, database = d.table("prices"), d.own("rds", f"db:{d.subject}-{d.hex(4)}")
    snapshots = d.arn("rds", f"snapshot:{d.subject}-*")
    scheduler = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/scheduler"
    shared = together(
        step(often(0.9), "dynamodb:PutItem DeleteItem", lock), step(often(0.5), "ssm:GetParameter", settings)
    )
    jobs = {
        "ec2-inventory": step(daily, "ec2:DescribeInstances DescribeVolumes DescribeImages DescribeSnapshots"),
        "s3sync": together(
            step(daily, "s3:GetObject PutObject", some_object(feeds, "in")),
            step(daily, "s3:ListBucket", feeds),
            step(often(0.9), "dynamodb:UpdateItem Query", prices),
        ),
        "rds_check": together(
            step(daily, "rds:DescribeDBInstances", database),
            step(daily, "rds:DescribeDBSnapshots", snapshots),
            step(daily, "cloudwatch:GetMetricData PutMetricData ListMetrics"),
        ),
    }

    def run(job: str) -> Callable[[Day], Session]:
        return lambda today: Session(name=f"{job}-{stable_number(f'{job}/{today.date}'):08x}", by=scheduler)

    def weekly(schedule: Schedule) -> Schedule:
        return lambda today: schedule(today) if today.every(7, 3) else iter(())

    grants = [
        grant("ec2:Describe*"),
        grant("rds:*"),
        grant("cloudwatch:*"),
        grant("ssm:Get*"),
        grant("dynamodb:*", lock.arn, prices.arn),
        grant("s3:*", feeds.arn, f"{feeds.arn}/*"),
    ]
    profile = Profile(f"{d.app}-runs", "the role of a scheduler's runs", grants, idle, trusted=scheduler)
    schedules = {name: together(job, shared) for name, job in jobs.items()}
    schedules["rds_check"] = weekly(schedules["rds_check"])
    return Crew([Member("role", profile, jobs=[Job(name, job, run(name)) for name, job in schedules.items()])])


@KINDS.crew()
def two_teams_in_one_set(d: Draw) -> Crew:
    """A permission set that two teams have, each with work of its own."""
    functions, database = d.fixed(d.function, 2), d.own("rds", f"db:{d.subject}-{d.hex(4)}")
    reports = d.bucket("costs")

    def workdays(share: float, actions: str, *places: Place | str) -> Schedule:
        return step(lambda today: often(share)(today) if today.is_workday else None, actions, *places)

    developers = together(
        workdays(0.9, "lambda:ListFunctions"),
        workdays(0.7, "lambda:GetFunction UpdateFunctionConfiguration", *functions),
        workdays(0.5, "logs:DescribeLogGroups"),
        workdays(0.3, "rds:DescribeDBInstances", database.arn),
    )
    finance = together(
        workdays(0.8, "ce:GetCostAndUsage"),
        workdays(0.5, "cur:DescribeReportDefinitions"),
        step(often(0.4), "s3:GetObject", some_object(reports, "2025")),
        workdays(0.4, "s3:ListBucket", reports.arn),
        workdays(0.2, "organizations:ListAccounts"),
    )

    def one_of(*people: str) -> Callable[[Day], Session]:
        def person(today: Day) -> Session:
            name = people[today.rng.randrange(len(people))]
            return Session(name=f"{name}@example.com", address=f"203.0.113.{stable_number(name) % 200 + 1}")

        return person

    grants = [
        grant("lambda:*"),
        grant("logs:Describe* Get*"),
        grant("rds:Describe*"),
        grant("ce:*"),
        grant("cur:*"),
        grant("organizations:List* Describe*"),
        grant("s3:*", reports.arn, f"{reports.arn}/*"),
    ]
    name = f"AWSReservedSSO_{d.app.title().replace('-', '')}Staff_{d.hex(16)}"
    profile = Profile(name, "developers and finance people", grants, idle, "sso", (7, 18), _SSO)
    jobs = [
        Job("develop", developers, one_of(*_PEOPLE[:3])),
        Job("finance", finance, one_of(*_PEOPLE[3:])),
    ]
    return Crew([Member("role", profile, jobs=jobs)])


@KINDS.crew()
def turns_by_month(d: Draw) -> Crew:
    """Three people share three tasks, and each month everyone takes the next task."""
    queue, table, trail = d.queue("claims"), d.table("claims"), d.account.trail
    tasks = (
        step(often(0.8), "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.8), "dynamodb:GetItem UpdateItem", table),
        step(often(0.8), "cloudtrail:GetTrailStatus GetEventSelectors", trail),
    )

    def work(today: Day) -> Iterator[Use]:
        person = today.rng.randrange(3)
        user = f"{_PEOPLE[person]}@example.com"
        session = Session(name=user, address=f"203.0.113.{stable_number(user) % 200 + 1}")
        yield from in_session(always(session), tasks[(person + today.date.month) % 3])(today)

    grants = [grant("sqs:*", queue.arn), grant("dynamodb:*", table.arn), grant("cloudtrail:Get* Describe*")]
    name = f"AWSReservedSSO_{d.app.title().replace('-', '')}Support_{d.hex(16)}"
    return Crew([Member("role", Profile(name, "a support team", grants, work, "sso", (7, 18), _SSO))])
