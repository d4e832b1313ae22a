"""Roles, recorded assumptions and evidence for tests of trust policies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from lpgen.core.evidence import AccountCoverage, LogCoverage, SeenEvents
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import AssumptionMethod, CallerKind, Outcome, Principal, PrincipalKind
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.usage.assumptions import Assumption

ACCOUNT = "111122223333"
FIRST = date(2026, 7, 1)
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
READS = SeenEvents(region="", event_source="", read_only=True)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"


def role_with(*statements: Mapping[str, Any], **facts: Any) -> Principal:
    """A role with a trust policy of these statements."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    trust = policy_from_json(json.dumps(document), place="a test")
    known = {"path": "/", **facts}
    return Principal(ROLE, "AROAEXAMPLEROLE00001", ACCOUNT, PrincipalKind.ROLE, "deploy", trust=trust, **known)


def allow(principal: Any, condition: Mapping[str, Any] | None = None, action: Any = "sts:AssumeRole") -> dict[str, Any]:
    """An Allow statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {**statement, "Condition": condition} if condition else statement


def github(*subjects: str, operator: str = "StringLike", **claims: str) -> dict[str, Any]:
    """A statement for GitHub with a condition on the subject, if there are any, and on other claims."""
    equal = {f"{GITHUB}:{claim}": value for claim, value in {"aud": "sts.amazonaws.com", **claims}.items()}
    condition: dict[str, dict[str, Any]] = {"StringEquals": equal}
    if subjects:
        condition.setdefault(operator, {})[f"{GITHUB}:sub"] = list(subjects)
    return allow({"Federated": PROVIDER}, condition, "sts:AssumeRoleWithWebIdentity")


def assumption(day: int, **facts: Any) -> Assumption:
    """A recorded assumption on the day with this number."""
    known: dict[str, Any] = dict.fromkeys(
        ("principal", "principal_id", "caller_account", "service", "provider", "subject", "audience"), ""
    )
    known |= dict.fromkeys(("external_id", "source_account", "source_arn", "session_name", "session_tags"), "")
    known |= {"source_identity": "", "mfa": "", "error_code": "", "outcome": Outcome.ALLOWED, "records": 1}
    known |= {
        "role": ROLE,
        "role_id": "",
        "account": ACCOUNT,
        "day": FIRST + timedelta(day),
        "method": AssumptionMethod.ASSUME_ROLE,
    }
    known |= {"caller_kind": CallerKind.ROLE.value, "example_event_id": f"event-{day}"}
    return Assumption(**{**known, **facts})


def sign_in(day: int, subject: str, **facts: Any) -> Assumption:
    """A recorded sign-in from GitHub."""
    web = {"method": AssumptionMethod.WEB_IDENTITY, "caller_kind": CallerKind.FEDERATED.value}
    return assumption(day, **{**web, "provider": PROVIDER, "subject": subject, **facts})


def call_by(day: int, arn: str, **facts: Any) -> Assumption:
    """A recorded call by a role or user."""
    return assumption(day, principal=arn, caller_account=arn.split(":")[4], **facts)


def evidence_of(
    *assumptions: Assumption,
    days: int = 90,
    principals: Iterable[Principal] = (),
    seen: Iterable[SeenEvents] = (READS,),
    **facts: Any,
) -> TrustEvidence:
    """The evidence with these assumptions of the role, from logs that cover some days."""
    last = FIRST + timedelta(days - 1)
    covered = AccountCoverage(ACCOUNT, FIRST, last, days, (), ("us-east-1",), 1000, frozenset(seen))
    known = {"own": frozenset({ACCOUNT}), "complete": frozenset[str](), "min_days": 60, **facts}
    return TrustEvidence(
        principals={principal.arn: principal for principal in principals},
        by_role={ROLE: assumptions},
        coverage=LogCoverage((covered,)),
        **known,
    )
