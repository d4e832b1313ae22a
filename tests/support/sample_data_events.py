"""The sample organization under a trail for data events: what it does on objects, queues and topics, and what selectors
record of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sample_logs.generate import tell_everything
from sample_logs.planted.calls import resource
from sample_logs.planted.data_cast import ETL
from sample_logs.planted.exchange_cast import EXPORTER, INVOICES, ROUTER
from sample_logs.planted.identities import Role, User
from sample_logs.planted.people_cast import PRIYA
from sample_logs.planted.records import Call, Chronicle, Planted, Session
from sample_logs.planted.shop_cast import IMAGES, STOREFRONT, UPLOADS
from sample_logs.planted.world import DAYS, EAST, SHOP, instant

Selectors = Sequence[Mapping[str, Any]]
"""Advanced event selectors as CloudTrail's API takes them."""

LOG_BUCKET = "larkspur-org-cloudtrail"


def _object_call(name: str, bucket: str, key: str, *, read_only: bool) -> Call:
    objects, whole = f"arn:aws:s3:::{bucket}/{key}", f"arn:aws:s3:::{bucket}"
    return Call(
        "s3",
        name,
        {"bucketName": bucket, "key": key, "Host": f"s3.{EAST}.amazonaws.com"},
        read_only=read_only,
        resources=(resource("AWS::S3::Object", objects, SHOP), resource("AWS::S3::Bucket", whole, SHOP)),
        needs=((f"s3:{name}", objects),),
        data=True,
    )


def _queue_call(name: str, queue: str) -> Call:
    arn = f"arn:aws:sqs:{EAST}:{SHOP}:{queue}"
    url = f"https://sqs.{EAST}.amazonaws.com/{SHOP}/{queue}"
    return Call(
        "sqs",
        name,
        {"queueUrl": url},
        read_only=False,
        resources=(resource("AWS::SQS::Queue", arn, SHOP),),
        needs=((f"sqs:{name}", arn),),
        data=True,
    )


def _publish(topic: str) -> Call:
    arn = f"arn:aws:sns:{EAST}:{SHOP}:{topic}"
    topics = (resource("AWS::SNS::Topic", arn, SHOP),)
    needs = (("sns:Publish", arn),)
    return Call("sns", "Publish", {"topicArn": arn}, read_only=False, resources=topics, needs=needs, data=True)


EVERY_DAY: tuple[tuple[Role | User, Call], ...] = (
    (STOREFRONT, _object_call("GetObject", IMAGES, "boots/1.jpg", read_only=True)),
    (STOREFRONT, _object_call("PutObject", UPLOADS, "2026/a.png", read_only=False)),
    (EXPORTER, _queue_call("SendMessage", "order-export")),
    (INVOICES, _queue_call("ReceiveMessage", "invoice-requests")),
    (INVOICES, _queue_call("DeleteMessage", "invoice-requests")),
    (ROUTER, _publish("order-alerts")),
    (ETL, _object_call("GetObject", "larkspur-analytics-lake", "raw/orders.parquet", read_only=True)),
    (PRIYA, _object_call("GetObject", "larkspur-home", "priya.nair/notes.txt", read_only=True)),
)
"""What is done each day, and no trail of the sample organization records."""

USED = frozenset((holder.arn, action) for holder, call in EVERY_DAY for action, _ in call.needs)
"""The actions that this needs, with who needs them."""


def under_trail(selectors: Selectors, since: date, changes: Iterable[Planted] = ()) -> list[Planted]:
    """All records of the sample organization, with the data events that selectors of its first account record from a
    day on. `changes` are records of making the trail."""
    chronicle = Chronicle()
    for day in DAYS:
        for number, (holder, call) in enumerate(EVERY_DAY):
            who = Session(holder, "" if isinstance(holder, User) else f"session-{number}")
            chronicle.tell(who, instant(day, 9 + number, 30), EAST, call)
    recorded = [
        planted
        for planted in chronicle.planted
        if planted.moment.date() >= since and any(_selects(some, planted.record) for some in selectors)
    ]
    return [*tell_everything(), *changes, *recorded]


def _selects(selector: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether an advanced event selector records an event: each of its fields has a value that passes."""
    return all(_passes(test, record) for test in selector["FieldSelectors"])


def _passes(test: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html"""
    values = _values(test["Field"], record)
    wanted: list[Any] = [
        lambda value: not test.get("Equals") or value in test["Equals"],
        lambda value: not test.get("StartsWith") or value.startswith(tuple(test["StartsWith"])),
        lambda value: not test.get("EndsWith") or value.endswith(tuple(test["EndsWith"])),
        lambda value: not value.startswith(tuple(test.get("NotStartsWith", ())) or ("\0",)),
        lambda value: value not in test.get("NotEquals", ()),
    ]
    return any(all(passes(value) for passes in wanted) for value in values)


def _values(field: str, record: Mapping[str, Any]) -> list[str]:
    resources: list[Mapping[str, Any]] = list(record.get("resources", ()))
    match field:
        case "eventCategory":
            return [record["eventCategory"]]
        case "readOnly":
            return ["true" if record["readOnly"] else "false"]
        case "resources.type":
            return [resource["type"] for resource in resources]
        case "resources.ARN":
            return [resource["ARN"] for resource in resources]
        case "userIdentity.arn":
            return [record["userIdentity"]["arn"]] if "arn" in record["userIdentity"] else []
    raise ValueError(field)
