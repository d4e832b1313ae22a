"""What the usage table keeps of the record of a KMS grant."""

from __future__ import annotations

from typing import Any

from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record
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
    assert (action.action, [resource.text for resource in action.resources]) == ("kms:CreateGrant", [KEY])
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
