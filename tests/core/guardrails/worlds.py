"""Small organizations for tests of guardrails: calls in several accounts, in a line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import count
from typing import Any

import msgspec

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record
from lpgen.core.graph.world import World
from lpgen.core.guardrails.boundary import BoundaryChoices, BoundaryEvidence, BoundaryReport, propose_boundary
from lpgen.core.guardrails.dangerous import dangerous_actions
from lpgen.core.guardrails.organization import ExistingResource, Organization, Organized, ServiceAccess, Unit
from lpgen.core.guardrails.regions import unused_regions
from lpgen.core.guardrails.scp import ScpKind, ScpProposal, ScpWorld, UnitDraft
from lpgen.core.guardrails.services import unused_services
from lpgen.core.guardrails.use import UseOfAccounts
from lpgen.core.guards import AccountLevels, Guards
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Principal
from lpgen.core.perimeter.use import UseOfResources
from lpgen.core.perimeter.world import PerimeterChoices, PerimeterWorld
from lpgen.core.usage.log_coverage import coverage_from_usage
from lpgen.core.usage.principal_usage import principal_usages_from_usage
from lpgen.core.usage.tables import EMPTY_USAGE, Usage
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import principal, service, trust
from tests.support.record_usage import usage_from_records
from tests.support.worlds import ACCOUNT, allow

LAST = date(2026, 2, 28)
OTHER = "222222222222"
MANAGEMENT = "999999999999"
OU = "ou-1234-apps"
REGIONS = ("ap-southeast-2", "eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
Json = dict[str, Any]
_NUMBERS = count()
PARTS = {
    ScpKind.SERVICES: unused_services,
    ScpKind.REGIONS: unused_regions,
    ScpKind.DANGEROUS: dangerous_actions,
}

APP = principal("role/app/web", allow("s3:*"), trusts=service("ec2"))
AUDIT = principal("role/audit", allow("*:Get*"), trusts=trust({"AWS": ACCOUNT}))


def call(
    by: Principal | str,
    action: str,
    request: Mapping[str, Any] | None = None,
    *,
    region: str = "us-east-1",
    days: int = 120,
    error: str = "",
    log: str = "",
) -> list[Json]:
    """A record a day, on so many of the last days. `by` is a principal, or the account of a root user."""
    service_name, _, operation = action.partition(":")
    account = by if isinstance(by, str) else by.account
    number = next(_NUMBERS)
    record = {
        "eventVersion": "1.09",
        "eventSource": f"{service_name}.amazonaws.com",
        "eventName": operation,
        "eventCategory": "Management",
        "readOnly": operation.startswith(("Get", "List", "Describe")),
        "awsRegion": region,
        "recipientAccountId": log or account,
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-sdk-go/1.0",
        "userIdentity": _identity(by),
        "requestParameters": dict(request or {}),
        **({"errorCode": error} if error else {}),
    }
    return [
        {**record, "eventTime": f"{LAST - timedelta(days=day)}T12:00:00Z", "eventID": f"{number}-{day}"}
        for day in range(days)
    ]


def _identity(by: Principal | str) -> Json:
    if isinstance(by, str):
        return {"type": "Root", "principalId": by, "arn": f"arn:aws:iam::{by}:root", "accountId": by}
    issuer = {"type": "Role", "principalId": by.principal_id, "arn": by.arn, "accountId": by.account}
    return {
        "type": "AssumedRole",
        "principalId": f"{by.principal_id}:session",
        "accountId": by.account,
        "sessionContext": {"sessionIssuer": issuer},
    }


def quiet(account: str, days: int = 120) -> list[Json]:
    """Management events of both sides, which show that an account's logs are complete."""
    found = principal("role/quiet", account=account)
    return [*call(found, "iam:ListRoles", days=days), *call(found, "iam:TagRole", {"roleName": "x"}, days=days)]


def usage_of(calls: Iterable[Sequence[Json]]) -> Usage:
    """The usage of these calls."""
    records = [msgspec.convert(record, Record) for some in calls for record in some]
    return usage_from_records(records, EventMap(bundled_catalog()))


def report(**services: str) -> tuple[ServiceAccess, ...]:
    """An access report: services with the time of their last use, "" for none."""
    rows = [{"ServiceNamespace": name} | ({"LastAuthenticatedTime": at} if at else {}) for name, at in services.items()]
    return msgspec.convert(rows, tuple[ServiceAccess, ...])


def proposal(
    kind: ScpKind,
    *calls: Sequence[Json],
    principals: Sequence[Principal] = (APP, AUDIT),
    accounts: Sequence[str] = (ACCOUNT,),
    units: Sequence[Unit] = (),
    reports: Mapping[str, tuple[ServiceAccess, ...]] | None = None,
    inventory: Sequence[ExistingResource] | None = (),
    scps: Sequence[Sequence[Json]] = (),
    **choices: Any,
) -> ScpProposal:
    """The proposal of a kind for the unit of these accounts."""
    catalog = bundled_catalog()
    usage = usage_of(calls)
    coverage = coverage_from_usage(usage)
    levels = tuple(tuple(policy_from_json(one, place="an SCP") for one in level) for level in scps)
    guards = Guards(scps=(AccountLevels("", levels),) if scps else ())
    chosen = PerimeterChoices(**choices)
    unit = Unit(OU, tuple(accounts), "apps")
    organization = Organization("o-1", MANAGEMENT, (unit, *units))
    who = PerimeterWorld(
        tuple(principals),
        guards,
        catalog,
        chosen,
        frozenset(accounts),
        UseOfResources(EMPTY_USAGE, (), {}, catalog),
        coverage,
        Observability(catalog, coverage, min_days=chosen.min_days),
    )
    organized = Organized(organization, reports or {}, None if inventory is None else tuple(inventory), REGIONS)
    draft = UnitDraft(unit, ScpWorld(organized, UseOfAccounts(usage, principals, catalog), (), who))
    return draft.proposal(kind, PARTS[kind])


def boundary(
    *calls: Sequence[Json],
    principals: Sequence[Principal],
    creator: Principal,
    created: Sequence[Principal] | None = None,
    path: str = "/app/",
    **choices: Any,
) -> BoundaryReport:
    """The boundary for the roles of a creator."""
    catalog = bundled_catalog()
    usage = usage_of(calls)
    coverage = coverage_from_usage(usage)
    wanted = BoundaryChoices((creator,), tuple(created) if created is not None else None, path, **choices)
    evidence = BoundaryEvidence(
        principal_usages_from_usage(usage), coverage, Observability(catalog, coverage, min_days=wanted.min_days)
    )
    return propose_boundary(wanted, World(tuple(principals), (), catalog), evidence)


def kinds(found: ScpProposal | BoundaryReport) -> list[str]:
    """The kinds of the reasons against a proposal."""
    return [reason.kind.value for reason in found.reasons]
