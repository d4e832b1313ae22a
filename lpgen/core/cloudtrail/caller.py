"""The caller of a recorded call, and principals that a record names only by ARN, such as grantees of keys. A session
becomes the role or user that issued it.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.records import Record, SessionIssuer, UserIdentity
from lpgen.core.model import Caller, CallerKind

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_ID_PREFIXES: Final = ("AROA", "AIDA")

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
    return Caller(
        CallerKind.CROSS_ACCOUNT_ID,
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
