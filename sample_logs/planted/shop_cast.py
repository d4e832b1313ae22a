"""The workloads of the shop: tasks and functions."""

from __future__ import annotations

from datetime import date

from sample_logs.planted.calls import (
    arn,
    bucket_call,
    bucket_location,
    decrypt_for_secret,
    describe_table,
    item_call,
    listing,
    secret_value,
    transaction,
)
from sample_logs.planted.deploy_calls import (
    session_of,
)
from sample_logs.planted.identities import ManagedPolicy, Role, allow, document, service_trust
from sample_logs.planted.member import UNSEEN, Member, every_day, on_workdays, weekly, with_the_week
from sample_logs.planted.records import Call, Chronicle, Session
from sample_logs.planted.world import EAST, SHOP, choose, hex_of

TABLE = "storefront-orders"


IMAGES = "larkspur-catalog-images"


UPLOADS = "larkspur-customer-uploads"


TABLE_ARN = arn("dynamodb", EAST, SHOP, f"table/{TABLE}")


SECRET = arn("secretsmanager", EAST, SHOP, "secret:orders/payment-provider-x7Qp2M")


KEY = arn("kms", EAST, SHOP, "key/3c1f9a52-7be0-4d18-9a64-0f5e2c8b7d31")


NODE_AGENT = "aws-sdk-js/3.884.0 ua/2.1 os/linux#5.10.240 lang/js md/nodejs#22.18.0 api/dynamodb#3.884.0"


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
            allow("ssm:*", "*", Sid="Settings"),
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
            allow("lambda:*", arn("lambda", EAST, SHOP, "function:checkout-*"), Sid="Tax"),
        )
    },
    last_used="2026-09-30T22:58:01+00:00",
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


def task_session(role: Role, moment: object, agent: str = NODE_AGENT) -> Session:
    return session_of(role, hex_of(32, role.arn, str(moment)[:10]), ip="10.20.7.133", agent=agent)


def _serve(chronicle: Chronicle) -> None:
    for number, moment in enumerate(with_the_week("storefront", 11, 7)):
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
        chronicle.tell(task_session(STOREFRONT, moment), moment, EAST, call)


def _checkout(chronicle: Chronicle) -> None:
    for number, moment in enumerate(every_day("checkout", 2)):
        who = session_of(
            CHECKOUT, "checkout-tax", ip="192.0.2.190", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13"
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
        who = task_session(WORKER, moment)
        chronicle.tell(who, moment, EAST, secret_value(SECRET))
        chronicle.tell(who.through("secretsmanager"), moment, EAST, decrypt_for_secret(SECRET, KEY))


def _index(chronicle: Chronicle) -> None:
    domain = arn("es", EAST, SHOP, "domain/catalog-search")
    for moment in on_workdays("indexer", 2):
        if moment.date() > date(2026, 9, 10):
            call = listing("es", "DescribeDomain", request={"domainName": "catalog-search"}, target=domain)
            chronicle.tell(task_session(INDEXER, moment), moment, EAST, call)


def _curate(chronicle: Chronicle) -> None:
    for moment in weekly("curate", 0, 3):
        who = session_of(
            CURATOR, "catalog-curator", ip="192.0.2.77", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13"
        )
        call = bucket_call("GetBucketTagging", "s3:GetBucketTagging", IMAGES, EAST, "tagging")
        chronicle.tell(who, moment, EAST, call)


CAST = (
    Member(
        STOREFRONT,
        "`s3:*` on two buckets and `dynamodb:*` on one table; DynamoDB data events are recorded in us-east-1, "
        "S3's nowhere",
        "DynamoDB: the five item actions seen and `DescribeTable` are kept, the rest is removed. S3: only "
        "`GetBucketLocation` is seen. Object actions are unobservable and the old statement names the service, so "
        "they stay on the two buckets. Unused bucket administration is removed",
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
        "A Lambda execution role; Lambda itself assumes it (a service caller). Reads two parameters, and could run "
        "commands on the instances of fleet-node (`ssm:*`)",
        "`logs:PutLogEvents` leaves no record and is named, so it stays, together with `logs:CreateLogGroup`, which "
        "Lambda calls once; the AssumeRole by lambda.amazonaws.com is evidence of trust, not use. All of `ssm:*` but "
        "`ssm:GetParameters` is removed",
        _checkout,
        keep=(
            ("logs:PutLogEvents", arn("logs", EAST, SHOP, "log-group:/aws/lambda/checkout-tax:log-stream:a")),
            ("logs:CreateLogGroup", arn("logs", EAST, SHOP, "log-group:/aws/lambda/checkout-tax:log-stream:")),
        ),
        drop=("ssm:GetParameter", "ssm:GetParametersByPath", "ssm:CreateAssociation", "ssm:SendCommand"),
        verdicts={
            "ssm:SendCommand": "unused",
            "ssm:GetParametersByPath": "unused",
            "logs:PutLogEvents": "unobservable",
            "logs:CreateLogGroup": "unobservable",
        },
    ),
    Member(
        WORKER,
        "Secrets Manager decrypts with the caller's session (`invokedBy: secretsmanager.amazonaws.com`). Calls "
        "functions, and could change their code (`lambda:*`)",
        "This role needs `kms:Decrypt`, which keeps its `kms:ViaService` condition. `lambda:InvokeFunction` is "
        "unobservable and stays; `lambda:UpdateFunctionCode` is removed",
        _work,
        keep=(("lambda:InvokeFunction", arn("lambda", EAST, SHOP, "function:checkout-tax")),),
        drop=("kms:GenerateDataKey", "kms:DescribeKey", "secretsmanager:PutSecretValue", "lambda:UpdateFunctionCode"),
        carry=("secretsmanager.us-east-1.amazonaws.com",),
        verdicts={
            "kms:Decrypt": "used",
            "kms:GenerateDataKey": "unused",
            "lambda:InvokeFunction": "unobservable",
            "lambda:UpdateFunctionCode": "unused",
        },
        flags=("via_service",),
    ),
    Member(
        INDEXER,
        "Created 20 days before the end",
        "Low confidence: the role is younger than 90 days, so removals aren't safe by default",
        _index,
        safe=False,
        reasons=("young",),
        keep=(("es:ESHttpPost", arn("es", EAST, SHOP, "domain/catalog-search/_bulk")),),
        drop=("es:DescribeDomainConfig",),
        verdicts={"es:DescribeDomainConfig": "unused", "es:ESHttpPost": "unobservable"},
    ),
    Member(
        CURATOR,
        "Allows `s3:GetObjectMetadata`, which isn't an action",
        "Incomplete: the pattern is reported, never written; not safe until a person accepts it",
        _curate,
        safe=False,
        reasons=("unknown_pattern",),
        drop=("s3:PutBucketTagging", "s3:GetObjectMetadata"),
        verdicts={"s3:PutBucketTagging": "unused"},
    ),
    Member(
        FULFILMENT,
        "`RoleLastUsed` on 2026-09-12 in ap-southeast-2, and no record",
        "A hole in the coverage, not an unused role: no proposal to disable it",
        kind=UNSEEN,
        safe=None,
        reasons=("coverage_hole",),
    ),
)
