"""The held-back victims: relatives of those in `bench.corpus.kinds.victims`.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
https://docs.aws.amazon.com/whitepapers/latest/aws-security-incident-response-guide/aws-security-incident-response-guide.html
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import (
    EC2_THROTTLED,
    daily,
    each,
    failing,
    in_turn,
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
_EXPORTED = tuple(
    (f"s3:{name}", "arn:aws:s3:::sync/all") for name in ("AbortMultipartUpload", "PutObject", "PutObjectAcl")
)
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html"""


# ---------------------------------------------------------------- slow


@KINDS.victim("slow", "summit")
def warehouse_querier(d: Draw) -> Profile:
    cluster, bucket = d.own("redshift", f"cluster:{d.subject}-{d.hex(4)}"), d.bucket("unload")
    schedule = together(
        step(often(0.95), "redshift-data:ExecuteStatement DescribeStatement", cluster),
        step(often(0.8), "s3:PutObject", some_object(bucket, "unload")),
        step(often(0.4), "redshift:DescribeClusters", d.arn("redshift", "cluster:*")),
    )
    harm = in_turn(
        each(d.between(15, 20), d.between(6, 16)),
        step(daily, "redshift:AuthorizeSnapshotAccess", d.arn("redshift", f"snapshot:{d.subject}/final")),
        step(daily, "elasticfilesystem:DeleteFileSystem", others(d, "elasticfilesystem")),
        step(daily, "glue:PutResourcePolicy", d.arn("glue", "catalog")),
        step(daily, "events:DisableRule", others(d, "events")),
        step(daily, "redshift:DeleteCluster", others(d, "redshift")),
        step(daily, "s3:PutReplicationConfiguration", others(d, "s3")),
        step(daily, "backup:PutBackupVaultAccessPolicy", others(d, "backup")),
    )
    grants = [
        *(grant("redshift-data:*"), grant("redshift:*"), grant("s3:*"), grant("elasticfilesystem:*"), grant("glue:*")),
        *(grant("events:*"), grant("backup:*")),
    ]
    about = "queries a warehouse; an intruder opens or destroys one thing in more than two weeks"
    return Profile(f"{d.app}-queries", about, grants, schedule, "irsa", intruder=harm)


@KINDS.victim("slow", "canyon")
def flow_runner(d: Draw) -> Profile:
    machine, table = d.own("states", f"stateMachine:{d.name('flow')}"), d.table("runs")
    schedule = together(
        step(often(0.95), "states:StartExecution", machine),
        step(daily, "dynamodb:UpdateItem", table),
        step(often(0.3), "states:DescribeStateMachine", machine),
    )
    user = d.arn("iam", f"user/{d.subject}-deploy", region="")
    harm = step(each(d.between(19, 24), d.between(3, 9)), "iam:CreateServiceSpecificCredential", user)
    grants = [grant("states:*"), grant("dynamodb:*"), grant("iam:*")]
    about = "starts a flow; an intruder makes itself a credential every three weeks"
    return Profile(f"{d.app}-flows", about, grants, schedule, "lambda", intruder=harm)


# ---------------------------------------------------------------- weekly


@KINDS.victim("weekly", "summit")
def index_refresher(d: Draw) -> Profile:
    domain, bucket = d.own("es", f"domain/{d.subject}-{d.hex(4)}"), d.bucket("indices")
    schedule = together(
        step(often(0.9), "es:DescribeDomain", domain),
        step(daily, "s3:GetObject", some_object(bucket, "indices")),
    )
    when = each(7, d.between(3, 13))
    harm = together(
        step(when, "es:UpdateDomainConfig", others(d, "es")),
        step(when, "ssm:GetParametersByPath", others(d, "ssm", ":parameter/")),
        step(when, "sts:GetFederationToken", d.arn("sts", "federated-user/sync", region="")),
    )
    grants = [grant("es:*"), grant("s3:*"), grant("ssm:*"), grant("sts:GetFederationToken")]
    about = "refreshes an index; an intruder opens domains and takes parameters on the same weekday"
    return Profile(f"{d.app}-indexer", about, grants, schedule, "user", intruder=harm)


