"""The caller of a recorded call, and principals that a record names only by ARN, such as grantees of keys. A session
becomes the role or user that issued it.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.records import Record, SessionIssuer, UserIdentity
from lpgen.core.model import Caller, CallerKind

_NAMED_ROLE: Final = "assumed-role/"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_ID_PREFIXES: Final = ("AROA", "AIDA", _NAMED_ROLE)

_ANONYMOUS: Final = ("ANONYMOUS_PRINCIPAL", "anonymous")

_SESSION_TYPES: Final = ("AssumedRole", "FederatedUser")

_IdentityKey = tuple[str | bool | SessionIssuer | None, ...] | None

_SERVICE_LINKED_PATH: Final = ":role/aws-service-role/"

# Session names that only AWS services use, when they assume a customer's service role.
_SERVICE_SESSION_NAMES: Final = (
    "AWSCloudFormation",
    "AWSBackup-",
    "AWSConfig-",
    "AWSCodeBuild-",
    "AWSCodePipeline-",
    "AutoScaling-",
    "CloudTrail_",
    "StackSets-",
)

_KIND_BY_TYPE: Final = {
    "Root": CallerKind.ROOT,
    "AWSService": CallerKind.SERVICE,
    "AWSAccount": CallerKind.CROSS_ACCOUNT,
    "FederatedUser": CallerKind.FEDERATED,
    "SAMLUser": CallerKind.FEDERATED,
    "WebIdentityUser": CallerKind.FEDERATED,
    "IdentityCenterUser": CallerKind.FEDERATED,
    "Directory": CallerKind.FEDERATED,
}


def caller_from_record(record: Record) -> Caller:
    """The principal that made a record's call, as far as the account that owns the log can know it."""
    return caller_in_log_of(caller_from_identity(record.userIdentity), record.recipientAccountId or "")


def caller_in_log_of(caller: Caller, account: str) -> Caller:
    """The caller as shown in an account's log. A caller from another account is known only by its id.

    `account` is "" if unknown. AWS gives the called account only the caller's id, so an ARN in that log isn't evidence.
    """
    if not account or not caller.principal or caller.account == account:
        return caller
    kind = CallerKind.CROSS_ACCOUNT_ID if caller.principal_id.startswith(_ID_PREFIXES) else CallerKind.CROSS_ACCOUNT
    return replace(caller, kind=kind, principal="")


def caller_from_identity(identity: UserIdentity | None) -> Caller:
    """The principal that a record's `userIdentity` names.

    For an assumed role this is its `sessionIssuer`: its ARN keeps the role's path, and its id distinguishes a recreated
    role from the deleted one. For a federated user it is the user or role that requested the federation token. A
    session ARN is never turned into a role ARN: without an issuer, only the role's id is known.
    """
    if identity is None:
        return Caller(CallerKind.UNKNOWN)
    if identity.type in _SESSION_TYPES:
        return _caller_from_session(identity)
    if identity.type in ("IAMUser", "Role"):
        return _caller_from_arn(identity, identity.arn, identity.principalId)
    if _is_anonymous(identity):
        return Caller(CallerKind.ANONYMOUS)
    kind = _KIND_BY_TYPE.get(identity.type or "", CallerKind.UNKNOWN)
    if kind is CallerKind.CROSS_ACCOUNT and _has_unique_id(identity):
        return _caller_by_id(identity)
    if kind is CallerKind.UNKNOWN and identity.type is None and identity.invokedBy:
        kind = CallerKind.SERVICE
    return Caller(kind, account=identity.accountId or "")


def caller_name(identity: UserIdentity | None, caller: Caller | None = None) -> str:
    """The caller's name in the activity table: its ARN, or the service principal of an AWS service, or its kind. Pass
    `caller` if it is already known."""
    caller = caller or caller_from_identity(identity)
    service = identity.invokedBy if identity and caller.kind is CallerKind.SERVICE else None
    return caller.principal or service or caller.kind.value


