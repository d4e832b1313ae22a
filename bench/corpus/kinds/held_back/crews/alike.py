"""Roles that are copies of each other, roles that only look alike, and roles that several sessions use for one job.

https://docs.aws.amazon.com/whitepapers/latest/saas-tenant-isolation-strategies/identity-and-isolation.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/us-iam-role.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from bench.corpus.calendar import Day, Place, Use
from bench.corpus.crew import DEVELOPMENT, Apart, Crew, Member, always, in_session, labels
from bench.corpus.draw import Draw
from bench.corpus.kinds.held_back.crews.callers import (
    MAC,
    SERVER,
    SSO_PATH,
    reserved_name,
    set_opener,
    some_people,
    task_opener,
    timer_opener,
    trusting,
)
from bench.corpus.kinds.held_back.crews.schedules import after, on_days, workdays
from bench.corpus.kinds.recipes import daily, each_month, in_region, often, some_object, step, together
from bench.corpus.profile import Grant, Kinds, Profile, Schedule, grant
from bench.corpus.session import Session

KINDS = Kinds()

_TENANTS: Final = ("lumen", "brightway", "oakfield", "kestrel", "norvik", "palmera", "quarry", "redwood", "solvang")


# ---------------------------------------------------------------- copies


@KINDS.crew()
def roles_per_tenant(d: Draw) -> Crew:
    plane, style = task_opener(d, f"{d.subject}-control-plane"), d.pick("{app}-tenant-{name}", "{name}-{app}-access")
    session = always(Session(d.pick("control-plane", "onboarding"), by=plane.session(0), agent=SERVER))
    members = []
    for name in d.rng.sample(_TENANTS, d.between(4, 7)):
        bucket, table, rate = d.bucket(f"{name}-files"), d.table(name), d.rng.uniform(0.3, 1)
        work = on_days(
            often(rate),
            step(daily, "s3:ListBucket", bucket),
            step(daily, "s3:PutObject", some_object(bucket, "settings")),
            step(daily, "dynamodb:Query PutItem", table),
        )
        bill = step(each_month(d.between(1, 5)), "s3:GetObject", some_object(bucket, "usage"))
        grants = [grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("dynamodb:*", table.arn)]
        about = "what the control plane assumes to set a tenant up"
        schedule = in_session(session, together(work, bill))
        profile = Profile(style.format(app=d.app, name=name), about, grants, schedule)
        members.append(Member(name, profile, tags={"tenant": name}, trust=trusting(plane.arn)))
    pool = d.own("cognito-idp", f"userpool/{d.region}_{d.upper(9)}")
    work = step(often(0.8), "cognito-idp:AdminGetUser", pool)
    control = plane.member("plane", work, grant("cognito-idp:*", pool.arn))
    # Tags name the tenants, and each role reaches only its own data: one policy for all would end that isolation.
    names, why = labels(*(member.label for member in members)), "a tenant's data must stay out of reach of the others"
    return Crew([*members, control], apart=[Apart(labels(name), names - {name}, why) for name in sorted(names)])


@KINDS.crew()
def numbered_environments(d: Draw) -> Crew:
    dev, word, first = d.in_account(DEVELOPMENT), d.pick("qa", "load", "train", "env"), d.between(1, 20)
    members = []
    for number in range(first, first + d.between(3, 6)):
        env = f"{word}{number:02}"
        queue, table, bucket = dev.queue(f"{env}-work"), dev.table(f"{env}-state"), dev.bucket(f"{env}-results")
        work = on_days(
            often(d.rng.uniform(0.4, 0.9)),
            step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
            step(daily, "dynamodb:GetItem UpdateItem", table),
            step(often(0.5), "s3:PutObject", some_object(bucket, "run")),
        )
        grants = [grant("sqs:*", queue.arn), grant("dynamodb:*", table.arn), grant("s3:*", f"{bucket.arn}/*")]
        profile = Profile(f"{d.app}-{env}-worker", "the worker of a test environment", grants, work, "ecs")
        members.append(Member(env, profile, DEVELOPMENT, tags={"environment": env, "app": d.app}))
    # Their tags say that they are different environments, and each role can change only the data of its own.
    names, why = labels(*(member.label for member in members)), "their tags name different environments"
    return Crew(members, apart=[Apart(labels(name), names - {name}, why) for name in sorted(names)])


@KINDS.crew()
def roles_per_region(d: Draw) -> Crew:
    word, members = d.pick("resizer", "indexer", "relay"), []
    for region in (*d.account.regions, "ap-southeast-2")[: d.between(2, 3)]:
        queue, table = (in_region(place, region) for place in (d.queue("work"), d.table("state")))
        bucket, function = d.bucket(f"media-{region}"), d.arn("lambda", f"function:{d.app}-{word}", region=region)
        work = on_days(
            often(d.rng.uniform(0.6, 1)),
            step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
            step(daily, "s3:GetObject PutObject", some_object(bucket, "media"), region=region),
            step(often(0.8), "dynamodb:UpdateItem", table),
        )
        grants = [grant("sqs:*", queue.arn), grant("s3:*", f"{bucket.arn}/*"), grant("dynamodb:*", table.arn)]
        schedule = in_session(always(Session(f"{d.app}-{word}", issued_to=function)), work)
        profile = Profile(f"{d.app}-{word}-{region}", "a function's copy in a Region", grants, schedule, "lambda")
        members.append(Member(region, profile, tags={"region": region, "app": d.app}))
    # Either is fair: no role can reach another Region's data today, and nothing shows whether that is on purpose.
    return Crew(members)


# ---------------------------------------------------------------- look-alikes


def _consumer(d: Draw, app: str, env: str) -> tuple[list[Grant], Callable[[float], Schedule]]:
    """What a worker of some module may do with an application's environment, and what it does on a share of days."""
    queue, table, bucket = d.queue(f"{app}-{env}-in"), d.table(f"{app}-{env}-items"), d.bucket(f"{app}-{env}-out")

    def work(share: float) -> Schedule:
        return on_days(
            often(share),
            step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
            step(daily, "dynamodb:GetItem PutItem", table),
            step(often(0.7), "s3:PutObject", some_object(bucket, "out")),
        )

    return [grant("sqs:*", queue.arn), grant("dynamodb:*", table.arn), grant("s3:*", f"{bucket.arn}/*")], work


