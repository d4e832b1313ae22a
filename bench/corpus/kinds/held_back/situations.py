"""The judged kinds that are held back: relatives of those in `bench.corpus.kinds.situations`.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
https://docs.aws.amazon.com/transfer/latest/userguide/users-policies.html
https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import (
    daily,
    each_month,
    in_region,
    log_grant,
    log_steps,
    often,
    on,
    some_object,
    step,
    together,
)
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


# ---------------------------------------------------------------- wide grants of data services, without data events


@KINDS.judged(safe_is_right=False, account="quiet")
def object_reader_instance(d: Draw) -> Profile:
    bucket, parameter = d.bucket(), d.own("ssm", f"parameter/{d.app}/config")
    schedule = together(
        step(daily, "s3:GetObject", some_object(bucket, "models")),
        step(often(0.7), "s3:ListBucket", bucket),
        step(often(d.rng.uniform(0.3, 0.9)), "ssm:GetParameter", parameter),
    )
    about = "instances that read objects every day, unseen, with AWS's policy for S3"
    managed, grants = (
        (d.pick("AmazonS3ReadOnlyAccess", "AmazonS3FullAccess"),),
        [grant("ssm:GetParameter", parameter.arn)],
    )
    return Profile(f"{d.app}-fleet", about, grants, schedule, "ec2", managed=managed)


@KINDS.judged(safe_is_right=False, account="quiet")
def message_mover(d: Draw) -> Profile:
    stream = d.own("kinesis", f"stream/{d.name()}")
    managed, work = d.pick(
        ("AmazonSQSFullAccess", step(daily, "sqs:ReceiveMessage DeleteMessage SendMessage", d.queue())),
        ("AmazonSNSFullAccess", step(daily, "sns:Publish", *d.fixed(d.topic, 2))),
        ("AmazonKinesisFullAccess", step(daily, "kinesis:PutRecords", stream)),
    )
    secret = d.secret()
    schedule = together(work, step(often(d.rng.uniform(0.2, 0.9)), "secretsmanager:GetSecretValue", secret))
    about, grants = "moves messages, unseen, with AWS's full access", [grant("secretsmanager:*", secret.arn)]
    return Profile(f"{d.app}-mover", about, grants, schedule, d.pick("ecs", "irsa"), managed=(managed,))


@KINDS.judged(safe_is_right=True, account="quiet")
def capped_publisher(d: Draw) -> Profile:
    topic, function = d.topic(), d.function()
    service, work = d.pick(
        ("sns", step(daily, "sns:Publish", topic)), ("lambda", step(daily, "lambda:InvokeFunction", function))
    )
    schedule = together(
        work, step(often(d.rng.uniform(0.3, 0.9)), "cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*"))
    )
    is_capped = d.chance(0.5)
    boundary = [grant(f"{service}:*"), grant("cloudwatch:*"), grant("ssm:Get*")] if is_capped else []
    denies = [] if is_capped else [grant("sns:DeleteTopic"), grant("lambda:DeleteFunction")]
    about = "has all rights, under a boundary or with a Deny that names what it uses unseen"
    return Profile(f"{d.app}-relay", about, (), schedule, "lambda", denies=denies, boundary=boundary, is_admin=True)


@KINDS.judged(safe_is_right=True)
def stream_access_unused(d: Draw) -> Profile:
    table = d.table()
    schedule = step(often(0.9), "dynamodb:GetItem PutItem", table)
    about = "has AWS's policies for streams and objects, whose use the trail would show, and uses neither"
    managed = (d.pick("AmazonKinesisFullAccess", "AmazonSQSFullAccess"), "AmazonS3ReadOnlyAccess")
    grants = [grant("dynamodb:GetItem PutItem Scan", table.arn)]
    return Profile(f"{d.app}-store", about, grants, schedule, "ecs", managed=managed)


# ---------------------------------------------------------------- records that name a parent or a filter


@KINDS.judged(safe_is_right=True)
def mapping_reporter(d: Draw) -> Profile:
    function = d.function()
    name = function.arn.rpartition(":")[2]
    schedule = together(
        step(often(0.9), "lambda:ListEventSourceMappings", params={"functionName": name}),
        step(often(0.9), "lambda:GetFunctionConfiguration", function),
        step(often(0.5), "kms:ListAliases", params={"keyId": d.key().arn}),
    )
    about = "asks for the mappings of one function and the aliases of one key, both checked on `*`"
    grants = [grant("lambda:Get* List*"), grant("kms:List* Describe*")]
    return Profile(f"{d.app}-report", about, grants, schedule, d.pick("lambda", "ecs"))


@KINDS.judged(safe_is_right=True)
def scaling_reporter(d: Draw) -> Profile:
    target = {"serviceNamespace": "ecs", "resourceIds": [f"service/{d.name()}/{d.part()}"]}
    schedule = together(
        step(often(0.9), "application-autoscaling:DescribeScalableTargets", params=target),
        step(often(0.7), "autoscaling:DescribeScalingActivities", params={"autoScalingGroupName": d.name()}),
        step(often(0.3), "ecs:ListTasks", params={"cluster": d.name(), "serviceName": d.name()}),
    )
    grants = [grant("application-autoscaling:*"), grant("autoscaling:Describe*"), grant("ecs:*")]
    about = "asks how one service and one group scale, which AWS checks on `*`"
    return Profile(f"{d.app}-scaling", about, grants, schedule, "irsa")


# ---------------------------------------------------------------- one or two days of use


@KINDS.judged(safe_is_right=False)
def console_user(d: Draw) -> Profile:
    first, again = d.between(5, d.days - 40), d.days + d.between(3, 90)
    days = on(*(first, first + d.between(2, 30))[: d.between(1, 2)])
    stream, group = d.own("kinesis", f"stream/{d.name()}"), d.own("logs", f"log-group:/app/{d.app}:*")
    schedule = together(
        step(days, "kinesis:ListStreams"),
        step(days, "kinesis:DescribeStreamSummary", stream),
        step(on(again), "kinesis:UpdateShardCount", stream),
        step(on(again), "logs:FilterLogEvents", group),
    )
    grants = [grant("kinesis:*"), grant("logs:*"), grant("cloudwatch:*")]
    about = "a person with an IAM user, who signs in to the console on a day or two"
    return Profile(f"{d.subject}.{d.hex(4)}", about, grants, schedule, "user", (7, 19), console=True)


@KINDS.judged(safe_is_right=False)
def database_keeper(d: Draw) -> Profile:
    first, again = d.between(5, d.days - 40), d.days + d.between(3, 120)
    database = d.own("rds", f"db:{d.name()}")
    schedule = together(
        step(on(first, first + d.between(1, 30)), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
        step(on(first), "rds:ModifyDBInstance", database),
        step(on(again), "rds:RebootDBInstance", database),
        step(on(again), "secretsmanager:GetSecretValue", d.secret()),
    )
    grants = [grant("rds:*"), grant("secretsmanager:*"), grant("kms:Describe*")]
    about = "looks after a database on a day or two, with other calls each time"
    return Profile(f"{d.app}-dba", about, grants, schedule, d.pick("role", "oidc"))


@KINDS.judged(safe_is_right=True)
def month_end_export(d: Draw) -> Profile:
    table, queue, when = d.table(), d.queue("exports"), each_month(d.between(20, 28))
    schedule = together(
        step(when, "dynamodb:DescribeTable Scan", table), step(when, "sqs:GetQueueUrl SendMessage", queue)
    )
    grants = [grant("dynamodb:*", table.arn), grant("sqs:*", queue.arn)]
    return Profile(f"{d.app}-closing", "exports a table at each month's end", grants, schedule, "ecs", (18, 23))


@KINDS.judged(safe_is_right=False)
def incident_responder(d: Draw) -> Profile:
    day, again = d.between(5, d.days - 5), d.days + d.between(3, 200)
    group = Place(d.arn("ec2", f"security-group/sg-0{d.hex(16)}"))
    schedule = together(
        step(on(day), "cloudtrail:LookupEvents"),
        step(on(day), "ec2:DescribeNetworkInterfaces"),
        step(on(day), "ec2:StopInstances", d.arn("ec2", f"instance/i-0{d.hex(16)}")),
        step(on(again), "ec2:AuthorizeSecurityGroupIngress", group),
        step(on(again), "lambda:PutFunctionConcurrency", d.function()),
    )
    about, managed = "for incidents: one in the logs, of another sort than the next", ("PowerUserAccess",)
    return Profile(f"{d.app}-{d.pick('responder', 'p1', 'elevated')}", about, (), schedule, "role", managed=managed)


@KINDS.judged(safe_is_right=True)
def console_regular(d: Draw) -> Profile:
    group = d.own("logs", f"log-group:/app/{d.app}:*")
    schedule = together(
        step(often(d.rng.uniform(0.6, 0.9)), "logs:FilterLogEvents", group),
        step(often(0.6), "cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*")),
    )
    about, grants = (
        "an IAM user who looks at the same in the console on most days",
        [grant("logs:*"), grant("cloudwatch:*")],
    )
    return Profile(f"{d.subject}-{d.hex(4)}", about, grants, schedule, "user", (6, 20), console=True)


# ---------------------------------------------------------------- tooling and other companies


@KINDS.judged(safe_is_right=False)
def platform_stack_role(d: Draw) -> Profile:
    functions, topics = d.fixed(d.function, d.between(2, 4)), d.fixed(d.topic, 2)
    start, pace, rollback = d.between(1, 15), d.between(8, 15), d.days + d.between(2, 90)
    releases = on(*range(start + pace, d.days, pace))
    schedule = together(
        step(on(start), "lambda:CreateFunction", *functions),
        step(on(start), "sns:CreateTopic", *topics),
        step(releases, "lambda:UpdateFunctionCode GetFunction", *functions),
        step(releases, "sns:GetTopicAttributes", *topics),
        step(on(rollback), "lambda:DeleteFunction", functions[-1]),
        step(on(rollback), "sns:DeleteTopic", topics[-1]),
    )
    grants = [grant("lambda:*"), grant("sns:*"), grant("kinesis:*")]
    about = "CloudFormation's role for a platform's stacks, which were never deleted so far"
    return Profile(f"{d.app}-platform", about, grants, schedule, "cloudformation.amazonaws.com")


@KINDS.judged(safe_is_right=False)
def inventory_vendor(d: Draw) -> Profile:
    release = d.days + d.between(5, 80)
    trusted = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/collector"
    schedule = together(
        step(often(0.9), "ec2:DescribeInstances DescribeVolumes DescribeSubnets"),
        step(often(0.6), "s3:ListAllMyBuckets"),
        step(often(0.5), "lambda:ListFunctions"),
        step(on(release), "ec2:DescribeSnapshots DescribeNetworkAcls"),
        step(on(release), "sqs:ListQueues"),
        step(on(release), "kms:ListKeys"),
    )
    about, managed = "another company that lists more with each release of its product", ("ViewOnlyAccess",)
    return Profile(f"{d.app}-assets", about, (), schedule, "vendor", managed=managed, trusted=trusted)


@KINDS.judged(safe_is_right=False)
def host_upkeep(d: Draw) -> Profile:
    instances = [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(3)]
    document, failure = Place(f"arn:aws:ssm:{d.region}::document/AWS-RunPatchBaseline"), d.days + d.between(10, 200)
    ids = [place.arn.rpartition("/")[2] for place in instances]
    also = tuple(("ssm:SendCommand", place.arn) for place in instances)
    schedule = together(
        step(often(0.4), "ssm:DescribeInstanceInformation ListCommandInvocations"),
        step(often(0.15), "ssm:SendCommand", document, also=also, params={"instanceIds": ids}),
        step(on(failure), "ec2:RebootInstances", instances[0]),
        step(on(failure), "ec2:StartInstances", instances[1]),
    )
    grants = [grant("ssm:*"), grant("ec2:*")]
    about = "patches instances under an ordinary name, and repairs what a patch broke later"
    return Profile(f"{d.app}-{d.pick('upkeep', 'weekly', 'daemon')}", about, grants, schedule, "lambda", (0, 6))


@KINDS.judged(safe_is_right=True)
def partner_uploader(d: Draw) -> Profile:
    bucket, topic = d.bucket("inbound"), d.topic()
    trusted = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:{d.pick('root', 'role/exporter')}"
    schedule = together(
        step(often(0.95), "s3:PutObject", some_object(bucket, "orders")), step(often(0.8), "sns:Publish", topic)
    )
    grants = [grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("sns:*", topic.arn)]
    about = "an application of another account that delivers objects every day"
    return Profile(f"{d.app}-inbound", about, grants, schedule, "role", trusted=trusted)


@KINDS.judged(safe_is_right=True)
def api_integration(d: Draw) -> Profile:
    queue, topic = d.queue(), d.topic()
    schedule = together(
        step(often(0.95), "sqs:SendMessage", queue), step(often(d.rng.uniform(0.4, 0.9)), "sns:Publish", topic)
    )
    about, grants = (
        "API Gateway sends to a queue and a topic with it",
        [grant("sqs:*", queue.arn), grant("sns:*", topic.arn)],
    )
    return Profile(f"{d.app}-gateway", about, grants, schedule, "apigateway.amazonaws.com")


# ---------------------------------------------------------------- successful use that an SCP denies


@KINDS.judged(safe_is_right=False, account="fenced")
def frozen_service(d: Draw) -> Profile:
    secrets = d.fixed(d.secret, d.between(1, 3))
    schedule = step(often(0.9), "secretsmanager:GetSecretValue DescribeSecret", *secrets)
    names = ["secretsmanager:Get*", "secretsmanager:Describe*"]
    scp = [{"Effect": "Deny", "Action": names, "Resource": [secret.arn for secret in secrets]}]
    about, grants = "reads secrets that an SCP has closed", [grant("secretsmanager:*")]
    return Profile(f"{d.app}-frozen", about, grants, schedule, "ecs", scp=scp)


@KINDS.judged(safe_is_right=False, account="fenced")
def denied_by_name(d: Draw) -> Profile:
    name = f"{d.app}-legacy"
    instances = [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(d.between(1, 4))]
    schedule = together(
        step(often(0.95), "ec2:DescribeInstances"), step(often(0.9), "ec2:StartInstances StopInstances", *instances)
    )
    condition = {"ArnLike": {"aws:PrincipalArn": d.arn("iam", f"role/{name}", region="")}}
    scp = [{"Effect": "Deny", "NotAction": "sts:*", "Resource": "*", "Condition": condition}]
    about = "starts and stops instances, though an SCP denies its role everything"
    return Profile(name, about, [grant("ec2:*")], schedule, "lambda", scp=scp)


@KINDS.judged(safe_is_right=True, account="fenced")
def spared_by_scp(d: Draw) -> Profile:
    parameter, key = d.own("ssm", f"parameter/{d.app}/config"), d.key()
    schedule = together(
        step(often(0.9), "ssm:GetParameter", parameter), step(often(d.rng.uniform(0.3, 0.8)), "kms:DescribeKey", key)
    )
    about, grants = (
        "works in an account where SCPs deny the work of others",
        [grant("ssm:Get*"), grant("kms:*", key.arn)],
    )
    return Profile(f"{d.app}-settings", about, grants, schedule, "ec2")


# ---------------------------------------------------------------- yearly and invisible use


@KINDS.judged(safe_is_right=False)
def annual_filing(d: Draw) -> Profile:
    gap, table = d.between(10, 90), d.table("filings")
    day, before = on(d.days + gap), max(5, 365 - d.days - gap)
    schedule = together(step(day, "dynamodb:Scan", table), step(day, "sns:Publish", d.topic()))
    about, grants = "files a report once a year, outside the days of the logs", [grant("dynamodb:*"), grant("sns:*")]
    return Profile(f"{d.app}-filing", about, grants, schedule, d.pick("ecs", "role"), used_before=before)


@KINDS.judged(safe_is_right=False, account="quiet")
def file_gateway(d: Draw) -> Profile:
    home, service = d.bucket("uploads"), "transfer.amazonaws.com"
    schedule = step(often(0.8), "s3:PutObject GetObject", some_object(home, d.subject))
    grants = [
        grant("s3:ListBucket GetBucketLocation", home.arn),
        grant("s3:GetObject PutObject DeleteObject", f"{home.arn}/*"),
    ]
    about = "Transfer Family stores and fetches users' files with it, and only AssumeRole is recorded"
    return Profile(f"{d.app}-sftp", about, grants, schedule, service, assumed_by=service)


@KINDS.judged(safe_is_right=False)
def kafka_client(d: Draw) -> Profile:
    cluster = f"{d.name()}/{d.uuid()}-4"
    topic = Place(d.arn("kafka", f"topic/{cluster}/orders"))
    schedule = together(
        step(often(0.9), "kafka-cluster:Connect", d.arn("kafka", f"cluster/{cluster}")),
        step(often(0.9), "kafka-cluster:ReadData", topic),
    )
    grants = [grant("kafka-cluster:*", d.arn("kafka", f"cluster/{cluster}"), d.arn("kafka", f"topic/{cluster}/*"))]
    about = "reads topics of a cluster as IAM allows it, which no trail records"
    return Profile(f"{d.app}-reader", about, grants, schedule, "ecs", assumed_by="ecs-tasks.amazonaws.com")


# ---------------------------------------------------------------- a second Region


@KINDS.judged(safe_is_right=True)
def function_standby(d: Draw) -> Profile:
    function = d.function()
    copy = in_region(function, d.other_region)
    d.account.estate["lambda"].append(copy)
    schedule = together(
        step(often(0.95), "lambda:InvokeFunction", function),
        step(on(d.days + d.between(5, 200)), "lambda:InvokeFunction", copy),
    )
    reach = d.pick(
        (function.arn, copy.arn), (function.arn.replace(d.region, "*"),), (f"{function.arn.replace(d.region, '*')}*",)
    )
    about = "invokes a function of one Region, and after a failover its standby in the other"
    return Profile(f"{d.app}-caller", about, [grant("lambda:*", *reach)], schedule, d.pick("ecs", "lambda"))


@KINDS.judged(safe_is_right=False)
def secret_replica(d: Draw) -> Profile:
    secret, queue = d.secret(), d.queue()
    copies = [in_region(place, d.other_region) for place in (secret, queue)]
    failover = on(d.days + d.between(5, 200))
    schedule = together(
        step(often(0.9), "secretsmanager:GetSecretValue", secret),
        step(often(0.9), "sqs:SendMessage", queue),
        step(failover, "secretsmanager:GetSecretValue", copies[0]),
        step(failover, "sqs:SendMessage", copies[1]),
    )
    grants = [
        grant("secretsmanager:*", secret.arn, copies[0].arn),
        grant("sqs:SendMessage GetQueueUrl", queue.arn, copies[1].arn),
    ]
    about = "uses a secret and a queue of one Region, and after a failover their copies in the other"
    return Profile(f"{d.app}-checkout", about, grants, schedule, "irsa")


@KINDS.judged(safe_is_right=True)
def queue_drill(d: Draw) -> Profile:
    queue, drill = d.queue(), d.between(10, d.days - 10)
    copy = in_region(queue, d.other_region)
    schedule = together(
        step(often(0.95), "sqs:SendMessage ReceiveMessage", queue),
        step(on(drill, d.days + d.between(5, 200)), "sqs:SendMessage ReceiveMessage", copy),
    )
    about, grants = "worked on the second Region's queue on the day of a drill", [grant("sqs:*", queue.arn, copy.arn)]
    return Profile(f"{d.app}-practised", about, grants, schedule, "ecs")


@KINDS.judged(safe_is_right=True)
def standby_watch(d: Draw) -> Profile:
    share = d.rng.uniform(0.3, 0.7)

    def day(today: Day) -> Iterator[Use]:
        if today.chance(share):
            for function in d.account.estate.get("lambda", []):
                yield today.use("lambda:GetFunctionConfiguration", function)

    about = "reads the configuration of all functions, standbys in the second Region included"
    return Profile(f"{d.app}-functions", about, [grant("lambda:Get* List*")], day, "ecs")


# ---------------------------------------------------------------- kept without need


@KINDS.judged(safe_is_right=True, account="quiet")
def light_copier(d: Draw) -> Profile:
    source, target = d.bucket("inbox"), d.bucket("outbox")
    schedule = together(
        step(often(0.3), "s3:GetBucketLocation", source, target),
        step(often(0.9), "s3:GetObject", some_object(source, "small")),
        step(often(0.9), "s3:PutObject", some_object(target, "small")),
    )
    grants = [grant("s3:*", *(f"{bucket.arn}{end}" for bucket in (source, target) for end in ("", "/*")))]
    return Profile(f"{d.app}-post", "writes small objects, and never copies, unseen", grants, schedule, "ec2")


@KINDS.judged(safe_is_right=True)
def table_stream_reader(d: Draw) -> Profile:
    stream = Place(d.arn("dynamodb", f"table/{d.name()}/stream/2025-03-01T10:00:00.000"))
    schedule = together(
        log_steps(d),
        step(daily, "dynamodb:GetRecords GetShardIterator", stream),
        step(often(0.8), "dynamodb:DescribeStream", stream),
        step(often(0.5), "dynamodb:ListStreams"),
    )
    managed = d.chance(0.5)
    actions = "dynamodb:GetRecords GetShardIterator DescribeStream ListStreams"
    return Profile(
        f"{d.app}-changes",
        "a function on a table's stream, whose records no trail shows",
        [log_grant(d)] + ([] if managed else [grant(actions)]),
        schedule,
        "lambda",
        managed=("AWSLambdaDynamoDBExecutionRole",) if managed else (),
    )


@KINDS.judged(safe_is_right=True)
def managed_instance(d: Draw) -> Profile:
    instance = Place(d.arn("ec2", f"instance/i-0{d.hex(16)}"))
    schedule = together(
        step(often(0.9), "ssm:UpdateInstanceInformation", instance),
        step(daily, "ssmmessages:CreateControlChannel OpenControlChannel"),
        step(often(0.3), "ssmmessages:CreateDataChannel OpenDataChannel"),
        step(daily, "ec2messages:GetMessages"),
        step(often(0.2), "ec2messages:AcknowledgeMessage SendReply"),
    )
    about, managed = (
        "an instance with the Systems Manager agent, by instance profile",
        ("AmazonSSMManagedInstanceCore",),
    )
    return Profile(f"{d.app}-host", about, (), schedule, "ec2", managed=managed)


@KINDS.judged(safe_is_right=True)
def agentless_task(d: Draw) -> Profile:
    table = d.table()
    about = "a task with rights for agents and traces, which run nowhere in it"
    grants = [grant("dynamodb:*", table.arn), grant("ssmmessages:*"), grant("ec2messages:*")]
    schedule = step(often(0.9), "dynamodb:GetItem PutItem", table)
    managed = (d.pick("AWSXRayDaemonWriteAccess", "CloudWatchAgentServerPolicy"),)
    return Profile(f"{d.app}-plain", about, grants, schedule, "ecs", managed=managed)
