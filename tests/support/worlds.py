"""Small worlds for the analysis tests: principals, grants and uses in a line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pyarrow as pa

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource
from lpgen.core.choices import ScopeChoice
from lpgen.core.evidence import Evidence, Grant, PrincipalGrants, RecordedContext, Use
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import (
    OBSERVED,
    Action,
    AttachedPolicy,
    DenialKind,
    Outcome,
    PolicyKind,
    Principal,
    PrincipalKind,
    Resource,
    ResourceKind,
)
from lpgen.core.options import Options
from lpgen.core.usage.tables import ACTIVITY_SCHEMA, COVERAGE_SCHEMA, SKIPS_SCHEMA, USAGE_SCHEMA, Usage, merge_usage
from lpgen.edge.catalog.files import bundled_catalog

ACCOUNT = "111122223333"
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/somebody-else"
LAST_DAY = date(2026, 9, 30)


_SERVICES = ("ec2", "iam", "s3", "sns", "sqs")


@dataclass(frozen=True, slots=True)
class _FewServices:
    """The bundled catalog with a handful of services, so that `*` stays small enough for thousands of examples."""

    whole: CatalogSource

    def service_prefixes(self) -> tuple[str, ...]:
        return _SERVICES

    def read_service(self, prefix: str) -> bytes:
        return self.whole.read_service(prefix)

    def read_table(self, name: str) -> bytes:
        return self.whole.read_table(name)

    def has_table(self, name: str) -> bool:
        return self.whole.has_table(name)


@cache
def catalog() -> Catalog:
    """A catalog of a few services, opened once for all tests."""
    return Catalog(_FewServices(bundled_catalog().source))


def policy(*statements: Mapping[str, Any], version: str = "2012-10-17", name: str = "own") -> AttachedPolicy:
    """An inline policy of these statements."""
    document = {"Version": version, "Statement": list(statements)}
    return AttachedPolicy(PolicyKind.INLINE, name, "", "", None, policy_from_json(json.dumps(document), place=name))


def allow(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """An Allow statement; further fields by keyword."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A Deny statement; further fields by keyword."""
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


def role(
    *policies: AttachedPolicy,
    name: str = "app",
    path: str = "/",
    boundary: AttachedPolicy | None = None,
    created: datetime | None = datetime(2020, 1, 1, tzinfo=UTC),
    last_used: datetime | None = None,
    last_used_region: str = "",
    instance_profiles: tuple[str, ...] = (),
    kind: PrincipalKind = PrincipalKind.ROLE,
    groups: tuple[str, ...] = (),
) -> Principal:
    """A role (or user) with these policies."""
    return Principal(
        arn=f"arn:aws:iam::{ACCOUNT}:{kind}{path}{name}",
        principal_id=f"AROA{name.upper()}",
        account=ACCOUNT,
        kind=kind,
        name=name,
        path=path,
        created=created,
        last_used=last_used,
        policies=policies,
        boundary=boundary,
        trust=None,
        groups=groups,
        instance_profiles=instance_profiles,
        tags=(),
        last_used_region=last_used_region,
    )


def grants_of(principal: Principal) -> PrincipalGrants:
    """The grants of one principal."""
    (grants,) = grants_from_principals([principal], catalog())
    return grants


def grant_of(statement: Mapping[str, Any], *, version: str = "2012-10-17") -> Grant:
    """The one grant of a policy with one Allow."""
    (grant,) = grants_of(role(policy(statement, version=version))).allows
    return grant


def resource(text: str) -> Resource:
    """A resource by how it is written: `*` is none, `?` unknown, a glob a fold, anything else an ARN."""
    if text == "*":
        return Resource(ResourceKind.NONE)
    if text == "?":
        return Resource(ResourceKind.UNKNOWN)
    return Resource(ResourceKind.FOLD if "*" in text else ResourceKind.ARN, text)


def use(
    action: str,
    text: str = "*",
    *,
    outcome: Outcome = Outcome.ALLOWED,
    how: str = OBSERVED,
    example: str = "",
    error: str = "",
    seen: str = "2026-09-01T00:00:00Z",
    region: str = "us-east-1",
) -> Use:
    """One use with one record."""
    found = resource(text)
    evidence = Evidence(1, seen, seen, f"event-{action}", example or found.text.replace("*", "x"))
    return Use(Action(action), found, outcome, how, DenialKind.NONE, error, (RecordedContext(region),), evidence)


def month_by_month(uses: Sequence[Use]) -> list[Use]:
    """The uses on a day of each month: nobody suspects what is regular."""
    days = [f"2026-{month:02}-15T00:00:00Z" for month in (6, 7, 8)]
    moved = (
        replace(use, evidence=replace(use.evidence, first_seen=day, last_seen=day)) for use in uses for day in days
    )
    return [*uses, *moved]


