"""What builds, checks and ships, as CI systems and infrastructure modules set their roles up.

https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
https://developer.hashicorp.com/terraform/language/backend/s3
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/getting-started-secure-static-website-cloudformation-template.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import ANY, Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import read_secret
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


@KINDS.kind()
def plan_checker(d: Draw) -> Profile:
    state = d.bucket("terraform-state")
    queues = d.growing(d.queue, d.between(1, 4), (20, 90))
    tables = d.growing(d.table, d.between(1, 4), (30, 120))
    buckets = d.growing(d.bucket, d.between(1, 3), (60, 200))
    roles = [Place(d.role(f"task{number}"), born) for number, born in enumerate(d.births(d.between(1, 4), (20, 90)))]
    stacks, share = [d.part() for _ in range(d.between(1, 4))], d.rng.uniform(0.3, 0.9)

    def refresh(today: Day) -> Iterator[Use]:
        for role in today.some(roles, 3):
            for action in ("GetRole", "ListRolePolicies", "ListAttachedRolePolicies"):
                yield today.use(f"iam:{action}", role)
        for queue in today.some(queues, 3):
            yield today.use("sqs:GetQueueAttributes", queue)
        for table in today.some(tables, 3):
            yield today.use("dynamodb:DescribeTable", table)
            yield today.use("dynamodb:DescribeContinuousBackups", table)
        for bucket in today.some(buckets, 2):
            for action in ("GetBucketPolicy", "GetBucketVersioning", "GetEncryptionConfiguration", "GetBucketTagging"):
                yield today.use(f"s3:{action}", bucket)

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday or not today.chance(share):
            return
        yield today.use("s3:ListBucket", state)
        yield today.use("s3:GetObject", state.at(f"{today.rng.choice(stacks)}/terraform.tfstate"))
        yield from refresh(today)
        if today.chance(0.4):
            yield today.use("ec2:DescribeVpcs")
            yield today.use("ec2:DescribeSubnets")
            yield today.use("logs:DescribeLogGroups", d.arn("logs", "log-group:*"))

    grants = [
        grant("s3:Get* List*"),
        grant("iam:Get* List*"),
        grant("sqs:Get* List*"),
        grant("dynamodb:Describe* List*"),
        grant("ec2:Describe* Get*"),
        grant("logs:Describe* List*"),
    ]
    name = d.pick(f"{d.app}-plan", f"github-actions-{d.app}-readonly", f"{d.app}-ci-terraform-plan")
    return Profile(name, "plans infrastructure for each pull request, reading all of it", grants, day, "oidc", (6, 20))


@KINDS.kind(steady=True)
def site_publisher(d: Draw) -> Profile:
    bucket = d.bucket(d.pick("site", "www", "frontend"))
    distribution = Place(f"arn:aws:cloudfront::{d.account.id}:distribution/E{d.upper(13)}")
    share, waits, rollback = d.rng.uniform(0.15, 0.8), d.chance(0.5), d.rng.uniform(0, 0.03)

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday or not today.chance(share):
            return
        yield today.use("s3:ListBucket", bucket)
        for name in ("index.html", f"assets/index-{today.rng.getrandbits(32):08x}.js"):
            yield today.use("s3:PutObject", bucket.at(name))
        if today.chance(rollback):
            yield today.use("s3:GetObject", bucket.at("releases/previous.txt"), NeedKind.RARE)
        if today.chance(0.3):
            yield today.use("s3:DeleteObject", bucket.at(f"assets/index-{today.rng.getrandbits(32):08x}.js"))
        yield today.use("cloudfront:CreateInvalidation", distribution)
        if waits:
            yield today.use("cloudfront:GetInvalidation", distribution)

    reach = distribution.arn if d.chance(0.5) else f"arn:aws:cloudfront::{d.account.id}:distribution/*"
    grants = [
        grant("s3:ListBucket", bucket.arn),
        grant("s3:GetObject PutObject DeleteObject PutObjectAcl", f"{bucket.arn}/*"),
        grant("cloudfront:CreateInvalidation GetInvalidation", reach),
    ]
    name = d.pick(f"{d.app}-site-deploy", f"github-{d.app}-frontend", f"{d.app}-cdn-publisher")
    return Profile(name, "uploads a web site and invalidates its distribution", grants, day, "oidc", (7, 19))


@KINDS.kind()
def parameter_publisher(d: Draw) -> Profile:
    path = d.pick(f"{d.app}/images", f"releases/{d.app}", f"{d.subject}/{d.pick('prod', 'live')}/version")

    def parameter(born: int = -1) -> Place:
        return d.own("ssm", f"parameter/{path}/{d.part()}", born)

    parameters = d.growing(parameter, d.between(2, 8), (d.between(20, 50), d.between(60, 150)))
    share, topic = d.rng.uniform(0.2, 0.9), d.topic() if d.chance(0.4) else None

    def day(today: Day) -> Iterator[Use]:
        new = [place for place in parameters if place.born == today.index]
        for place in new:
            yield today.use("ssm:PutParameter", place, NeedKind.NEW_NAME)
        if not today.is_workday or not today.chance(share):
            return
        for place in today.some(parameters, 2):
            yield today.use("ssm:GetParameter", place)
            yield today.use("ssm:PutParameter", place)
        if topic:
            yield today.use("sns:Publish", topic)

    grants = [
        grant("ssm:PutParameter GetParameter GetParametersByPath", d.arn("ssm", f"parameter/{path}/*")),
        grant("sns:Publish", topic.arn if topic else d.arn("sns", f"{d.prefix}*")),
    ]
    return Profile(
        f"{d.app}-release", "writes the version of each service to a parameter", grants, day, "oidc", (6, 20)
    )


@KINDS.kind(steady=True)
def task_execution(d: Draw) -> Profile:
    repository, sidecar = d.own("ecr", f"repository/{d.app}"), Place(d.arn("ecr", "repository/otel-collector"))
    secrets, key = d.fixed(d.secret, d.between(1, 5)), d.key() if d.chance(0.3) else None
    parameter = d.own("ssm", f"parameter/{d.app}/config") if d.chance(0.5) else None
    group = d.own("logs", f"log-group:/ecs/{d.app}:log-stream:app/main")
    share = d.rng.uniform(0.3, 1)

    def day(today: Day) -> Iterator[Use]:
        if not today.chance(share):
            return
        yield today.use("ecr:GetAuthorizationToken", ANY)
        for place in (repository, sidecar):
            yield today.use("ecr:BatchGetImage", place)
            yield today.use("ecr:GetDownloadUrlForLayer", place)
        for secret in secrets:
            yield from read_secret(today, secret, key)
        if parameter:
            yield today.use("ssm:GetParameters", parameter)
        yield today.use("logs:CreateLogStream", group, params={"logStreamName": "app/main"})
        yield today.use("logs:PutLogEvents", group)

    listed = [secret.arn for secret in secrets]
    reach = listed if d.chance(0.5) else [d.arn("secretsmanager", f"secret:{d.prefix}*")]
    grants = [
        grant("secretsmanager:GetSecretValue", *reach),
        grant("ssm:GetParameters", d.arn("ssm", f"parameter/{d.app}/*")),
        grant("kms:Decrypt", key.arn if key else d.arn("kms", "key/*")),
    ]
    name = d.pick(f"{d.app}-execution", f"{d.app}-ecsTaskExecutionRole", f"{d.app}-TaskExecutionRole-{d.upper(12)}")
    about = "starts the tasks of one service: images, secrets, log streams"
    return Profile(name, about, grants, day, "ecs", managed=("AmazonECSTaskExecutionRolePolicy",))
