"""Small worlds for the analysis tests: principals, grants and uses in a line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from lpgen.core.catalog import Catalog
from lpgen.core.findings import Evidence, Grant, PrincipalGrants, Use
from lpgen.core.grants import grants_from_principals
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
from lpgen.core.policy import policy_from_json
from lpgen.edge.catalog_files import bundled_catalog

ACCOUNT = "111122223333"
LAST_DAY = date(2026, 9, 30)


@cache
def catalog() -> Catalog:
    """The bundled catalog, opened once for all tests."""
    return bundled_catalog()


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
    return Use(Action(action), found, outcome, how, DenialKind.NONE, error, (region,), evidence)


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