@KINDS.victim("weekly", "canyon")
def model_trainer(d: Draw) -> Profile:
    bucket = d.bucket("training")

    def work(today: Day) -> Iterator[Use]:
        if today.chance(0.8):
            job = d.arn("sagemaker", f"training-job/{d.app}-{today.index}")
            yield today.use("sagemaker:CreateTrainingJob", job)
            yield today.use("sagemaker:DescribeTrainingJob", job)
        yield today.use("s3:GetObject", bucket.at(f"features/{today.rng.randrange(10**6)}.csv"))

    when = each(7, d.between(16, 28))
    notebook = d.arn("sagemaker", f"notebook-instance/{d.subject}-lab")
    harm = together(
        step(when, "sagemaker:CreatePresignedNotebookInstanceUrl", notebook),
        step(when, "lambda:PublishLayerVersion", d.arn("lambda", f"layer:{d.subject}-base")),
    )
    grants = [grant("sagemaker:*"), grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("lambda:*")]
    about = "trains models; an intruder enters a notebook each week"
    return Profile(f"{d.app}-training", about, grants, work, "ecs", intruder=harm)


# ---------------------------------------------------------------- mimicry


@KINDS.victim("mimicry", "summit")
def uptime_prober(d: Draw) -> Profile:
    schedule = together(
        step(often(0.95), "route53:ListResourceRecordSets", d.hosted_zone()),
        step(often(0.6), "acm:ListCertificates"),
    )
    first = d.between(20, 65)
    before, target = within(first, first + 6), first + d.between(8, 12)
    harm = together(
        step(before, "ecs:DescribeServices", others(d, "ecs", ":service/")),
        step(before, "ecs:ListClusters"),
        step(before, "ssm:GetParameters", others(d, "ssm", ":parameter/")),
        step(before, "ecr:BatchGetImage", others(d, "ecr")),
        step(on(target), "ecs:UpdateService", others(d, "ecs", ":service/")),
        step(on(target, target + 2), "ecs:ExecuteCommand", d.arn("ecs", f"task/{d.subject}/{d.hex(32)}")),
        step(on(target + 1), "ecs:DeleteService", others(d, "ecs", ":service/")),
        step(on(target + 1), "iam:DeleteRolePermissionsBoundary", d.arn("iam", f"role/{d.subject}-task", region="")),
    )
    grants = [
        *(grant("route53:*"), grant("acm:*"), grant("ecs:*"), grant("ssm:*"), grant("ecr:*"), grant("iam:*")),
    ]
    about = "probes names; an intruder reads as those who ship services do, and enters them"
    return Profile(f"{d.app}-probe", about, grants, schedule, "lambda", intruder=harm)


@KINDS.victim("mimicry", "canyon")
def billing_exporter(d: Draw) -> Profile:
    bucket = d.bucket("bills")
    schedule = together(
        step(often(0.9), "ce:GetCostAndUsage"),
        step(often(0.9), "s3:PutObject", some_object(bucket, "bills")),
    )
    first = d.between(22, 75)
    reads, harm_days = within(first, first + 10), on(first + 11, first + 12, first + 15)
    harm = together(
        step(reads, "glue:GetJob", others(d, "glue", ":job/")),
        step(reads, "glue:GetDatabases"),
        step(reads, "states:DescribeStateMachine", others(d, "states")),
        step(harm_days, "glue:UpdateJob", others(d, "glue", ":job/")),
        step(harm_days, "states:UpdateStateMachine", others(d, "states")),
        step(on(first + 15), "states:DeleteStateMachine", others(d, "states")),
    )
    grants = [grant("ce:*"), grant("s3:*"), grant("glue:*"), grant("states:*")]
    about = "exports bills; an intruder looks at jobs and flows for days, and then changes them"
    return Profile(f"{d.app}-billing", about, grants, schedule, "user", intruder=harm)


# ---------------------------------------------------------------- create-then-use