@KINDS.crew()
def stages_in_one_account(d: Draw) -> Crew:
    live, test = d.pick("prod", "live"), d.pick("dev", "staging", "test")
    here, below = _consumer(d, d.subject, live), _consumer(d, d.subject, test)
    wanted = (("blue", live, here, 0.9), ("green", live, here, d.rng.uniform(0.3, 0.8)), ("test", test, below, 0.8))
    members = []
    for label, env, (grants, work), share in wanted:
        name = f"{d.app}-{env}" if env == test else f"{d.app}-{env}-{label}"
        profile = Profile(name, "a program before and after it goes live", grants, work(share), "ecs")
        members.append(Member(label, profile, tags={"Environment": env, "app": d.app}))
    apart = Apart(labels("test"), labels("blue", "green"), "one of them is not production")
    return Crew(members, [labels("blue", "green")], [apart])


@KINDS.crew()
def same_module_for_two_owners(d: Draw) -> Crew:
    members = []
    one, other = d.rng.sample(("payroll", "newsletter", "warranty", "clinic", "loyalty", "careers"), 2)
    for app, owner in ((one, f"team-{one}"), (other, f"team-{other}")):
        grants, work = _consumer(d, app, "prod")
        name, share = f"{app}{d.between(10, 99)}-consumer", d.rng.uniform(0.5, 1)
        profile = Profile(name, "a worker of a common module", grants, work(share), "ecs")
        members.append(Member(app, profile, tags={"app": app, "owner": owner, "module": "sqs-consumer"}))
    return Crew(members, apart=[Apart(labels(one), labels(other), "two applications of two owners")])


