"""Victims: principals with ordinary work all the time, whose credentials an intruder uses as well.

Each theme has a relative among the held-back kinds, with other services, names, paces and harm. None touches the trail
of its account: what a silenced trail hides would outweigh all else.
https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
https://docs.aws.amazon.com/whitepapers/latest/aws-security-incident-response-guide/aws-security-incident-response-guide.html
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import (
    EC2_THROTTLED,
    THROTTLED,
    daily,
    each,
    failing,
    in_turn,
    log_grant,
    log_steps,
    often,
    on,
    others,
    some_object,
    step,
    together,
    within,
)
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


# ---------------------------------------------------------------- slow: one harmful call every two or three weeks


@KINDS.victim("slow", "harbor")
def nightly_reporter(d: Draw) -> Profile:
    group, bucket = d.own("athena", f"workgroup/{d.name('reports')}"), d.bucket("reports")
    schedule = together(
        step(often(0.95), "athena:StartQueryExecution GetQueryExecution", group),
        step(daily, "s3:PutObject", some_object(bucket, "daily")),
        step(often(0.4), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
    )
    harm = in_turn(
        each(d.between(13, 17), d.between(8, 14)),
        step(daily, "logs:DeleteLogGroup", others(d, "logs")),
        step(daily, "rds:DeleteDBInstance", others(d, "rds", ":db:")),
        step(daily, "kms:DisableKey", others(d, "kms")),
        step(daily, "dynamodb:DeleteTable", others(d, "dynamodb")),
        step(daily, "secretsmanager:DeleteSecret", others(d, "secretsmanager")),
        step(daily, "s3:PutLifecycleConfiguration", others(d, "s3")),
        step(daily, "ec2:TerminateInstances", d.arn("ec2", f"instance/i-0{d.hex(16)}")),
    )
    grants = [
        *(grant("athena:*"), grant("s3:*"), grant("rds:*"), grant("logs:*"), grant("kms:*"), grant("dynamodb:*")),
        *(grant("secretsmanager:*"), grant("ec2:*")),
    ]
    about = "writes a report each night; an intruder destroys one thing every two weeks"
    return Profile(f"{d.app}-report", about, grants, schedule, "lambda", (0, 6), intruder=harm)


@KINDS.victim("slow", "meadow")
def ledger_service(d: Draw) -> Profile:
    table, queue = d.table("ledger"), d.queue("postings")
    schedule = together(
        step(daily, "dynamodb:GetItem PutItem Query", table),
        step(often(0.9), "sqs:SendMessage", queue),
        step(often(0.3), "dynamodb:DescribeTable", table),
    )
    pace, first = d.between(17, 22), d.between(5, 12)

    def harm(today: Day) -> Iterator[Use]:
        if each(pace, first)(today):
            yield today.use("rds:ModifyDBSnapshotAttribute", d.arn("rds", f"snapshot:nightly-{today.date:%Y-%m-%d}"))

    grants = [grant("dynamodb:*", table.arn), grant("sqs:*"), grant("rds:*")]
    about = "keeps a ledger; an intruder shares a database snapshot every three weeks, as a job would"
    return Profile(f"{d.app}-ledger", about, grants, schedule, "ecs", intruder=harm)


# ---------------------------------------------------------------- weekly: on the same weekday for many weeks


@KINDS.victim("weekly", "harbor")
def feed_importer(d: Draw) -> Profile:
    bucket, table = d.bucket("feeds"), d.table("feeds")
    schedule = together(
        step(often(0.95), "s3:GetObject", some_object(bucket, "inbound")),
        step(daily, "dynamodb:PutItem", table),
        step(often(0.5), "s3:ListBucket", bucket),
    )
    when, user = each(7, d.between(4, 17)), d.arn("iam", f"user/{d.subject}-integration", region="")
    topic = others(d, "sns")
    harm = together(
        step(when, "iam:CreateAccessKey", user),
        step(when, "secretsmanager:GetSecretValue", others(d, "secretsmanager")),
        step(when, "sns:AddPermission", topic),
    )
    grants = [grant("s3:*"), grant("dynamodb:*"), grant("iam:*"), grant("secretsmanager:*"), grant("sns:*")]
    about = "imports feeds; an intruder makes a key and takes a secret on the same weekday each week"
    return Profile(f"{d.app}-import", about, grants, schedule, "ecs", intruder=harm)


@KINDS.victim("weekly", "meadow")
def site_builder(d: Draw) -> Profile:
    bucket, project = d.bucket("site"), d.own("codebuild", f"project/{d.name('site')}")
    schedule = together(
        step(often(0.7), "codebuild:StartBuild", project),
        step(often(0.7), "s3:PutObject", some_object(bucket, "pages")),
    )
    when = each(7, d.between(20, 30))
    harm = together(
        step(when, "codebuild:UpdateProject", others(d, "codebuild")),
        step(when, "ecr:SetRepositoryPolicy", others(d, "ecr")),
    )
    grants = [grant("codebuild:*"), grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("ecr:*")]
    about = "builds a site; an intruder changes another team's build each week"
    return Profile(f"{d.app}-site-ci", about, grants, schedule, "oidc", (7, 19), intruder=harm)


# ---------------------------------------------------------------- mimicry: first the reads of others, then harm


@KINDS.victim("mimicry", "harbor")
def smoke_tester(d: Draw) -> Profile:
    function = d.function("smoke")
    schedule = together(
        step(often(0.9), "lambda:InvokeFunction", function),
        step(often(0.8), "cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*")),
    )
    first = d.between(25, 60)
    before, target = within(first, first + d.between(7, 11)), first + 14
    role = d.arn("iam", f"role/{d.subject}-runtime", region="")
    harm = together(
        step(before, "lambda:ListFunctions"),
        step(before, "lambda:GetFunction", others(d, "lambda"), others(d, "lambda")),
        step(before, "cloudformation:DescribeStacks", others(d, "cloudformation")),
        step(before, "s3:GetObject", lambda today: others(d, "s3")(today).at("bundles/current.zip")),
        step(on(target, target + 1), "lambda:UpdateFunctionCode", others(d, "lambda")),
        step(on(target), "lambda:AddPermission", others(d, "lambda")),
        step(on(target), "iam:PutRolePolicy", role),
        step(on(target + 1), "cloudformation:DeleteStack", others(d, "cloudformation")),
    )
    grants = [
        *(grant("lambda:*"), grant("cloudwatch:*"), grant("cloudformation:*"), grant("iam:*"), grant("s3:*")),
        *(grant("sqs:*"), grant("ssm:*")),
    ]
    about = "tests a function; an intruder reads as deployers do for days, and then puts code into functions"
    return Profile(f"{d.app}-smoke", about, grants, schedule, "oidc", intruder=harm)


@KINDS.victim("mimicry", "meadow")
def cache_warmer(d: Draw) -> Profile:
    tables = d.fixed(d.table, 2)
    schedule = step(often(0.95), "dynamodb:Query GetItem", *tables)
    first = d.between(30, 70)
    reads, harm_day = within(first, first + 8), on(first + 9, first + 10)
    harm = together(
        step(reads, "dynamodb:DescribeTable DescribeContinuousBackups", others(d, "dynamodb")),
        step(reads, "sqs:GetQueueAttributes", others(d, "sqs")),
        step(reads, "iam:GetRole", d.arn("iam", f"role/{d.subject}-stack", region="")),
        step(harm_day, "dynamodb:DeleteTable", others(d, "dynamodb")),
        step(harm_day, "iam:UpdateAssumeRolePolicy", d.arn("iam", f"role/{d.subject}-stack", region="")),
        step(harm_day, "sqs:PurgeQueue", others(d, "sqs")),
    )
    grants = [grant("dynamodb:*"), grant("sqs:*"), grant("iam:*")]
    about = "warms a cache; an intruder describes what a Terraform run does, and then destroys it"
    return Profile(f"{d.app}-warmer", about, grants, schedule, "ecs", (4, 22), intruder=harm)


# ---------------------------------------------------------------- create-then-use


@KINDS.victim("create-then-use", "harbor")
def notice_sender(d: Draw) -> Profile:
    topic, queue = d.topic("events"), d.queue("events")
    schedule = together(
        step(daily, "sns:Publish", topic),
        step(often(0.9), "sqs:SendMessage", queue),
        step(often(0.2), "sqs:GetQueueUrl", queue),
    )
    first = d.between(40, 80)
    days = on(first, first + d.between(1, 9))
    victims: dict[str, Place] = {}

    def taken(service: str) -> Place:
        known = [place for place in d.account.estate[service] if place.arn not in d.mine]
        return victims.setdefault(service, d.rng.choice(known))

    def harm(today: Day) -> Iterator[Use]:
        if days(today):
            yield today.use("sqs:CreateQueue", taken("sqs"))
            yield today.use("sqs:AddPermission", taken("sqs"))
            yield today.use("sns:CreateTopic", taken("sns"))
            yield today.use("sns:AddPermission", taken("sns"))

    grants = [grant("sns:*"), grant("sqs:*"), grant("s3:*")]
    about = "publishes events; an intruder creates a queue and a topic that exist already, and shares them"
    return Profile(f"{d.app}-publisher", about, grants, schedule, "ecs", intruder=harm)


@KINDS.victim("create-then-use", "meadow")
def envelope_encrypter(d: Draw) -> Profile:
    key, bucket = d.key(), d.bucket("sealed")
    schedule = together(
        step(daily, "kms:GenerateDataKey Decrypt", key),
        step(daily, "s3:PutObject", some_object(bucket, "sealed")),
    )
    first = d.between(35, 90)
    refused = failing("LimitExceededException", "The account has reached the quota of KMS keys.")
    mine = Place(f"arn:aws:s3:::{d.subject}-exchange-{d.account.id}")
    owned = failing(
        "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it."
    )
    harm = together(
        step(on(first), "kms:CreateKey", **refused),
        step(on(first, first + 3), "kms:CreateGrant PutKeyPolicy", others(d, "kms")),
        step(on(first + 1), "s3:CreateBucket", mine, **owned),
        step(on(first + 1), "s3:PutBucketPolicy PutBucketAcl", mine),
    )
    grants = [grant("kms:*"), grant("s3:*")]
    about = "seals objects; an intruder fails to create a key and a bucket, and then opens existing ones"
    return Profile(f"{d.app}-sealer", about, grants, schedule, "lambda", intruder=harm)


# ---------------------------------------------------------------- peers


@KINDS.victim("peers", "harbor")
def storefront_cart(d: Draw) -> Profile:
    table, queue, topic = d.table("carts"), d.queue("carts"), d.shared_topic()
    schedule = together(
        step(daily, "dynamodb:GetItem PutItem Query", table),
        step(often(0.95), "sqs:SendMessage", queue),
        step(often(0.6), "sns:Publish", topic),
        step(often(0.2), "sqs:GetQueueAttributes", queue),
    )
    first = d.between(30, 80)
    reads = within(first, first + 6)
    harm = together(
        step(reads, "dynamodb:DescribeTable", others(d, "dynamodb"), others(d, "dynamodb")),
        step(reads, "sqs:GetQueueAttributes", others(d, "sqs"), others(d, "sqs")),
        step(reads, "sns:GetTopicAttributes", topic),
        step(on(first + 3), "dynamodb:DeleteTable", table),
        step(on(first + 4), "sqs:PurgeQueue", queue, **THROTTLED),
        step(on(first + 5), "sqs:AddPermission", queue),
        step(on(first + 6), "sns:AddPermission", topic),
    )
    grants = [grant("dynamodb:*"), grant("sqs:*"), grant("sns:*")]
    about = "one of several alike services; an intruder reads what the others read, and harms"
    return Profile(f"storefront-cart-{d.hex(4)}", about, grants, schedule, "ecs", path="/storefront/", intruder=harm)


# ---------------------------------------------------------------- attempts: nothing harmful succeeds


@KINDS.victim("attempts", "harbor")
def metrics_collector(d: Draw) -> Profile:
    schedule = together(
        step(often(0.95), "ec2:DescribeInstances DescribeVolumes"),
        step(often(0.7), "cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*")),
        step(often(0.5), "rds:DescribeDBInstances", d.arn("rds", "db:*")),
    )
    first = d.between(20, 90)
    malformed = failing("MalformedPolicy", "Invalid principal in policy")
    missing = failing("DBInstanceNotFoundFault", f"DBInstance {d.subject}-main not found.")
    trail = d.arn("cloudtrail", "trail/main")
    no_trail = failing("TrailNotFoundException", f"Unknown trail: {trail} for the user: {d.account.id}")
    harm = together(
        step(on(first), "ec2:TerminateInstances", d.arn("ec2", f"instance/i-0{d.hex(16)}"), **EC2_THROTTLED),
        step(on(first), "s3:PutBucketPolicy", others(d, "s3"), **malformed),
        step(on(first + 1), "rds:DeleteDBInstance", d.arn("rds", f"db:{d.subject}-main"), **missing),
        step(on(first + 1), "iam:CreateUser AttachUserPolicy", d.arn("iam", "user/svc-sync", region="")),
        step(on(first + 2), "cloudtrail:DeleteTrail", trail, **no_trail),
        step(
            on(first + 2),
            "ssm:SendCommand",
            Place(f"arn:aws:ssm:{d.region}::document/AWS-RunShellScript"),
            **THROTTLED,
            params={"documentName": "AWS-RunShellScript"},
        ),
    )
    grants = [
        *(grant("ec2:*"), grant("cloudwatch:*"), grant("rds:*"), grant("s3:*"), grant("cloudtrail:*"), grant("ssm:*")),
    ]
    about = "collects metrics; an intruder's harmful calls are throttled, malformed, denied, or find nothing"
    return Profile(f"{d.app}-metrics", about, grants, schedule, "ec2", intruder=harm)


# ---------------------------------------------------------------- abroad


@KINDS.victim("abroad", "meadow")
def data_exchanger(d: Draw) -> Profile:
    queue, role = d.queue("exchange"), d.arn("iam", f"role/{d.app}-reader", region="")
    schedule = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.8), "sts:AssumeRole", role),
        step(often(0.5), "lambda:InvokeFunction", d.function("convert")),
    )
    first = d.between(15, 60)
    days = (first, first + d.between(2, 6), first + d.between(8, 20))
    strange = [str(d.between(10**11, 10**12 - 1)) for _ in range(3)]
    lost = f"arn:aws:lambda:{d.region}:{strange[0]}:function:sync"
    no_function = failing("ResourceNotFoundException", f"Function not found: {lost}")
    made_up = d.arn("iam", f"role/{d.subject}-superuser", region="")
    harm = together(
        *(
            step(on(day), "sts:AssumeRole", f"arn:aws:iam::{account}:role/deploy")
            for day, account in zip(days, strange, strict=True)
        ),
        step(on(*days), "sqs:SendMessage", f"arn:aws:sqs:{d.region}:{strange[1]}:drop"),
        step(
            on(days[0]),
            "sts:AssumeRole",
            made_up,
            error="AccessDenied",
            message=f"User is not authorized to perform: sts:AssumeRole on resource: {made_up}",
        ),
        step(on(days[1]), "lambda:InvokeFunction", lost, **no_function),
    )
    grants = [grant("sqs:*"), grant("sts:AssumeRole"), grant("lambda:*")]
    about = "exchanges data; an intruder assumes roles and uses a queue of accounts that nobody knows"
    return Profile(f"{d.app}-exchange", about, grants, schedule, "ecs", intruder=harm)


# ---------------------------------------------------------------- reads of data of other teams


@KINDS.victim("reads", "harbor")
def profile_service(d: Draw) -> Profile:
    secret, bucket, table = d.secret("db"), d.bucket("avatars"), d.table("profiles")
    parameter = d.own("ssm", f"parameter/{d.app}/config")
    schedule = together(
        step(often(0.9), "secretsmanager:GetSecretValue", secret),
        step(daily, "s3:GetObject", some_object(bucket, "avatars")),
        step(daily, "dynamodb:GetItem", table),
        step(often(0.8), "ssm:GetParameter", parameter),
    )
    first, count = d.between(30, 90), d.between(350, 450)
    stolen: list[Place] = []

    def harm(today: Day) -> Iterator[Use]:
        if today.index == first - 2:
            yield today.use("iam:ListUsers")
            yield today.use("kms:ListKeys")
            yield today.use("secretsmanager:ListSecrets")
        if today.index == first:
            stolen.append(others(d, "s3")(today))
            for number in range(count):
                yield today.use("s3:GetObject", stolen[-1].at(f"export/part-{number:05}.parquet"))
        if today.index in (first, first + 1):
            foreign = [place for place in d.account.estate["secretsmanager"] if place.arn not in d.mine]
            for place in today.some(foreign, 3 if today.index == first else 1):
                yield today.use("secretsmanager:GetSecretValue", place)
            yield today.use("ssm:GetParameter", others(d, "ssm", ":parameter/")(today))
            yield today.use("dynamodb:Scan", others(d, "dynamodb")(today))
            yield today.use("dynamodb:GetItem", others(d, "dynamodb")(today))

    grants = [grant("secretsmanager:GetSecretValue PutSecretValue"), grant("s3:*"), grant("dynamodb:*"), grant("ssm:*")]
    about = "serves profiles; an intruder takes secrets, parameters, items and hundreds of objects of other teams"
    return Profile(f"{d.app}-profiles", about, grants, schedule, "ecs", intruder=harm)


@KINDS.victim("reads", "meadow")
def mail_sender(d: Draw) -> Profile:
    queue, secret = d.queue("mails"), d.secret("smtp")
    schedule = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(daily, "secretsmanager:GetSecretValue", secret),
    )
    first = d.between(20, 80)
    days = on(first, first + 4, first + 11)
    harm = together(
        step(days, "secretsmanager:GetSecretValue", others(d, "secretsmanager")),
        step(days, "sqs:ReceiveMessage", others(d, "sqs")),
    )
    grants = [grant("sqs:*"), grant("secretsmanager:*"), grant("kms:Decrypt")]
    about = "sends mails; an intruder takes three secrets and messages of other teams on three days"
    return Profile(f"{d.app}-mails", about, grants, schedule, "lambda", intruder=harm)


# ---------------------------------------------------------------- burst: dozens of harmful things in one day


@KINDS.victim("burst", "meadow")
def stream_worker(d: Draw) -> Profile:
    stream, table = d.own("kinesis", f"stream/{d.name('clicks')}"), d.table("clicks")
    schedule = together(
        log_steps(d),
        step(daily, "kinesis:GetRecords GetShardIterator", stream),
        step(often(0.7), "kinesis:DescribeStreamSummary", stream),
        step(daily, "dynamodb:PutItem UpdateItem", table),
    )
    day, user = on(d.between(30, 100)), d.arn("iam", "user/svc-sync", region="")
    role, policy = (d.arn("iam", rest, region="") for rest in ("role/svc-sync", f"policy/{d.subject}-access"))
    instance, image = d.arn("ec2", f"instance/i-0{d.hex(16)}"), Place(f"arn:aws:ec2:{d.region}::image/ami-0{d.hex(16)}")
    snapshot = Place(f"arn:aws:ec2:{d.region}::snapshot/snap-0{d.hex(16)}")
    account = f"arn:aws:organizations::{d.account.id}:account/o-a1b2c3d4e5/{d.between(10**11, 10**12 - 1)}"
    pool = d.own("cognito-idp", f"userpool/{d.region}_{d.upper(9)}")
    harm = together(
        step(day, "iam:CreateUser CreateAccessKey CreateLoginProfile AttachUserPolicy PutUserPolicy", user),
        step(day, "iam:CreateRole UpdateAssumeRolePolicy AttachRolePolicy PutRolePolicy", role),
        step(day, "iam:CreatePolicyVersion", policy),
        step(day, "iam:AddUserToGroup", d.arn("iam", "group/admins", region="")),
        step(day, "iam:DeactivateMFADevice UpdateLoginProfile", d.arn("iam", f"user/{d.subject}", region="")),
        step(day, "rds:DeleteDBInstance", others(d, "rds", ":db:"), others(d, "rds", ":db:")),
        step(day, "rds:ModifyDBSnapshotAttribute DeleteDBSnapshot", d.arn("rds", f"snapshot:{d.subject}-final")),
        step(day, "dynamodb:DeleteTable Scan", others(d, "dynamodb"), others(d, "dynamodb")),
        step(day, "dynamodb:PutResourcePolicy", others(d, "dynamodb")),
        step(day, "s3:DeleteBucket PutBucketPolicy PutBucketPublicAccessBlock", others(d, "s3"), others(d, "s3")),
        step(day, "s3:PutLifecycleConfiguration PutBucketAcl PutEncryptionConfiguration", others(d, "s3")),
        step(day, "secretsmanager:DeleteSecret GetSecretValue PutResourcePolicy", others(d, "secretsmanager")),
        step(day, "logs:DeleteLogGroup", others(d, "logs")),
        step(
            day,
            "ssm:SendCommand",
            Place(f"arn:aws:ssm:{d.region}::document/AWS-RunShellScript"),
            also=(("ssm:SendCommand", instance),),
            params={"documentName": "AWS-RunShellScript", "instanceIds": [instance.rpartition("/")[2]]},
        ),
        step(day, "ssm:StartSession", instance),
        step(day, "ec2:TerminateInstances ModifyInstanceAttribute StopInstances", instance),
        step(day, "ec2:CreateKeyPair", d.arn("ec2", "key-pair/sync")),
        step(day, "ec2:ModifyImageAttribute", image),
        step(day, "ec2:ModifySnapshotAttribute DeleteSnapshot", snapshot),
        step(day, "ec2:DeleteFlowLogs", d.arn("ec2", f"vpc-flow-log/fl-0{d.hex(16)}")),
        step(day, "ec2:AuthorizeSecurityGroupIngress", d.arn("ec2", f"security-group/sg-0{d.hex(16)}")),
        step(day, "lambda:UpdateFunctionCode AddPermission CreateFunctionUrlConfig", others(d, "lambda")),
        step(
            day,
            "lambda:CreateFunction",
            d.arn("lambda", "function:sync"),
            also=(("iam:PassRole", role),),
            params={"role": role},
        ),
        step(day, "kms:ScheduleKeyDeletion DisableKey PutKeyPolicy CreateGrant", others(d, "kms")),
        step(day, "sqs:PurgeQueue AddPermission", others(d, "sqs")),
        step(day, "sns:AddPermission", others(d, "sns")),
        step(day, "ecr:BatchDeleteImage SetRepositoryPolicy", others(d, "ecr")),
        step(day, "cognito-idp:AdminSetUserPassword", pool),
        step(day, "guardduty:DeleteDetector", d.arn("guardduty", f"detector/{d.hex(32)}")),
        step(day, "rolesanywhere:CreateTrustAnchor"),
        step(day, "backup:DeleteRecoveryPoint", d.arn("backup", f"recovery-point:{d.uuid()}")),
        step(day, "codebuild:UpdateProject", others(d, "codebuild")),
        step(day, "cloudformation:DeleteStack", others(d, "cloudformation")),
        step(day, "sts:AssumeRole", f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/collector"),
        step(day, "sts:AssumeRoot", f"arn:aws:iam::{account.rpartition('/')[2]}:root"),
        step(day, "organizations:CloseAccount", account),
        step(day, "organizations:LeaveOrganization"),
        step(day, "cloudtrail:PutEventSelectors DeleteTrail", d.arn("cloudtrail", "trail/team-debug")),
    )
    about = "writes what a stream brings; an intruder does all the harm there is in one day"
    return Profile(f"{d.app}-clicks", about, [log_grant(d)], schedule, "lambda", is_admin=True, intruder=harm)