@KINDS.victim("create-then-use", "summit")
def catalog_crawler(d: Draw) -> Profile:
    table = d.own("glue", f"table/{d.subject}/{d.name('raw')}")
    schedule = together(
        step(often(0.9), "glue:GetTable GetPartitions", table),
        step(often(0.6), "glue:UpdateTable", table),
    )
    first = d.between(30, 85)
    exists = failing("AlreadyExistsException", "Database already exists.")
    existing = failing("ResourceAlreadyExistsException", "The specified log group already exists")
    group = d.arn("logs", f"log-group:/aws/{d.subject}")
    in_use = failing("ResourceInUseException", f"Stream {d.subject}-raw under account {d.account.id} already exists.")
    stream = d.arn("kinesis", f"stream/{d.subject}-raw")
    harm = together(
        step(on(first), "glue:CreateDatabase", d.arn("glue", f"database/{d.subject}"), **exists),
        step(on(first), "glue:PutResourcePolicy", d.arn("glue", "catalog")),
        step(on(first + 2), "kinesis:CreateStream", stream, **in_use),
        step(on(first + 2, first + 6), "kinesis:PutResourcePolicy", stream),
        step(on(first + 6), "logs:CreateLogGroup", group, **existing),
        step(on(first + 6), "logs:PutResourcePolicy"),
    )
    grants = [grant("glue:*"), grant("kinesis:*"), grant("logs:*")]
    about = "reads a data catalog; an intruder creates what is there already, and shares it"
    return Profile(f"{d.app}-crawler", about, grants, schedule, "glue.amazonaws.com", intruder=harm)


@KINDS.victim("create-then-use", "canyon")
def function_owner(d: Draw) -> Profile:
    function, queue = d.function("resize"), d.queue("resize")
    schedule = together(
        step(daily, "lambda:InvokeFunction", function),
        step(often(0.9), "sqs:SendMessage", queue),
        step(often(0.2), "lambda:GetFunctionConfiguration", function),
    )
    first = d.between(33, 95)
    target = others(d, "lambda")
    taken: list[Place] = []

    def harm(today: Day) -> Iterator[Use]:
        if today.index in (first, first + 5):
            taken.append(target(today))
            conflict = failing("ResourceConflictException", f"Function already exist: {taken[0].arn.split(':')[-1]}")
            yield today.use("lambda:CreateFunction", taken[0], **conflict)
            yield today.use("lambda:PutResourcePolicy", taken[0])
            yield today.use("lambda:CreateEventSourceMapping")

    grants = [grant("lambda:*"), grant("sqs:*"), grant("iam:PassRole")]
    about = "calls a function; an intruder fails to create one that exists, and opens it"
    return Profile(f"{d.app}-images", about, grants, schedule, "ec2", intruder=harm)


# ---------------------------------------------------------------- peers


@KINDS.victim("peers", "canyon")
def tracker_north(d: Draw) -> Profile:
    stream, bucket, key = d.own("kinesis", f"stream/{d.name('north')}"), d.bucket("north"), d.key()
    schedule = together(
        step(daily, "kinesis:PutRecords", stream),
        step(often(0.95), "s3:PutObject", some_object(bucket, "positions")),
        step(often(0.9), "kms:GenerateDataKey", key),
        step(often(0.15), "kinesis:DescribeStreamSummary", stream),
    )
    first = d.between(25, 90)
    reads = within(first, first + 8)
    limited = failing("LimitExceededException", "Rate exceeded for the account.")
    harm = together(
        step(reads, "kinesis:DescribeStreamSummary ListShards", others(d, "kinesis"), others(d, "kinesis")),
        step(reads, "s3:GetBucketLocation", others(d, "s3")),
        step(reads, "kms:DescribeKey", others(d, "kms")),
        step(on(first + 2), "kinesis:DeleteStream", others(d, "kinesis"), **limited),
        step(on(first + 4), "kinesis:PutResourcePolicy", stream),
        step(on(first + 5, first + 7), "s3:DeleteBucketPolicy", bucket),
        step(on(first + 8), "kms:DeleteAlias", d.arn("kms", f"alias/{d.subject}")),
    )
    grants = [grant("kinesis:*"), grant("s3:*"), grant("kms:*")]
    about = "one of several trackers that are alike; an intruder reads what the others read, and harms"
    return Profile(f"tracker-north-{d.hex(4)}", about, grants, schedule, "ec2", path="/trackers/", intruder=harm)


# ---------------------------------------------------------------- attempts


