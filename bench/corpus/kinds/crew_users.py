"""Crews of IAM users: pipelines and people who have access keys or passwords, and what could replace them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-users-federation-idp
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.corpus.calendar import Day, NeedKind, Use
from bench.corpus.crew import Choose, Crew, Goal, Member, User, UserKind, always, in_session
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import When, daily, often, some_object, step, together
from bench.corpus.profile import Kinds, Profile, Schedule, grant, stable_number
from bench.corpus.session import Session

KINDS = Kinds()
_SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
_ECR_LOGIN = "amazon-ecr-login-for-github-actions aws-sdk-js/3.828.0 ua/2.1 os/linux#6.11.0-1015-azure lang/js"
_ECS_DEPLOY = "amazon-ecs-deploy-task-definition-for-github-actions aws-sdk-js/3.828.0 ua/2.1 os/linux lang/js"
_DOCKER = "docker/28.0.4 go/go1.23.7 git-commit/6430e49 kernel/6.11.0-1015-azure os/linux arch/amd64"
_SERVER_CLI = (
    "aws-cli/2.27.7 md/awscrt#0.26.1 ua/2.1 os/linux#5.15.0-139-generic md/arch#x86_64 lang/python#3.13.3 "
    "md/pyimpl#CPython m/C cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#s3.sync"
)
_LAPTOP_CLI = (
    "aws-cli/2.27.7 md/awscrt#0.26.1 ua/2.1 os/macos#24.5.0 md/arch#arm64 lang/python#3.13.3 md/pyimpl#CPython "
    "m/E,b cfg/retry-mode#standard md/installer#source md/prompt#off md/command#ec2.describe-instances"
)
_LAPTOP_TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 (+https://www.terraform.io) terraform-provider-aws/6.0.0 "
    "aws-sdk-go-v2/1.36.3 ua/2.1 os/macos lang/go#1.24.3 md/GOOS#darwin md/GOARCH#arm64"
)
_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:139.0) Gecko/20100101 Firefox/139.0"
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")


def _runner(agent: str) -> Choose:
    """A hosted runner: each day another machine."""

    def session(today: Day) -> Session:
        number = stable_number(f"runner/{today.date}")
        return Session(agent=agent, address=f"{_NETWORKS[number % 3]}.{number // 3 % 250 + 1}")

    return session


def _workdays(share: float) -> When:
    return lambda today: NeedKind.ORDINARY if today.is_workday and today.chance(share) else None


@KINDS.crew()
def github_on_key(d: Draw) -> Crew:
    """A workflow on GitHub pushes images and deploys with a user's key; another one already uses OIDC."""
    repository, bucket = d.own("ecr", f"repository/{d.app}/web"), d.bucket("site")
    service = d.own("ecs", f"service/{d.app}/web")
    push = "ecr:BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage"
    runs = _workdays(0.7)

    def day(today: Day) -> Iterator[Use]:
        if runs(today):
            yield from in_session(_runner(_ECR_LOGIN), step(daily, "ecr:GetAuthorizationToken"))(today)
            yield from in_session(_runner(_DOCKER), step(daily, push, repository))(today)
            deploy = step(daily, "ecs:UpdateService DescribeServices", service)
            yield from in_session(_runner(_ECS_DEPLOY), deploy)(today)

    grants = [grant("ecr:*"), grant("ecs:*")]
    user = User(UserKind.WORKLOAD, (Goal.ROLE,))
    publish = together(
        step(_workdays(0.8), "s3:PutObject", some_object(bucket, "assets")),
        step(_workdays(0.8), "s3:ListBucket", bucket),
    )
    role = Profile(
        f"{d.app}-site-publish", "a workflow with OIDC", [grant("s3:*", bucket.arn, f"{bucket.arn}/*")], publish, "oidc"
    )
    return Crew(
        [
            Member("key", Profile(f"{d.app}-ci", "a workflow with a key", grants, day, "user", (7, 19)), user=user),
            Member("role", role),
        ]
    )


@KINDS.crew()
def server_on_key(d: Draw) -> Crew:
    """A server in the company's data center copies files each night, on weekends too; no record says what runs it."""
    server = Session(agent=_SERVER_CLI, address="203.0.113.20")
    bucket, topic, minute = d.bucket("exports"), d.topic("exports"), d.between(0, 50)
    work = together(
        step(daily, "s3:ListBucket", bucket),
        step(daily, "s3:PutObject", some_object(bucket, "nightly")),
        step(often(0.9), "sns:Publish", topic),
    )

    def at_night(today: Day) -> Iterator[Use]:
        for number, use in enumerate(work(today)):
            yield replace(use, session=server, at=(2 * 60 + minute) * 60 + 7 * number)

    grants = [grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("sns:*", topic.arn)]
    user = User(UserKind.WORKLOAD, (Goal.QUESTION,))
    return Crew([Member("key", Profile(f"{d.app}-export", "a server's key", grants, at_night, "user"), user=user)])


