"""Bystanders: deployers whose reads intruders copy, and principals that resemble victims. They must learn nothing."""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import daily, log_grant, log_steps, often, on, passing, some_object, step, together
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


@KINDS.bystander("harbor")
def release_deployer(d: Draw) -> Profile:
    functions, bucket = d.fixed(d.function, d.between(3, 5)), d.bucket("artifacts")
    stacks = [d.own("cloudformation", f"stack/{d.app}-{d.part()}/{d.uuid()}") for _ in range(2)]
    role = d.role("runtime")

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday:
            return
        yield today.use("lambda:ListFunctions")
        for function in today.some(functions, 2):
            yield today.use("s3:GetObject", bucket.at("bundles/current.zip"))
            yield today.use("lambda:GetFunction", function)
            yield today.use("lambda:UpdateFunctionCode", function)
        for stack in today.some(stacks, 1):
            yield today.use("cloudformation:DescribeStacks", stack)
            yield today.use("cloudformation:UpdateStack", stack, also=passing(role), params={"roleARN": role})

    grants = [grant("lambda:*"), grant("cloudformation:*"), grant("s3:*"), grant("iam:*")]
    return Profile(f"{d.app}-release", "deploys functions and stacks", grants, day, "oidc", (7, 19))


@KINDS.bystander("meadow")
def table_deployer(d: Draw) -> Profile:
    tables, queues, role = d.fixed(d.table, 3), d.fixed(d.queue, 2), d.role("stack")

    def day(today: Day) -> Iterator[Use]:
        if not today.every(2):
            return
        for table in tables:
            yield today.use("dynamodb:DescribeTable", table)
            yield today.use("dynamodb:DescribeContinuousBackups", table)
        for queue in queues:
            yield today.use("sqs:GetQueueAttributes", queue)
        yield today.use("iam:GetRole", role)
        if today.chance(0.3):
            yield today.use("dynamodb:UpdateTable", today.rng.choice(tables))

    grants = [grant("dynamodb:*"), grant("sqs:*"), grant("iam:*")]
    return Profile(f"{d.app}-apply", "applies Terraform to tables and queues", grants, day, "oidc", (6, 20))


def _storefront(d: Draw, part: str, share: float) -> Profile:
    table, queue, topic = d.table(part), d.queue(part), d.shared_topic()
    schedule = together(
        step(daily, "dynamodb:GetItem PutItem Query", table),
        step(often(0.95), "sqs:SendMessage", queue),
        step(often(share), "sns:Publish", topic),
        step(often(0.2), "sqs:GetQueueAttributes", queue),
        step(often(0.1), "dynamodb:DescribeTable", table),
    )
    grants = [grant("dynamodb:*"), grant("sqs:*"), grant("sns:*")]
    about = "one of several alike services, untouched by the intruder of one of them"
    return Profile(f"storefront-{part}-{d.hex(4)}", about, grants, schedule, "ecs", path="/storefront/")


@KINDS.bystander("harbor")
def storefront_prices(d: Draw) -> Profile:
    return _storefront(d, "prices", 0.5)


@KINDS.bystander("harbor")
def storefront_stock(d: Draw) -> Profile:
    return _storefront(d, "stock", 0.7)


@KINDS.bystander("harbor")
def storefront_reviews(d: Draw) -> Profile:
    return _storefront(d, "reviews", 0.6)


@KINDS.bystander("harbor")
def weekly_reporter(d: Draw) -> Profile:
    group, bucket = d.own("athena", f"workgroup/{d.name('trends')}"), d.bucket("trends")
    schedule = together(
        step(often(0.9), "athena:StartQueryExecution GetQueryExecution", group),
        step(often(0.9), "s3:PutObject", some_object(bucket, "weekly")),
        step(often(0.4), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
    )
    grants = [grant("athena:*"), grant("s3:*"), grant("rds:*"), grant("logs:*"), grant("kms:*"), grant("dynamodb:*")]
    return Profile(f"{d.app}-trends", "writes reports as a victim does", grants, schedule, "lambda", (0, 6))


@KINDS.bystander("meadow")
def stream_indexer(d: Draw) -> Profile:
    stream, table = d.own("kinesis", f"stream/{d.name('orders')}"), d.table("orders")
    schedule = together(
        log_steps(d),
        step(daily, "kinesis:GetRecords GetShardIterator", stream),
        step(often(0.6), "kinesis:DescribeStreamSummary", stream),
        step(daily, "dynamodb:PutItem UpdateItem", table),
    )
    about = "indexes a stream as a victim does, with all rights as well"
    return Profile(f"{d.app}-index", about, [log_grant(d)], schedule, "lambda", is_admin=True)


@KINDS.bystander("harbor")
def account_service(d: Draw) -> Profile:
    secret, bucket, table = d.secret("db"), d.bucket("statements"), d.table("accounts")
    parameter = d.own("ssm", f"parameter/{d.app}/config")
    schedule = together(
        step(often(0.9), "secretsmanager:GetSecretValue", secret),
        step(daily, "s3:GetObject", some_object(bucket, "statements")),
        step(daily, "dynamodb:GetItem", table),
        step(often(0.8), "ssm:GetParameter", parameter),
    )
    grants = [grant("secretsmanager:*"), grant("s3:*"), grant("dynamodb:*"), grant("ssm:*")]
    return Profile(f"{d.app}-accounts", "serves accounts as a victim serves profiles", grants, schedule, "ecs")


@KINDS.bystander("meadow")
def outbound_exchanger(d: Draw) -> Profile:
    queue, role = d.queue("outbound"), d.arn("iam", f"role/{d.app}-writer", region="")
    schedule = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.8), "sts:AssumeRole", role),
        step(often(0.5), "lambda:InvokeFunction", d.function("convert")),
    )
    grants = [grant("sqs:*"), grant("sts:AssumeRole"), grant("lambda:*")]
    return Profile(f"{d.app}-outbound", "exchanges data as a victim does", grants, schedule, "ecs")


