"""Small worlds for tests of perimeters: records of calls on a bucket, principals and policies in a line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.choices import DenyKind
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record
from lpgen.core.guards import Guards, ResourcePolicy
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy, Principal
from lpgen.core.perimeter.proposals import PerimeterProposal, ResourcePerimeter, perimeter_of
from lpgen.core.perimeter.resources import PolicyResource, container_with_policy, read_types
from lpgen.core.perimeter.use import UseOfResources
from lpgen.core.perimeter.world import Endpoint, PerimeterChoices, PerimeterWorld
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import principal, service, trust
from tests.support.record_usage import usage_from_records
from tests.support.worlds import ACCOUNT, allow

LAST = date(2026, 2, 28)
BUCKET = "arn:aws:s3:::data"
OTHER = "222222222222"
OUTSIDE = "999999999999"
ORGANIZATION = "o-exampleorgid"
Json = dict[str, Any]

APP = principal("role/app", allow("s3:*"), trusts=service("ec2"))
ADMIN = principal("role/admin", allow("*"), trusts=trust({"AWS": ACCOUNT}))


def call(
    by: Principal | str,
    action: str = "s3:GetObject",
    resource: str = f"{BUCKET}/key",
    *,
    days: int = 120,
    endpoint: str = "",
    invoked_by: str = "",
    source: str = "198.51.100.7",
    agent: str = "aws-sdk-go/1.0",
    error: str = "",
) -> list[Json]:
    """A record a day, on so many of the last days. `by` is a principal, a service, an account or `anonymous`."""
    service_name, _, operation = action.partition(":")
    bucket, _, key = resource.removeprefix("arn:aws:s3:::").partition("/")
    record = {
        "eventVersion": "1.09",
        "eventSource": f"{service_name}.amazonaws.com",
        "eventName": operation,
        "eventCategory": "Data" if service_name == "s3" else "Management",
        "readOnly": operation.startswith(("Get", "List")),
        "awsRegion": "us-east-1",
        "recipientAccountId": ACCOUNT,
        "sourceIPAddress": source,
        "userAgent": agent,
        "userIdentity": {**_identity(by), **({"invokedBy": invoked_by} if invoked_by else {})},
        "requestParameters": {"bucketName": bucket, **({"key": key} if key else {})},
        **({"vpcEndpointId": endpoint} if endpoint else {}),
        **({"errorCode": error} if error else {}),
    }
    return [
        {**record, "eventTime": f"{LAST - timedelta(days=day)}T12:00:00Z", "eventID": f"{id(record)}-{day}"}
        for day in range(days)
    ]


def _identity(by: Principal | str) -> Json:
    if isinstance(by, Principal):
        issuer = {"type": "Role", "principalId": by.principal_id, "arn": by.arn, "accountId": by.account}
        return {
            "type": "AssumedRole",
            "principalId": f"{by.principal_id}:session",
            "accountId": by.account,
            "sessionContext": {"sessionIssuer": issuer},
        }
    if by.isdigit():
        return {"type": "AWSAccount", "accountId": by, "principalId": "A"}
    if by == "anonymous":
        return {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL", "principalId": ""}
    return {"type": "AWSService", "invokedBy": by}


def background(days: int = 120) -> list[Json]:
    """Management and data events of both sides, on another bucket, which show that the logs are complete."""
    other = "arn:aws:s3:::other/key"
    return [
        record
        for action in ("iam:ListRoles", "iam:TagRole", "s3:GetObject", "s3:PutObject")
        for record in call(ADMIN, action, other, days=days)
    ]


def world(
    calls: Iterable[Sequence[Json]] = (),
    *,
    principals: Sequence[Principal] = (APP, ADMIN),
    policies: Mapping[str, Json] | None = None,
    endpoints: Mapping[str, Endpoint] | None = None,
    days: int = 120,
    **choices: Any,
) -> PerimeterWorld:
    """A world with these calls and resource policies."""
    catalog = bundled_catalog()
    records = [*background(days), *(record for some in calls for record in some)]
    usage = usage_from_records([msgspec.convert(record, Record) for record in records], EventMap(catalog))
    coverage = coverage_from_usage(usage)
    guards = Guards(
        resource_policies=tuple(
            ResourcePolicy(arn, ACCOUNT, policy_from_json(document, place=arn))
            for arn, document in (policies or {}).items()
        )
    )
    chosen = PerimeterChoices(**{"organization": ORGANIZATION, **choices})
    types = catalog.facts(read_types)
    return PerimeterWorld(
        tuple(principals),
        guards,
        catalog,
        chosen,
        frozenset({ACCOUNT, OTHER}),
        UseOfResources(usage, principals, types, catalog),
        coverage,
        Observability(catalog, coverage, min_days=chosen.min_days),
        endpoints,
    )


def resource_of(found: PerimeterWorld, arn: str = BUCKET) -> PolicyResource:
    """A resource of the account with its policy."""
    types = found.catalog.facts(read_types)
    named = container_with_policy(arn, types)
    assert named is not None
    policy = found.guards.policy_of(arn)
    return PolicyResource(arn, named[0], types[named[0]], ACCOUNT, policy.policy if policy else None)


def report(found: PerimeterWorld, arn: str = BUCKET) -> ResourcePerimeter:
    """The proposals for one resource."""
    return perimeter_of(resource_of(found, arn), found)


def proposal(kind: DenyKind, found: PerimeterWorld, arn: str = BUCKET) -> PerimeterProposal:
    """The proposal of a kind."""
    return next(one for one in report(found, arn).proposals if one.kind is kind)


def kinds(found: PerimeterProposal) -> list[str]:
    """The kinds of the reasons against a proposal."""
    return [reason.kind.value for reason in found.reasons]


def added(found: PerimeterProposal) -> Policy:
    """The statements that a proposal adds."""
    assert found.added is not None, found.reasons
    return found.added