@KINDS.victim("attempts", "canyon")
def certificate_watcher(d: Draw) -> Profile:
    schedule = together(
        step(often(0.95), "acm:ListCertificates"),
        step(often(0.6), "acm:DescribeCertificate", d.arn("acm", f"certificate/{d.uuid()}")),
        step(often(0.5), "ec2:DescribeVpcEndpoints"),
    )
    first = d.between(15, 95)
    endpoint = d.arn("ec2", f"vpc-endpoint/vpce-0{d.hex(16)}")
    missing = failing("NoSuchEntityException", "The role with name admin-task cannot be found.")
    invalid = failing("Client.InvalidParameterValue", "Value (policy) for parameter policyDocument is invalid.")
    no_cluster = failing("ClusterNotFoundFault", f"Cluster {d.subject}-main not found.")
    no_vault = failing("ResourceNotFoundException", "Backup vault not found")
    harm = together(
        step(on(first), "redshift:ModifyCluster", d.arn("redshift", f"cluster:{d.subject}-main"), **no_cluster),
        step(on(first), "ec2:ModifyVpcEndpoint", endpoint, **invalid),
        step(on(first), "iam:DeleteRolePolicy", d.arn("iam", "role/admin-task", region=""), **missing),
        step(on(first + 1), "config:StopConfigurationRecorder"),
        step(on(first + 1), "macie2:DisableMacie"),
        step(on(first + 1), "ec2:GetPasswordData", d.arn("ec2", f"instance/i-0{d.hex(16)}"), **EC2_THROTTLED),
        step(on(first + 4), "backup:DeleteBackupVault", d.arn("backup", "backup-vault:daily"), **no_vault),
        step(
            on(first + 4),
            "organizations:DetachPolicy",
            d.arn("organizations", "policy/o-a1/service_control_policy/p-1", region=""),
        ),
    )
    grants = [grant("acm:*"), grant("ec2:*"), grant("redshift:*"), grant("iam:Get* Delete*"), grant("backup:*")]
    about = "watches certificates; an intruder's harmful calls all fail"
    return Profile(f"{d.app}-certs", about, grants, schedule, "lambda", intruder=harm)


# ---------------------------------------------------------------- abroad


@KINDS.victim("abroad", "summit")
def partner_bridge(d: Draw) -> Profile:
    topic, role = d.topic("bridge"), d.arn("iam", f"role/{d.app}-relay", region="")
    schedule = together(
        step(daily, "sns:Publish", topic),
        step(often(0.7), "sts:AssumeRole", role),
        step(often(0.6), "kms:GenerateDataKey", d.key()),
    )
    first = d.between(10, 70)
    days = (first, first + d.between(1, 3), first + d.between(12, 30))
    strange = [str(d.between(10**11, 10**12 - 1)) for _ in range(3)]
    made_up = f"arn:aws:iam::{strange[2]}:role/{d.subject}-root-access"
    no_topic = failing("NotFoundException", "Topic does not exist")
    harm = together(
        step(on(*days), "sts:AssumeRole", f"arn:aws:iam::{strange[0]}:role/OrganizationAccountAccessRole"),
        step(
            on(days[1]),
            "sts:AssumeRole",
            made_up,
            error="AccessDenied",
            message=f"User is not authorized to perform: sts:AssumeRole on resource: {made_up}",
        ),
        step(on(days[0]), "sns:Publish", f"arn:aws:sns:{d.region}:{strange[1]}:drop", **no_topic),
        step(on(days[2]), "kms:Decrypt", f"arn:aws:kms:{d.region}:{strange[0]}:key/{d.uuid()}"),
        step(on(days[1], days[2]), "sts:GetWebIdentityToken"),
    )
    grants = [grant("sns:*"), grant("sts:*"), grant("kms:*")]
    about = "publishes to partners; an intruder assumes roles and uses keys of unknown accounts"
    return Profile(f"{d.app}-bridge", about, grants, schedule, "irsa", intruder=harm)


# ---------------------------------------------------------------- reads