@KINDS.bystander("meadow")
def platform_estate(d: Draw) -> Profile:
    databases = [d.own("rds", f"db:{d.name('db').lower().replace('_', '-')}-{number}") for number in range(3)]
    repositories = [d.own("ecr", f"repository/{d.app}/{part}") for part in ("base", "edge")]
    project, group = d.own("codebuild", f"project/{d.name('images')}"), d.own("logs", f"log-group:/app/{d.app}:*")
    stack, function = d.own("cloudformation", f"stack/{d.app}-base/{d.uuid()}"), d.function("upkeep")
    later = on(d.days + d.between(5, 100))
    schedule = together(
        step(often(0.5), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
        step(often(0.4), "codebuild:StartBuild BatchGetProjects", project),
        step(often(0.4), "ecr:BatchGetImage", *repositories),
        step(often(0.3), "logs:FilterLogEvents", group),
        step(often(0.2), "cloudformation:DescribeStacks", stack),
        step(often(0.2), "lambda:GetFunction", function),
        step(later, "rds:CreateDBSnapshot", databases[0]),
        step(often(0.3), "kms:DescribeKey", d.key()),
        step(often(0.3), "sns:GetTopicAttributes", d.topic("platform")),
        step(often(0.2), "s3:GetBucketVersioning", d.bucket("platform")),
        step(often(0.2), "secretsmanager:DescribeSecret", d.secret("platform")),
    )
    grants = [
        *(grant("rds:*"), grant("codebuild:*"), grant("ecr:*"), grant("logs:*"), grant("cloudformation:*")),
        *(grant("lambda:*"), grant("kms:*"), grant("sns:*"), grant("s3:*"), grant("secretsmanager:*")),
    ]
    return Profile(f"{d.app}-platform", "looks after what a platform has", grants, schedule, "role")


@KINDS.bystander("harbor")
def base_estate(d: Draw) -> Profile:
    databases = [d.own("rds", f"db:{d.name('db').lower().replace('_', '-')}-{number}") for number in range(3)]
    schedule = together(
        step(often(0.5), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
        step(on(d.days + d.between(5, 100)), "rds:CreateDBSnapshot", databases[0]),
        step(often(0.4), "logs:FilterLogEvents", d.own("logs", f"log-group:/app/{d.app}:*")),
        step(often(0.3), "kms:DescribeKey", d.key()),
        step(often(0.3), "sns:GetTopicAttributes", d.topic("base")),
        step(often(0.2), "dynamodb:DescribeTable", *d.fixed(d.table, 2)),
        step(often(0.2), "s3:GetBucketVersioning", *(d.bucket(part) for part in ("base", "exports"))),
        step(often(0.2), "secretsmanager:DescribeSecret", *(d.secret(part) for part in ("main", "replica", "vendor"))),
        step(often(0.2), "sqs:GetQueueAttributes", *d.fixed(d.queue, 2)),
        step(often(0.2), "ssm:GetParameter", d.own("ssm", f"parameter/{d.app}/license")),
    )
    grants = [
        *(grant("rds:*"), grant("logs:*"), grant("kms:*"), grant("sns:*"), grant("dynamodb:*"), grant("s3:*")),
        *(grant("secretsmanager:*"), grant("sqs:*"), grant("ssm:*")),
    ]
    about = "looks after an account's base, in the estate that intruders harm"
    return Profile(f"{d.app}-base", about, grants, schedule, "lambda")


@KINDS.bystander("harbor")
def queue_denied(d: Draw) -> Profile:
    queue = d.queue("inbox")
    schedule = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(lambda today: NeedKind.DENIED if today.chance(0.03) else None, "iam:ListUsers"),
    )
    about = "reads a queue, and is now and then refused what it doesn't need"
    return Profile(f"{d.app}-inbox", about, [grant("sqs:*"), grant("sns:*")], schedule, "ecs")
