"""Use of a key without any policy is explained by a grant that the logs hold, and by no other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from lpgen.core.analysis.caveats.unknowns import UnknownCaveat
from lpgen.core.analysis.explained_use import key_grants_from_table
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record, RecordResource, SessionContext, SessionIssuer, UserIdentity
from lpgen.core.findings import PrincipalDiff
from lpgen.core.model import Principal
from lpgen.core.usage.principal_usage import principal_usages_from_usage
from lpgen.core.usage.tables import EMPTY_USAGE, USAGE_SCHEMA, Usage, merge_usage
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.diffs import diff_usage
from tests.support.record_usage import usage_from_records
from tests.support.worlds import ACCOUNT, allow, deny, exactly, policy, role, usage_of, use

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"
REPLICA = KEY.replace("us-east-1", "eu-west-1")
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/admin"
APP = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app"
USE = use("kms:Decrypt", KEY, seen="2026-09-01T12:00:00Z")


def row(action: str, seen: str, *, key: str = KEY, context: dict[str, list[str]] | None = None) -> dict[str, Any]:
    moment = datetime.fromisoformat(seen)
    return {
        "principal": ADMIN,
        "action": action,
        "resource": key,
        "resource_kind": "arn",
        "outcome": "allowed",
        "context": msgspec.json.encode(context or {}).decode(),
        "day": moment.date(),
        "first_seen": moment,
        "last_seen": moment,
        "records": 1,
        "example_event_id": f"event-{seen}",
    }


def grant(seen: str = "2026-08-01T10:00:00Z", **changes: Any) -> dict[str, Any]:
    grantee, operations = changes.pop("grantee", APP), changes.pop("operations", ["Decrypt", "DescribeKey"])
    context = {"grantee": [grantee], "operation": operations}
    return {**row("kms:CreateGrant", seen, context=context), **changes}


def table_of(rows: Iterable[dict[str, Any]]) -> pa.Table:
    blank = {"string": "", "bool": False}
    whole = [{field.name: row.get(field.name, blank.get(str(field.type))) for field in USAGE_SCHEMA} for row in rows]
    return pa.Table.from_pylist(whole, schema=USAGE_SCHEMA)


def explanation(*rows: dict[str, Any], principal: Principal | None = None) -> str:
    return key_grants_from_table(table_of(rows)).explanation(principal or role(name="app"), USE)


def test_a_recorded_grant_explains_the_use_that_it_allows() -> None:
    expected = f"a grant allows it, made by {ADMIN} on 2026-08-01 (example event-2026-08-01T10:00:00Z)"
    assert explanation(grant()) == expected
    assert explanation(grant(grantee=SESSION), principal=role(name="app", path="/team/")) == expected


@pytest.mark.parametrize(
    "other",
    [
        {"grantee": f"arn:aws:iam::{ACCOUNT}:role/other"},
        {"grantee": f"arn:aws:iam::{ACCOUNT}:role/team/app"},
        {"operations": ["Encrypt", "ReEncryptFrom"]},
        {"resource": REPLICA},
        {"resource": "*", "resource_kind": "unknown"},
        {"outcome": "denied"},
        {"context": "{}"},
        {"first_seen": None, "last_seen": None, "day": None},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_grant_of_something_else_explains_nothing(other: dict[str, Any]) -> None:
    assert explanation(grant(**other)) == ""


def test_a_grant_explains_no_use_that_began_before_it() -> None:
    assert explanation(grant("2026-09-01T12:00:01Z")) == ""
    assert explanation(grant("2026-09-01T12:00:00Z")) != ""


@pytest.mark.parametrize("end", ["kms:RetireGrant", "kms:RevokeGrant"])
def test_a_grant_that_ended_explains_no_later_use(end: str) -> None:
    assert explanation(grant(), row(end, "2026-08-20T00:00:00Z")) == ""
    assert explanation(grant(), row(end, "2026-08-20T00:00:00Z", key=REPLICA)) != ""
    assert explanation(grant(), row(end, "2026-09-02T00:00:00Z")) != ""
    assert explanation(grant(), row(end, "2026-09-01T11:58:00Z")) != "", "it takes minutes to end"
    assert explanation(grant(), row(end, "2026-08-20T00:00:00Z"), grant("2026-08-21T00:00:00Z")) != ""


def test_who_may_retire_a_grant_needs_no_policy_for_that() -> None:
    made = grant(context=msgspec.json.encode({"retiring": [APP]}).decode())
    ended = row("kms:RetireGrant", "2026-09-01T12:00:00Z")
    found = key_grants_from_table(table_of([made, ended]))
    assert found.explanation(role(name="app"), use("kms:RetireGrant", KEY, seen="2026-09-01T12:00:00Z")) != ""
    assert found.explanation(role(name="app"), USE) == ""


def test_what_grants_say_is_no_context_of_the_use_that_makes_them() -> None:
    other = grant("2026-08-02T10:00:00Z", grantee=SESSION)
    table = table_of([grant(), other, grant(context='{"aws:TagKeys":["a"],"grantee":["x"]}')])
    (principal,) = principal_usages_from_usage(Usage(table, EMPTY_USAGE.skips, EMPTY_USAGE.coverage)).values()
    (made,) = principal.uses
    assert [context.values for context in made.contexts] == [(), (("aws:TagKeys", ("a",)),)]


def test_the_grant_named_is_the_last_before_the_use_began() -> None:
    found = explanation(grant(), grant("2026-08-21T00:00:00Z"), grant("2026-09-02T00:00:00Z"))
    assert "on 2026-08-21" in found


def recorded(principal: Principal) -> Usage:
    """The usage of a grant that an administrator makes for Lambda's session of a role, which then uses the key."""
    records = [
        call("admin", "CreateGrant", {"granteePrincipal": f"{SESSION}/function", "operations": ["Decrypt"]}, 1),
        call("app", "Decrypt", {}, 2),
    ]
    event_map = EventMap(bundled_catalog())
    days = usage_of({principal.arn: [use("s3:GetObject", "arn:aws:s3:::data/a")]})
    return merge_usage([days, usage_from_records(records, event_map)])


