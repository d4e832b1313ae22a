"""Watching a narrowed trust policy: who was denied a session since, and whether the rollout may have caused it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import CallKind, IamCall
from lpgen.core.rollout.denials import PoliciesSince
from lpgen.core.rollout.plan import PrincipalPlan
from lpgen.core.rollout.trust_change import TRUST_POLICY, TrustChange
from lpgen.core.rollout.watch import Watched, watch_rollout
from lpgen.core.usage.tables import ASSUMPTIONS_SCHEMA
from lpgen.report.documents.schemas import SCHEMAS
from lpgen.report.messages.rollout import render_watch
from tests.support.worlds import ACCOUNT, catalog, usage_of

ARN = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
SINCE = "2026-09-10T12:00:00+00:00"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
VENDOR = "444455556666"
SCHEMA = Draft202012Validator(SCHEMAS["watch"])
MAIN, TAG = "repo:acme/shop:ref:refs/heads/main", "repo:acme/shop:ref:refs/tags/v1"


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def github(subject: str) -> dict[str, Any]:
    condition = {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}, "StringLike": {f"{GITHUB}:sub": subject}}
    named = {"Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity"}
    return {"Effect": "Allow", **named, "Condition": condition}


def vendor(**condition: str) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Principal": {"AWS": VENDOR}, "Action": "sts:AssumeRole"}
    return {**allow, "Condition": {"StringEquals": condition}} if condition else allow


OLD = policy(github("repo:acme/*"), vendor(**{"sts:ExternalId": "id-1"}))
NEW = policy(github(MAIN))


def row(first: str, last: str = "", **facts: Any) -> dict[str, Any]:
    times = [datetime.fromisoformat(f"{text}+00:00") for text in (first, last or first)]
    known: dict[str, Any] = {field.name: "" for field in ASSUMPTIONS_SCHEMA if field.type != pa.int64()}
    known |= {"role": ARN, "account": ACCOUNT, "day": times[0].date(), "first_seen": times[0], "last_seen": times[1]}
    known |= {"outcome": "denied", "error_code": "AccessDenied", "records": 1, "example_event_id": f"of-{first}"}
    return {**known, **facts}


def sign_in(first: str, subject: str, last: str = "", **facts: Any) -> dict[str, Any]:
    web = {"method": "AssumeRoleWithWebIdentity", "caller_kind": "federated", "provider": PROVIDER}
    return row(first, last, **{**web, "subject": subject, **facts})


def call(first: str, arn: str, **facts: Any) -> dict[str, Any]:
    account = arn.split(":")[4]
    kind = {"method": "AssumeRole", "caller_kind": "role", "principal": arn, "caller_account": account}
    return row(first, **{**kind, "account": account, **facts})


def watched(
    rows: Sequence[Mapping[str, Any]], *, after: str = NEW, now: PoliciesSince | None = None, narrows: bool = True
) -> Watched:
    narrow = IamCall(CallKind.NARROW_TRUST, PrincipalKind.ROLE, "deploy", TRUST_POLICY, after)
    plan = PrincipalPlan(
        ARN, "AROADEPLOY", ACCOUNT, PrincipalKind.ROLE, "deploy", True, "", "out/deploy",
        calls=(narrow,) if narrows else (), trust=TrustChange(OLD, after),
    )  # fmt: skip
    usage = replace(usage_of({}), assumptions=pa.Table.from_pylist(list(rows), schema=ASSUMPTIONS_SCHEMA))
    (found,) = watch_rollout({ARN: SINCE}, [plan], usage, catalog(), now)
    assert list(SCHEMA.iter_errors(json.loads(render_watch([found], "json")))) == []
    return found


def test_denied_caller_that_the_narrowed_trust_policy_left_out_is_a_finding() -> None:
    rows = [sign_in("2026-09-11T08:00", TAG, records=2), sign_in("2026-09-13T08:00", TAG), sign_in("2026-09-01", TAG)]
    found = watched(rows)
    (denied,) = found.assumptions
    assert found.found
    assert (denied.lost, denied.restored, denied.before_too, denied.straddles) == (True, False, True, False)
    text = render_watch([found], "text")
    assert (
        f"denied: AssumeRoleWithWebIdentity by {PROVIDER} with the subject {TAG} (3 records, first 2026-09-11, such as"
        " event of-2026-09-11T08:00, also denied before the rollout)" in text
    )
    assert "doesn't allow it, and the old one did" in text
    assert "next: put needed callers back into the trust policy" in text
    (part,) = json.loads(render_watch([found], "json"))["principals"][0]["assumptions"]
    assert (part["caller"], part["subject"], part["records"]) == (PROVIDER, TAG, 3)
    assert (part["first_day"], part["last_day"]) == ("2026-09-11", "2026-09-13")


@pytest.mark.parametrize(
    ("denied", "why"),
    [
        (sign_in("2026-09-11", "repo:stranger/shop:pull_request"), "the old trust policy didn't allow it either"),
        (sign_in("2026-09-11", MAIN), "the narrowed trust policy allows it as the old one did"),
        (call("2026-09-11", f"arn:aws:iam::{ACCOUNT}:role/other"), "the old trust policy didn't allow it either"),
    ],
)
def test_denial_that_the_rollout_did_not_cause_is_shown_and_is_no_finding(denied: Any, why: str) -> None:
    found = watched([denied])
    assert [one.why.startswith(why) for one in found.assumptions] == [True]
    assert not found.found
    assert "next:" not in render_watch([found], "text")


def test_denied_request_may_have_had_the_external_id_that_its_record_lacks() -> None:
    """A refusal may be only in the log of the caller's account."""
    found = watched([call("2026-09-11", f"arn:aws:iam::{VENDOR}:role/scan"), sign_in("2026-09-12", MAIN)])
    assert {one.caller.name: one.lost for one in found.assumptions} == {
        f"arn:aws:iam::{VENDOR}:role/scan": True,
        PROVIDER: False,
    }
    narrowed = policy(github(MAIN), vendor(**{"sts:ExternalId": "id-1"}))
    assert not watched([call("2026-09-11", f"arn:aws:iam::{VENDOR}:role/scan")], after=narrowed).found


