"""The caller of a recorded call, and principals that a record names only by an ARN: grantees of keys, callers in
summaries. Sessions fold into the role or user that issued them.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.records import Record, UserIdentity
from lpgen.core.model import Caller, CallerKind

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_ID_PREFIXES: Final = ("AROA", "AIDA")

_ANONYMOUS: Final = ("ANONYMOUS_PRINCIPAL", "anonymous")

_SESSION_TYPES: Final = ("AssumedRole", "FederatedUser")

_IdentityKey = UserIdentity | tuple[str | bool | None, ...] | None

_SERVICE_LINKED_PATH: Final = ":role/aws-service-role/"

# Session names that only an AWS service chooses when it assumes a service role that a customer made for it.
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
    """The principal that made a record's call, as the account whose log holds the record may name it."""
    return caller_in_log_of(caller_from_identity(record.userIdentity), record.recipientAccountId or "")


def caller_in_log_of(caller: Caller, account: str) -> Caller:
    """The caller in the log of an account, "" if that isn't known. One of another account is known only by its id.

    AWS gives the account that a call reaches the caller's id without its ARN, so an ARN there is no evidence.
    """
    if not account or not caller.principal or caller.account == account:
        return caller
    kind = CallerKind.CROSS_ACCOUNT_ID if caller.principal_id.startswith(_ID_PREFIXES) else CallerKind.CROSS_ACCOUNT
    return replace(caller, kind=kind, principal="")


def caller_from_identity(identity: UserIdentity | None) -> Caller:
    """The principal that a record's `userIdentity` names.

    An assumed role is its `sessionIssuer`, whose ARN keeps the role's path and whose id distinguishes a recreated role
    from the old one of its name; a federated user is the user or role that asked for the federation token. An ARN is
    never rebuilt from a session ARN: without an issuer the caller of a role's session is known only by the role's id.
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
    """The name of an identity's caller in the activity table: its ARN, the service principal of an AWS service, or
    else its kind. `caller` is that of the identity, if it is already known."""
    caller = caller or caller_from_identity(identity)
    service = identity.invokedBy if identity and caller.kind is CallerKind.SERVICE else None
    return caller.principal or service or caller.kind.value


def essential_identity(identity: UserIdentity | None) -> _IdentityKey:
    """The parts of an identity that decide its caller and everything else read from it, to be compared and hashed. A
    session's name isn't among them, so all sessions of a role are equal."""
    if identity is None:
        return identity
    context = identity.sessionContext
    if identity.type == "AWSAccount" and context is None and not identity.arn:
        service_session = _has_service_session_name(identity)
        return identity.type, identity.accountId, identity.invokedBy, _unique_id(identity), service_session
    if identity.type not in _SESSION_TYPES:
        return identity
    issuer = context.sessionIssuer if context else None
    if context is None or issuer is None or not issuer.arn:
        return identity
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
    """The ARN of a role or user, or of a role's session without the session's name, which is unbounded; "" for all
    others, whose policies can't be judged.

    Lambda's grants of keys name the session of a function, `assumed-role/ROLE/FUNCTION`. Instances get theirs for a
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
    """The results of `named_principal` for a role or user: a session's ARN doesn't show the path of its role."""
    fields = split_arn(principal)
    kind, _, name = fields.name.partition("/")
    if kind != "role":
        return (principal,)
    return principal, f"arn:{fields.partition}:sts::{fields.account}:{_SESSION}{name.rpartition('/')[2]}"
