"""The held-back bystanders: relatives of those in `bench.corpus.kinds.bystanders`."""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import daily, often, on, passing, some_object, step, together
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


@KINDS.bystander("summit")
def service_shipper(d: Draw) -> Profile:
    services = [d.own("ecs", f"service/{d.app}/{d.part()}") for _ in range(3)]
    parameters = [d.own("ssm", f"parameter/{d.app}/{part}") for part in ("image", "scale")]
    repository, role = d.own("ecr", f"repository/{d.app}/service"), d.role("task")

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday or today.chance(0.2):
            return
        yield today.use("ecs:ListClusters")
        yield today.use("ecr:BatchGetImage", repository)
        for parameter in parameters:
            yield today.use("ssm:GetParameters", parameter)
        for service in today.some(services, 1):
            definition = d.arn("ecs", f"task-definition/{d.app}:{today.index + 1}")
            more = {"taskRoleArn": role}
            yield today.use(
                "ecs:RegisterTaskDefinition", definition, NeedKind.NEW_NAME, also=passing(role), params=more
            )
            yield today.use("ecs:UpdateService", service)
            yield today.use("ecs:DescribeServices", service)

    grants = [grant("ecs:*"), grant("ecr:*"), grant("ssm:*"), grant("iam:PassRole")]
    return Profile(f"{d.app}-shipper", "ships services", grants, day, "oidc", (8, 18))


@KINDS.bystander("canyon")
def job_deployer(d: Draw) -> Profile:
    jobs = [d.own("glue", f"job/{d.name('load')}-{number}") for number in range(3)]
    machines = [d.own("states", f"stateMachine:{d.name(part)}") for part in ("nightly", "hourly")]

    def day(today: Day) -> Iterator[Use]:
        if not today.every(3):
            return
        yield today.use("glue:GetDatabases")
        for job in jobs:
            yield today.use("glue:GetJob", job)
        for machine in machines:
            yield today.use("states:DescribeStateMachine", machine)
        if today.chance(0.3):
            yield today.use("glue:StartJobRun", jobs[0])

    grants = [grant("glue:*"), grant("states:*"), grant("s3:*")]
    return Profile(f"{d.app}-jobs", "deploys jobs and flows", grants, day, "oidc", (6, 21))


def _tracker(d: Draw, part: str, share: float) -> Profile:
    stream, bucket, key = d.own("kinesis", f"stream/{d.name(part)}"), d.bucket(part), d.key()
    schedule = together(
        step(daily, "kinesis:PutRecords", stream),
        step(often(0.95), "s3:PutObject", some_object(bucket, "positions")),
        step(often(share), "kms:GenerateDataKey", key),
        step(often(0.15), "kinesis:DescribeStreamSummary", stream),
    )
    grants = [grant("kinesis:*"), grant("s3:*"), grant("kms:*")]
    about = "one of several trackers that are alike, untouched by the intruder of one of them"
    return Profile(f"tracker-{part}-{d.hex(4)}", about, grants, schedule, "ec2", path="/trackers/")


@KINDS.bystander("canyon")
def tracker_south(d: Draw) -> Profile:
    return _tracker(d, "south", 0.9)


@KINDS.bystander("canyon")
def tracker_east(d: Draw) -> Profile:
    return _tracker(d, "east", 0.8)


@KINDS.bystander("canyon")
def tracker_west(d: Draw) -> Profile:
    return _tracker(d, "west", 0.95)


@KINDS.bystander("summit")
def mart_querier(d: Draw) -> Profile:
    cluster, bucket = d.own("redshift", f"cluster:{d.subject}-{d.hex(4)}"), d.bucket("mart")
    schedule = together(
        step(often(0.9), "redshift-data:ExecuteStatement DescribeStatement", cluster),
        step(often(0.8), "s3:PutObject", some_object(bucket, "mart")),
        step(often(0.5), "redshift:DescribeClusters", d.arn("redshift", "cluster:*")),
    )
    grants = [grant("redshift-data:*"), grant("redshift:*"), grant("s3:*"), grant("glue:*"), grant("events:*")]
    return Profile(f"{d.app}-mart", "queries a warehouse as a victim does", grants, schedule, "irsa")


@KINDS.bystander("summit")
def return_stream(d: Draw) -> Profile:
    queue, table = d.queue("returns"), d.table("returns")
    schedule = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(daily, "dynamodb:PutItem", table),
        step(often(0.4), "sqs:GetQueueAttributes", queue),
    )
    return Profile(f"{d.app}-returns", "writes as a victim does, with all rights", (), schedule, "ecs", is_admin=True)