def essential_identity(identity: UserIdentity | None) -> _IdentityKey:
    """A key of the identity's fields that affect the caller or anything else that is read from it. It leaves out the
    session name, so all sessions of a role are equal."""
    if identity is None:
        return None
    context = identity.sessionContext
    if identity.type == "AWSAccount" and context is None and not identity.arn:
        service_session = _has_service_session_name(identity)
        return identity.type, identity.accountId, identity.invokedBy, _unique_id(identity), service_session
    issuer = context.sessionIssuer if context else None
    if identity.type not in _SESSION_TYPES or context is None or issuer is None or not issuer.arn:
        source = context.sourceIdentity if context else None
        return identity.type, identity.principalId, identity.arn, identity.accountId, identity.invokedBy, issuer, source
    return (
        identity.type,
        identity.accountId,
        identity.invokedBy,
        issuer.arn,
        issuer.principalId,
        issuer.type,
        issuer.accountId,
        not context.sourceIdentity,
        _has_service_session_name(identity),
    )


def _caller_from_session(identity: UserIdentity) -> Caller:
    issuer = identity.sessionContext.sessionIssuer if identity.sessionContext else None
    account = (issuer.accountId if issuer else None) or identity.accountId or ""
    if issuer is None or not issuer.arn:
        if identity.type == "AssumedRole" and _has_unique_id(identity):
            return _caller_by_id(identity)
        kind = CallerKind.FEDERATED if identity.type == "FederatedUser" else CallerKind.UNKNOWN
        return Caller(kind, account=account)
    if issuer.type == "Root" or issuer.arn.endswith(":root"):
        return Caller(CallerKind.ROOT, account=account)
    return _caller_from_arn(identity, issuer.arn, issuer.principalId)


def _caller_by_id(identity: UserIdentity) -> Caller:
    """A role or user whose ARN isn't in the record."""
    is_own = identity.type == "AssumedRole" and _unique_id(identity).startswith(_NAMED_ROLE)
    return Caller(
        CallerKind.ROLE if is_own else CallerKind.CROSS_ACCOUNT_ID,
        principal_id=_unique_id(identity),
        account=identity.accountId or "",
        service_session=_has_service_session_name(identity),
    )


def _caller_from_arn(identity: UserIdentity, arn: str | None, principal_id: str | None) -> Caller:
    fields = split_arn(arn or "")
    kind, slash, _ = fields.name.partition("/")
    if not arn or fields.service != "iam" or kind not in ("role", "user") or not slash:
        return Caller(CallerKind.UNKNOWN, account=identity.accountId or "")
    return Caller(
        CallerKind.ROLE if kind == "role" else CallerKind.USER,
        principal=arn,
        principal_id=(principal_id or "").partition(":")[0],
        account=fields.account,
        service_session=_SERVICE_LINKED_PATH in arn or _has_service_session_name(identity),
    )


def _unique_id(identity: UserIdentity) -> str:
    return (identity.principalId or "").partition(":")[0]


def _has_unique_id(identity: UserIdentity) -> bool:
    return _unique_id(identity).startswith(_ID_PREFIXES)


def _has_service_session_name(identity: UserIdentity) -> bool:
    principal_id = identity.principalId or ""
    colon = principal_id.find(":")
    return colon >= 0 and principal_id.startswith(_SERVICE_SESSION_NAMES, colon + 1)


def _is_anonymous(identity: UserIdentity) -> bool:
    """S3 logs a call without credentials as an AWSAccount with the account id ANONYMOUS_PRINCIPAL."""
    return identity.accountId in _ANONYMOUS or identity.principalId in _ANONYMOUS


# ---------------------------------------------------------------- requesters in S3 server access logs

_REQUESTER: Final = re.compile(
    r"arn:aws[a-z-]*:(?:iam|sts)::(?P<account>\d{12}):"
    r"(?:(?P<root>root)|(?P<user>user/.+)|assumed-role/(?P<role>[^/]+)/(?P<session>.+)|(?P<federated>federated-user/.+))"
)
_SERVICE: Final = re.compile(r"svc:(.+)|AmazonS3|.+\.amazonaws\.com(?:\.cn)?")
_CANONICAL_ID: Final = re.compile("[0-9a-f]{64}")