def call(name: str, operation: str, request: dict[str, object], minute: int) -> Record:
    issuer = SessionIssuer(type="Role", principalId=f"AROA{name.upper()}", arn=f"arn:aws:iam::{ACCOUNT}:role/{name}")
    return Record(
        eventSource="kms.amazonaws.com",
        eventName=operation,
        eventTime=f"2026-09-01T12:{minute:02}:00Z",
        eventID=f"event-{operation}",
        awsRegion="us-east-1",
        recipientAccountId=ACCOUNT,
        userIdentity=UserIdentity(type="AssumedRole", sessionContext=SessionContext(sessionIssuer=issuer)),
        requestParameters={"keyId": KEY, **request},
        resources=[RecordResource(ARN=KEY, accountId=ACCOUNT, type="AWS::KMS::Key")],
    )


def diff_of_records(principal: Principal) -> PrincipalDiff:
    grants = grants_from_principals([principal], bundled_catalog())
    (found,) = diff_usage(recorded(principal), grants, bundled_catalog(), exactly()).principals
    return found


def test_diff_explains_use_of_a_key_by_a_grant_and_adds_it_to_no_policy() -> None:
    found = diff_of_records(role(policy(allow(["s3:GetObject", "kms:Encrypt"]))))
    (ungranted,) = found.use.ungranted
    assert ungranted.explanation == f"a grant allows it, made by {ADMIN} on 2026-09-01 (example event-CreateGrant)"
    assert UnknownCaveat.UNEXPLAINED_USE not in {caveat.kind for caveat in found.assessment.caveats}
    assert {line.action for line in found.draft.lines} == {"s3:GetObject"}


def test_diff_takes_no_grant_for_what_allows_a_use_that_a_policy_refuses() -> None:
    found = diff_of_records(role(policy(allow(["s3:GetObject"]), deny("kms:Decrypt", KEY))))
    assert found.use.ungranted[0].explanation == ""
