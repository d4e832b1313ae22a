"""Small worlds for tests of conditions on tags: records of calls on tables, principals and policies in a line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record
from lpgen.core.graph.world import World
from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.model import Policy, Principal
from lpgen.core.tags.model import TagProposal, TagWorld
from lpgen.core.tags.proposals import tags_report
from lpgen.core.tags.types import TaggedTypes
from lpgen.core.tags.use import UseOfTags
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import principal, service
from tests.support.record_usage import usage_from_records
from tests.support.worlds import ACCOUNT, allow

LAST = date(2026, 2, 28)
TABLES = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/"
QUEUES = f"arn:aws:sqs:us-east-1:{ACCOUNT}:"
Json = dict[str, Any]

APP = principal("role/app", allow(["dynamodb:GetItem", "dynamodb:PutItem"], f"{TABLES}*"), trusts=service("ec2"))
USED = ("orders-1", "orders-2", "orders-3")
LISTED: Mapping[str, Mapping[str, str]] = {
    **{f"{TABLES}{name}": {"team": "orders"} for name in (*USED, "orders-4")},
    **{f"{TABLES}pay-{number}": {"team": "pay"} for number in (1, 2)},
}


def call(
    by: Principal,
    action: str,
    resource: str,
    *,
    days: Iterable[int] = range(120),
    tags: Mapping[str, str] | None = None,
    untag: Sequence[str] = (),
    error: str = "",
) -> list[Json]:
    """A record a day, on these days before the last one."""
    service_name, _, operation = action.partition(":")
    name = resource.rpartition(":")[2].removeprefix("table/")
    by_arn = operation in ("TagResource", "UntagResource")
    request: Json = {"resourceArn": resource} if by_arn else {"tableName": name}
    if service_name == "sqs":
        request = {"queueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{name}"}
    pairs = [{"key": key, "value": value} for key, value in (tags or {}).items()]
    record = {
        "eventVersion": "1.09",
        "eventSource": f"{service_name}.amazonaws.com",
        "eventName": operation,
        "eventCategory": "Data" if operation in ("GetItem", "PutItem", "SendMessage") else "Management",
        "readOnly": operation.startswith(("Get", "List", "Describe")),
        "awsRegion": "us-east-1",
        "recipientAccountId": ACCOUNT,
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-sdk-go/1.0",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"{by.principal_id}:session",
            "arn": f"arn:aws:sts::{by.account}:assumed-role/{by.name}/session",
            "accountId": by.account,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": by.principal_id,
                    "arn": by.arn,
                    "accountId": by.account,
                    "userName": by.name,
                }
            },
        },
        "requestParameters": {
            **request,
            **({"tags": pairs} if pairs else {}),
            **({"tagKeys": list(untag)} if untag else {}),
        },
        **({"errorCode": error} if error else {}),
    }
    return [
        {**record, "eventTime": f"{LAST - timedelta(days=day)}T12:00:00Z", "eventID": f"{id(record)}-{day}"}
        for day in days
    ]


def use(by: Principal = APP, names: Iterable[str] = USED, **more: Any) -> list[list[Json]]:
    """Reads of these tables every day."""
    return [call(by, "dynamodb:GetItem", f"{TABLES}{name}", **more) for name in names]


def world(
    calls: Iterable[Sequence[Json]],
    *,
    principals: Sequence[Principal] = (APP,),
    listed: Mapping[str, Mapping[str, str]] = LISTED,
    scps: Sequence[Policy] = (),
    **choices: Any,
) -> TagWorld:
    """A world with these calls, principals and tags of resources."""
    catalog = bundled_catalog()
    other = principal("role/other")
    usual = ("dynamodb:ListTables", "dynamodb:UpdateTable", "dynamodb:GetItem", "dynamodb:PutItem")
    background = [record for action in usual for record in call(other, action, f"{TABLES}others")]
    records = [*background, *(record for some in calls for record in some)]
    usage = usage_from_records([msgspec.convert(record, Record) for record in records], EventMap(catalog))
    coverage, types = coverage_from_usage(usage), TaggedTypes(catalog)
    guards = Guards(scps=(AccountLevels("", (tuple(scps),)),) if scps else ())
    tags = {arn: tuple(sorted(found.items())) for arn, found in listed.items()}
    return TagWorld(
        World(tuple(principals), (), catalog, guards),
        types,
        UseOfTags(usage, principals, tags, types),
        coverage,
        Observability(catalog, coverage, min_days=90),
        **choices,
    )


def proposals(found: TagWorld, by: Principal = APP) -> tuple[TagProposal, ...]:
    """The proposals for a principal."""
    report = tags_report(found, [by.arn])
    return report.principals[0].proposals if report.principals else ()


def proposal(found: TagWorld, by: Principal = APP) -> TagProposal:
    """The only proposal for a principal."""
    (one,) = proposals(found, by)
    return one


def kinds(found: TagProposal) -> list[str]:
    """The kinds of the reasons against a proposal, sorted."""
    return sorted(reason.kind.value for reason in found.reasons)