def _developer_work(d: Draw) -> Schedule:
    """Workdays of a developer, except for two weeks of holiday."""
    holiday = d.between(20, 60)
    functions = d.fixed(d.function, 4)
    alarms = d.arn("cloudwatch", "alarm:*")

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday or holiday <= today.index % 365 < holiday + 14 or today.chance(0.15):
            return
        yield today.use("lambda:ListFunctions")
        for function in today.some(functions, 2):
            yield today.use("lambda:GetFunction", function)
            if today.chance(0.3):
                yield today.use("lambda:InvokeFunction", function)
        if today.chance(0.4):
            yield today.use("cloudwatch:DescribeAlarms", alarms)
        if today.chance(0.3):
            yield today.use("logs:DescribeLogGroups")

    return day


@KINDS.crew()
def person_in_console(d: Draw) -> Crew:
    """A developer signs in to the console with MFA, though colleagues have a permission set for the same work."""
    work = _developer_work(d)
    grants = [
        grant("lambda:List* Get* InvokeFunction"),
        grant("cloudwatch:Describe* Get* List*"),
        grant("logs:Describe* Get* Filter*"),
    ]
    home = f"203.0.113.{d.between(1, 250)}"
    signed_in = in_session(always(Session(console=True, mfa=True, agent=_BROWSER, address=home)), work)
    team = d.app.title().replace("-", "")

    def colleague(today: Day) -> Session:
        return Session(name=f"colleague{today.rng.randrange(3)}@example.com", address="203.0.113.9")

    permission_set = Profile(
        f"AWSReservedSSO_{team}Developer_{d.hex(16)}",
        "developers of a team",
        grants,
        in_session(colleague, work),
        "sso",
        (7, 18),
        _SSO,
    )
    user = User(UserKind.PERSON, (Goal.PERMISSION_SET,), "set", keys=0, has_password=True, has_mfa=True)
    name = f"{d.pick('jana', 'luis', 'mei', 'omar')}.{d.app}"
    person = Profile(name, "a developer", grants, signed_in, "user", (7, 18))
    return Crew([Member("person", person, user=user), Member("set", permission_set)])


@KINDS.crew()
def person_on_laptop(d: Draw) -> Crew:
    """An engineer runs the AWS CLI and Terraform on a laptop; no role or permission set of people allows that."""
    state, queue = d.bucket("tfstate"), d.queue("sandbox")
    group = d.own("ec2", f"security-group/sg-0{d.hex(16)}")
    where = [f"203.0.113.{d.between(1, 250)}", f"198.51.100.{d.between(1, 250)}"]
    holiday = d.between(20, 60)

    def laptop(agent: str) -> Choose:
        return lambda today: Session(agent=agent, address=where[stable_number(str(today.date)) % 2])

    looks = together(
        step(_workdays(0.9), "ec2:DescribeInstances DescribeSecurityGroups"),
        step(_workdays(0.4), "logs:DescribeLogGroups"),
    )
    plans = together(
        step(_workdays(0.5), "s3:GetObject PutObject", state.at(f"{d.app}/terraform.tfstate")),
        step(_workdays(0.5), "sqs:GetQueueAttributes SetQueueAttributes", queue),
        step(_workdays(0.2), "ec2:AuthorizeSecurityGroupIngress", group),
    )

    def day(today: Day) -> Iterator[Use]:
        if not holiday <= today.index % 365 < holiday + 14:
            yield from in_session(laptop(_LAPTOP_CLI), looks)(today)
            yield from in_session(laptop(_LAPTOP_TERRAFORM), plans)(today)

    grants = [
        grant("ec2:*"),
        grant("logs:Describe*"),
        grant("sqs:*", queue.arn),
        grant("s3:*", state.arn, f"{state.arn}/*"),
    ]
    user = User(UserKind.PERSON, (Goal.ROLE, Goal.PERMISSION_SET))
    name = f"{d.pick('priya', 'sven', 'tomas', 'yuki')}.{d.app}"
    return Crew([Member("person", Profile(name, "an engineer", grants, day, "user", (7, 18)), user=user)])


