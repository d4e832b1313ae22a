"""Applications: what serves requests, works on queues, and changes as the product does."""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import (
    log_grant,
    log_group,
    objects_of,
    read_encrypted,
    read_secret,
    write_encrypted,
    write_logs,
)
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()
_ITEMS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem")


@KINDS.kind(steady=True)
def web_api(d: Draw) -> Profile:
    tables = d.fixed(d.table, d.between(2, 7))
    secrets, key = d.fixed(d.secret, d.between(1, 3)), d.key() if d.chance(0.5) else None
    rest, config = d.chance(0.5), d.shared_bucket() if d.chance(0.5) else None

    def day(today: Day) -> Iterator[Use]:
        for table in today.some(tables, 3):
            yield today.use(today.rng.choice(_ITEMS), table)
        if today.every(3) or rest:
            yield from read_secret(today, today.rng.choice(secrets), key)
        if config and today.every(7):
            yield today.use("s3:GetObject", config.at(f"config/{d.app}.json"))
        yield today.use("xray:PutTraceSegments")

    grants = [
        grant("s3:GetObject", f"{d.shared_bucket().arn}/config/*"),
        grant("dynamodb:GetItem PutItem Query UpdateItem", d.arn("dynamodb", f"table/{d.prefix}*")),
        grant("secretsmanager:GetSecretValue", d.arn("secretsmanager", f"secret:{d.prefix}*")),
        grant("kms:Decrypt", d.arn("kms", "key/*")),
        grant("xray:PutTraceSegments"),
    ]
    return Profile(f"{d.app}-web", "an API on fixed tables and secrets", grants, day, "ecs")


@KINDS.kind(steady=True)
def queue_worker(d: Draw) -> Profile:
    queues, bucket, cleanup = d.fixed(d.queue, d.between(1, 5)), d.bucket(), d.between(35, 130)

    def day(today: Day) -> Iterator[Use]:
        for queue in today.some(queues, 2):
            yield today.use("sqs:ReceiveMessage", queue)
            yield today.use("sqs:DeleteMessage", queue)
            yield today.use("sqs:GetQueueAttributes", queue)
        yield today.use("s3:PutObject", bucket.at(f"out/{today.date:%Y/%m/%d}/part-{today.rng.randrange(9)}.json"))
        if today.every(cleanup):
            yield today.use("s3:DeleteObject", bucket.at("out/broken.json"), NeedKind.RARE)

    grants = [
        grant("sqs:ReceiveMessage DeleteMessage GetQueueAttributes", d.arn("sqs", f"{d.prefix}*")),
        grant("s3:PutObject DeleteObject", objects_of(d.dns_prefix)),
    ]
    return Profile(f"{d.app}-worker", "a worker on fixed queues that writes objects by date", grants, day, "ec2")


@KINDS.kind()
def event_publisher(d: Draw) -> Profile:
    topics = d.growing(d.topic, d.between(1, 4), (60, 150))
    topics += [d.shared_topic()] if d.chance(0.5) else []
    streams = d.growing(lambda born: d.own("kinesis", f"stream/{d.name()}", born), d.between(1, 2), (120, 300))

    def day(today: Day) -> Iterator[Use]:
        for topic in today.some(topics, 3):
            yield today.use("sns:Publish", topic)
        for stream in today.some(streams, 1):
            yield today.use("kinesis:PutRecords", stream)
        if today.every(7):
            for topic in today.some(topics, 9):
                yield today.use("sns:GetTopicAttributes", topic)

    grants = [
        grant("sns:Publish GetTopicAttributes", d.arn("sns", f"{d.prefix}*"), d.shared_topic().arn),
        grant("kinesis:PutRecords DescribeStreamSummary", d.arn("kinesis", f"stream/{d.prefix}*")),
    ]
    return Profile(
        f"{d.app}-publisher", "publishes to topics and streams that slowly grow in number", grants, day, "ecs"
    )