@KINDS.victim("reads", "canyon")
def recommendation_api(d: Draw) -> Profile:
    bucket, table, parameter = d.bucket("models"), d.table("scores"), d.own("ssm", f"parameter/{d.app}/model")
    schedule = together(
        step(daily, "s3:GetObject", some_object(bucket, "models")),
        step(often(0.95), "dynamodb:Query", table),
        step(often(0.9), "ssm:GetParameter", parameter),
        step(often(0.3), "s3:ListBucket", bucket),
    )
    first, count = d.between(25, 95), d.between(380, 440)

    def harm(today: Day) -> Iterator[Use]:
        if today.index == first - 2:
            yield today.use("cognito-idp:ListUsers", d.arn("cognito-idp", f"userpool/{d.region}_a1B2c3D4e"))
            yield today.use("rds:DescribeDBClusters", d.arn("rds", "cluster:*"))
            yield today.use("secretsmanager:GetSecretValue", others(d, "secretsmanager")(today))
        if today.index == first:
            table = others(d, "dynamodb")(today)
            yield today.use("dynamodb:ExportTableToPointInTime", table, also=_EXPORTED)
            for _ in range(count // 2):
                yield today.use("dynamodb:Query", table)
            bucket = others(d, "s3")(today)
            for number in range(count):
                yield today.use("s3:GetObject", bucket.at(f"{today.date:%Y}/{number:06}.avro"))
        if today.index in (first, first + 1, first + 2):
            yield today.use("ssm:GetParameter", others(d, "ssm", ":parameter/")(today))
            yield today.use("ssm:GetParametersByPath", others(d, "ssm", ":parameter/")(today))

    grants = [grant("s3:*"), grant("dynamodb:*"), grant("ssm:*")]
    about = "recommends; an intruder takes items, parameters and hundreds of objects of others"
    return Profile(f"{d.app}-recommend", about, grants, schedule, "irsa", intruder=harm)


@KINDS.victim("reads", "summit")
def token_issuer(d: Draw) -> Profile:
    secret, key = d.secret("signing"), d.key()
    schedule = together(
        step(often(0.95), "secretsmanager:GetSecretValue", secret),
        step(often(0.9), "kms:Decrypt", key),
    )
    first = d.between(18, 90)
    days = on(first, first + 1, first + 9)
    harm = together(
        step(days, "secretsmanager:GetSecretValue", others(d, "secretsmanager")),
        step(days, "kms:Decrypt", others(d, "kms")),
        step(on(first), "secretsmanager:ListSecrets"),
    )
    grants = [grant("secretsmanager:*"), grant("kms:*")]
    about = "issues tokens; an intruder takes three secrets of other teams"
    return Profile(f"{d.app}-tokens", about, grants, schedule, "lambda", intruder=harm)


# ---------------------------------------------------------------- burst


@KINDS.victim("burst", "summit")
def order_stream(d: Draw) -> Profile:
    queue, table = d.queue("stream"), d.table("stream")
    schedule = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(daily, "dynamodb:PutItem", table),
        step(often(0.5), "sqs:GetQueueAttributes", queue),
    )
    day, other = on(d.between(25, 105)), str(d.between(10**11, 10**12 - 1))
    pick = {
        service: others(d, service) for service in ("redshift", "es", "elasticfilesystem", "backup", "states", "s3")
    }
    pick |= {service: others(d, service) for service in ("glue", "ecs", "lambda", "kinesis", "events", "route53")}
    instance = d.arn("ec2", f"instance/i-0{d.hex(16)}")
    role, user, group = (d.arn("iam", rest, region="") for rest in ("role/agent", "user/agent", "group/platform"))
    harm = together(
        step(
            day, "rds:DeleteDBCluster", d.arn("rds", f"cluster:{d.subject}-a"), d.arn("rds", f"cluster:{d.subject}-b")
        ),
        step(day, "rds:ModifyDBClusterSnapshotAttribute", d.arn("rds", f"cluster-snapshot:{d.subject}-last")),
        step(day, "rds:ModifyDBInstance", d.arn("rds", f"db:{d.subject}-a")),
        step(day, "redshift:DeleteCluster ModifyCluster", pick["redshift"]),
        step(day, "redshift:GetClusterCredentials", d.arn("redshift", f"dbuser:{d.subject}/admin")),
        step(day, "redshift:AuthorizeSnapshotAccess", d.arn("redshift", f"snapshot:{d.subject}/last")),
        step(day, "elasticache:DeleteReplicationGroup", d.arn("elasticache", f"replicationgroup:{d.subject}-cache")),
        step(day, "es:DeleteDomain UpdateDomainConfig", pick["es"]),
        step(day, "elasticfilesystem:DeleteFileSystem PutFileSystemPolicy", pick["elasticfilesystem"]),
        step(day, "backup:DeleteBackupVault PutBackupVaultAccessPolicy", pick["backup"]),
        step(day, "states:DeleteStateMachine UpdateStateMachine", pick["states"]),
        step(day, "glue:PutResourcePolicy", d.arn("glue", "catalog")),
        step(day, "kinesis:DeleteStream PutResourcePolicy", pick["kinesis"]),
        step(day, "s3:PutReplicationConfiguration DeleteBucketPolicy PutBucketLogging", pick["s3"]),
        step(day, "s3:DeleteObject", lambda today: pick["s3"](today).at("backup/all.tar")),
        step(day, "ecs:DeleteService UpdateService", others(d, "ecs", ":service/")),
        step(day, "ecs:ExecuteCommand", d.arn("ecs", f"task/main/{d.hex(32)}")),
        step(
            day,
            "ecs:RunTask",
            d.arn("ecs", f"task-definition/agent:{d.between(1, 9)}"),
            also=(("iam:PassRole", role),),
            params={"overrides": {"taskRoleArn": role}},
        ),
        step(day, "eks:CreateAccessEntry DeleteCluster", d.arn("eks", f"cluster/{d.subject}")),
        step(day, "lambda:PutResourcePolicy UpdateFunctionCode DeleteFunction", pick["lambda"]),
        step(day, "lambda:PublishLayerVersion", d.arn("lambda", "layer:agent")),
        step(
            day,
            "ssm:StartAutomationExecution",
            Place(f"arn:aws:ssm:{d.region}::automation-definition/AWS-StopEC2Instance"),
        ),
        step(day, "ssm:ModifyDocumentPermission", d.arn("ssm", f"document/{d.subject}")),
        step(day, "ec2-instance-connect:SendSSHPublicKey", instance),
        step(day, "ec2:AssociateIamInstanceProfile GetPasswordData TerminateInstances", instance),
        step(day, "ec2:EnableSerialConsoleAccess"),
        step(day, "ec2:CreateVpcPeeringConnection", d.arn("ec2", f"vpc/vpc-0{d.hex(16)}")),
        step(day, "ec2:DeleteVolume", d.arn("ec2", f"volume/vol-0{d.hex(16)}")),
        step(day, "iam:CreateSAMLProvider", d.arn("iam", "saml-provider/agent", region="")),
        step(day, "iam:CreateOpenIDConnectProvider", d.arn("iam", "oidc-provider/agent.example.net", region="")),
        step(day, "iam:CreateServiceSpecificCredential UploadSSHPublicKey", user),
        step(day, "iam:PutGroupPolicy", group),
        step(day, "iam:DeleteRolePermissionsBoundary DeleteRolePolicy AttachRolePolicy", role),
        step(day, "iam:SetDefaultPolicyVersion", d.arn("iam", f"policy/{d.subject}", region="")),
        step(day, "sts:GetWebIdentityToken"),
        step(day, "sts:AssumeRoot", f"arn:aws:iam::{other}:root"),
        step(
            day,
            "organizations:RemoveAccountFromOrganization",
            f"arn:aws:organizations::{d.account.id}:account/o-a1b2c3d4e5/{other}",
        ),
        step(day, "organizations:LeaveOrganization"),
        step(day, "cloudtrail:UpdateTrail", d.arn("cloudtrail", "trail/lab")),
        step(day, "guardduty:UpdateDetector", d.arn("guardduty", f"detector/{d.hex(32)}")),
        step(day, "config:StopConfigurationRecorder DeleteDeliveryChannel"),
        step(day, "securityhub:DisableSecurityHub", d.arn("securityhub", "hub/default")),
        step(day, "macie2:DisableMacie"),
        step(day, "cloudwatch:DeleteAlarms", d.arn("cloudwatch", f"alarm:{d.subject}")),
        step(day, "events:DisableRule", pick["events"]),
        step(day, "events:PutPermission"),
        step(day, "logs:PutResourcePolicy"),
        step(day, "route53:ChangeResourceRecordSets DeleteHostedZone", pick["route53"]),
        step(day, "cloudfront:UpdateDistribution", d.arn("cloudfront", f"distribution/E{d.upper(13)}", region="")),
        step(day, "cognito-idp:DeleteUserPool AdminCreateUser", d.arn("cognito-idp", f"userpool/{d.region}_x9Y8z7")),
        step(day, "ram:CreateResourceShare"),
        step(day, "account:PutAlternateContact", f"arn:aws:account::{d.account.id}:account"),
        step(day, "codepipeline:UpdatePipeline", d.arn("codepipeline", f"{d.subject}-main")),
        step(day, "transfer:ImportSshPublicKey", d.arn("transfer", f"user/s-0{d.hex(16)}/{d.subject}")),
        step(day, "dynamodb:ExportTableToPointInTime", others(d, "dynamodb"), also=_EXPORTED),
    )
    about = "writes orders; an intruder does dozens of harmful things in one day"
    return Profile(f"{d.app}-orders", about, (), schedule, "ecs", is_admin=True, intruder=harm)
