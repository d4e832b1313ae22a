"""Who called, for every type of identity that CloudTrail documents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.cloudtrail.caller import caller_from_identity, caller_from_record, essential_identity
from lpgen.core.cloudtrail.records import Record, SessionContext, SessionIssuer, UserIdentity
from lpgen.core.model import Caller, CallerKind

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/app"
USER = f"arn:aws:iam::{ACCOUNT}:user/ada"


def record_by(identity: UserIdentity | None) -> Record:
    return Record(eventSource="ec2.amazonaws.com", eventName="DescribeInstances", userIdentity=identity)


def session_of(issuer: SessionIssuer | None, *, type_: str = "AssumedRole", session: str = "s") -> UserIdentity:
    return UserIdentity(
        type=type_,
        principalId=f"AROAEXAMPLE:{session}",
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/app/{session}",
        accountId=ACCOUNT,
        sessionContext=SessionContext(sessionIssuer=issuer),
    )


def role_issuer(arn: str = ROLE) -> SessionIssuer:
    return SessionIssuer(type="Role", principalId="AROAEXAMPLE", arn=arn, accountId=ACCOUNT)


def test_caller_of_an_assumed_role_is_the_issuing_role_with_its_path_and_id() -> None:
    caller = caller_from_record(record_by(session_of(role_issuer())))
    assert caller == Caller(CallerKind.ROLE, principal=ROLE, principal_id="AROAEXAMPLE", account=ACCOUNT)


def test_caller_of_a_session_without_issuer_is_known_by_the_roles_id_rather_than_rebuilt() -> None:
    caller = caller_from_record(record_by(session_of(None)))
    assert caller == Caller(CallerKind.CROSS_ACCOUNT_ID, principal_id="AROAEXAMPLE", account=ACCOUNT)


def test_caller_of_a_session_without_issuer_and_id_is_unknown() -> None:
    nameless = UserIdentity(type="AssumedRole", accountId=ACCOUNT, principalId="session")
    assert caller_from_record(record_by(nameless)) == Caller(CallerKind.UNKNOWN, account=ACCOUNT)


def test_caller_of_a_user_is_the_user() -> None:
    identity = UserIdentity(type="IAMUser", principalId="AIDAEXAMPLE", arn=USER, accountId=ACCOUNT)
    assert caller_from_record(record_by(identity)) == Caller(
        CallerKind.USER, principal=USER, principal_id="AIDAEXAMPLE", account=ACCOUNT
    )


def test_caller_of_a_federation_token_is_the_user_that_asked_for_it() -> None:
    issuer = SessionIssuer(type="IAMUser", principalId="AIDAEXAMPLE", arn=USER, accountId=ACCOUNT)
    caller = caller_from_record(record_by(session_of(issuer, type_="FederatedUser")))
    assert (caller.kind, caller.principal, caller.principal_id) == (CallerKind.USER, USER, "AIDAEXAMPLE")


def test_caller_of_a_session_that_root_issued_is_root() -> None:
    issuer = SessionIssuer(type="Root", principalId=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", accountId=ACCOUNT)
    assert caller_from_record(record_by(session_of(issuer, type_="FederatedUser"))).kind is CallerKind.ROOT


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("Root", CallerKind.ROOT),
        ("AWSService", CallerKind.SERVICE),
        ("AWSAccount", CallerKind.CROSS_ACCOUNT),
        ("SAMLUser", CallerKind.FEDERATED),
        ("WebIdentityUser", CallerKind.FEDERATED),
        ("IdentityCenterUser", CallerKind.FEDERATED),
        ("Directory", CallerKind.FEDERATED),
        ("Unknown", CallerKind.UNKNOWN),
        ("SomethingNew", CallerKind.UNKNOWN),
    ],
)
def test_caller_of_other_identities_has_its_kind_and_no_principal(type_: str, kind: CallerKind) -> None:
    caller = caller_from_record(record_by(UserIdentity(type=type_, accountId=ACCOUNT)))
    assert (caller.kind, caller.principal, caller.account) == (kind, "", ACCOUNT)


@pytest.mark.parametrize(("principal_id", "known"), [("AROAFAR:session", "AROAFAR"), ("AIDAFAR", "AIDAFAR")])
def test_caller_of_another_account_is_known_by_its_unique_id(principal_id: str, known: str) -> None:
    identity = UserIdentity(type="AWSAccount", principalId=principal_id, accountId=ACCOUNT)
    assert caller_from_identity(identity) == Caller(CallerKind.CROSS_ACCOUNT_ID, principal_id=known, account=ACCOUNT)


@pytest.mark.parametrize("principal_id", [ACCOUNT, "", "ANPAEXAMPLE", "root:AROAFAR"])
def test_caller_of_another_account_without_the_id_of_a_role_or_user_is_only_its_account(principal_id: str) -> None:
    identity = UserIdentity(type="AWSAccount", principalId=principal_id, accountId=ACCOUNT)
    assert caller_from_identity(identity) == Caller(CallerKind.CROSS_ACCOUNT, account=ACCOUNT)


def test_caller_without_credentials_is_anonymous() -> None:
    identity = UserIdentity(type="AWSAccount", principalId="", accountId="ANONYMOUS_PRINCIPAL")
    assert caller_from_record(record_by(identity)) == Caller(CallerKind.ANONYMOUS)


def test_caller_that_is_only_a_service_name_is_a_service() -> None:
    caller = caller_from_record(record_by(UserIdentity(invokedBy="cloudtrail.amazonaws.com")))
    assert caller.kind is CallerKind.SERVICE


def test_caller_of_a_record_without_identity_is_unknown() -> None:
    assert caller_from_record(record_by(None)) == Caller(CallerKind.UNKNOWN)


@pytest.mark.parametrize("arn", ["not-an-arn", "arn:aws:sts::1:assumed-role/a/b", "arn:aws:iam::1:group/g", "a:b:c"])
def test_caller_with_an_arn_that_is_no_role_or_user_is_unknown(arn: str) -> None:
    caller = caller_from_record(record_by(session_of(role_issuer(arn))))
    assert caller.kind is CallerKind.UNKNOWN
    assert caller.principal == ""


@pytest.mark.parametrize(
    ("arn", "session", "expected"),
    [
        (ROLE, "i-0123456789abcdef0", False),
        (ROLE, "AWSCloudFormation", True),
        (ROLE, "AWSBackup-AWSBackupDefaultServiceRole", True),
        (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", "ECS", True),
    ],
)
def test_caller_says_whether_an_aws_service_holds_the_session(arn: str, session: str, expected: bool) -> None:
    caller = caller_from_record(record_by(session_of(role_issuer(arn), session=session)))
    assert caller.service_session is expected


_TEXTS = st.sampled_from([None, "", "a", ACCOUNT])
_ARNS = st.sampled_from(
    [None, "", ROLE, USER, f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::1:role/aws-service-role/x"]
)
_ISSUERS = st.builds(SessionIssuer, st.sampled_from([None, "Role", "Root"]), _TEXTS, _ARNS, _TEXTS)
_IDENTITIES = st.builds(
    UserIdentity,
    type=st.sampled_from(["AssumedRole", "FederatedUser", "IAMUser", "Role", "AWSService", "AWSAccount", None]),
    principalId=st.sampled_from([None, "A", "A:s", "A:t", "A:AWSBackup-1", "A:AWSBackup-2", "anonymous"]),
    arn=_ARNS,
    accountId=_TEXTS,
    invokedBy=_TEXTS,
    sessionContext=st.none() | st.builds(SessionContext, st.none() | _ISSUERS, _TEXTS),
)


@given(_IDENTITIES, _IDENTITIES)
def test_identities_with_equal_essence_are_one_caller(identity: UserIdentity, other: UserIdentity) -> None:
    other = other if essential_identity(other) == essential_identity(identity) else UserIdentity(**_changed(identity))
    if essential_identity(identity) == essential_identity(other):
        assert caller_from_identity(identity) == caller_from_identity(other)
        assert _beside_the_caller(identity) == _beside_the_caller(other)


def _changed(identity: UserIdentity) -> dict[str, Any]:
    """The identity in another session."""
    fields = {name: getattr(identity, name) for name in UserIdentity.__struct_fields__}
    return fields | {"principalId": "A:AWSBackup-3", "arn": "arn:aws:sts::1:assumed-role/x/y"}


def _beside_the_caller(identity: UserIdentity) -> tuple[object, ...]:
    context = identity.sessionContext
    return identity.type, identity.accountId, identity.invokedBy, bool(context and context.sourceIdentity)


def test_sessions_of_a_role_have_one_essence_unless_a_service_named_them() -> None:
    essences = [essential_identity(session_of(role_issuer(), session=name)) for name in ("s", "t", "AWSBackup-1")]
    assert essences[0] == essences[1] != essences[2]


def test_caller_in_another_account_s_log_is_known_only_by_its_id() -> None:
    """AWS gives the account that a call reaches no ARN of the caller, so whoever wrote one there made it up."""
    owner = "444455556666"
    session, user = session_of(role_issuer()), UserIdentity(type="IAMUser", principalId="AIDAEXAMPLE", arn=USER)
    for identity, unique_id in ((session, "AROAEXAMPLE"), (user, "AIDAEXAMPLE")):
        record = record_by(identity)
        record.recipientAccountId = ACCOUNT
        assert caller_from_record(record) == caller_from_identity(identity)
        record.recipientAccountId = owner
        by_id = Caller(CallerKind.CROSS_ACCOUNT_ID, principal_id=unique_id, account=ACCOUNT)
        assert caller_from_record(record) == by_id


def test_caller_in_another_account_s_log_without_an_id_is_nobody() -> None:
    record = record_by(UserIdentity(type="IAMUser", arn=USER))
    record.recipientAccountId = "444455556666"
    assert caller_from_record(record) == Caller(CallerKind.CROSS_ACCOUNT, account=ACCOUNT)
