"""Judged kinds: situations in which it is known whether calling the replacement safe is right.

Each has relatives among the held-back kinds, with other services and names.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html
https://docs.aws.amazon.com/cli/latest/topic/s3-config.html
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
_SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


# ---------------------------------------------------------------- wide grants of data services, without data events


@KINDS.judged(safe_is_right=False, account="quiet")
def table_full_access(d: Draw) -> Profile:
    table = d.table()
    schedule = together(
        log_steps(d),
        step(daily, "dynamodb:GetItem PutItem Query", table),
        step(often(d.pick(0, 0.05)), "dynamodb:DescribeTable", table),
    )
    about, managed = (
        "a function on a table, with AWS's full access, whose items no trail shows",
        ("AmazonDynamoDBFullAccess",),
    )
    return Profile(f"{d.app}-handler", about, [log_grant(d)], schedule, "lambda", managed=managed)


@KINDS.judged(safe_is_right=True, account="quiet")
def named_data_service(d: Draw) -> Profile:
    table, queue, secret = d.table(), d.queue(), d.secret()
    named, uses = d.pick(
        ("dynamodb:*", step(daily, "dynamodb:Query UpdateItem", table)),
        ("sqs:*", step(daily, "sqs:SendMessage ReceiveMessage DeleteMessage", queue)),
    )
    grants = [grant(named), grant("secretsmanager:GetSecretValue", secret.arn)]
    schedule = together(uses, step(often(d.rng.uniform(0.3, 0.9)), "secretsmanager:GetSecretValue", secret))
    return Profile(f"{d.app}-task", "a task whose own policy names the data service, unseen", grants, schedule, "ecs")


@KINDS.judged(safe_is_right=True, account="quiet")
def guarded_data_service(d: Draw) -> Profile:
    bucket, is_denied = d.bucket(), d.chance(0.5)
    schedule = together(
        step(daily, "s3:GetObject PutObject", some_object(bucket, "data")),
        step(often(d.rng.uniform(0.3, 0.9)), "ec2:DescribeInstances DescribeVolumes"),
    )
    denies = [grant("s3:DeleteBucket PutBucketPolicy")] if is_denied else []
    boundary = [] if is_denied else [grant("s3:*"), grant("ec2:Describe*"), grant("logs:*")]
    about = "an instance with nearly all rights, whose own Deny or boundary names S3, which it uses unseen"
    return Profile(
        f"{d.app}-node", about, (), schedule, "ec2", denies=denies, boundary=boundary, managed=("PowerUserAccess",)
    )


@KINDS.judged(safe_is_right=True)
def full_access_unused(d: Draw) -> Profile:
    queue = d.queue()
    schedule = together(log_steps(d), step(often(0.9), "sqs:ReceiveMessage DeleteMessage", queue))
    grants = [log_grant(d), grant("sqs:ReceiveMessage DeleteMessage", queue.arn)]
    about, managed = (
        "has AWS's full access to tables, which the trail would show, and uses none",
        ("AmazonDynamoDBFullAccess",),
    )
    return Profile(f"{d.app}-consumer", about, grants, schedule, "lambda", managed=managed)


# ---------------------------------------------------------------- records that name a parent or a filter


@KINDS.judged(safe_is_right=True)
def cluster_watcher(d: Draw) -> Profile:
    cluster, service = d.name("cluster"), d.name("service")
    place = d.own("ecs", f"service/{cluster}/{service}")
    schedule = together(
        step(daily, "ecs:ListTasks", params={"cluster": cluster}),
        step(often(0.8), "ecs:ListServices", params={"cluster": d.arn("ecs", f"cluster/{cluster}")}),
        step(often(0.6), "ecs:DescribeServices", place),
    )
    about = "lists the tasks and services of one cluster, which AWS checks on `*`"
    return Profile(f"{d.app}-watcher", about, [grant("ecs:List* Describe*")], schedule, "lambda")


@KINDS.judged(safe_is_right=True)
def job_lister(d: Draw) -> Profile:
    line = d.arn("batch", f"job-queue/{d.name('jobs')}")
    schedule = together(
        step(daily, "batch:ListJobs", params={"jobQueue": line, "jobStatus": "FAILED"}),
        step(often(0.5), "batch:DescribeJobs"),
        step(often(0.3), "kms:ListAliases", params={"keyId": d.key().arn}),
    )
    grants = [grant("batch:*"), grant("kms:List* Describe*")]
    return Profile(f"{d.app}-jobs", "lists the jobs of one queue, which AWS checks on `*`", grants, schedule, "ecs")


# ---------------------------------------------------------------- one or two days of use


@KINDS.judged(safe_is_right=False)
def occasional_person(d: Draw) -> Profile:
    first = d.between(5, d.days - 40)
    days = (first, first + d.between(7, 30))[: d.between(1, 2)]
    table, queue, again = d.table(), d.queue(), d.days + d.between(3, 90)
    schedule = together(
        step(on(*days), "ec2:DescribeInstances DescribeVpcs"),
        step(on(*days), "dynamodb:DescribeTable", table),
        step(on(again), "sqs:GetQueueAttributes SetQueueAttributes", queue),
        step(on(again), "dynamodb:UpdateTable", table),
    )
    grants = [grant("ec2:Describe*"), grant("dynamodb:*"), grant("sqs:*"), grant("logs:*")]
    name = f"AWSReservedSSO_{d.subject.title()}Operator{d.between(1, 999)}_{d.hex(16)}"
    about = "a person who signs in on a day or two, each time for something else"
    return Profile(name, about, grants, schedule, "sso", (8, 18), _SSO)


@KINDS.judged(safe_is_right=False)
def occasional_operator(d: Draw) -> Profile:
    day, again = d.between(5, d.days - 10), d.days + d.between(3, 90)
    function, topic = d.function(), d.topic()
    schedule = together(
        step(on(day), "lambda:GetFunction UpdateFunctionConfiguration", function),
        step(on(day + d.between(0, 1)), "lambda:PublishVersion", function),
        step(on(again), "lambda:DeleteFunction", function),
        step(on(again), "sns:CreateTopic SetTopicAttributes", topic),
    )
    grants = [grant("lambda:*", d.arn("lambda", "function:*")), grant("sns:*")]
    about = "changes what is there on a day or two, and something else the next time"
    return Profile(f"{d.app}-changes", about, grants, schedule, "role")


@KINDS.judged(safe_is_right=True)
def monthly_job(d: Draw) -> Profile:
    bucket, topic, when = d.bucket("statements"), d.topic(), each_month(d.between(1, 28))
    schedule = together(
        step(when, "s3:ListBucket", bucket),
        step(when, "s3:GetObject", some_object(bucket, "in")),
        step(when, "s3:PutObject", some_object(bucket, "out")),
        step(when, "sns:Publish", topic),
    )
    grants = [grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("sns:*", topic.arn)]
    return Profile(f"{d.app}-monthly", "a job that does the same each month", grants, schedule, "lambda", (1, 4))


@KINDS.judged(safe_is_right=False)
def emergency_role(d: Draw) -> Profile:
    day, again = d.between(5, d.days - 5), d.days + d.between(3, 200)
    database, role = d.own("rds", f"db:{d.name()}"), d.role("restored")
    schedule = together(
        step(on(day), "ec2:DescribeInstances DescribeSecurityGroups"),
        step(on(day), "ec2:RebootInstances", d.arn("ec2", f"instance/i-0{d.hex(16)}")),
        step(on(again), "rds:RebootDBInstance", database),
        step(on(again), "iam:UpdateAssumeRolePolicy", role),
    )
    about = "administrators' role for emergencies: one in the logs, another one later"
    return Profile(f"{d.app}-{d.pick('firefighter', 'urgent', 'admin2')}", about, (), schedule, "role", is_admin=True)


@KINDS.judged(safe_is_right=True)
def steady_person(d: Draw) -> Profile:
    group, share = d.own("athena", f"workgroup/{d.app}"), often(d.rng.uniform(0.5, 0.9))
    schedule = together(step(share, "athena:ListWorkGroups"), step(share, "athena:GetWorkGroup", group))
    grants = [grant("athena:*"), grant("glue:Get*")]
    name = f"AWSReservedSSO_{d.subject.title()}Reader{d.between(1, 999)}_{d.hex(16)}"
    about = "people who sign in on most days and read the same"
    return Profile(name, about, grants, schedule, "sso", (7, 19), _SSO)


# ---------------------------------------------------------------- tooling and other companies


@KINDS.judged(safe_is_right=False)
def stack_service_role(d: Draw) -> Profile:
    days = d.rng.sample(range(3, d.days), d.between(6, 14))
    tables, queues = d.fixed(d.table, 2), d.fixed(d.queue, 2)
    rollback = d.days + d.between(2, 60)
    schedule = together(
        step(on(min(days)), "dynamodb:CreateTable", *tables),
        step(on(min(days)), "sqs:CreateQueue", *queues),
        step(on(*days), "dynamodb:DescribeTable UpdateTable", *tables),
        step(on(*days[::2]), "sqs:GetQueueAttributes SetQueueAttributes", *queues),
        step(on(rollback), "dynamodb:DeleteTable", tables[0]),
        step(on(rollback), "sqs:DeleteQueue", queues[0]),
    )
    grants = [grant("dynamodb:*"), grant("sqs:*"), grant("lambda:*")]
    about = "CloudFormation's role for stacks, which were created and updated so far, and are rolled back later"
    return Profile(f"{d.app}-cfn", about, grants, schedule, "cloudformation.amazonaws.com")


@KINDS.judged(safe_is_right=False)
def audit_scanner(d: Draw) -> Profile:
    release = d.days + d.between(5, 60)
    trusted = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:root"
    schedule = together(
        step(daily, "iam:ListRoles ListUsers GetAccountSummary"),
        step(often(0.8), "ec2:DescribeInstances DescribeSecurityGroups DescribeVpcs"),
        step(often(0.5), "cloudtrail:DescribeTrails"),
        step(on(release), "ec2:DescribeVpcEndpoints DescribeNetworkAcls"),
        step(on(release), "rds:DescribeDBClusters", d.arn("rds", "cluster:*")),
    )
    about, managed = "another company's scanner, whose next release reads more", ("SecurityAudit",)
    return Profile(f"{d.app}-posture", about, (), schedule, "vendor", managed=managed, trusted=trusted)


@KINDS.judged(safe_is_right=False)
def nightly_backup(d: Draw) -> Profile:
    tables, loss = d.fixed(d.table, d.between(2, 4)), d.days + d.between(10, 200)
    restored = Place(f"{tables[0].arn}-restored")
    schedule = together(
        step(often(0.95), "dynamodb:CreateBackup", *tables),
        step(often(0.9), "dynamodb:DescribeContinuousBackups", *tables),
        step(on(loss), "dynamodb:RestoreTableFromBackup", restored),
    )
    grants = [grant("dynamodb:*"), grant("rds:*")]
    about = "backs tables up every night under an ordinary name, and restores one after a loss"
    return Profile(f"{d.app}-{d.pick('worker', 'nightly', 'runner')}", about, grants, schedule, "lambda", (1, 5))


@KINDS.judged(safe_is_right=True)
def partner_reader(d: Draw) -> Profile:
    bucket, queue = d.bucket("exchange"), d.queue()
    trusted = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/{d.pick('importer', 'sync', 'ingest')}"
    schedule = together(
        step(often(0.9), "sqs:ReceiveMessage DeleteMessage", queue),
        step(daily, "s3:GetObject", some_object(bucket, "offers")),
        step(often(0.5), "s3:ListBucket", bucket),
    )
    grants = [grant("sqs:*", queue.arn), grant("s3:Get* List*", bucket.arn, f"{bucket.arn}/*")]
    about = "an application of another account that reads the same every day"
    return Profile(f"{d.app}-partner", about, grants, schedule, "role", trusted=trusted)


@KINDS.judged(safe_is_right=True)
def event_invoker(d: Draw) -> Profile:
    functions = d.fixed(d.function, d.between(1, 3))
    schedule = step(often(d.rng.uniform(0.7, 0.95)), "lambda:InvokeFunction", *functions)
    about, grants = "EventBridge invokes fixed functions with it", [grant("lambda:*", d.arn("lambda", "function:*"))]
    return Profile(f"{d.app}-events", about, grants, schedule, "events.amazonaws.com")


# ---------------------------------------------------------------- successful use that an SCP denies


@KINDS.judged(safe_is_right=False, account="guarded")
def denied_by_scp(d: Draw) -> Profile:
    table = d.table()
    schedule = together(
        step(often(0.9), "dynamodb:GetItem PutItem", table), step(often(0.2), "dynamodb:DescribeTable", table)
    )
    scp = [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}]
    about, grants = "works on a table all days, though an SCP denies it", [grant("dynamodb:*", table.arn)]
    return Profile(f"{d.app}-service", about, grants, schedule, "ecs", scp=scp)


@KINDS.judged(safe_is_right=False, account="guarded")
def outside_allowed_regions(d: Draw) -> Profile:
    queue, topic = d.queue(), d.topic()
    schedule = together(step(often(0.9), "sqs:SendMessage", queue), step(often(0.8), "sns:Publish", topic))
    condition = {"StringNotEquals": {"aws:RequestedRegion": ["ap-south-1", "sa-east-1"]}}
    scp = [{"Effect": "Deny", "Action": ["sqs:*", "sns:*"], "Resource": "*", "Condition": condition}]
    grants = [grant("sqs:*", queue.arn), grant("sns:*", topic.arn)]
    about = "sends messages all days in a Region that an SCP closes"
    return Profile(f"{d.app}-sender", about, grants, schedule, "ecs", scp=scp)


@KINDS.judged(safe_is_right=True, account="guarded")
def outside_scp(d: Draw) -> Profile:
    stream = d.own("kinesis", f"stream/{d.name()}")
    schedule = together(step(often(0.9), "kinesis:PutRecords", stream), step(often(0.5), "kinesis:ListShards", stream))
    about, grants = "works in an account whose SCPs deny other things", [grant("kinesis:*", stream.arn)]
    return Profile(f"{d.app}-feed", about, grants, schedule, "ecs")


# ---------------------------------------------------------------- yearly and invisible use


@KINDS.judged(safe_is_right=False)
def yearly_role(d: Draw) -> Profile:
    gap = d.between(3, 60)
    bucket, day = d.bucket("year-end"), on(d.days + gap)
    schedule = together(step(day, "s3:ListBucket", bucket), step(day, "s3:PutObject", some_object(bucket, "report")))
    grants = [grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("athena:*")]
    about, before = "works once a year, outside the days of the logs", max(5, 365 - d.days - gap)
    return Profile(f"{d.app}-yearend", about, grants, schedule, "lambda", used_before=before)


@KINDS.judged(safe_is_right=False)
def replication_role(d: Draw) -> Profile:
    source, target = d.bucket("origin"), d.bucket("replica")
    schedule = together(
        step(often(0.9), "s3:GetObjectVersionForReplication", some_object(source, "data")),
        step(often(0.9), "s3:ReplicateObject", some_object(target, "data")),
    )
    grants = [
        grant("s3:GetReplicationConfiguration ListBucket", source.arn),
        grant("s3:GetObjectVersionForReplication GetObjectVersionAcl GetObjectVersionTagging", f"{source.arn}/*"),
        grant("s3:ReplicateObject ReplicateDelete ReplicateTags", f"{target.arn}/*"),
    ]
    about, service = "S3 replicates a bucket with it, and only AssumeRole is recorded", "s3.amazonaws.com"
    return Profile(f"{d.app}-replication", about, grants, schedule, service, assumed_by=service)


@KINDS.judged(safe_is_right=False)
def database_sign_in(d: Draw) -> Profile:
    user = Place(d.arn("rds-db", f"dbuser:cluster-{d.upper(26)}/{d.subject}"))
    about, service = "signs in to a database as IAM allows it, which no trail records", "ec2.amazonaws.com"
    schedule = step(often(0.9), "rds-db:connect", user)
    grants = [grant("rds-db:connect", user.arn), grant("rds:Describe*")]
    return Profile(f"{d.app}-db", about, grants, schedule, "ec2", assumed_by=service)


# ---------------------------------------------------------------- a second Region


@KINDS.judged(safe_is_right=True)
def table_failover(d: Draw) -> Profile:
    table = d.table()
    copy, failover = in_region(table, d.other_region), d.days + d.between(5, 200)
    d.account.estate["dynamodb"].append(copy)
    schedule = together(
        step(often(0.95), "dynamodb:GetItem PutItem", table), step(on(failover), "dynamodb:GetItem PutItem", copy)
    )
    grants = [grant("dynamodb:*", *d.pick((table.arn, copy.arn), (table.arn.replace(d.region, "*"),)))]
    about = "works on a global table in one Region, and after a failover on its replica in the other"
    return Profile(f"{d.app}-ledger", about, grants, schedule, "ecs")


@KINDS.judged(safe_is_right=False)
def bucket_failover(d: Draw) -> Profile:
    main, copy = (Place(f"arn:aws:s3:::{d.dns_prefix}media-{region}") for region in (d.region, d.other_region))
    d.account.estate.setdefault("s3", []).extend((main, copy))
    failover = on(d.days + d.between(5, 200))
    schedule = together(
        step(often(0.95), "s3:GetObject PutObject", some_object(main, "media")),
        step(failover, "s3:GetObject PutObject", some_object(copy, "media"), region=d.other_region),
    )
    grants = [grant("s3:GetObject PutObject DeleteObject", f"{main.arn}/*", f"{copy.arn}/*")]
    about = "works on a bucket of one Region, and after a failover on its replica in the other"
    return Profile(f"{d.app}-media", about, grants, schedule, "ecs")


@KINDS.judged(safe_is_right=True)
def failover_drill(d: Draw) -> Profile:
    table = d.table()
    copy, drill = in_region(table, d.other_region), d.between(10, d.days - 10)
    again = on(drill, d.days + d.between(5, 200))
    schedule = together(
        step(often(0.95), "dynamodb:GetItem PutItem", table), step(again, "dynamodb:GetItem PutItem", copy)
    )
    grants = [grant("dynamodb:*", table.arn, copy.arn)]
    about = "worked on its replica in the second Region on the day of a drill, and does again"
    return Profile(f"{d.app}-drilled", about, grants, schedule, "ecs")


@KINDS.judged(safe_is_right=True)
def region_inventory(d: Draw) -> Profile:
    share = d.rng.uniform(0.3, 0.6)

    def day(today: Day) -> Iterator[Use]:
        if today.chance(share):
            for table in d.account.estate.get("dynamodb", []):
                yield today.use("dynamodb:DescribeTable", table)

    about = "describes all tables, replicas in the second Region included"
    return Profile(f"{d.app}-tables", about, [grant("dynamodb:Describe* List*")], day, "lambda")


# ---------------------------------------------------------------- kept without need


@KINDS.judged(safe_is_right=True, account="quiet")
def versioned_reader(d: Draw) -> Profile:
    bucket = d.bucket("versions")
    schedule = together(
        step(often(0.3), "s3:GetBucketVersioning", bucket),
        step(daily, "s3:GetObject GetObjectVersion GetObjectAttributes", some_object(bucket, "docs")),
        step(daily, "s3:ListBucketVersions", bucket),
    )
    grants = [grant("s3:Get* List*", bucket.arn, f"{bucket.arn}/*")]
    return Profile(f"{d.app}-history", "reads versions of objects, unseen", grants, schedule, "ecs")


@KINDS.judged(safe_is_right=True, account="quiet")
def unversioned_reader(d: Draw) -> Profile:
    bucket = d.bucket("files")
    schedule = together(
        step(often(0.3), "s3:GetBucketLocation", bucket),
        step(daily, "s3:GetObject", some_object(bucket, "docs")),
        step(often(0.6), "s3:ListBucket", bucket),
    )
    grants = [grant("s3:Get* List*", bucket.arn, f"{bucket.arn}/*")]
    about = "reads objects of a bucket without versions, unseen"
    return Profile(f"{d.app}-files", about, grants, schedule, "ecs")


@KINDS.judged(safe_is_right=True, account="quiet")
def large_copier(d: Draw) -> Profile:
    source, target = d.bucket("landing"), d.bucket("curated")
    schedule = together(
        step(often(0.3), "s3:GetBucketLocation", source, target),
        step(often(0.9), "s3:GetObject GetObjectTagging", some_object(source, "big")),
        step(often(0.9), "s3:PutObject PutObjectTagging", some_object(target, "big")),
    )
    grants = [grant("s3:*", *(f"{bucket.arn}{end}" for bucket in (source, target) for end in ("", "/*")))]
    about = "copies objects above 8 MB in parts, for which the AWS CLI reads and writes tags, unseen"
    return Profile(f"{d.app}-mover", about, grants, schedule, "ec2")


@KINDS.judged(safe_is_right=True)
def traced_service(d: Draw) -> Profile:
    queue = d.queue()
    schedule = together(
        step(often(0.9), "sqs:SendMessage", queue), step(daily, "xray:PutTraceSegments PutTelemetryRecords")
    )
    about, managed = "sends its traces to X-Ray, which no trail records", ("AWSXRayDaemonWriteAccess",)
    return Profile(f"{d.app}-traced", about, [grant("sqs:*", queue.arn)], schedule, "ec2", managed=managed)