@KINDS.crew()
def function_on_key(d: Draw) -> Crew:
    """A Lambda function has a user's key in its settings; other functions have a role."""
    table, queue = d.table("quotes"), d.queue("quotes")
    agent = "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux lang/python#3.13.5 exec-env/AWS_Lambda_python3.13"
    work = together(
        step(daily, "dynamodb:GetItem PutItem", table),
        step(often(0.95), "sqs:SendMessage", queue),
        step(daily, "dynamodb:Query", table),
    )
    grants = [grant("dynamodb:*", table.arn), grant("sqs:*", queue.arn)]
    user = User(UserKind.WORKLOAD, (Goal.ROLE,))
    profile = Profile(f"{d.app}-quotes", "a function's key", grants, in_session(_runner(agent), work), "user")
    other = Profile(
        f"{d.app}-fn", "another function", grants, step(often(0.9), "sqs:GetQueueAttributes", queue), "lambda"
    )
    return Crew([Member("key", profile, user=user), Member("role", other)])


@KINDS.crew()
def rotated_key(d: Draw) -> Crew:
    """A batch server around the clock, whose key was rotated once; the old key is still active."""
    bucket, stream, day = d.bucket("telemetry"), d.own("kinesis", f"stream/{d.name('telemetry')}"), d.days // 2
    agent = "aws-sdk-java/2.31.5 md/io#sync os/Linux#5.14.0 lang/java#21.0.6"

    def server(today: Day) -> Session:
        return Session(key=1 if today.index < day else 2, agent=agent, address="198.51.100.40")

    work = together(
        step(daily, "kinesis:PutRecords DescribeStreamSummary", stream),
        step(daily, "s3:PutObject", some_object(bucket, "raw")),
        step(often(0.6), "s3:GetBucketLocation", bucket),
    )
    grants = [grant("kinesis:*", stream.arn), grant("s3:*", bucket.arn, f"{bucket.arn}/*")]
    user = User(UserKind.WORKLOAD, (Goal.QUESTION,), keys=2)
    profile = Profile(f"{d.app}-ingest", "a server's keys", grants, in_session(server, work), "user")
    return Crew([Member("key", profile, user=user)])


@KINDS.crew()
def person_with_sunday(d: Draw) -> Crew:
    """An engineer where people work from Sunday to Thursday, with the AWS CLI on a laptop."""
    queue, hours = d.queue("dead"), (5, 14)

    def works(share: float) -> When:
        return lambda today: NeedKind.ORDINARY if today.date.weekday() not in (4, 5) and today.chance(share) else None

    work = together(
        step(works(0.8), "sqs:GetQueueAttributes ReceiveMessage", queue),
        step(works(0.3), "sqs:PurgeQueue", queue),
        step(works(0.6), "cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*")),
        step(works(0.5), "logs:DescribeLogGroups"),
    )
    home = f"192.0.2.{d.between(1, 250)}"
    session = always(Session(agent=_LAPTOP_CLI, address=home))
    grants = [grant("sqs:*", queue.arn), grant("cloudwatch:Describe* Get*"), grant("logs:Describe* Get*")]
    user = User(UserKind.PERSON, (Goal.ROLE, Goal.PERMISSION_SET), has_mfa=True)
    name = f"{d.pick('noa', 'amir', 'lina')}.{d.app}"
    profile = Profile(name, "an engineer", grants, in_session(session, work), "user", hours)
    return Crew([Member("person", profile, user=user)])


@KINDS.crew()
def person_and_script(d: Draw) -> Crew:
    """An engineer signs in to the console, and a nightly script on a server uses the same user's key."""
    bucket, minute = d.bucket("reports"), d.between(0, 50)
    browse = together(
        step(_workdays(0.7), "ec2:DescribeInstances DescribeVolumes"),
        step(_workdays(0.5), "s3:ListAllMyBuckets"),
        step(_workdays(0.3), "s3:GetBucketLocation", bucket),
    )
    script = step(daily, "s3:PutObject", some_object(bucket, "nightly"))
    person = Session(console=True, mfa=True, agent=_BROWSER, address=f"203.0.113.{d.between(1, 250)}")
    server = Session(agent=_SERVER_CLI, address="198.51.100.9")

    def day(today: Day) -> Iterator[Use]:
        for use in browse(today):
            yield replace(use, session=person)
        for use in script(today):
            yield replace(use, session=server, at=(3 * 60 + minute) * 60)

    grants = [grant("ec2:Describe*"), grant("s3:*")]
    goals = (Goal.ROLE, Goal.PERMISSION_SET, Goal.QUESTION)
    user = User(UserKind.BOTH, goals, has_password=True, has_mfa=True)
    name = f"{d.pick('ivan', 'rosa', 'kofi')}.{d.app}"
    return Crew([Member("user", Profile(name, "an engineer and a script", grants, day, "user", (7, 18)), user=user)])