@lru_cache(maxsize=4096)
def identity_of_requester(requester: str, owner: str, account: str) -> UserIdentity:
    """The identity of the requester in an S3 server access log, whose bucket is of a canonical user `owner` and of an
    `account`, "" if unknown.

    Of a role's session, only the role's name is known, as in `id_of_named_role`. A canonical user ID represents an
    account.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
    """
    if requester == "-":
        return UserIdentity(type="AWSAccount", accountId=_ANONYMOUS[0])
    found = _REQUESTER.fullmatch(requester)
    if found is None:
        service = _SERVICE.fullmatch(requester)
        if service:
            return UserIdentity(type="AWSService", invokedBy=service[1] or requester)
        if requester == owner:
            return UserIdentity(type="Root", accountId=account or None)
        return UserIdentity(type="AWSAccount" if _CANONICAL_ID.fullmatch(requester) else "Unknown")
    own = found["account"]
    if found["role"]:
        is_own = account in ("", own)
        kind, unique_id = "AssumedRole" if is_own else "AWSAccount", id_of_named_role(own, found["role"])
        return UserIdentity(type=kind, principalId=f"{unique_id}:{found['session']}", arn=requester, accountId=own)
    kind = "Root" if found["root"] else "IAMUser" if found["user"] else "FederatedUser"
    return UserIdentity(type=kind, arn=requester, accountId=own)


def id_of_named_role(account: str, name: str) -> str:
    """The key of a role if only its name is known, in place of its unique id. Names are unique within an
    account, whatever their case.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
    """
    return f"{_NAMED_ROLE}{account}/{name}"


def account_of_named_role(unique_id: str) -> str:
    """The account in an id of `id_of_named_role`, or "" for other ids."""
    return unique_id.removeprefix(_NAMED_ROLE).partition("/")[0] if unique_id.startswith(_NAMED_ROLE) else ""


def name_in_skips(caller: Caller) -> str:
    """The caller's ARN or, for a role that is known only by its name, `id_of_named_role`, or ""."""
    return caller.principal or (caller.principal_id if account_of_named_role(caller.principal_id) else "")


def names_in_signs(principal: str) -> tuple[str, str]:
    """The names that the table of signs can give a role or user: the ARN, or `id_of_named_role`."""
    fields = split_arn(principal)
    return principal, id_of_named_role(fields.account, fields.name.rpartition("/")[2])


# ---------------------------------------------------------------- principals beyond the caller

_SESSION: Final = "assumed-role/"


def named_principal(text: str) -> str:
    """The ARN of a role or user, or of a role's session without the session name, which callers choose freely. "" for
    all other principals: their policies can't be reviewed.

    Key grants for Lambda name the session of a function, `assumed-role/ROLE/FUNCTION`. Key grants for instances name a
    session of `aws:ec2-infrastructure`, which no account owns.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    fields = split_arn(text)
    kind, _, name = fields.name.partition("/")
    if fields.service == "iam" and kind in ("role", "user") and name:
        return text
    role, slash, _ = name.partition("/")
    if fields.service != "sts" or kind != "assumed-role" or not slash or role.startswith("aws:"):
        return ""
    return f"arn:{fields.partition}:sts::{fields.account}:{_SESSION}{role}"


def is_of_account(principal: str, account: str | None) -> bool:
    """Whether a role or user belongs to an account, or the account isn't known."""
    return not account or split_arn(principal).account == account


def names_of(principal: str) -> tuple[str, ...]:
    """The results that `named_principal` can give for a role or user. A session's ARN doesn't show the role's path."""
    fields = split_arn(principal)
    kind, _, name = fields.name.partition("/")
    if kind != "role":
        return (principal,)
    return principal, f"arn:{fields.partition}:sts::{fields.account}:{_SESSION}{name.rpartition('/')[2]}"
