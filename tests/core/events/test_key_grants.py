"""What the usage table keeps of the record of a KMS grant."""

from __future__ import annotations

from typing import Any

import pytest

from lpgen.core.events.event_map import EventMap
from lpgen.core.events.key_grants import grantee_from_text, is_grantee
from lpgen.core.events.records import Record
from lpgen.edge.catalog.files import bundled_catalog

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
WORKER = f"arn:aws:iam::{ACCOUNT}:role/app/worker"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker"


def context_of(request: dict[str, Any], error: str | None = None) -> tuple[tuple[str, str], ...]:
    record = Record(
        eventSource="kms.amazonaws.com",
        eventName="CreateGrant",
        awsRegion="us-east-1",
        recipientAccountId=ACCOUNT,
        errorCode=error,
        requestParameters={"keyId": KEY, **request},
    )
    (action,) = EventMap(bundled_catalog()).map_record(record).actions
    assert (action.action, [one.text for one in action.resources]) == ("kms:CreateGrant", [KEY])
    return action.context


def test_a_grant_keeps_whom_it_lets_use_the_key_for_what() -> None:
    found = context_of({"granteePrincipal": WORKER, "operations": ["Encrypt", "Decrypt", "Decrypt"]})
    assert found == (("grantee", WORKER), ("operation", "Decrypt"), ("operation", "Encrypt"))


def test_a_grant_keeps_who_may_retire_it() -> None:
    service = {"granteePrincipal": "rds.us-east-1.amazonaws.com", "operations": ["Decrypt"]}
    assert context_of({**service, "retiringPrincipal": f"{SESSION}/x"}) == (("retiring", SESSION),)
    assert context_of(service) == ()


def test_a_grant_that_was_not_made_keeps_nothing() -> None:
    request = {"granteePrincipal": WORKER, "operations": ["Decrypt"]}
    assert context_of(request, "AccessDenied") == ()
    assert context_of(request, "DryRunOperationException") == ()
    assert context_of({}) == ()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (WORKER, WORKER),
        (f"arn:aws:iam::{ACCOUNT}:user/ann", f"arn:aws:iam::{ACCOUNT}:user/ann"),
        (f"{SESSION}/function-1", SESSION),
        (f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/worker/a/b", f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/worker"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0", ""),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/ann", ""),
        (f"arn:aws:iam::{ACCOUNT}:root", ""),
        ("rds.us-east-1.amazonaws.com", ""),
        ("AROAEXAMPLEID", ""),
        ("", ""),
    ],
)
def test_a_grantee_is_a_role_a_user_or_a_session_without_its_name(text: str, kept: str) -> None:
    assert grantee_from_text(text) == kept


@pytest.mark.parametrize(
    ("grantee", "principal", "is_one"),
    [
        (WORKER, WORKER, True),
        (WORKER, f"arn:aws:iam::{ACCOUNT}:role/worker", False),
        (SESSION, WORKER, True),
        (SESSION, f"arn:aws:iam::{ACCOUNT}:role/worker", True),
        (SESSION, f"arn:aws:iam::{ACCOUNT}:user/worker", False),
        (SESSION, "arn:aws:iam::444455556666:role/worker", False),
        (SESSION, f"arn:aws:iam::{ACCOUNT}:role/worker/other", False),
    ],
)
def test_a_grantee_is_compared_by_what_the_record_tells(grantee: str, principal: str, is_one: bool) -> None:
    assert is_grantee(grantee, principal) is is_one
