"""What moves data between streams, lakes and warehouses, as services and vendors document their roles.

https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
https://docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html
https://docs.getdbt.com/docs/core/connect-data-platform/athena-setup
https://docs.snowflake.com/en/user-guide/data-load-s3-config-storage-integration
https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html
https://docs.aws.amazon.com/transfer/latest/userguide/requirements-roles.html
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import write_encrypted
from bench.corpus.profile import Grant, Kinds, Profile, grant

KINDS = Kinds()


@KINDS.kind(steady=True)
def delivery_stream(d: Draw) -> Profile:
    bucket, key, word = d.bucket("landing"), d.key() if d.chance(0.5) else None, d.part()
    source = d.own("kinesis", f"stream/{d.name('ingest')}") if d.chance(0.4) else None
    transform = d.own("lambda", f"function:{d.name('transform')}:$LATEST") if d.chance(0.4) else None
    log = d.own("logs", f"log-group:/aws/kinesisfirehose/{d.app}:log-stream:DestinationDelivery")
    change = d.between(40, 160)

    def day(today: Day) -> Iterator[Use]:
        if source:
            yield today.use("kinesis:GetShardIterator", source)
            yield today.use("kinesis:GetRecords", source)
        if transform:
            yield today.use("lambda:InvokeFunction", transform)
        for hour in today.rng.sample(range(24), 2):
            thing = bucket.at(f"{word}/{today.date:%Y/%m/%d}/{hour:02}/{d.app}-1-{today.rng.getrandbits(32):08x}.gz")
            yield from write_encrypted(today, thing, key) if key else [today.use("s3:PutObject", thing)]
        if today.chance(0.01):
            yield today.use("s3:PutObject", bucket.at(f"errors/{today.date:%Y/%m/%d}/{today.index:08x}"))
        if today.every(change):
            yield today.use("s3:GetBucketLocation", bucket, NeedKind.RARE)
        yield today.use("logs:PutLogEvents", log)

    grants = [
        grant(
            "s3:AbortMultipartUpload GetBucketLocation GetObject ListBucket ListBucketMultipartUploads PutObject",
            *(bucket.arn, f"{bucket.arn}/*"),
        ),
        grant("logs:PutLogEvents", d.arn("logs", "log-group:/aws/kinesisfirehose/*")),
    ]
    if source:
        grants.append(grant("kinesis:DescribeStream GetShardIterator GetRecords ListShards", source.arn))
    if transform:
        grants.append(grant("lambda:InvokeFunction GetFunctionConfiguration", transform.arn))
    if key:
        grants.append(grant("kms:Decrypt GenerateDataKey", key.arn))
    name = d.pick(f"{d.app}-firehose", f"KinesisFirehoseServiceRole-{d.app}-{d.region}-17{d.between(10**10, 10**11)}")
    return Profile(name[:64], "delivers one stream to one bucket", grants, day, "firehose.amazonaws.com")


@KINDS.kind()
def dag_runner(d: Draw) -> Profile:
    bucket, key, upgrade = d.bucket("airflow"), d.key(), d.day_in_year(0.2, 0.9)
    owner = str(d.between(10**11, 10**12 - 1))
    queues = [Place(d.arn("sqs", f"airflow-celery-{d.uuid()}", account=owner)) for _ in range(2)]
    jobs = d.growing(lambda born: d.own("glue", f"job/{d.name()}", born), d.between(1, 5), (20, 80))
    outputs = d.growing(d.bucket, d.between(1, 3), (60, 200))
    logs = d.arn("logs", f"log-group:airflow-{d.app}-Task:log-stream:run")

    def day(today: Day) -> Iterator[Use]:
        queue = queues[0] if today.index < upgrade else Place(queues[1].arn, upgrade)
        for action in ("SendMessage", "ReceiveMessage", "DeleteMessage"):
            yield today.use(f"sqs:{action}", queue)
        if today.every(4):
            yield today.use("sqs:GetQueueAttributes", queue)
        yield today.use("s3:ListBucket", bucket)
        yield today.use("s3:GetObject", bucket.at(f"dags/{today.rng.choice(('daily', 'hourly', 'load'))}.py"))
        yield today.use("logs:CreateLogStream", logs, params={"logStreamName": "run"})
        yield today.use("kms:GenerateDataKey", key)
        for job in today.some(jobs, 3):
            yield today.use("glue:StartJobRun", job)
            yield today.use("glue:GetJobRun", job)
        for output in today.some(outputs, 1):
            yield today.use("s3:PutObject", output.at(f"dt={today.date}/_SUCCESS"))

    reach = [arn for place in (bucket, *outputs) for arn in (place.arn, f"{place.arn}/*")]
    if d.chance(0.5):
        reach = [f"arn:aws:s3:::{d.dns_prefix}*"]
    grants = [
        grant("s3:GetObject ListBucket GetBucketPublicAccessBlock PutObject", *reach),
        grant(
            "sqs:ChangeMessageVisibility DeleteMessage GetQueueAttributes GetQueueUrl ReceiveMessage SendMessage",
            f"arn:aws:sqs:{d.region}:*:airflow-celery-*",
        ),
        grant(
            "logs:CreateLogStream CreateLogGroup PutLogEvents GetLogEvents",
            d.arn("logs", f"log-group:airflow-{d.app}-*"),
        ),
        grant("kms:Decrypt DescribeKey GenerateDataKey Encrypt", key.arn),
        grant("glue:StartJobRun GetJobRun GetJobRuns"),
    ]
    name = d.pick(f"AmazonMWAA-{d.app}-{d.hex(6)}", f"{d.app}-airflow-execution")
    return Profile(name, "runs workflows; new ones start new jobs", grants, day, "ecs")


def _on_table(today: Day, action: str, table: Place, kind: NeedKind | None = None) -> Use:
    """A call on a table of the data catalog, which needs the catalog and the database too.

    https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
    """
    base, _, rest = table.arn.rpartition(":")
    database = rest.split("/")[1]
    also = ((action, f"{base}:catalog"), (action, f"{base}:database/{database}"))
    return today.use(action, table, kind, also=also)


@KINDS.kind()
def sql_models(d: Draw) -> Profile:
    group, schema = d.own("athena", f"workgroup/{d.pick('dbt', d.app)}"), f"{d.subject}_{d.pick('marts', 'analytics')}"
    bucket, share = d.bucket("dbt"), d.rng.uniform(0.6, 1)

    def model(born: int = -1) -> Place:
        return d.own("glue", f"table/{schema}/{d.pick('fct', 'dim', 'stg', 'int')}_{d.part()}", born)

    models = d.growing(model, d.between(4, 12), (d.between(5, 15), d.between(25, 60)))

    def day(today: Day) -> Iterator[Use]:
        if not today.chance(share):
            return
        new = [table for table in models if table.born == today.index]
        for table in dict.fromkeys([*new, *today.some(models, 3)]):
            temporary = Place(f"{table.arn}__dbt_tmp", table.born)
            fresh = NeedKind.NEW_NAME if table.born == today.index else None
            yield today.use("athena:StartQueryExecution", group)
            yield today.use("athena:GetQueryExecution", group)
            yield _on_table(today, "glue:CreateTable", temporary, fresh)
            yield _on_table(today, "glue:GetTable", temporary, fresh)
            yield _on_table(today, "glue:UpdateTable", table, fresh)
            yield _on_table(today, "glue:DeleteTable", temporary, fresh)
            part = f"{table.arn.rpartition('/')[2]}/{today.rng.getrandbits(64):016x}/part-0.parquet"
            yield today.use("s3:PutObject", bucket.at(part))
        yield today.use("s3:ListBucket", bucket)
        if today.chance(0.3):
            yield today.use("s3:DeleteObject", bucket.at(f"old/{today.index:x}.parquet"))

    database, tables = d.arn("glue", f"database/{schema}"), d.arn("glue", f"table/{schema}/*")
    grants = [
        grant("athena:StartQueryExecution GetQueryExecution GetQueryResults StopQueryExecution", group.arn),
        grant(
            "glue:GetTable GetTables GetDatabase GetPartitions CreateTable UpdateTable DeleteTable",
            d.arn("glue", "catalog"),
            database,
            tables,
        ),
        grant("s3:GetObject PutObject DeleteObject ListBucket GetBucketLocation", bucket.arn, f"{bucket.arn}/*"),
    ]
    return Profile(f"{d.app}-dbt", "rebuilds the tables of a growing set of models", grants, day, "ecs", (1, 8))


@KINDS.kind(steady=True)
def warehouse_integration(d: Draw) -> Profile:
    buckets, path = [d.bucket("share")], d.pick("export", "snowflake", "outbound")
    buckets += [d.bucket("events-share")] if d.chance(0.3) else []
    pace = d.pick(1, 1, 7)

    def day(today: Day) -> Iterator[Use]:
        if not today.every(pace):
            return
        for bucket in buckets:
            yield today.use("s3:GetBucketLocation", bucket)
            yield today.use("s3:ListBucket", bucket)
            for number in range(today.rng.randrange(1, 4)):
                yield today.use("s3:GetObject", bucket.at(f"{path}/{today.date:%Y/%m/%d}/{number}.parquet"))

    grants = [
        grant("s3:GetObject GetObjectVersion", *(f"{bucket.arn}/{path}/*" for bucket in buckets)),
        grant("s3:ListBucket GetBucketLocation", *(bucket.arn for bucket in buckets)),
    ]
    name = d.pick(f"{d.app}-snowflake", f"snowflake-integration-{d.app}", f"{d.app}-fivetran-role")
    return Profile(name, "a warehouse of another company that loads files", grants, day, "vendor")


@KINDS.kind(steady=True)
def redshift_loader(d: Draw) -> Profile:
    cluster = d.own("redshift", f"cluster:{d.subject}-dwh")
    user = Place(d.arn("redshift", f"dbuser:{d.subject}-dwh/loader"))
    bucket, close, uses_password = d.bucket("unload"), d.between(1, 6), d.chance(0.5)

    def day(today: Day) -> Iterator[Use]:
        if uses_password:
            yield today.use("redshift:GetClusterCredentials", user)
        yield today.use("redshift-data:ExecuteStatement", cluster)
        yield today.use("redshift-data:DescribeStatement")
        yield today.use("s3:ListBucket", bucket)
        if today.monthly(close):
            yield today.use("s3:PutObject", bucket.at(f"{today.date:%Y-%m}/manifest"), NeedKind.RARE)
            yield today.use("s3:GetBucketLocation", bucket, NeedKind.RARE)

    grants: list[Grant] = [
        grant("redshift:GetClusterCredentials", d.arn("redshift", f"dbuser:{d.subject}-dwh/*")),
        grant("redshift-data:ExecuteStatement DescribeStatement GetStatementResult ListStatements"),
        grant("s3:ListBucket GetBucketLocation PutObject GetObject", bucket.arn, f"{bucket.arn}/*"),
    ]
    return Profile(f"{d.app}-dwh-loader", "loads a warehouse nightly, unloads it monthly", grants, day, "user", (0, 6))


@KINDS.kind(steady=True)
def flow_orchestrator(d: Draw) -> Profile:
    functions = d.fixed(d.function, d.between(2, 6))
    table, topic = d.table("runs"), d.topic("failures")
    job = d.own("glue", f"job/{d.name('merge')}") if d.chance(0.4) else None
    monthly, failing = d.between(1, 28), d.rng.uniform(0.01, 0.08)
    last = functions.pop()

    def day(today: Day) -> Iterator[Use]:
        for function in functions:
            yield today.use("lambda:InvokeFunction", function)
        yield today.use("dynamodb:UpdateItem", table)
        if job:
            yield today.use("glue:StartJobRun", job)
            yield today.use("glue:GetJobRun", job)
        if today.chance(failing):
            yield today.use("sns:Publish", topic)
        if today.monthly(monthly):
            yield today.use("lambda:InvokeFunction", last, NeedKind.RARE)

    reach = [arn for one in (*functions, last) for arn in (one.arn, f"{one.arn}:*")]
    grants = [
        grant("lambda:InvokeFunction", *reach),
        grant("dynamodb:UpdateItem PutItem GetItem", table.arn),
        grant("sns:Publish", topic.arn),
        grant("glue:StartJobRun GetJobRun GetJobRuns BatchStopJobRun"),
    ]
    name = d.pick(f"{d.app}-flow", f"StepFunctions-{d.app}-role-{d.hex(8)}", f"{d.app}-StateMachineRole-{d.upper(12)}")
    return Profile(name, "a state machine over fixed functions", grants, day, "states.amazonaws.com")


@KINDS.kind(steady=True)
def sftp_partner(d: Draw) -> Profile:
    bucket, home = d.bucket("sftp"), f"{d.pick('partners', 'home', 'inbound')}/{d.subject}"
    deletes, weekend = d.chance(0.5), d.chance(0.3)

    def day(today: Day) -> Iterator[Use]:
        if not (today.is_workday or weekend):
            return
        yield today.use("s3:ListBucket", bucket)
        yield today.use("s3:PutObject", bucket.at(f"{home}/in/{d.subject}_{today.date:%Y%m%d}.csv"))
        if today.chance(0.5):
            yield today.use("s3:GetObject", bucket.at(f"{home}/out/confirmation_{today.date:%Y%m%d}.csv"))
        if deletes and today.chance(0.2):
            yield today.use("s3:DeleteObject", bucket.at(f"{home}/out/confirmation_{today.index}.csv"))
        if today.every(10):
            yield today.use("s3:GetBucketLocation", bucket)

    grants = [
        grant("s3:ListBucket GetBucketLocation", bucket.arn),
        grant("s3:PutObject GetObject DeleteObject GetObjectVersion", f"{bucket.arn}/{home}/*"),
    ]
    about = "the home folder of a partner that exchanges files over SFTP"
    return Profile(f"{d.app}-transfer", about, grants, day, "transfer.amazonaws.com", (4, 22))


@KINDS.kind()
def migration_task(d: Draw) -> Profile:
    born = max(d.day_in_year(0, 0.6), d.account.opened)
    length, bucket, secret = d.between(20, 120), d.bucket("migration", born), d.secret("source-db", born)
    key, schema = d.key(), d.pick("dbo", "public", "sales")
    tables = [d.part() for _ in range(d.between(3, 12))]

    def day(today: Day) -> Iterator[Use]:
        age = today.index - born
        if age > length:
            return
        if today.every(5) or age == 0:
            yield today.use("secretsmanager:GetSecretValue", secret)
            yield today.use("s3:ListBucket", bucket)
        for name in today.rng.sample(tables, 2):
            part = "LOAD00000001" if age < 4 else f"{today.date:%Y%m%d}-{today.rng.randrange(10**9):09}"
            yield from write_encrypted(today, bucket.at(f"{schema}/{name}/{part}.parquet"), key)
        if age < 4:
            yield today.use("s3:DeleteObject", bucket.at(f"{schema}/old/{age}.parquet"))

    grants = [
        grant("s3:PutObject DeleteObject PutObjectTagging", f"{bucket.arn}/*"),
        grant("s3:ListBucket", bucket.arn),
        grant("secretsmanager:GetSecretValue", secret.arn),
        grant("kms:GenerateDataKey Decrypt", key.arn),
    ]
    about = "a migration of a database that runs for some weeks and ends"
    return Profile(f"{d.app}-dms", about, grants, day, "dms.amazonaws.com", born=born)
