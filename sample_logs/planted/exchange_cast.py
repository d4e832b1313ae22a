"""The workloads that exchange messages and files with others."""

from __future__ import annotations

from datetime import date, timedelta

from sample_logs.planted.calls import (
    arn,
    bucket_location,
    queue_call,
    topic_call,
)
from sample_logs.planted.deploy_calls import (
    session_of,
)
from sample_logs.planted.identities import Role, allow, document, service_trust
from sample_logs.planted.member import Member, on_workdays, weekly
from sample_logs.planted.records import Call, Chronicle, Session
from sample_logs.planted.shop_cast import NODE_AGENT, task_session
from sample_logs.planted.world import EAST, SHOP, hex_of

ENDPOINT = "vpce-0c4e8a17b92d6f350"


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
        who = task_session(INVOICES, moment)
        chronicle.tell(who, moment, EAST, queue_call("GetQueueUrl", "invoice-requests", EAST))
        if date(2026, 7, 9) <= moment.date() <= date(2026, 7, 20):
            chronicle.tell(who, moment + timedelta(seconds=5), EAST, made)


def _route(chronicle: Chronicle) -> None:
    for number, moment in enumerate(on_workdays("router", 1)):
        who = session_of(ROUTER, "alert-router", ip="192.0.2.201", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13")
        if number % 3 == 0:
            call = Call("sns", "ListTopics", None, needs=(("sns:ListTopics", "*"),))
        elif number % 17 == 4:
            asked = {"protocol": "https", "endpoint": "HIDDEN_DUE_TO_SECURITY_REASONS"}
            call = topic_call("Subscribe", "order-events", EAST, asked, read_only=False)
        else:
            call = topic_call("GetTopicAttributes", "order-events", EAST)
        chronicle.tell(who, moment, EAST, call)


def _share(chronicle: Chronicle) -> None:
    for moment in weekly("partner", 0, 1, 2, 3, 4, start=7, end=9):
        who = session_of(PARTNER, "fjellsport").through("transfer")
        chronicle.tell(who, moment, EAST, bucket_location("larkspur-partner-drop", EAST))


CAST = (
    Member(
        EXPORTER,
        "Two statements grant the same use under different conditions (source address, VPC endpoint)",
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
        f"Created a queue while it had the inline policy `{TEMPORARY_POLICY}` (PutRolePolicy and DeleteRolePolicy are "
        "logged)",
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
        ROUTER,
        "`sns:*` with `NotResource` for the security topics",
        "Used topic actions; nothing reaches a security topic; `sns:Publish` is unobservable and the old statement "
        "names the service, so it stays, with the `NotResource`",
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
        PARTNER,
        "A resource and a condition hold `${aws:PrincipalTag/partner}`",
        "Both are copied unchanged; object actions and `s3:ListBucket` are unobservable (S3 data events are off) and "
        "named",
        _share,
        keep=(("s3:GetObject", PARTNER_PREFIX), ("s3:PutObject", PARTNER_PREFIX)),
        drop=("s3:PutBucketTagging",),
        carry=(PARTNER_PREFIX, "${aws:PrincipalTag/partner}/*"),
        verdicts={"s3:GetObject": "unobservable", "s3:ListBucket": "unobservable", "s3:PutBucketTagging": "unused"},
    ),
)