@KINDS.kind()
def tenant_service(d: Draw) -> Profile:
    number = iter(range(1000, 9999))
    buckets = d.growing(
        lambda born: d.bucket(f"tenant-{next(number)}", born), d.between(3, 12), (d.between(5, 15), d.between(20, 40))
    )

    def day(today: Day) -> Iterator[Use]:
        for bucket in today.some(buckets, 3):
            if bucket.born == today.index:
                yield today.use("s3:CreateBucket", bucket, NeedKind.NEW_NAME)
                yield today.use("s3:PutEncryptionConfiguration", bucket, NeedKind.NEW_NAME)
                yield today.use("s3:PutBucketPublicAccessBlock", bucket, NeedKind.NEW_NAME)
            yield today.use("s3:ListBucket", bucket)
            yield today.use("s3:GetObject", bucket.at(f"docs/{today.rng.randrange(50)}.pdf"))

    grants = [
        grant(
            "s3:CreateBucket PutEncryptionConfiguration PutBucketPublicAccessBlock ListBucket GetObject PutObject",
            f"arn:aws:s3:::{d.dns_prefix}*",
            objects_of(d.dns_prefix),
        )
    ]
    return Profile(f"{d.app}-tenants", "a bucket per tenant; tenants arrive all year", grants, day, "ecs")