@pytest.mark.parametrize(
    "other",
    [
        {"outcome": "allowed", "error_code": ""},
        {"outcome": "undetermined", "error_code": "ExpiredTokenException"},
        {"role": f"arn:aws:iam::{ACCOUNT}:role/other"},
        {"role": "", "account": VENDOR},
        {"role": "", "subject": MAIN},
        {"method": "SwitchRole"},
    ],
)
def test_other_requests_are_not_shown(other: dict[str, Any]) -> None:
    found = watched([sign_in("2026-09-11", TAG) | other])
    assert found.assumptions == ()
    assert "no denial" in render_watch([found], "text")


def test_denials_before_the_rollout_or_without_a_narrowed_trust_policy_are_not_shown() -> None:
    assert watched([sign_in("2026-09-10T11:00", TAG)]).assumptions == ()
    assert watched([sign_in("2026-09-11", TAG)], narrows=False).assumptions == ()


def test_records_of_the_day_of_the_rollout_may_be_older() -> None:
    (denied,) = watched([sign_in("2026-09-10T11:00", TAG, "2026-09-10T13:00", records=4)]).assumptions
    assert (denied.straddles, denied.before_too) == (True, True)
    assert "up to 4 records" in render_watch(
        [watched([sign_in("2026-09-10T11:00", TAG, "2026-09-10T13:00", records=4)])], "text"
    )


@pytest.mark.parametrize("facts", [{"role": ""}, {"caller_kind": "overflow", "provider": "", "subject": ""}])
def test_record_without_role_or_caller_counts_if_the_rollout_may_have_caused_it(facts: dict[str, Any]) -> None:
    found = watched([sign_in("2026-09-11", TAG) | facts])
    (denied,) = found.assumptions
    assert found.found
    assert denied.names_role == ("role" not in facts)
    assert ("for a role that isn't in the record" in render_watch([found], "text")) == ("role" in facts)


@pytest.mark.parametrize(
    ("trust", "taken", "restored"),
    [
        (OLD, "2026-09-12", True),
        (policy(github(MAIN), github("repo:acme/shop:*")), "2026-09-12", True),
        (OLD, "2026-09-11", False),
        (NEW, "2026-09-12", False),
        (policy(vendor()), "2026-09-12", False),
    ],
)
def test_caller_that_a_later_snapshot_allows_again_is_restored(trust: str, taken: str, *, restored: bool) -> None:
    time = datetime.fromisoformat(taken).replace(hour=23, tzinfo=UTC)
    read = policy_from_json(trust, place="a test")
    found = watched([sign_in("2026-09-11", TAG)], now=PoliciesSince("monday", time, {}, {(ARN, "AROADEPLOY"): read}))
    assert [one.restored for one in found.assumptions] == [restored]
    assert found.found != restored
    assert ("allowed again by the trust policy of snapshot monday" in render_watch([found], "text")) == restored