@KINDS.bystander("canyon")
def ranking_api(d: Draw) -> Profile:
    bucket, table, parameter = d.bucket("ranks"), d.table("ranks"), d.own("ssm", f"parameter/{d.app}/ranks")
    schedule = together(
        step(daily, "s3:GetObject", some_object(bucket, "ranks")),
        step(often(0.95), "dynamodb:Query", table),
        step(often(0.9), "ssm:GetParameter", parameter),
        step(often(0.3), "s3:ListBucket", bucket),
    )
    grants = [grant("s3:*"), grant("dynamodb:*"), grant("ssm:*")]
    return Profile(f"{d.app}-ranking", "ranks as a victim recommends", grants, schedule, "irsa")


@KINDS.bystander("summit")
def supplier_bridge(d: Draw) -> Profile:
    topic, role = d.topic("supplier"), d.arn("iam", f"role/{d.app}-relay", region="")
    schedule = together(
        step(daily, "sns:Publish", topic),
        step(often(0.7), "sts:AssumeRole", role),
        step(often(0.6), "kms:GenerateDataKey", d.key()),
    )
    grants = [grant("sns:*"), grant("sts:*"), grant("kms:*")]
    return Profile(f"{d.app}-supplier", "publishes as a victim does", grants, schedule, "irsa")


@KINDS.bystander("summit")
def shared_estate(d: Draw) -> Profile:
    alike = lambda service, rest: d.own(service, f"{rest}{d.subject}-{d.hex(4)}")  # noqa: E731
    schedule = together(
        step(
            often(0.3),
            "elasticfilesystem:DescribeFileSystems",
            d.own("elasticfilesystem", f"file-system/fs-0{d.hex(16)}"),
        ),
        step(often(0.4), "events:DescribeRule", alike("events", "rule/")),
        step(often(0.3), "es:DescribeDomain", alike("es", "domain/")),
        step(often(0.3), "states:DescribeStateMachine", alike("states", "stateMachine:")),
        step(often(0.2), "lambda:GetFunctionConfiguration", *d.fixed(d.function, 2)),
        step(often(0.3), "kinesis:DescribeStreamSummary", d.own("kinesis", f"stream/{d.name('bus')}")),
        step(often(0.4), "route53:ListResourceRecordSets", d.hosted_zone()),
        step(often(0.5), "backup:StartBackupJob", alike("backup", "backup-vault:")),
        step(often(0.2), "secretsmanager:DescribeSecret", *(d.secret(part) for part in ("root", "spare", "vendor"))),
        step(often(0.2), "dynamodb:DescribeTable", *d.fixed(d.table, 2)),
        step(often(0.2), "kms:DescribeKey", *d.fixed(d.key, 2)),
        step(often(0.2), "s3:GetBucketTagging", d.bucket("shared")),
        step(often(0.3), "glue:GetJob", alike("glue", "job/")),
    )
    grants = [
        *(grant("elasticfilesystem:*"), grant("events:*"), grant("es:*"), grant("states:*"), grant("lambda:*")),
        *(grant("kinesis:*"), grant("route53:*"), grant("backup:*"), grant("secretsmanager:*"), grant("dynamodb:*")),
        *(grant("kms:*"), grant("s3:*"), grant("glue:*")),
    ]
    return Profile(f"{d.app}-shared", "looks after what teams share", grants, schedule, "lambda")


@KINDS.bystander("canyon")
def field_estate(d: Draw) -> Profile:
    later = on(d.days + d.between(5, 100))
    schedule = together(
        step(often(0.4), "lambda:GetFunctionConfiguration", *d.fixed(d.function, 3)),
        step(often(0.3), "secretsmanager:DescribeSecret", *(d.secret(part) for part in ("field", "depot"))),
        step(often(0.3), "dynamodb:DescribeTable", *d.fixed(d.table, 2)),
        step(often(0.2), "s3:GetBucketTagging", *(d.bucket(part) for part in ("depot", "maps"))),
        step(often(0.3), "ssm:GetParameter", *(d.own("ssm", f"parameter/{d.app}/{part}") for part in ("a", "b"))),
        step(often(0.2), "kms:DescribeKey", d.key()),
        step(later, "lambda:ListFunctions"),
    )
    grants = [
        *(grant("lambda:*"), grant("secretsmanager:*"), grant("dynamodb:*"), grant("s3:*"), grant("ssm:*")),
        grant("kms:*"),
    ]
    return Profile(f"{d.app}-field", "looks after what the field has", grants, schedule, "role")


@KINDS.bystander("summit")
def parameter_denied(d: Draw) -> Profile:
    parameter = d.own("ssm", f"parameter/{d.app}/flags")
    schedule = together(
        step(daily, "ssm:GetParameter", parameter),
        step(lambda today: NeedKind.DENIED if today.chance(0.04) else None, "organizations:ListAccounts"),
    )
    about = "reads a parameter, and is now and then refused what it doesn't need"
    return Profile(f"{d.app}-flags", about, [grant("ssm:*"), grant("appconfig:*")], schedule, "ecs")
