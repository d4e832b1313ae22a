"""Those who move and analyse data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import objects_of, passing, read_encrypted, write_encrypted
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


@KINDS.kind()
def nightly_etl(d: Draw) -> Profile:
    jobs = d.growing(lambda born: d.own("glue", f"job/{d.name()}", born), d.between(2, 6), (50, 140))
    group, lake = d.own("athena", f"workgroup/{d.app}"), d.bucket("lake")
    most, share = d.between(1, 3), d.rng.uniform(0.3, 1)

    def day(today: Day) -> Iterator[Use]:
        for job in today.some(jobs, most):
            yield today.use("glue:StartJobRun", job)
            yield today.use("glue:GetJobRun", job)
        if not today.chance(share):
            return
        yield today.use("athena:StartQueryExecution", group)
        yield today.use("s3:PutObject", lake.at(f"curated/dt={today.date}/part-0000.parquet"))

    grants = [
        grant("glue:StartJobRun GetJobRun", d.arn("glue", f"job/{d.prefix}*")),
        grant("athena:StartQueryExecution GetQueryResults", group.arn),
        grant("s3:PutObject GetObject", objects_of(d.dns_prefix)),
    ]
    return Profile(f"{d.app}-etl", "nightly jobs that write partitions by date", grants, day, "role", (0, 6))


@KINDS.kind()
def dated_exports(d: Draw) -> Profile:
    style = d.pick("%Y-%m-%d", "%Y%m%d", "%Y_%j")
    pace, keep = d.pick(1, 7, 7), d.pick(14, 28)

    def table(today: Day, age: int) -> Place:
        return Place(d.arn("dynamodb", f"table/{d.prefix}export-{(today.date - timedelta(days=age)).strftime(style)}"))

    def day(today: Day) -> Iterator[Use]:
        if not today.every(pace):
            return
        yield today.use("dynamodb:CreateTable", table(today, 0), NeedKind.NEW_NAME)
        yield today.use("dynamodb:PutItem", table(today, 0), NeedKind.NEW_NAME)
        yield today.use("dynamodb:DescribeTable", table(today, 0), NeedKind.NEW_NAME)
        if today.index >= keep:
            yield today.use("dynamodb:DeleteTable", table(today, keep), NeedKind.NEW_NAME)

    actions = "dynamodb:CreateTable PutItem DescribeTable DeleteTable"
    grants = [grant(actions, d.arn("dynamodb", f"table/{d.prefix}export-*"))]
    return Profile(f"{d.app}-export", "a table per run, with the date in its name", grants, day, "lambda", (2, 5))


@KINDS.kind()
def model_training(d: Draw) -> Profile:
    role, bucket, pace = d.role("training"), d.bucket("models"), d.pick(2, 3, 7)
    endpoint = d.own("sagemaker", f"endpoint/{d.app}")

    def day(today: Day) -> Iterator[Use]:
        if not today.every(pace):
            return
        version = f"{d.app}-v{today.index // pace + 1}-{today.date:%m%d}"
        job = d.arn("sagemaker", f"training-job/{version}")
        more = {"roleArn": role}
        yield today.use("sagemaker:CreateTrainingJob", job, NeedKind.NEW_NAME, also=passing(role), params=more)
        yield today.use("sagemaker:DescribeTrainingJob", job, NeedKind.NEW_NAME)
        yield today.use("s3:PutObject", bucket.at(f"{version}/input.csv"), NeedKind.NEW_NAME)
        if today.every(pace * 4):
            model, config = d.arn("sagemaker", f"model/{version}"), d.arn("sagemaker", f"endpoint-config/{version}")
            executing = {"executionRoleArn": role}
            yield today.use("sagemaker:CreateModel", model, NeedKind.NEW_NAME, also=passing(role), params=executing)
            yield today.use("sagemaker:CreateEndpointConfig", config, NeedKind.NEW_NAME)
            named = {"endpointConfigName": version}
            yield today.use(
                "sagemaker:UpdateEndpoint", endpoint, also=(("sagemaker:UpdateEndpoint", config),), params=named
            )

    types = ("training-job", "model", "endpoint-config", "endpoint")
    names = "CreateTrainingJob DescribeTrainingJob CreateModel CreateEndpointConfig UpdateEndpoint"
    grants = [
        grant(f"sagemaker:{names}", *(d.arn("sagemaker", f"{one}/{d.app}*") for one in types)),
        grant("s3:PutObject", objects_of(d.dns_prefix)),
        grant("iam:PassRole", role),
    ]
    return Profile(f"{d.app}-train", "trains models under versioned names", grants, day, "role")


@KINDS.kind(steady=True)
def monthly_billing(d: Draw) -> Profile:
    table, bucket, key = d.table(), d.bucket("invoices"), d.key()
    when, queue = d.between(1, 5), d.queue()

    def day(today: Day) -> Iterator[Use]:
        if not today.monthly(when):
            return
        yield today.use("dynamodb:Scan", table, NeedKind.RARE)
        for use in write_encrypted(today, bucket.at(f"{today.date:%Y-%m}/invoices.csv"), key):
            yield Use(use.action, use.place, NeedKind.RARE, invoked_by=use.invoked_by, params=use.params)
        yield today.use("sqs:SendMessage", queue, NeedKind.RARE)
        yield today.use("sqs:GetQueueUrl", queue, NeedKind.RARE)

    grants = [
        grant("dynamodb:Scan Query", d.arn("dynamodb", f"table/{d.prefix}*")),
        grant("s3:PutObject", objects_of(d.dns_prefix)),
        grant("kms:GenerateDataKey Decrypt", key.arn),
        grant("sqs:SendMessage GetQueueUrl", queue.arn),
    ]
    return Profile(f"{d.app}-billing", "a job on one day of each month", grants, day, "lambda", (1, 8))


@KINDS.kind(steady=True)
def quarterly_report(d: Draw) -> Profile:
    group, bucket = d.own("athena", f"workgroup/{d.app}-reports"), d.bucket("reports")
    when, month, secret = d.between(2, 20), d.between(0, 2), d.secret()

    def day(today: Day) -> Iterator[Use]:
        if not today.quarterly(when, month):
            return
        yield today.use("secretsmanager:GetSecretValue", secret, NeedKind.RARE)
        yield today.use("athena:GetWorkGroup", group, NeedKind.RARE)
        yield today.use("athena:StartQueryExecution", group, NeedKind.RARE)
        yield today.use("s3:PutObject", bucket.at(f"{today.date.year}/q{today.date.month // 3}.pdf"), NeedKind.RARE)
        yield today.use("ce:GetCostAndUsage", kind=NeedKind.RARE)

    grants = [
        grant("athena:StartQueryExecution GetQueryResults GetWorkGroup", group.arn),
        grant("s3:PutObject", objects_of(d.dns_prefix)),
        grant("secretsmanager:GetSecretValue", secret.arn),
        grant("ce:GetCostAndUsage"),
    ]
    return Profile(f"{d.app}-quarterly", "a report once a quarter", grants, day, "ecs", (5, 11))


@KINDS.kind(steady=True)
def yearly_closing(d: Draw) -> Profile:
    tables, topic = d.fixed(d.table, d.between(2, 5)), d.topic()
    months = d.rng.sample(range(1, 13), 2)
    when = d.between(1, 28)

    def day(today: Day) -> Iterator[Use]:
        if today.monthly(when):
            yield today.use("dynamodb:ListTables", kind=NeedKind.RARE)
        if not any(today.yearly(month, when) for month in months[: 1 + len(tables) % 2]):
            return
        for table in tables:
            yield today.use("dynamodb:DescribeTable", table, NeedKind.RARE)
            yield today.use("dynamodb:CreateBackup", table, NeedKind.RARE)
        yield today.use("sns:Publish", topic, NeedKind.RARE)

    grants = [
        grant("dynamodb:DescribeTable CreateBackup ListTables"),
        grant("sns:Publish", topic.arn),
    ]
    return Profile(f"{d.app}-closing", "looks monthly, and works once or twice a year", grants, day, "lambda", (3, 9))


@KINDS.kind()
def transient_clusters(d: Draw) -> Profile:
    pace = d.pick(1, 2, 7)
    bucket = d.bucket("spark")

    def day(today: Day) -> Iterator[Use]:
        if not today.every(pace):
            return
        cluster = d.arn("elasticmapreduce", f"cluster/j-{today.index:013X}")
        yield today.use("elasticmapreduce:ListClusters")
        yield today.use("elasticmapreduce:DescribeCluster", cluster, NeedKind.NEW_NAME)
        yield today.use("elasticmapreduce:AddJobFlowSteps", cluster, NeedKind.NEW_NAME)
        yield today.use("s3:GetObject", bucket.at("jobs/main.py"))
        yield today.use("elasticmapreduce:TerminateJobFlows", cluster, NeedKind.NEW_NAME)

    grants = [
        grant("elasticmapreduce:ListClusters DescribeCluster AddJobFlowSteps TerminateJobFlows"),
        grant("s3:GetObject", objects_of(d.dns_prefix)),
    ]
    return Profile(
        f"{d.app}-spark", "steps on clusters that others start, each with a new id", grants, day, "role", (0, 9)
    )


@KINDS.kind()
def lake_onboarding(d: Draw) -> Profile:
    buckets = d.growing(d.bucket, d.between(2, 5), (20, 70))
    jobs = d.growing(lambda born: d.own("glue", f"job/{d.name()}", born), d.between(1, 3), (20, 70))
    role = d.role("glue")

    def day(today: Day) -> Iterator[Use]:
        for bucket in buckets:
            if bucket.born == today.index:
                yield today.use("s3:GetBucketLocation", bucket, NeedKind.NEW_NAME)
                yield today.use("s3:GetEncryptionConfiguration", bucket, NeedKind.NEW_NAME)
        for bucket in today.some(buckets, 2):
            yield today.use("s3:ListBucket", bucket)
            yield today.use("s3:GetObject", bucket.at(f"raw/{today.date:%Y/%m}/{today.rng.randrange(99)}.csv"))
        for job in today.some(jobs, 1):
            yield today.use("glue:StartJobRun", job)

    grants = [
        grant(
            "s3:GetBucketLocation GetEncryptionConfiguration ListBucket GetObject",
            f"arn:aws:s3:::{d.dns_prefix}*",
            objects_of(d.dns_prefix),
        ),
        grant("glue:StartJobRun CreateJob", d.arn("glue", f"job/{d.prefix}*")),
        grant("iam:PassRole", role),
    ]
    return Profile(f"{d.app}-lake", "reads sources of a data lake that new ones join", grants, day, "ecs")


@KINDS.kind(steady=True)
def stream_consumer(d: Draw) -> Profile:
    stream, lease = d.own("kinesis", f"stream/{d.name('events')}"), d.table("leases")
    look = d.between(5, 13)

    def day(today: Day) -> Iterator[Use]:
        yield today.use("kinesis:ListShards", stream)
        yield today.use("kinesis:GetShardIterator", stream)
        yield today.use("kinesis:GetRecords", stream)
        yield today.use("dynamodb:UpdateItem", lease)
        if today.every(look):
            yield today.use("kinesis:DescribeStreamSummary", stream)
            yield today.use("dynamodb:DescribeTable", lease)
        yield today.use("cloudwatch:PutMetricData")

    grants = [
        grant("kinesis:ListShards GetShardIterator GetRecords DescribeStreamSummary", stream.arn),
        grant("dynamodb:UpdateItem GetItem Scan DescribeTable", lease.arn),
        grant("cloudwatch:PutMetricData"),
    ]
    return Profile(f"{d.app}-consumer", "consumes one stream with a lease table", grants, day, "ecs")


@KINDS.kind()
def archive_reader(d: Draw) -> Profile:
    bucket, key = d.bucket("archive"), d.key()
    share = d.rng.uniform(0.02, 0.15)

    def day(today: Day) -> Iterator[Use]:
        yield today.use("s3:GetBucketLocation", bucket)
        if today.chance(share):
            thing = bucket.at(f"{today.rng.randrange(2015, 2025)}/{today.rng.randrange(10**5)}.gz")
            yield from read_encrypted(today, thing, key)

    grants = [
        grant("s3:GetBucketLocation GetObject RestoreObject", bucket.arn, f"{bucket.arn}/*"),
        grant("kms:Decrypt", key.arn),
    ]
    return Profile(f"{d.app}-archive", "seldom reads encrypted objects of many years", grants, day, "ecs")


@KINDS.kind()
def versioned_dataset(d: Draw) -> Profile:
    length, word, style = d.between(30, 120), d.part(), d.pick("v{}", "{}", "r{:03}")
    tables = [
        d.table(f"{word}-{style.format(number + 1)}", number * length - 5, (number + 1) * length + 10)
        for number in range(d.days // length + 1)
    ]

    def day(today: Day) -> Iterator[Use]:
        for table in tables:
            if table.born == today.index:
                yield today.use("dynamodb:CreateTable", table, NeedKind.NEW_NAME)
            if table.exists(today.index):
                yield today.use("dynamodb:Query", table)
            if table.died == today.index:
                yield today.use("dynamodb:DeleteTable", table, NeedKind.RARE)
        if today.every(3):
            yield today.use("dynamodb:DescribeTable", today.some(tables, 1)[0])

    actions = "dynamodb:CreateTable Query DescribeTable DeleteTable"
    grants = [grant(actions, d.arn("dynamodb", f"table/{d.prefix}*"))]
    return Profile(f"{d.app}-dataset", "a table per version, with the version in its name", grants, day, "ecs")
