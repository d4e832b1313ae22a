"""Crews of web identities that only their subjects tell apart, copies with small differences, and keys of many hands.

https://docs.github.com/en/actions/reference/security/oidc
https://docs.gitlab.com/ci/cloud_services/aws/
https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.crew import (
    DEVELOPMENT,
    Apart,
    Choose,
    Crew,
    Goal,
    Job,
    Member,
    User,
    UserKind,
    always,
    idle,
    in_session,
    labels,
)
from bench.corpus.draw import Draw
from bench.corpus.kinds.held_back.crews.common import (
    MAC,
    SERVER,
    SSO_PATH,
    WINDOWS,
    at_second,
    on_days,
    reserved_name,
    set_opener,
    some_people,
    trusting,
    workdays,
)
from bench.corpus.kinds.recipes import When, daily, log_grant, log_group, often, some_object, step, together
from bench.corpus.profile import Grant, Kinds, Profile, Schedule, grant, stable_number
from bench.corpus.session import Session

KINDS = Kinds()

_STAFF: Final = (("klara", "brandt"), ("idris", "bello"), ("marta", "kovac"), ("wei", "zhang"), ("tuva", "holm"))
_GITHUB: Final = "token.actions.githubusercontent.com"
_ACTIONS: Final = (
    "aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/linux#6.11.0-1018-azure md/arch#x86_64 lang/python#3.13.4 m/E,b"
)
_JAVA: Final = "aws-sdk-java/2.31.78 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.141 lang/java#21.0.7 m/D,N"
_GO: Final = "aws-sdk-go-v2/1.36.6 ua/2.1 os/linux lang/go#1.24.4 md/GOOS#linux md/GOARCH#amd64"
_GITLAB: Final = (
    "aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/linux#5.15.154 md/arch#x86_64 lang/python#3.13.4 app/gitlab-ci"
)
_CIRCLE: Final = (
    "aws-cli/2.25.11 md/awscrt#0.23.8 ua/2.1 os/linux#6.8.0-1024-gcp md/arch#x86_64 lang/python#3.12.9 app/circleci"
)
_FIRST_SECOND: Final = 1_756_684_800


def _federation(provider: str, *subjects: str) -> list[dict[str, Any]]:
    """A trust policy for subjects of an identity provider, whose names may have wildcards."""
    issuer = provider.partition("oidc-provider/")[2]
    condition = {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"}, "StringLike": {f"{issuer}:sub": [*subjects]}}
    return [
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }
    ]


def _provider(d: Draw, issuer: str) -> str:
    return d.arn("iam", f"oidc-provider/{issuer}", region="")


def _cluster(d: Draw) -> str:
    """The identity provider of a cluster."""
    return _provider(d, f"oidc.eks.{d.region}.amazonaws.com/id/{d.hex(32).upper()}")


def _second(today: Day) -> int:
    """Some time of the day, as SDKs put it into the names of sessions."""
    return _FIRST_SECOND + 86_400 * today.index + today.rng.randrange(80_000)


def _pod(account: str, today: Day) -> str:
    """The address of the pod of a service account, which a new one replaces each week."""
    number = stable_number(f"{account}/{today.index // 7}")
    return f"10.20.{number % 250}.{number // 250 % 250 + 4}"


def _objects(bucket: Place, *names: str) -> Grant:
    return grant(f"s3:{' '.join(names) or '*'}", bucket.arn, f"{bucket.arn}/*")


# ---------------------------------------------------------------- jobs that subjects tell apart


@KINDS.crew()
def repositories_of_an_organization(d: Draw) -> Crew:
    """Workflows of three repositories deploy with one role; those of one run on many branches, and of one for tags."""
    org, site, figures = f"{d.subject}-labs", d.bucket("site"), d.bucket("figures")
    distribution = Place(f"arn:aws:cloudfront::{d.account.id}:distribution/E{d.upper(13)}")
    image, service = d.own("ecr", f"repository/{d.app}"), d.own("ecs", f"service/{d.pick('core', 'main')}/{d.app}")
    group, settings = d.own("athena", f"workgroup/{d.app}"), Place(d.arn("ssm", f"parameter/{d.app}/deploy"))
    branches = ["ref:refs/heads/main", f"ref:refs/heads/release/{d.between(3, 9)}.x", "pull_request"]
    release, ticket = d.between(2, 30), d.between(100, 999)

    def subject(repository: str, choose: Callable[[Day], str]) -> Choose:
        return lambda today: Session("GitHubActions", by=f"repo:{org}/{repository}:{choose(today)}", agent=_ACTIONS)

    def branch(today: Day) -> str:
        """Each feature branch lives for some weeks."""
        feature = f"ref:refs/heads/feature/{d.subject.upper()[:4]}-{ticket + 7 * (today.index // 25)}"
        return today.rng.choice([*branches, feature])

    shared = step(often(0.6), "ssm:GetParameter", settings)
    work: dict[str, tuple[Schedule, Choose]] = {
        f"{d.subject}-storefront": (
            on_days(
                workdays(0.8),
                step(daily, "s3:PutObject", some_object(site, "assets")),
                step(daily, "s3:ListBucket", site),
                step(often(0.8), "cloudfront:CreateInvalidation", distribution),
                shared,
            ),
            subject(f"{d.subject}-storefront", branch),
        ),
        f"{d.subject}-backend": (
            on_days(
                workdays(0.5),
                step(daily, "ecr:GetAuthorizationToken"),
                step(daily, "ecr:InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage", image),
                step(daily, "ecs:UpdateService DescribeServices", service),
                shared,
            ),
            subject(f"{d.subject}-backend", lambda today: f"ref:refs/tags/v{release}.{today.index // 3}.0"),
        ),
        f"{d.subject}-figures": (
            together(
                step(daily, "athena:StartQueryExecution GetQueryExecution", group),
                step(daily, "s3:GetObject", some_object(figures, "raw")),
                step(often(0.5), "s3:PutObject", some_object(figures, "weekly")),
                shared,
            ),
            subject(f"{d.subject}-figures", lambda _: "environment:production"),
        ),
    }
    grants = [grant("ssm:Get*"), grant("ecr:*"), grant("ecs:*"), grant("athena:*"), grant("cloudfront:*")]
    grants += [_objects(site), _objects(figures)]
    profile = Profile(
        d.pick(f"{d.app}-github", f"GitHub-{d.app}"), "workflows of an organization", grants, idle, "oidc"
    )
    jobs = [Job(name, schedule, session) for name, (schedule, session) in work.items()]
    return Crew([Member("deploy", profile, jobs=jobs, trust=_federation(_provider(d, _GITHUB), f"repo:{org}/*"))])


@KINDS.crew()
def service_accounts_with_sidecars(d: Draw) -> Crew:
    """Pods of three service accounts; those of one have a sidecar whose SDK names sessions in another way.

    Addresses show that the sidecar is in the same pods, which have one service account for all their containers.
    https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
    """
    orders, prices, events = d.table("orders"), d.table("prices"), d.queue("events")
    copies, feed, key = d.bucket("audit"), d.bucket("feed"), d.key()
    domain = d.own("es", f"domain/{d.subject}-{d.hex(4)}")
    space = d.pick("shop", "backend", d.subject)

    def java(account: str) -> Choose:
        return lambda today: Session(
            f"aws-sdk-java-{1000 * _second(today)}", by=account, agent=_JAVA, address=_pod(account, today)
        )

    def go(account: str) -> Choose:
        return lambda today: Session(
            f"{10**9 * _second(today) + today.rng.randrange(10**9)}",
            by=account,
            agent=_GO,
            address=_pod(account, today),
        )

    checkout, pricing, index = (
        f"system:serviceaccount:{where}"
        for where in (f"{space}:checkout", f"{space}:pricing", f"search:{d.subject}-indexer")
    )
    sidecar = together(step(daily, "s3:PutObject", some_object(copies, "audit")), step(often(0.9), "kms:Decrypt", key))
    jobs = [
        Job(
            "checkout",
            together(
                step(daily, "dynamodb:GetItem PutItem", orders),
                step(daily, "sqs:SendMessage", events),
                in_session(go(checkout), sidecar),
            ),
            java(checkout),
        ),
        Job(
            "pricing",
            together(
                step(daily, "s3:GetObject", some_object(feed, "prices")),
                step(daily, "dynamodb:UpdateItem Query", prices),
                step(often(0.3), "s3:ListBucket", feed),
            ),
            java(pricing),
        ),
        Job(
            "index",
            together(
                step(daily, "sqs:ReceiveMessage DeleteMessage", events),
                step(often(0.7), "es:DescribeDomain", domain),
                step(often(0.9), "dynamodb:Scan", prices),
            ),
            go(index),
        ),
    ]
    grants = [grant("dynamodb:*", orders.arn, prices.arn), grant("sqs:*", events.arn), grant("es:*", domain.arn)]
    grants += [_objects(copies), _objects(feed), grant("kms:Decrypt DescribeKey", key.arn)]
    trust = _federation(_cluster(d), f"system:serviceaccount:{space}:*", "system:serviceaccount:search:*")
    name = d.pick(f"{d.app}-eks-workloads", f"eksctl-{d.app}-addon-iamserviceaccount-Role1-{d.upper(12)}")
    return Crew(
        [Member("pods", Profile(name, "several service accounts", grants, idle, "irsa"), jobs=jobs, trust=trust)]
    )


@KINDS.crew()
def one_job_of_many_subjects(d: Draw) -> Crew:
    """All repositories use one build cache, and each pull request has a namespace for a while: two roles of one job."""
    org, cache, key = f"{d.subject}-labs", d.bucket("build-cache"), d.key()
    words = (
        "web",
        "api",
        "docs",
        "mobile",
        "admin",
        "search",
        "mailer",
        "billing",
        "cli",
        "sdk-js",
        "sdk-go",
        "themes",
    )
    repositories = [f"{org}/{word}" for word in d.rng.sample(words, d.between(8, 12))]
    token = Place(d.arn("ssm", f"parameter/{d.app}/cache-token"))
    caching = together(
        step(daily, "s3:GetObject PutObject", some_object(cache, "layers")),
        step(often(0.6), "s3:ListBucket", cache),
        step(often(0.7), "kms:Decrypt GenerateDataKey", key),
        step(often(0.3), "ssm:GetParameter", token),
    )

    def builds(today: Day) -> Iterator[Use]:
        for repository in today.rng.sample(repositories, today.rng.randint(1, 4) if today.is_workday else 1):
            ref = today.rng.choice(("ref:refs/heads/main", "pull_request", "pull_request"))
            session = Session("GitHubActions", by=f"repo:{repository}:{ref}", agent=_ACTIONS)
            yield from in_session(always(session), caching)(today)

    grants = [_objects(cache), grant("kms:Decrypt GenerateDataKey", key.arn), grant("ssm:Get*")]
    profile = Profile(f"{d.app}-build-cache", "the cache of all builds", grants, builds, "oidc")
    members = [Member("cache", profile, trust=_federation(_provider(d, _GITHUB), f"repo:{org}/*"))]

    dev, first, life = d.in_account(DEVELOPMENT), d.between(200, 3000), d.between(4, 9)
    table, queue, files = dev.table("previews"), dev.queue("previews"), dev.bucket("previews")
    showing = together(
        step(daily, "dynamodb:GetItem PutItem Query", table),
        step(often(0.8), "sqs:SendMessage ReceiveMessage DeleteMessage", queue),
        step(often(0.5), "s3:GetObject PutObject", some_object(files, "uploads")),
    )

    def previews(today: Day) -> Iterator[Use]:
        for turn in range(3):
            number = first + 3 * ((today.index + turn * life // 3) // life) + turn
            if today.is_workday or turn == 0:
                account = f"system:serviceaccount:pr-{number}:web"
                session = Session(f"botocore-session-{_second(today)}", by=account, agent=SERVER)
                yield from in_session(always(session), showing)(today)

    grants = [grant("dynamodb:*", table.arn), grant("sqs:*", queue.arn), _objects(files)]
    profile = Profile(f"{d.app}-preview", "a namespace for each pull request", grants, previews, "irsa")
    trust = _federation(_cluster(dev), "system:serviceaccount:pr-*:web")
    return Crew([*members, Member("preview", profile, DEVELOPMENT, trust=trust)])


# ---------------------------------------------------------------- jobs that names and functions tell apart


@KINDS.crew()
def job_in_the_middle_of_the_name(d: Draw) -> Crew:
    """An orchestrator puts the run before the name of the task, and the attempt after it."""
    orders, refunds, scores = d.table("orders"), d.table("refunds"), d.table("scores")
    lake, models, topic = d.bucket("lake"), d.bucket("models"), d.topic("done")
    orchestrator = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/orchestrator"
    style = d.pick("{run}.{task}.try{attempt}", "run-{run}-{task}-{attempt}", "{date}-{run}_{task}_attempt{attempt}")

    def run(task: str) -> Choose:
        def session(today: Day) -> Session:
            attempt = 1 if today.chance(0.85) else today.rng.randint(2, 3)
            number = f"{today.rng.getrandbits(32):08x}"
            name = style.format(run=number, task=task, attempt=attempt, date=f"{today.date:%Y%m%d}")
            return Session(name, by=orchestrator, agent=SERVER)

        return session

    done = step(often(0.9), "sns:Publish", topic)
    tasks: dict[str, Schedule] = {
        "load_orders": together(
            step(daily, "dynamodb:Scan", orders), step(daily, "s3:PutObject", some_object(lake, "orders")), done
        ),
        "load_refunds": on_days(
            workdays(0.95),
            step(daily, "dynamodb:Query", refunds),
            step(daily, "s3:PutObject", some_object(lake, "refunds")),
            step(often(0.4), "dynamodb:DescribeTable", refunds),
            done,
        ),
        "score_risk": together(
            step(daily, "s3:GetObject", some_object(models, "latest")),
            step(daily, "dynamodb:UpdateItem", scores),
            step(often(0.9), "cloudwatch:PutMetricData"),
            done,
        ),
    }
    grants = [grant("dynamodb:*", orders.arn, refunds.arn, scores.arn), grant("sns:*", topic.arn)]
    grants += [_objects(lake), _objects(models), grant("cloudwatch:PutMetricData")]
    profile = Profile(f"{d.app}-tasks", "the tasks of an orchestrator", grants, idle, trusted=orchestrator)
    return Crew([Member("tasks", profile, jobs=[Job(name, work, run(name)) for name, work in tasks.items()])])


@KINDS.crew()
def shards_and_people(d: Draw) -> Crew:
    """Functions that each take a shard of one job, and engineers who assume the same role to look after instances."""
    stream, table, bucket = d.own("kinesis", f"stream/{d.name('clicks')}"), d.table("clicks"), d.bucket("clicks")
    people, instances = some_people(d, 3, _STAFF), [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(3)]
    team = set_opener(d, "Support", people)
    word = d.pick("clicks", "beacon")
    shards = [d.function(f"{word}-shard-{number}").arn for number in range(d.between(3, 5))]

    def shard(today: Day) -> Iterator[Use]:
        for function in shards:
            if today.chance(0.8):
                session = Session(function.rpartition(":")[2], issued_to=function)
                yield from in_session(always(session), consuming)(today)

    def person(today: Day) -> Session:
        number = today.rng.randrange(len(people))
        address = f"203.0.113.{23 * number + 7}"
        return Session(".".join(people[number]), by=team.session(number), agent=MAC, address=address)

    consuming = together(
        step(daily, "kinesis:GetShardIterator GetRecords", stream),
        step(often(0.9), "dynamodb:UpdateItem", table),
        step(often(0.6), "s3:PutObject", some_object(bucket, "rest")),
        step(often(0.2), "kinesis:DescribeStreamSummary", stream),
    )
    helping = on_days(
        workdays(0.6),
        step(daily, "ec2:DescribeInstances DescribeInstanceStatus"),
        step(often(0.5), "ssm:StartSession", lambda today: today.rng.choice(instances)),
        step(often(0.4), "cloudwatch:DescribeAlarms"),
    )
    grants = [grant("kinesis:*", stream.arn), grant("dynamodb:*", table.arn), _objects(bucket)]
    grants += [grant("ec2:Describe*"), grant("ssm:StartSession"), grant("cloudwatch:*")]
    service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    jobs = [Job("clicks", shard, always(Session())), Job("support", helping, person, (7, 17))]
    profile = Profile(f"{d.app}-stuff", "functions and people", grants, idle, "lambda")
    looking = step(workdays(0.5), "health:DescribeEvents")
    return Crew(
        [
            Member("stuff", profile, jobs=jobs, trust=[service, *trusting(team.arn)]),
            team.member("team", looking, grant("health:Describe*")),
        ]
    )


# ---------------------------------------------------------------- copies with small differences


@KINDS.crew()
def one_also_looks(d: Draw) -> Crew:
    """Four consumers of a queue, of which one also looks at alarms and at the service that it is part of.

    All of them have the policy of one module, so nobody would gain anything that it doesn't have today.
    """
    queue, table, bucket = d.queue("parcels"), d.table("parcels"), d.bucket("labels")
    service = d.own("ecs", f"service/{d.app}/parcels")
    consuming = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(daily, "dynamodb:GetItem UpdateItem", table),
        step(often(0.8), "s3:PutObject", some_object(bucket, "pdf")),
        step(often(0.5), "sqs:GetQueueAttributes", queue),
    )
    looking = together(
        step(often(0.6), "cloudwatch:DescribeAlarms"),
        step(often(0.4), "ecs:DescribeServices", service),
    )
    grants = [grant("sqs:*", queue.arn), grant("dynamodb:*", table.arn), _objects(bucket)]
    grants += [grant("cloudwatch:Describe* Get*"), grant("ecs:Describe*", service.arn)]
    names = d.rng.sample(("air", "road", "rail", "sea", "bike", "drone"), 4)
    members = [
        Member(
            name,
            Profile(
                f"{d.app}-{name}-parcels",
                "a consumer of a queue",
                grants,
                together(consuming, looking) if name == names[0] else consuming,
                "ecs",
            ),
            tags={"service": d.app, "team": d.subject},
        )
        for name in names
    ]
    return Crew(members, merges=[labels(*names)])


@KINDS.crew()
def report_of_the_quarter(d: Draw) -> Crew:
    """Three exporters, of which one also writes a report each quarter, and one exporter that removes old exports.

    The three have one policy, so nobody would gain anything that it doesn't have today.
    """
    table, bucket, day = d.table("sales"), d.bucket("exports"), d.between(3, 25)
    exporting = together(
        step(daily, "dynamodb:Query", table),
        step(daily, "s3:PutObject", some_object(bucket, "daily")),
        step(often(0.6), "s3:ListBucket", bucket),
        step(often(0.4), "dynamodb:DescribeTable", table),
    )

    def quarter(today: Day) -> NeedKind | None:
        return NeedKind.RARE if today.quarterly(day) else None

    report = together(
        step(quarter, "dynamodb:Scan", table),
        step(quarter, "ce:GetCostAndUsage"),
        step(quarter, "s3:PutObject", some_object(bucket, "quarter")),
    )
    removing = step(often(0.15), "s3:DeleteObject", some_object(bucket, "daily"))
    grants = [
        grant("dynamodb:Query Scan DescribeTable", table.arn),
        _objects(bucket, "GetObject", "PutObject", "List*"),
    ]
    grants.append(grant("ce:GetCostAndUsage"))
    work = {
        "csv": (exporting, grants),
        "json": (exporting, grants),
        "parquet": (together(exporting, report), grants),
        "tidy": (together(exporting, removing), [*grants, grant("s3:DeleteObject", f"{bucket.arn}/*")]),
    }
    members = [
        Member(name, Profile(f"{d.app}-export-{name}", "exports sales", reach, schedule, "lambda"))
        for name, (schedule, reach) in work.items()
    ]
    exporters, why = labels("csv", "json", "parquet"), "those who export must not be able to remove exports"
    return Crew(members, merges=[exporters], apart=[Apart(labels("tidy"), exporters, why)])


@KINDS.crew()
def names_of_three_tools(d: Draw) -> Crew:
    """Functions of one queue, made in the console, by CloudFormation and by Terraform, so no names are alike."""
    queue, table, topic = d.queue("intake"), d.table("intake"), d.topic("accepted")
    stack = "".join(word.title() for word in (d.pick("nova", "delta", "orbit"), "back", "end"))
    names = {
        "console": (f"{d.pick('heron', 'otter', 'lynx')}-role-{d.hex(8)}", "/service-role/"),
        "stack": (f"{stack}-HandlerServiceRole{d.hex(8).upper()}-{d.upper(12)}", "/"),
        "module": (f"tf-{d.pick('lmb', 'fn', 'exec')}-{d.between(100, 999)}-{d.region}", "/"),
    }
    shares = {name: d.rng.uniform(0.5, 1) for name in names}
    written = {
        "console": [grant("sqs:*", queue.arn), grant("dynamodb:*", table.arn), grant("sns:*", topic.arn)],
        "stack": [
            grant("sqs:ReceiveMessage DeleteMessage GetQueueAttributes GetQueueUrl", queue.arn),
            grant("dynamodb:GetItem PutItem UpdateItem Query", table.arn),
            grant("sns:Publish", topic.arn),
        ],
        "module": [
            grant("sqs:*Message* Get*", queue.arn),
            grant("dynamodb:*Item Query", table.arn),
            grant("sns:Publish"),
        ],
    }
    members = []
    for label, (name, path) in names.items():
        stream = Place(f"{log_group(d, name.partition('-role')[0]).arn}:log-stream:stream-1")
        work = on_days(
            often(shares[label]),
            step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
            step(daily, "dynamodb:GetItem PutItem", table),
            step(often(0.7), "sns:Publish", topic),
            step(often(0.3), "logs:CreateLogStream PutLogEvents", stream),
        )
        reach = [*written[label], log_grant(d)]
        profile = Profile(name, "a function that serves a queue", reach, work, "lambda", path=path)
        members.append(Member(label, profile, tags={"service": d.app}))
    return Crew(members, merges=[labels(*names)])


@KINDS.crew()
def tenants_in_one_bucket(d: Draw) -> Crew:
    """All tenants share a bucket, but each role reaches one folder and one secret; two tenants have two copies each."""
    bucket, queue = d.bucket("exchange"), d.queue("exchange")
    one, two, three = d.rng.sample(("northwind", "contoso", "fabrikam", "tailspin", "wingtip"), 3)
    members, copies = [], {one: 2, two: 2, three: 1}
    for tenant, count in copies.items():
        secret = d.secret(f"{tenant}-sftp")
        for number in range(1, count + 1):
            work = on_days(
                often(d.rng.uniform(0.7, 1)),
                step(daily, "secretsmanager:GetSecretValue", secret),
                step(daily, "s3:GetObject PutObject", some_object(bucket, tenant)),
                step(often(0.7), "sqs:SendMessage", queue),
            )
            grants = [
                grant("s3:GetObject PutObject DeleteObject", f"{bucket.arn}/{tenant}/*"),
                grant("secretsmanager:GetSecretValue DescribeSecret", secret.arn),
                grant("sqs:SendMessage", queue.arn),
            ]
            profile = Profile(f"{d.app}-sync-{tenant}-{number}", "exchanges files of a tenant", grants, work, "ecs")
            members.append(Member(f"{tenant}{number}", profile))
    of = {tenant: labels(*(f"{tenant}{number}" for number in range(1, count + 1))) for tenant, count in copies.items()}
    why = "a tenant's files and credentials must stay out of reach of the others"
    apart = [Apart(of[one], of[two] | of[three], why), Apart(of[two], of[three], why)]
    return Crew(members, merges=[of[one], of[two]], apart=apart)


# ---------------------------------------------------------------- users


@KINDS.crew()
def keys_that_name_their_pipelines(d: Draw) -> Crew:
    """A project on GitLab that has a key and a role, the role of another project, and a key of another tool."""
    group, artifacts, docs = f"{d.subject}-group", d.bucket("artifacts"), d.bucket("docs")
    function, stack = d.function(), d.own("cloudformation", f"stack/{d.app}/{d.uuid()}")
    other = d.own("cloudformation", f"stack/{d.subject}-platform/{d.uuid()}")
    project, number, issuer = f"{group}/{d.app}", d.between(10_000, 90_000), _provider(d, "gitlab.com")

    def hosted(agent: str) -> Choose:
        return lambda today: Session(agent=agent, address=f"198.51.100.{today.rng.randrange(1, 250)}")

    def pipeline(path: str) -> Choose:
        def session(today: Day) -> Session:
            subject = f"project_path:{path}:ref_type:branch:ref:main"
            return Session(f"gitlab-{number}-{_second(today) // 97}", by=subject, agent=_GITLAB)

        return session

    def deploying(share: float) -> Schedule:
        return on_days(
            workdays(share),
            step(daily, "s3:PutObject", some_object(artifacts, d.app)),
            step(daily, "lambda:UpdateFunctionCode GetFunction", function),
            step(daily, "cloudformation:UpdateStack DescribeStacks DescribeStackEvents", stack),
        )

    grants = [_objects(artifacts), grant("lambda:*", function.arn), grant("cloudformation:*", stack.arn)]
    platform = on_days(
        workdays(0.4),
        step(daily, "s3:PutObject", some_object(artifacts, "platform")),
        step(daily, "cloudformation:UpdateStack DescribeStacks", other),
        step(daily, "ec2:DescribeVpcs DescribeSubnets"),
    )
    wide = [_objects(artifacts), grant("lambda:*"), grant("cloudformation:*"), grant("ec2:*")]
    name = d.pick(f"gitlab-{d.app}", f"{d.app}-ci-deployer")
    key = Profile(name, "a project's key", grants, in_session(hosted(_GITLAB), deploying(0.7)), "user", (6, 19))
    own = Profile(
        d.pick(f"{d.app}-deploy", f"gitlab-{d.app}-main"),
        "the same project, which began to move to the identity provider",
        grants,
        in_session(pipeline(project), deploying(0.4)),
        "oidc",
        (6, 19),
    )
    foreign = Profile(
        f"{d.subject}-platform-{d.hex(4)}-deploy",
        "another project",
        wide,
        in_session(pipeline(f"{group}/platform"), platform),
        "oidc",
        (6, 19),
    )
    publishing = on_days(
        workdays(0.6), step(daily, "s3:PutObject", some_object(docs, "html")), step(daily, "s3:ListBucket", docs)
    )
    docs_key = Profile(
        f"circleci-{d.app}-docs",
        "another tool's key, for which no role is there",
        [_objects(docs)],
        in_session(hosted(_CIRCLE), publishing),
        "user",
        (6, 19),
    )
    return Crew(
        [
            Member(
                "key",
                key,
                tags={"ci": "gitlab", "project": project},
                user=User(UserKind.WORKLOAD, (Goal.ROLE,), existing="role"),
            ),
            Member("role", own, trust=_federation(issuer, f"project_path:{project}:ref_type:branch:ref:*")),
            Member("platform", foreign, trust=_federation(issuer, f"project_path:{group}/platform:*")),
            # No record or policy has the IDs of the organization and project that CircleCI's tokens name.
            Member(
                "docs",
                docs_key,
                tags={"used-by": "circleci", "repository": f"gh/{group}/docs"},
                user=User(UserKind.WORKLOAD, (Goal.ROLE, Goal.QUESTION)),
            ),
        ]
    )


@KINDS.crew()
def people_with_keys_and_a_set(d: Draw) -> Crew:
    """Two people still use keys with MFA on laptops, though their team has a permission set for the same work."""
    instances, cluster = [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(3)], d.own("eks", f"cluster/{d.app}")
    group, people = d.own("logs", f"log-group:/eks/{d.app}:*"), some_people(d, 4, _STAFF)

    def working(share: float) -> Schedule:
        return on_days(
            workdays(share),
            step(daily, "ec2:DescribeInstances"),
            step(often(0.5), "ssm:StartSession", lambda today: today.rng.choice(instances)),
            step(often(0.7), "eks:DescribeCluster", cluster),
            step(often(0.4), "logs:FilterLogEvents", group),
        )

    grants = [grant("ec2:Describe*"), grant("ssm:StartSession", *(place.arn for place in instances))]
    grants += [grant("eks:Describe* List*"), grant("logs:*", group.arn)]
    members, truth = [], User(UserKind.PERSON, (Goal.PERMISSION_SET,), existing="team", has_mfa=True)
    for number, (first, last) in enumerate(people[:2]):
        places = [f"203.0.113.{d.between(1, 250)}", f"192.0.2.{d.between(1, 250)}"]
        work = in_session(_laptop((MAC, WINDOWS)[number], places), working(d.rng.uniform(0.4, 0.8)))
        profile = Profile(f"{first}.{last}.{d.hex(3)}", "an engineer with a key", grants, work, "user", (7, 18))
        tags = {"team": f"{d.subject}-platform", "email": f"{first}.{last}@example.com"}
        members.append(Member(f"person{number}", profile, tags=tags, user=truth))

    def colleague(today: Day) -> Session:
        return Session(f"{'.'.join(people[2 + today.rng.randrange(2)])}@example.com")

    name = reserved_name(d, "Platform")
    profile = Profile(name, "their team", grants, in_session(colleague, working(0.8)), "sso", (7, 18), SSO_PATH)
    return Crew([*members, Member("team", profile)])


def _laptop(agent: str, places: Sequence[str]) -> Choose:
    return lambda today: Session(agent=agent, address=today.rng.choice(places), mfa=True)


@KINDS.crew()
def keys_of_many_hands(d: Draw) -> Crew:
    """A key on three machines of the company, of which no record says what they are, and a key of three people."""
    bucket, queue, table = d.bucket("handover"), d.queue("handover"), d.table("handover")
    first, second = d.between(3_000, 14_000), d.between(0, 3_000)
    linux = Session(agent=SERVER, address=f"192.0.2.{d.between(1, 250)}")
    windows = Session(agent=WINDOWS, address=f"198.51.100.{d.between(1, 120)}")
    java = Session(agent=_JAVA, address=f"198.51.100.{d.between(121, 250)}")
    copying = together(step(daily, "s3:ListBucket", bucket), step(daily, "s3:PutObject", some_object(bucket, "linux")))
    fetching = together(step(daily, "s3:ListBucket", bucket), step(daily, "s3:GetObject", some_object(bucket, "out")))
    telling = together(step(daily, "sqs:SendMessage", queue), step(often(0.9), "sqs:GetQueueUrl", queue))

    def hourly(schedule: Schedule) -> Schedule:
        def day(today: Day) -> Iterator[Use]:
            for hour in (2, 6, 10, 14, 18, 22):
                for use in schedule(today):
                    yield replace(use, at=3_600 * hour + second)

        return day

    machines = together(
        in_session(always(linux), at_second(first, copying)),
        in_session(always(windows), hourly(fetching)),
        in_session(always(java), telling),
    )
    grants = [_objects(bucket), grant("sqs:*", queue.arn)]
    shared = Profile(f"svc-{d.app}", "a key on three machines", grants, machines, "user")
    homes = [f"203.0.113.{40 * number + d.between(1, 39)}" for number in range(3)]
    laptops = list(zip((MAC, WINDOWS, MAC.replace("24.5.0", "23.6.0")), homes, strict=True))

    def trying(share: When) -> Schedule:
        return on_days(
            share,
            step(often(0.7), "dynamodb:Scan", table),
            step(often(0.6), "dynamodb:UpdateItem", table),
            step(often(0.5), "cloudwatch:DescribeAlarms"),
            step(often(0.4), "ec2:DescribeInstances"),
        )

    people = together(
        *(
            in_session(always(Session(agent=agent, address=home)), trying(workdays(0.4 + 0.1 * number)))
            for number, (agent, home) in enumerate(laptops)
        )
    )
    grants = [grant("dynamodb:*", table.arn), grant("cloudwatch:Describe*"), grant("ec2:Describe*")]
    devs = Profile(f"{d.app}-devs", "a key of three people", grants, people, "user", (7, 19))
    return Crew(
        [
            Member("machines", shared, user=User(UserKind.WORKLOAD, (Goal.QUESTION,))),
            Member("people", devs, user=User(UserKind.PERSON, (Goal.PERMISSION_SET, Goal.ROLE))),
        ]
    )