def exactly(**choices: Any) -> Options:
    """Options by which lines name the recorded resources, for tests of anything but scopes."""
    return Options(scope=ScopeChoice.EXACT, **choices)


def days_before_end(days: int) -> datetime:
    """A moment so many days before the last day of the tests' logs."""
    return datetime.combine(LAST_DAY - timedelta(days=days), datetime.min.time(), UTC)


def pairs(statements: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """The pairs of action and resource in written Allows."""

    def as_list(value: Any) -> Sequence[str]:
        return [value] if isinstance(value, str) else value

    return {
        (action, where)
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
        for where in as_list(statement.get("Resource", statement.get("NotResource")))
    }


def usage_of(
    uses: Mapping[str, Sequence[Use]],
    *,
    days: int = 120,
    data_events: Sequence[tuple[str, str]] = (("us-east-1", "s3.amazonaws.com"),),
    data_from: date | None = None,
    data_on: Sequence[str] = (),
    management_in: Sequence[str] = ("us-east-1",),
    management_sides: Sequence[bool] = (True, False),
    data_sides: Sequence[bool] = (True, False),
    reads_from: date | None = None,
    skips: Sequence[Mapping[str, Any]] = (),
    principal_id: str = "",
    account: str = ACCOUNT,
    silent: Sequence[date] = (),
    activity: Mapping[date, Mapping[tuple[str, str], int]] | None = None,
) -> Usage:
    """A usage whose logs cover so many days of the account, with these uses by principal.

    `data_on` are objects that another role read, by their data events. These are there from the first day on, or from
    `data_from`, and read-only management events from `reads_from`.
    There is no record of the days in `silent`. `activity` has the records of a day by caller and event source.
    Of either the logs hold those that say of `readOnly` what is in `management_sides` and `data_sides`.
    """
    rows = [_usage_row(arn, use, principal_id, account) for arn, found in uses.items() for use in found]
    rows += [
        {
            **_usage_row(OTHER_ROLE, use("s3:GetObject", one), "", account),
            "category": "data",
            "event_source": "s3.amazonaws.com",
        }
        for one in data_on
    ]
    first = LAST_DAY - timedelta(days=days - 1)

    def counts(sides: Sequence[bool], day: date) -> dict[str, int]:
        reads = True in sides and (reads_from is None or day >= reads_from)
        return {"read_only": int(reads), "writing": int(False in sides)}

    coverage = [
        {"account": account, "region": region, "day": day, "category": "management"} | counts(management_sides, day)
        for region in management_in
        for day in (first + timedelta(days=at) for at in range(days))
        if day not in silent
    ] + [
        {"account": account, "region": region, "day": day, "category": "data", "event_source": source}
        | counts(data_sides, day)
        for region, source in data_events
        for day in sorted({data_from or first, LAST_DAY})
    ]
    return merge_usage(
        [
            Usage(
                _table(rows, USAGE_SCHEMA),
                _table(skips, SKIPS_SCHEMA),
                _table([{"records": 2, "usage_records": 2, **row} for row in coverage], COVERAGE_SCHEMA),
                _table(
                    [
                        {"account": account, "day": day, "caller": caller, "event_source": source, "records": records}
                        for day, pairs in (activity or {}).items()
                        for (caller, source), records in pairs.items()
                    ],
                    ACTIVITY_SCHEMA,
                ),
            )
        ]
    )


def _usage_row(arn: str, use: Use, principal_id: str, account: str) -> dict[str, Any]:
    seen = datetime.fromisoformat(use.evidence.first_seen)
    return {
        "principal": arn,
        "principal_id": principal_id,
        "account": account,
        "recipient_account": account,
        "region": use.regions[0],
        "day": seen.date(),
        "category": "management",
        "action": use.action,
        "resource": use.resource.text,
        "resource_kind": str(use.resource.kind),
        "outcome": str(use.outcome),
        "error_code": use.error_code,
        "how": use.how,
        "context": json.dumps(dict(use.contexts[0].values)),
        "first_seen": seen,
        "last_seen": seen,
        "records": use.evidence.records,
        "example_event_id": use.evidence.example_event_id,
        "example_resource": use.evidence.example_resource,
    }


def _table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    blank = {"string": "", "bool": False, "int64": 1}
    whole = [
        {
            field.name: row.get(field.name, blank.get(str(field.type)) if not field.nullable else None)
            for field in schema
        }
        for row in rows
    ]
    return pa.Table.from_pylist(whole, schema=schema)