@KINDS.kind()
def blue_green_service(d: Draw) -> Profile:
    length = d.between(20, 45)
    colours = ("blue", "green")
    stacks = [
        [
            d.table(f"{colour}{number}", number * length - 2, (number + 1) * length + 2)
            for colour in (colours[number % 2],)
        ]
        for number in range(d.days // length + 1)
    ]
    key = d.key()
    bucket = d.bucket()

    def day(today: Day) -> Iterator[Use]:
        for (table,) in stacks:
            if table.exists(today.index):
                yield today.use("dynamodb:Query", table)
                yield today.use("dynamodb:PutItem", table)
        yield from read_encrypted(today, bucket.at("config/current.json"), key)

    grants = [
        grant("dynamodb:Query PutItem GetItem", d.arn("dynamodb", f"table/{d.prefix}*")),
        grant("s3:GetObject", objects_of(d.dns_prefix)),
        grant("kms:Decrypt", d.arn("kms", "key/*")),
    ]
    return Profile(f"{d.app}-bg", "each release makes new tables, named by colour and number", grants, day, "ecs")


@KINDS.kind()
def new_application(d: Draw) -> Profile:
    born = d.day_in_year(0.15, 0.7)
    tables = [d.table(born=born + d.between(0, 40)) for _ in range(d.between(2, 5))]
    queues = [d.queue(born=born + d.between(0, 90)) for _ in range(d.between(1, 3))]
    group = log_group(d, d.name("handler"), born)

    def day(today: Day) -> Iterator[Use]:
        if today.index < born:
            return
        for table in today.some(tables, 2):
            yield today.use(today.rng.choice(_ITEMS), table)
        for queue in today.some(queues, 1):
            yield today.use("sqs:SendMessage", queue)
        yield from write_logs(today, group)

    grants = [
        grant("dynamodb:GetItem PutItem Query UpdateItem", d.arn("dynamodb", f"table/{d.prefix}*")),
        grant("sqs:SendMessage GetQueueUrl", d.arn("sqs", f"{d.prefix}*")),
        log_grant(d),
    ]
    return Profile(f"{d.app}-launch", "an application that arrives during the year", grants, day, "lambda", born=born)


@KINDS.kind()
def recreated_tables(d: Draw) -> Profile:
    tables, start = d.fixed(d.table, d.between(2, 4)), d.between(0, 80)
    period = d.between(25, 95)

    def day(today: Day) -> Iterator[Use]:
        for number, table in enumerate(tables):
            if today.every(period, start + number * 9):
                yield today.use("dynamodb:DeleteTable", table, NeedKind.RARE if period > 30 else None)
                yield today.use("dynamodb:CreateTable", table, NeedKind.RARE if period > 30 else None)
            if today.chance(0.7):
                yield today.use("dynamodb:PutItem", table)
        yield today.use("dynamodb:DescribeTable", tables[0])

    actions = "dynamodb:DeleteTable CreateTable PutItem DescribeTable BatchWriteItem"
    grants = [grant(actions, d.arn("dynamodb", f"table/{d.prefix}*"))]
    return Profile(f"{d.app}-cache", "tables that are deleted and made again under their names", grants, day)


@KINDS.kind(steady=True)
def telemetry_agent(d: Draw) -> Profile:
    instance = Place(d.arn("ec2", f"instance/i-0{d.hex(16)}"))
    parameter = d.own("ssm", f"parameter/{d.app}/agent/config")
    beat, look, offset = d.between(2, 6), d.between(5, 12), d.between(0, 9)

    def day(today: Day) -> Iterator[Use]:
        yield today.use("cloudwatch:PutMetricData")
        yield today.use("ssmmessages:OpenDataChannel")
        yield today.use("ec2messages:GetMessages")
        if today.every(beat):
            yield today.use("ssm:UpdateInstanceInformation", instance)
        if today.every(look, offset):
            yield today.use("ssm:GetParameter", parameter)
            yield today.use("ec2:DescribeVolumes")

    grants = [
        grant("cloudwatch:PutMetricData"),
        grant("ssmmessages:OpenDataChannel CreateDataChannel"),
        grant("ec2messages:GetMessages AcknowledgeMessage"),
        grant("ssm:UpdateInstanceInformation GetParameter"),
        grant("ec2:DescribeVolumes DescribeTags"),
    ]
    return Profile(f"{d.app}-agent", "agents most of whose calls are never recorded", grants, day, "ec2")


@KINDS.kind()
def image_renderer(d: Draw) -> Profile:
    sources, key = d.growing(d.bucket, 1, (90, 200)), d.key()
    target, group = d.bucket(), log_group(d, d.name("render"))

    def day(today: Day) -> Iterator[Use]:
        for bucket in today.some(sources, 2):
            yield from read_encrypted(today, bucket.at(f"in/{today.rng.randrange(10**6)}.jpg"), key)
        yield from write_encrypted(today, target.at(f"thumbs/{today.rng.randrange(10**6)}.webp"), key)
        yield from write_logs(today, group)

    grants = [
        grant("s3:GetObject PutObject", objects_of(d.dns_prefix)),
        grant("kms:Decrypt GenerateDataKey", key.arn),
        log_grant(d),
    ]
    return Profile(f"{d.app}-render", "reads and writes encrypted objects, which key use shows", grants, day, "lambda")


@KINDS.kind()
def region_expansion(d: Draw) -> Profile:
    first, second, name = d.fixed(d.table, d.between(1, 4)), d.day_in_year(0.2, 0.8), d.other_region
    copies = [Place(table.arn.replace(f":{d.region}:", f":{name}:"), second) for table in first]

    def day(today: Day) -> Iterator[Use]:
        for table in (*today.some(first, 2), *today.some(copies, 2)):
            yield today.use(today.rng.choice(_ITEMS[:2]), table)
            if today.every(5):
                yield today.use("dynamodb:DescribeTable", table)

    grants = [grant("dynamodb:GetItem PutItem DescribeTable", f"arn:aws:dynamodb:*:{d.account.id}:table/{d.prefix}*")]
    return Profile(f"{d.app}-global", "tables that get copies in a second Region", grants, day, "ecs")


@KINDS.kind()
def seasonal_sale(d: Draw) -> Profile:
    start, length = d.between(0, d.days - 40), d.between(15, 60)
    table, topic, queues = d.table(), d.topic(), d.fixed(d.queue, d.between(1, 3))

    def day(today: Day) -> Iterator[Use]:
        if today.every(30):
            yield today.use("dynamodb:DescribeTable", table, NeedKind.RARE)
        if start <= today.index < start + length:
            yield today.use("dynamodb:UpdateItem", table)
            yield today.use("sns:Publish", topic)
            for queue in today.some(queues, 2):
                yield today.use("sqs:SendMessage", queue)
                yield today.use("sqs:GetQueueUrl", queue)

    grants = [
        grant("dynamodb:UpdateItem DescribeTable", table.arn),
        grant("sns:Publish", d.arn("sns", f"{d.prefix}*")),
        grant("sqs:SendMessage GetQueueUrl", d.arn("sqs", f"{d.prefix}*")),
    ]
    return Profile(f"{d.app}-sale", "works for some weeks of the year", grants, day, "lambda")