@KINDS.crew()
def administrator_who_reads(d: Draw) -> Crew:
    group = d.arn("logs", "log-group:*")

    def reading() -> Schedule:
        return on_days(
            workdays(d.rng.uniform(0.4, 0.9)),
            step(daily, "ec2:DescribeInstances DescribeVolumes"),
            step(daily, "s3:ListAllMyBuckets"),
            step(often(0.7), "cloudwatch:DescribeAlarms"),
            step(often(0.7), "logs:DescribeLogGroups", group),
            step(often(0.7), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
        )

    def member(label: str, name: str, grants: list[Grant], work: Schedule, *, is_admin: bool = False) -> Member:
        first, last = some_people(d, 1)[0]
        schedule = in_session(always(Session(f"{first}.{last}@example.com")), work)
        about = f"people who look around: {label}"
        path = SSO_PATH
        return Member(label, Profile(name, about, grants, schedule, "sso", (6, 19), path, is_admin=is_admin))

    grants = [grant(f"{one}:Describe* Get* List*") for one in ("ec2", "s3", "cloudwatch", "logs", "rds")]
    role, wall = d.role("api"), d.arn("ec2", f"security-group/sg-0{d.hex(16)}")
    repair = together(
        step(after(d, often(0.02)), "iam:UpdateAssumeRolePolicy", role),
        step(after(d, often(0.03)), "ec2:AuthorizeSecurityGroupIngress", wall),
    )
    members = [
        member("finance", reserved_name(d, "FinanceViewer"), grants, reading()),
        member("product", reserved_name(d, "ProductViewer"), grants, reading()),
        member("admin", reserved_name(d, "Administrator"), [], together(reading(), repair), is_admin=True),
    ]
    viewers = labels("finance", "product")
    return Crew(members, [viewers], [Apart(labels("admin"), viewers, "one administers the account in emergencies")])


@KINDS.crew()
def backups_and_their_end(d: Draw) -> Crew:
    words, members = [d.part() for _ in range(2)], []
    tables = [d.table(word) for word in words]
    rates = [d.rng.uniform(0.5, 1) for _ in range(3)]

    def copying(table: Place, rate: float) -> Schedule:
        return on_days(often(rate), step(daily, "dynamodb:DescribeTable CreateBackup DescribeContinuousBackups", table))

    for number, table in enumerate(tables):
        grants = [grant("dynamodb:Describe* List* CreateBackup", table.arn)]
        name = f"{d.app}-{words[number]}-backup"
        profile = Profile(name, "makes backups of a table", grants, copying(table, rates[number]), "lambda")
        members.append(Member(f"writer{number}", profile, tags={"app": d.app, "purpose": "backup"}))
    old = [Place(f"{table.arn}/backup/0{d.between(10**15, 10**16)}-{d.hex(8)}") for table in tables]
    work = together(
        *(copying(table, rates[2]) for table in tables),
        step(each_month(d.between(1, 28)), "dynamodb:DeleteBackup", *old),
    )
    reach = [f"{table.arn}{rest}" for table in tables for rest in ("", "/backup/*")]
    grants = [grant("dynamodb:Describe* List* CreateBackup DeleteBackup", *reach)]
    profile = Profile(
        f"{d.app}-backup-{d.pick('retention', 'expiry')}", "also deletes old ones", grants, work, "lambda"
    )
    members.append(Member("pruner", profile, tags={"app": d.app, "purpose": "backup-retention"}))
    return Crew(members, apart=[Apart(labels("pruner"), labels("writer0", "writer1"), "only one may delete backups")])


@KINDS.crew()
def companies_that_read_costs(d: Draw) -> Crew:
    bucket, timer = d.bucket("cost-reports"), timer_opener(d, f"{d.app}-timer")
    grants = [grant("ce:Get* Describe* List*"), grant("organizations:List* Describe*"), grant("cur:Describe*")]
    grants.append(grant("s3:Get* List*", bucket.arn, f"{bucket.arn}/*"))

    def reading() -> Schedule:
        return on_days(
            often(d.rng.uniform(0.5, 1)),
            step(daily, "ce:GetCostAndUsage"),
            step(often(0.7), "organizations:ListAccounts"),
            step(often(0.7), "cur:DescribeReportDefinitions"),
            step(daily, "s3:ListBucket", bucket),
            step(daily, "s3:GetObject", some_object(bucket, "cur")),
        )

    own = in_session(always(Session("cost-report", by=timer.session(0), agent=SERVER)), reading())
    members = [Member("own", Profile(f"{d.app}-costs", "reports costs", grants, own), trust=trusting(timer.arn))]
    for word in d.rng.sample(("CloudHealth", "Vantage", "Ternary", "Finout"), 2):
        vendor = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:root"
        profile = Profile(f"{word}-{d.subject}-{d.hex(6)}", "another company's tool", grants, reading(), "vendor")
        members.append(Member(word.lower(), replace(profile, trusted=vendor), tags={"vendor": word}))
    own_label, one, other = (member.label for member in members)
    topic = d.topic("reports")
    members.append(timer.member("timer", step(often(0.8), "sns:Publish", topic), grant("sns:*", topic.arn)))
    why = "different companies assume them"
    apart = [Apart(labels(own_label), labels(one, other), why), Apart(labels(one), labels(other), why)]
    return Crew(members, apart=apart)


@KINDS.crew()
def analysts_behind_a_wall(d: Draw) -> Crew:
    group, lake, private = d.own("athena", f"workgroup/{d.app}"), d.bucket("lake"), d.bucket("customers")
    grants = [grant("athena:*"), grant("s3:*")]
    fence = [grant("athena:*"), grant("s3:*", lake.arn, f"{lake.arn}/*")]
    has_boundary = d.chance(0.5)
    people = some_people(d, 2)
    team = set_opener(d, "Analysts", people)

    def reading() -> Schedule:
        return on_days(
            workdays(d.rng.uniform(0.4, 0.9)),
            step(daily, "athena:StartQueryExecution GetQueryExecution", group),
            step(daily, "s3:GetObject", some_object(lake, "sales")),
            step(often(0.3), "s3:ListBucket", lake),
        )

    def member(label: str, work: Schedule, denies: list[Grant], boundary: list[Grant]) -> Member:
        number = int(label == "contractors")
        session = Session(".".join(people[number]), by=team.session(number), agent=MAC)
        schedule = in_session(always(session), work)
        name = f"{d.app}-analysts-{label}"
        profile = Profile(name, f"analysts: {label}", grants, schedule, hours=(7, 18), denies=denies, boundary=boundary)
        return Member(label, profile, tags={"workforce": label}, trust=trusting(team.arn))

    rare = step(each_month(d.between(1, 28)), "s3:GetObject", some_object(private, "profiles"))
    denies = [] if has_boundary else [grant("s3:*", private.arn, f"{private.arn}/*")]
    members = [
        member("employees", together(reading(), rare), [], []),
        member("contractors", reading(), denies, fence if has_boundary else []),
        team.member("team", step(workdays(0.5), "athena:ListWorkGroups"), grant("athena:List*")),
    ]
    why = "contractors must never read what customers entrust"
    return Crew(members, apart=[Apart(labels("contractors"), labels("employees"), why)])


# ---------------------------------------------------------------- several sessions, one job


@KINDS.crew()
def on_call_rotation(d: Draw) -> Crew:
    people = some_people(d, d.between(3, 6))
    team = set_opener(d, "Engineers", people)
    group, queue = d.own("logs", f"log-group:/app/{d.app}:*"), d.queue("dead-letters")
    service, has_identity = d.own("ecs", f"service/{d.app}/{d.part()}"), d.chance(0.5)

    def on_duty(today: Day) -> Session:
        number = today.index // 7 % len(people)
        name, address = ".".join(people[number]), f"203.0.113.{19 * number + 3}"
        identity = f"{name}@example.com" if has_identity else ""
        return Session(name, identity, team.session(number), agent=MAC, address=address)

    work = on_days(
        often(d.rng.uniform(0.5, 0.9)),
        step(daily, "logs:FilterLogEvents", group),
        step(often(0.7), "cloudwatch:DescribeAlarms"),
        step(often(0.6), "ecs:DescribeServices", service),
        step(often(0.2), "ecs:UpdateService", service),
        step(often(0.4), "sqs:GetQueueAttributes", queue),
        step(often(0.15), "sqs:ReceiveMessage SendMessage", queue),
    )
    grants = [grant("logs:*"), grant("cloudwatch:*"), grant("ecs:*"), grant("sqs:*", queue.arn)]
    profile = Profile(f"{d.app}-{d.pick('oncall', 'duty', 'sre')}", "who is on call", grants, in_session(on_duty, work))
    duty = Member("duty", profile, trust=trusting(team.arn))
    looking = on_days(workdays(0.8), step(daily, "ecs:ListClusters"), step(often(0.5), "ec2:DescribeInstances"))
    return Crew([duty, team.member("team", looking, grant("ecs:List*"), grant("ec2:Describe*"))])


@KINDS.crew()
def scaling_fleet(d: Draw) -> Crew:
    queue, bucket, table = d.queue("frames"), d.bucket("renders"), d.table("progress")
    most, week = d.between(3, 6), d.between(3, 9)

    def work(today: Day) -> Iterator[Use]:
        for number in range(today.rng.randint(1, most)):
            salt = 7919 * (today.index // week) + 104_729 * number + 31 * len(d.app)
            session = Session(f"i-0{salt * 2_654_435_761 % 16**16:016x}")
            for use in turns(today):
                yield replace(use, session=session)

    turns = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.8), "s3:GetObject", some_object(bucket, "scenes")),
        step(often(0.8), "s3:PutObject", some_object(bucket, "frames")),
        step(often(0.3), "dynamodb:UpdateItem", table),
        step(often(0.08), "cloudwatch:DescribeAlarms"),
    )
    grants = [grant("sqs:*", queue.arn), grant("s3:*", f"{bucket.arn}/*"), grant("dynamodb:*"), grant("cloudwatch:*")]
    return Crew([Member("fleet", Profile(f"{d.app}-fleet", "an Auto Scaling group", grants, work, "ec2"))])


@KINDS.crew()
def month_end_in_the_same_run(d: Draw) -> Crew:
    ledger, bucket, topic = d.table("journal"), d.bucket("statements"), d.topic("closing")
    secret, day = d.secret("erp"), d.between(1, 28)
    work = together(
        step(daily, "dynamodb:Query UpdateItem", ledger),
        step(daily, "s3:PutObject", some_object(bucket, "daily")),
        step(each_month(day), "secretsmanager:GetSecretValue", secret),
        step(each_month(day), "s3:GetObject PutObject", some_object(bucket, "monthly")),
        step(each_month(day), "sns:Publish", topic),
    )
    grants = [grant("dynamodb:*", ledger.arn), grant("s3:*", f"{bucket.arn}/*"), grant("sns:*")]
    grants.append(grant("secretsmanager:*"))
    name = f"{d.app}-{d.pick('ledger', 'accruals', 'posting')}"
    return Crew([Member("ledger", Profile(name, "books each day, and closes the month", grants, work, "ecs"))])
