"""The connection of a snapshot to AWS: failures that pass, credentials that don't serve or end, and the endpoint."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lpgen.edge.aws_session import Connection, open_session
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.snapshot.account import SnapshotScope
from lpgen.errors import AwsError, InvocationError
from tests.support.aws_organization import ROLE, Organization, answer_missing
from tests.support.aws_proxy import THROTTLED, AwsProxy, Call, Cut, Failure, Reply
from tests.support.snapshot_runs import opened, refuse, session, take

pytestmark = pytest.mark.usefixtures("proxy")


def once(operation: str, reply: Reply) -> Callable[[Call], Reply]:
    """Answers the first call of an operation so, and all others as they are."""
    return lambda call: reply if (call.operation, call.number) == (operation, 1) else answer_missing(call)


@pytest.mark.parametrize(
    ("operation", "reply"),
    [
        pytest.param("GetServiceLastAccessedDetails", THROTTLED, marks=pytest.mark.slow),
        ("GetAccountAuthorizationDetails", Failure("InternalFailure", status=500)),
        ("GetAccountAuthorizationDetails", Cut()),
        ("ListAccountsForParent", Cut()),
        ("GetTrail", Cut()),
    ],
)
def test_a_passing_failure_loses_nothing(proxy: AwsProxy, tmp_path: Path, operation: str, reply: Reply) -> None:
    proxy.reply = once(operation, reply)
    stamp = take(tmp_path, SnapshotScope())
    assert stamp.gaps == ()
    assert proxy.operations().count(operation) >= 2
    assert len(read_snapshot(opened(tmp_path).policies).principals) == 4


def test_invalid_credentials_are_said_in_words(proxy: AwsProxy, tmp_path: Path) -> None:
    proxy.reply = refuse("GetCallerIdentity", reply=Failure("ExpiredToken", "The security token is expired", 403))
    with pytest.raises(AwsError, match="can't find out whose credentials these are: `ExpiredToken") as caught:
        take(tmp_path)
    assert "log in again" in caught.value.hint
    assert not (tmp_path / "snapshots").exists()


def test_a_profile_that_does_not_exist_is_said_in_words() -> None:
    with pytest.raises(InvocationError, match="nobody"):
        open_session(Connection(profile="nobody"))


def test_credentials_of_a_role_are_renewed_before_they_end(organization: Organization, proxy: AwsProxy) -> None:
    other = session().assume_role(f"arn:aws:iam::{organization.in_unit}:role/{ROLE}")
    held = other.boto.get_credentials()
    held._expiry_time = datetime.now(UTC)
    assert other.caller().account == organization.in_unit
    assert proxy.operations().count("AssumeRole") == 2


def test_the_endpoint_of_the_command_line_counts(
    proxy: AwsProxy, monkeypatch: pytest.MonkeyPatch, organization: Organization
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    opened = open_session(Connection(endpoint_url=proxy.server.url, region="eu-west-3"))
    assert (
        opened.assume_role(f"arn:aws:iam::{organization.in_unit}:role/{ROLE}").caller().account == organization.in_unit
    )
    assert proxy.operations() == ["AssumeRole", "GetCallerIdentity"]
    assert {call.region for call in proxy.calls} == {"eu-west-3"}
