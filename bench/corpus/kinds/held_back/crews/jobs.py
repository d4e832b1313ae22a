"""Roles that several jobs share.

https://docs.aws.amazon.com/lambda/latest/operatorguide/specialized-all-purpose.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
https://developer.hashicorp.com/vault/docs/secrets/aws
https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/connections/aws.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.corpus.calendar import Day, Place
from bench.corpus.crew import Choose, Crew, Job, Member, always, idle
from bench.corpus.draw import Draw
from bench.corpus.kinds.held_back.crews.callers import (
    AMAZON_LINUX,
    MAC,
    SERVER,
    Opener,
    private_address,
    set_opener,
    some_people,
    task_opener,
    timer_opener,
    trusting,
)
from bench.corpus.kinds.held_back.crews.schedules import at_second, on_days, workdays
from bench.corpus.kinds.recipes import daily, often, some_object, step, together
from bench.corpus.profile import Grant, Kinds, Profile, Schedule, grant
from bench.corpus.session import Session

KINDS = Kinds()


@dataclass(frozen=True, slots=True)
class _Chore:
    """Something that a batch does, on resources of its own."""

    name: str
    grants: tuple[Grant, ...]
    schedule: Schedule


def _chores(d: Draw, count: int) -> list[_Chore]:
    """So many chores, in any order."""
    feed, drop, archive = d.bucket("inbound"), d.bucket("outbound"), d.bucket("uploads")
    ledger, people, limits = d.table("ledger"), d.table("subscribers"), d.table("limits")
    queue, topic, group = d.queue("feed"), d.topic("digest"), d.own("athena", f"workgroup/{d.app}-stats")
    prices = d.own("ssm", f"parameter/{d.app}/rates")
    made = [
        _Chore(
            d.pick("ledger-export", "settlement-extract", "bookings-dump"),
            (grant("dynamodb:*", ledger.arn), grant("s3:Put* Get* List*", drop.arn, f"{drop.arn}/*")),
            together(step(daily, "dynamodb:Scan", ledger), step(daily, "s3:PutObject", some_object(drop, "ledger"))),
        ),
        _Chore(
            d.pick("gdpr-erasure", "retention-sweep", "account-forget"),
            (grant("dynamodb:*", people.arn), grant("s3:*", archive.arn, f"{archive.arn}/*")),
            on_days(
                often(d.rng.uniform(0.4, 0.9)),
                step(daily, "dynamodb:Query DeleteItem", people),
                step(daily, "s3:DeleteObject", some_object(archive, "people")),
            ),
        ),
        _Chore(
            d.pick("usage-stats", "weekly-figures", "kpi-rollup"),
            (grant("athena:*"), grant("sns:Publish", topic.arn)),
            on_days(
                often(d.rng.uniform(0.3, 0.9)),
                step(daily, "athena:StartQueryExecution GetQueryExecution", group),
                step(daily, "sns:Publish", topic),
            ),
        ),
        _Chore(
            d.pick("partner-intake", "catalog-intake", "edi-import"),
            (grant("s3:*", feed.arn, f"{feed.arn}/*"), grant("sqs:*", queue.arn)),
            together(
                step(daily, "s3:ListBucket", feed),
                step(daily, "s3:GetObject", some_object(feed, "edi")),
                step(daily, "sqs:SendMessage", queue),
            ),
        ),
        _Chore(
            d.pick("rates-refresh", "limits-sync", "fx-update"),
            (grant("ssm:*"), grant("dynamodb:*", limits.arn)),
            together(step(daily, "ssm:GetParameter PutParameter", prices), step(daily, "dynamodb:UpdateItem", limits)),
        ),
    ]
    return d.rng.sample(made, count)


def _batch(d: Draw, name: str, choose: Callable[[_Chore], Choose], caller: str = "role", **more: Any) -> Member:
    """A role that does some chores, each in its sessions."""
    chores = _chores(d, d.between(2, 4))
    grants = [part for chore in chores for part in chore.grants]
    jobs = [Job(chore.name, chore.schedule, choose(chore)) for chore in chores]
    return Member("batch", Profile(name, "does several chores", grants, idle, caller), jobs=jobs, **more)


@KINDS.crew()
def jobs_of_a_scheduler(d: Draw) -> Crew:
    scheduler, runs = task_opener(d, f"{d.app}-scheduler"), d.table("runs")
    name = d.pick("{}-{:%Y%m%d}", "{}__scheduled__{:%Y-%m-%d}", "airflow-{}-{:%m%d}")

    def choose(chore: _Chore) -> Choose:
        return lambda today: Session(name.format(chore.name, today.date), by=scheduler.session(0), agent=SERVER)

    batch = _batch(d, f"{d.app}-{d.pick('batch', 'dags', 'jobs')}", choose, trust=trusting(scheduler.arn))
    work = step(daily, "dynamodb:GetItem UpdateItem", runs)
    return Crew([batch, scheduler.member("scheduler", work, grant("dynamodb:*", runs.arn))])


@KINDS.crew()
def jobs_of_a_broker(d: Draw) -> Crew:
    storage, key = d.table("vault-storage"), d.key()
    broker, backend = Opener(d, f"{d.app}-vault", "ec2", [f"i-0{d.hex(16)}"]), d.pick("approle", "kubernetes", "jwt")

    def choose(chore: _Chore) -> Choose:
        def session(today: Day) -> Session:
            name = f"vault-{backend}-{d.app}-{1756684800 + 86400 * today.index}-{today.rng.getrandbits(48):012x}"
            return Session(name, f"svc-{chore.name}", broker.session(0))

        return session

    batch = _batch(d, d.pick(f"{d.app}-brokered", f"{d.app}-leases"), choose, trust=trusting(broker.arn))
    work = together(step(daily, "dynamodb:Query PutItem", storage), step(daily, "kms:DescribeKey", key))
    grants = (grant("dynamodb:*", storage.arn), grant("kms:*", key.arn))
    return Crew([batch, broker.member("broker", work, *grants)])


@KINDS.crew()
def service_accounts_of_a_namespace(d: Draw) -> Crew:
    def choose(chore: _Chore) -> Choose:
        def session(today: Day) -> Session:
            name = f"botocore-session-{1756684800 + 86400 * today.index + today.rng.randrange(80_000)}"
            return Session(name, by=f"system:serviceaccount:{d.subject}:{chore.name}", agent=SERVER)

        return session

    return Crew([_batch(d, f"{d.app}-namespace", choose, "irsa")])


@KINDS.crew()
def functions_of_a_stack(d: Draw) -> Crew:
    images, events, tokens = d.bucket("pictures"), d.queue("hooks"), d.table("tokens")
    secret, mails, outbox = d.secret("signing"), d.topic("mails"), d.queue("outbox")
    work: dict[str, Schedule] = {
        d.pick("thumbnail", "resize"): together(
            step(daily, "s3:GetObject", some_object(images, "original")),
            step(daily, "s3:PutObject", some_object(images, "small")),
        ),
        d.pick("webhook", "callback"): together(
            step(daily, "secretsmanager:GetSecretValue", secret), step(daily, "sqs:SendMessage", events)
        ),
        d.pick("expire-tokens", "sweeper"): at_second(
            d.between(0, 80_000), step(daily, "dynamodb:Scan DeleteItem", tokens)
        ),
        d.pick("mailer", "digest"): together(
            step(daily, "sqs:ReceiveMessage DeleteMessage", outbox), step(often(0.7), "sns:Publish", mails)
        ),
    }
    jobs = []
    for word in d.rng.sample(list(work), d.between(2, 4)):
        function = d.function(word)
        session = Session(function.arn.rpartition(":")[2], issued_to=function.arn)
        jobs.append(Job(word, work[word], always(session)))
    grants = [
        grant("s3:*", images.arn, f"{images.arn}/*"),
        grant("sqs:*"),
        grant("dynamodb:*", tokens.arn),
        grant("secretsmanager:GetSecretValue"),
        grant("sns:*"),
    ]
    name = d.pick(f"{d.app}-{d.region}-lambdaRole", f"{d.app}-ApiHandlerServiceRole-{d.upper(12)}", f"{d.app}-lambda")
    return Crew([Member("shared", Profile(name, "the functions of a stack", grants, idle, "lambda"), jobs=jobs)])


@KINDS.crew()
def projects_of_a_runner(d: Draw) -> Crew:
    vpc, app = (d.own("cloudformation", f"stack/{d.subject}-{word}/{d.uuid()}") for word in ("network", "service"))
    site = d.bucket("site")
    distribution = Place(f"arn:aws:cloudfront::{d.account.id}:distribution/E{d.upper(13)}")
    image = d.own("ecr", f"repository/{d.app}")
    deploy = "cloudformation:UpdateStack DescribeStackEvents DescribeStacks"
    work = {
        f"{d.subject}-network": together(
            step(daily, deploy, vpc), step(daily, "ec2:DescribeVpcs DescribeSubnets DescribeRouteTables")
        ),
        f"{d.app}-service": together(
            step(daily, "ecr:GetAuthorizationToken"),
            step(daily, "ecr:InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage", image),
            step(daily, deploy, app),
        ),
        f"{d.app}-docs": together(
            step(daily, "s3:PutObject", some_object(site, "html")),
            step(daily, "cloudfront:CreateInvalidation", distribution),
        ),
    }
    runner = Opener(d, f"{d.app}-runner", "ec2", [f"i-0{d.hex(16)}" for _ in range(3)])
    tool, base = d.pick("gitlab", "buildkite", "drone"), d.between(1_000, 90_000)

    def choose(project: str) -> Choose:
        def session(today: Day) -> Session:
            by = runner.session(today.rng.randrange(3))
            number = base + 9 * today.index + today.rng.randrange(9)
            return Session(f"{tool}-{project}-{number}", by=by, agent=AMAZON_LINUX)

        return session

    jobs = [
        Job(project, on_days(workdays(d.rng.uniform(0.3, 0.8)), work[project]), choose(project), (6, 20))
        for project in d.rng.sample(list(work), d.between(2, 3))
    ]
    grants = [grant(f"{service}:*") for service in ("cloudformation", "ecr", "cloudfront", "ec2")]
    grants.append(grant("s3:*", site.arn, f"{site.arn}/*"))
    profile = Profile(f"{d.subject}-{d.app}-deployer", "deploys several projects", grants, idle)
    deployer = Member("deployer", profile, jobs=jobs, trust=trusting(runner.arn))
    cache = d.bucket("cache")
    caching = step(often(0.7), "s3:GetObject PutObject", some_object(cache, "cache"))
    return Crew([deployer, runner.member("runner", caching, grant("s3:*", f"{cache.arn}/*"))])


@KINDS.crew()
def operators_and_a_timer(d: Draw) -> Crew:
    instances, secret = [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(3)], d.secret("database")
    people = some_people(d, 3)
    team, timer = set_opener(d, "Operators", people), timer_opener(d, f"{d.app}-timer")

    def operator(today: Day) -> Session:
        number = today.rng.randrange(3)
        name, address = ".".join(people[number]), f"203.0.113.{17 * number + 5}"
        return Session(name, by=team.session(number), agent=MAC, address=address)

    desk = on_days(
        workdays(d.rng.uniform(0.4, 0.8)),
        step(daily, "ec2:DescribeInstances DescribeVolumes"),
        step(often(0.4), "ec2:RebootInstances", lambda today: today.rng.choice(instances)),
        step(often(0.3), "cloudwatch:DescribeAlarms"),
    )
    rotation = step(daily, "secretsmanager:DescribeSecret PutSecretValue UpdateSecretVersionStage", secret)
    machine = Session(
        d.pick("nightly-rotation", "rotate-db-secret"), by=timer.session(0), agent=SERVER, address=private_address(d)
    )
    jobs = [
        Job("operators", desk, operator, (7, 18)),
        Job("rotation", at_second(d.between(3_000, 14_000), rotation), always(machine)),
    ]
    grants = [grant("ec2:*"), grant("cloudwatch:*"), grant("secretsmanager:*")]
    trust = [*trusting(team.arn), *trusting(timer.arn)]
    profile = Profile(f"{d.app}-ops", "people by day, a timer by night", grants, idle)
    looking = on_days(workdays(0.7), step(daily, "rds:DescribeDBInstances", d.arn("rds", "db:*")))
    openers = [
        team.member("team", looking, grant("rds:Describe*")),
        timer.member(
            "timer", step(often(0.9), "ssm:GetParameter", d.arn("ssm", f"parameter/{d.app}/when")), grant("ssm:*")
        ),
    ]
    return Crew([Member("ops", profile, jobs=jobs, trust=trust), *openers])
