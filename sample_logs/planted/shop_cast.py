"""The workloads of the shop: tasks, functions and workers."""

from __future__ import annotations

from datetime import date, timedelta

from sample_logs.planted.calls import (
    arn,
    bucket_call,
    bucket_location,
    decrypt_for_secret,
    describe,
    describe_table,
    item_call,
    listing,
    queue_call,
    secret_value,
    topic_call,
    transaction,
)
from sample_logs.planted.deploy_calls import session_of
from sample_logs.planted.identities import ManagedPolicy, Role, allow, document, service_trust
from sample_logs.planted.member import COVERAGE_HOLE, Member, every_day, on_workdays, weekly
from sample_logs.planted.records import Call, Chronicle, Session
from sample_logs.planted.world import EAST, SHOP, WEST, choose, hex_of

TABLE = "storefront-orders"
IMAGES = "larkspur-catalog-images"
UPLOADS = "larkspur-customer-uploads"
TABLE_ARN = arn("dynamodb", EAST, SHOP, f"table/{TABLE}")
SECRET = arn("secretsmanager", EAST, SHOP, "secret:orders/payment-provider-x7Qp2M")
KEY = arn("kms", EAST, SHOP, "key/3c1f9a52-7be0-4d18-9a64-0f5e2c8b7d31")
ENDPOINT = "vpce-0c4e8a17b92d6f350"
NODE_AGENT = "aws-sdk-js/3.884.0 ua/2.1 os/linux#5.10.240 lang/js md/nodejs#22.18.0 api/dynamodb#3.884.0"
EXPORT_OFFICE = allow(
    ["sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
    arn("sqs", EAST, SHOP, "order-export"),
    Sid="FromOffice",
    Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
)
EXPORT_ENDPOINT = allow(
    "sqs:*",
    arn("sqs", EAST, SHOP, "order-export"),
    Sid="FromEndpoint",
    Condition={"StringEquals": {"aws:SourceVpce": ENDPOINT}},
)
PARTNER_PREFIX = "arn:aws:s3:::larkspur-partner-drop/${aws:PrincipalTag/partner}/*"

STOREFRONT = Role(
    "storefront-api",
    SHOP,
    service_trust("ecs-tasks"),
    path="/app/",
    inline={
        "storefront-data": document(
            allow("s3:*", [f"arn:aws:s3:::{b}{tail}" for b in (IMAGES, UPLOADS) for tail in ("", "/*")], Sid="Buckets"),
            allow("dynamodb:*", [TABLE_ARN, f"{TABLE_ARN}/index/*"], Sid="Orders"),
        )
    },
    tags={"team": "storefront"},
    last_used="2026-09-30T23:40:18+00:00",
)
CHECKOUT = Role(
    "checkout-tax",
    SHOP,
    service_trust("lambda"),
    path="/lambda/",
    inline={
        "checkout": document(
            allow(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                arn("logs", EAST, SHOP, "log-group:/aws/lambda/checkout-*:*"),
                Sid="Logs",
            ),
            allow(
                ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
                arn("ssm", EAST, SHOP, "parameter/checkout/*"),
                Sid="Settings",
            ),
        )
    },
    last_used="2026-09-30T22:05:52+00:00",
)
WORKER = Role(
    "orders-worker",
    SHOP,
    service_trust("ecs-tasks"),
    path="/app/",
    inline={
        "payment-secret": document(
            allow(["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], SECRET, Sid="Secret"),
            allow(
                ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
                KEY,
                Sid="SecretKey",
                Condition={"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}},
            ),
        )
    },
    last_used="2026-09-30T22:58:01+00:00",
)
EXPORTER = Role(
    "order-exporter",
    SHOP,
    service_trust("ecs-tasks"),
    path="/app/",
    inline={"export": document(EXPORT_OFFICE, EXPORT_ENDPOINT)},
    last_used="2026-09-30T11:15:00+00:00",
)
INVOICES = Role(
    "invoice-renderer",
    SHOP,
    service_trust("ecs-tasks"),
    path="/app/",
    inline={
        "invoices": document(
            allow(
                ["sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
                arn("sqs", EAST, SHOP, "invoice-*"),
            )
        )
    },
    last_used="2026-09-30T10:20:00+00:00",
)
TEMPORARY_POLICY = "backfill-2026-07"
COLLECTOR = Role(
    "inventory-collector",
    SHOP,
    service_trust("ec2"),
    profile="inventory-collector",
    inline={
        "inventory": document(
            allow(["rds:DescribeDBInstances", "ec2:DescribeInstances", "ec2:CreateTags", "ec2:DescribeVpcs"], "*")
        )
    },
    last_used="2026-09-30T05:03:00+00:00",
)
ROUTER_STATEMENT = {
    "Sid": "AllButSecurityTopics",
    "Effect": "Allow",
    "Action": "sns:*",
    "NotResource": "arn:aws:sns:*:*:security-*",
}
ROUTER = Role(
    "alert-router",
    SHOP,
    service_trust("lambda"),
    path="/lambda/",
    inline={"topics": document(ROUTER_STATEMENT)},
    last_used="2026-09-29T16:00:00+00:00",
)
INDEXER = Role(
    "search-indexer",
    SHOP,
    service_trust("ecs-tasks"),
    path="/app/",
    created="2026-09-10T08:30:12+00:00",
    managed=(
        ManagedPolicy(
            "search-indexer-access",
            SHOP,
            [
                allow(
                    ["es:DescribeDomain", "es:DescribeDomainConfig", "es:ESHttpPost"],
                    arn("es", EAST, SHOP, "domain/catalog*"),
                )
            ],
            created="2026-09-10T08:30:40+00:00",
        ),
    ),
    last_used="2026-09-30T19:30:00+00:00",
)
PARTNER = Role(
    "partner-share",
    SHOP,
    service_trust("transfer"),
    inline={
        "partner-prefix": document(
            allow("s3:GetBucketLocation", "arn:aws:s3:::larkspur-partner-drop", Sid="Find"),
            allow(
                "s3:ListBucket",
                "arn:aws:s3:::larkspur-partner-drop",
                Sid="ListOwnPrefix",
                Condition={"StringLike": {"s3:prefix": "${aws:PrincipalTag/partner}/*"}},
            ),
            allow(["s3:GetObject", "s3:PutObject"], PARTNER_PREFIX, Sid="OwnPrefix"),
            allow("s3:PutBucketTagging", "arn:aws:s3:::larkspur-partner-drop", Sid="Label"),
        )
    },
    tags={"partner": "fjellsport"},
    last_used="2026-09-30T08:00:00+00:00",
)
CURATOR = Role(
    "catalog-curator",
    SHOP,
    service_trust("lambda"),
    path="/lambda/",
    inline={
        "curate": document(
            allow(
                ["s3:GetBucketTagging", "s3:PutBucketTagging", "s3:GetObjectMetadata"],
                [f"arn:aws:s3:::{IMAGES}", f"arn:aws:s3:::{IMAGES}/*"],
            )
        )
    },
    last_used="2026-09-28T12:00:00+00:00",
)
FULFILMENT = Role(
    "fulfilment-sync",
    SHOP,
    service_trust("ecs-tasks"),
    path="/app/",
    inline={
        "sync": document(allow(["s3:GetBucketLocation", "s3:ListBucket"], "arn:aws:s3:::larkspur-fulfilment-apac"))
    },
    last_used="2026-09-12T03:44:10+00:00",
    last_region="ap-southeast-2",
)


def _task(role: Role, moment: object, agent: str = NODE_AGENT) -> Session:
    return session_of(role, hex_of(32, role.arn, str(moment)[:10]), ip="10.20.7.133", agent=agent)


def _serve(chronicle: Chronicle) -> None:
    for number, moment in enumerate(every_day("storefront", 10)):
        order = {"orderId": f"o-{hex_of(10, 'order', number)}"}
        pick = number % 10
        if pick in (0, 3, 7, 9):
            call = item_call("GetItem", TABLE, EAST, order, read_only=True)
        elif pick in (1, 5):
            call = item_call("Query", TABLE, EAST, {}, index="customerId-placedAt-index", read_only=True)
        elif pick in (2, 6):
            call = item_call("UpdateItem", TABLE, EAST, order)
        elif pick == 4:
            call = transaction(TABLE, EAST, order["orderId"])
        else:
            call = (
                bucket_location(choose((IMAGES, UPLOADS), number), EAST)
                if number % 20 == 8
                else describe_table(TABLE, EAST)
            )
        chronicle.tell(_task(STOREFRONT, moment), moment, EAST, call)


def _checkout(chronicle: Chronicle) -> None:
    for number, moment in enumerate(every_day("checkout", 2)):
        who = session_of(
            CHECKOUT, "checkout-tax", ip="54.82.11.190", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13"
        )
        names = ["/checkout/rates", "/checkout/regions"]
        call = Call(
            "ssm",
            "GetParameters",
            {"names": names, "withDecryption": False},
            needs=tuple(("ssm:GetParameters", arn("ssm", EAST, SHOP, f"parameter{name}")) for name in names),
        )
        if number % 2:
            stream = f"{moment:%Y/%m/%d}/[$LATEST]{hex_of(32, 'stream', number)}"
            group = "/aws/lambda/checkout-tax"
            call = Call(
                "logs",
                "CreateLogStream",
                {"logGroupName": group, "logStreamName": stream},
                read_only=False,
                needs=(("logs:CreateLogStream", arn("logs", EAST, SHOP, f"log-group:{group}:log-stream:{stream}")),),
            )
        chronicle.tell(who, moment, EAST, call)


def _work(chronicle: Chronicle) -> None:
    for moment in every_day("worker", 1):
        who = _task(WORKER, moment)
        chronicle.tell(who, moment, EAST, secret_value(SECRET))
        chronicle.tell(who.through("secretsmanager"), moment, EAST, decrypt_for_secret(SECRET, KEY))


def _export(chronicle: Chronicle) -> None:
    call = queue_call("GetQueueAttributes", "order-export", EAST, {"attributeNames": ["ApproximateNumberOfMessages"]})
    for number, moment in enumerate(weekly("export", 0, 1, 2, 3, 4)):
        name = hex_of(32, "export", number)
        inside = Session(EXPORTER, name, ip="10.20.7.140", agent=NODE_AGENT, endpoint=ENDPOINT)
        office = Session(EXPORTER, name, ip="203.0.113.61", agent=NODE_AGENT)
        chronicle.tell(inside if number % 3 else office, moment, EAST, call)


def _render(chronicle: Chronicle) -> None:
    made = queue_call("CreateQueue", "invoice-backfill", EAST, read_only=False)
    for moment in weekly("invoices", 0, 1, 2, 3, 4):
        who = _task(INVOICES, moment)
        chronicle.tell(who, moment, EAST, queue_call("GetQueueUrl", "invoice-requests", EAST))
        if date(2026, 7, 9) <= moment.date() <= date(2026, 7, 20):
            chronicle.tell(who, moment + timedelta(seconds=5), EAST, made)


def _collect(chronicle: Chronicle) -> None:
    for number, moment in enumerate(weekly("inventory", 0, 1, 2, 3, 4, start=4, end=6)):
        who = Session(COLLECTOR, "i-09d17c3be60a5f842", ip="10.30.2.14", ec2_delivery=True)
        chronicle.tell(
            who, moment, EAST, listing("rds", "DescribeDBInstances", request={"maxRecords": 100}, target=ANY_DB)
        )
        if number % 4 == 0:
            chronicle.tell(who, moment, EAST, describe("DescribeVolumes", {"volumeSet": {}, "filterSet": {}}))


ANY_DB = arn("rds", EAST, SHOP, "db:*")


def _route(chronicle: Chronicle) -> None:
    for number, moment in enumerate(on_workdays("router", 1)):
        who = session_of(
            ROUTER, "alert-router", ip="54.82.11.201", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13"
        )
        if number % 3 == 0:
            call = Call("sns", "ListTopics", None, needs=(("sns:ListTopics", "*"),))
        elif number % 17 == 4:
            asked = {"protocol": "https", "endpoint": "HIDDEN_DUE_TO_SECURITY_REASONS"}
            call = topic_call("Subscribe", "order-events", EAST, asked, read_only=False)
        else:
            call = topic_call("GetTopicAttributes", "order-events", EAST)
        chronicle.tell(who, moment, EAST, call)


def _index(chronicle: Chronicle) -> None:
    domain = arn("es", EAST, SHOP, "domain/catalog-search")
    for moment in on_workdays("indexer", 2):
        if moment.date() > date(2026, 9, 10):
            call = listing("es", "DescribeDomain", request={"domainName": "catalog-search"}, target=domain)
            chronicle.tell(_task(INDEXER, moment), moment, EAST, call)


def _share(chronicle: Chronicle) -> None:
    for moment in weekly("partner", 0, 1, 2, 3, 4, start=7, end=9):
        who = session_of(PARTNER, "fjellsport", ip="10.20.8.8", agent="AWS Transfer")
        chronicle.tell(who, moment, EAST, bucket_location("larkspur-partner-drop", EAST))


def _curate(chronicle: Chronicle) -> None:
    for moment in weekly("curate", 0, 3):
        who = session_of(
            CURATOR, "catalog-curator", ip="54.82.11.77", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13"
        )
        call = bucket_call("GetBucketTagging", "s3:GetBucketTagging", IMAGES, EAST, "tagging")
        chronicle.tell(who, moment, EAST, call)


CAST = (
    Member(
        STOREFRONT,
        "`s3:*` on two buckets and `dynamodb:*` on one table; DynamoDB data events are recorded in us-east-1, S3's nowhere",
        "DynamoDB: the six item actions seen and `DescribeTable`, the rest goes. S3: only `GetBucketLocation` is seen; object "
        "actions are unobservable, the old statement names the service, so they stay in the two buckets; unused bucket "
        "administration goes",
        _serve,
        keep=(
            ("s3:GetObject", f"arn:aws:s3:::{IMAGES}/boots/1.jpg"),
            ("s3:PutObject", f"arn:aws:s3:::{UPLOADS}/2026/a.png"),
            ("s3:ListBucket", f"arn:aws:s3:::{IMAGES}"),
        ),
        drop=("dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:DeleteTable", "s3:DeleteBucket", "s3:PutBucketPolicy"),
        refuse=(("s3:GetObject", "arn:aws:s3:::larkspur-audit-logs/x"), ("dynamodb:GetItem", TABLE_ARN + "-archive")),
        verdicts={
            "dynamodb:DeleteItem": "unused",
            "dynamodb:DeleteTable": "unused",
            "s3:GetObject": "unobservable",
            "s3:DeleteObject": "unobservable",
            "s3:DeleteBucket": "unused",
            "s3:PutBucketPolicy": "unused",
        },
        flags=("keeps_unobservable",),
    ),
    Member(
        CHECKOUT,
        "A Lambda execution role; Lambda itself assumes it (a service caller)",
        "`logs:PutLogEvents` leaves no record and is named, so it stays; the AssumeRole by lambda.amazonaws.com is trust "
        "evidence, not use",
        _checkout,
        keep=(("logs:PutLogEvents", arn("logs", EAST, SHOP, "log-group:/aws/lambda/checkout-tax:log-stream:a")),),
        drop=("ssm:GetParameter", "ssm:GetParametersByPath", "logs:CreateLogGroup"),
        verdicts={"ssm:GetParametersByPath": "unused", "logs:PutLogEvents": "unobservable"},
    ),
    Member(
        WORKER,
        "Secrets Manager decrypts with the caller's session (`invokedBy: secretsmanager.amazonaws.com`)",
        "`kms:Decrypt` is this role's need and keeps its `kms:ViaService` condition",
        _work,
        drop=("kms:GenerateDataKey", "kms:DescribeKey", "secretsmanager:PutSecretValue"),
        carry=("secretsmanager.us-east-1.amazonaws.com",),
        verdicts={"kms:Decrypt": "used", "kms:GenerateDataKey": "unused"},
        flags=("via_service",),
    ),
    Member(
        EXPORTER,
        "Two statements grant one use under different conditions (source address, VPC endpoint)",
        "One copy of `sqs:GetQueueAttributes` per old statement, each with its own condition",
        _export,
        keep=(("sqs:ReceiveMessage", arn("sqs", EAST, SHOP, "order-export")),),
        drop=("sqs:SetQueueAttributes", "sqs:DeleteQueue"),
        carry=("203.0.113.0/24", ENDPOINT),
        copies={"sqs:GetQueueAttributes": 2},
        verdicts={"sqs:DeleteQueue": "unused", "sqs:ReceiveMessage": "unobservable"},
    ),
    Member(
        INVOICES,
        f"Made a queue while the inline policy `{TEMPORARY_POLICY}` was there (PutRolePolicy and DeleteRolePolicy are logged)",
        "`sqs:CreateQueue` is ungranted, explained by the logged policy change, and not added",
        _render,
        keep=(("sqs:ReceiveMessage", arn("sqs", EAST, SHOP, "invoice-requests")),),
        drop=("sqs:CreateQueue", "sqs:GetQueueAttributes"),
        verdicts={
            "sqs:CreateQueue": "ungranted",
            "sqs:GetQueueAttributes": "unused",
            "sqs:ReceiveMessage": "unobservable",
        },
        flags=("ungranted_explained",),
    ),
    Member(
        COLLECTOR,
        "Called `ec2:DescribeVolumes` successfully though nothing grants it and nothing explains it",
        "Ungranted and unexplained: not added; EC2's granted List actions are kept and shown for review, `ec2:CreateTags` "
        "goes; not safe",
        _collect,
        safe=False,
        reasons=("unexplained",),
        keep=(("ec2:DescribeInstances", "*"), ("ec2:DescribeVpcs", "*")),
        drop=("ec2:DescribeVolumes", "ec2:CreateTags"),
        verdicts={"ec2:DescribeVolumes": "ungranted", "ec2:DescribeInstances": "unused", "ec2:CreateTags": "unused"},
    ),
    Member(
        ROUTER,
        "`sns:*` with `NotResource` for the security topics",
        "Used topic actions; nothing reaches a security topic; `sns:Publish` is unobservable and the service is named, so it "
        "stays, with the `NotResource`",
        _route,
        keep=(("sns:Publish", arn("sns", EAST, SHOP, "order-events")),),
        drop=("sns:DeleteTopic", "sns:AddPermission", "sns:CreateTopic"),
        refuse=(
            ("sns:Publish", arn("sns", EAST, SHOP, "security-alerts")),
            ("sns:GetTopicAttributes", arn("sns", EAST, SHOP, "security-alerts")),
        ),
        verdicts={"sns:DeleteTopic": "unused", "sns:Publish": "unobservable"},
    ),
    Member(
        INDEXER,
        "Made 20 days before the end",
        "Low confidence: the role is younger than 90 days, so removals aren't safe by default",
        _index,
        safe=False,
        reasons=("young",),
        keep=(("es:ESHttpPost", arn("es", EAST, SHOP, "domain/catalog-search/_bulk")),),
        drop=("es:DescribeDomainConfig",),
        verdicts={"es:DescribeDomainConfig": "unused", "es:ESHttpPost": "unobservable"},
    ),
    Member(
        PARTNER,
        "A resource and a condition hold `${aws:PrincipalTag/partner}`",
        "Both are carried as they are; object actions and `s3:ListBucket` are unobservable (S3 data events are off) and named",
        _share,
        keep=(("s3:GetObject", PARTNER_PREFIX), ("s3:PutObject", PARTNER_PREFIX)),
        drop=("s3:PutBucketTagging",),
        carry=(PARTNER_PREFIX, "${aws:PrincipalTag/partner}/*"),
        verdicts={"s3:GetObject": "unobservable", "s3:ListBucket": "unobservable", "s3:PutBucketTagging": "unused"},
    ),
    Member(
        CURATOR,
        "Allows `s3:GetObjectMetadata`, which is no action",
        "Incomplete: the pattern is reported, never written; not safe until a person accepts it",
        _curate,
        safe=False,
        reasons=("unknown_pattern",),
        drop=("s3:PutBucketTagging", "s3:GetObjectMetadata"),
        verdicts={"s3:PutBucketTagging": "unused"},
    ),
    Member(
        FULFILMENT,
        "`RoleLastUsed` on 2026-09-12 in ap-southeast-2, and not one record",
        "A coverage hole, not an unused role: no proposal to disable it",
        kind=COVERAGE_HOLE,
        safe=None,
        reasons=("coverage_hole",),
    ),
)
