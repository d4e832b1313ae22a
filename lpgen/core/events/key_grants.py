"""What the record of a KMS grant says that a policy can't: who may use the key, and for which operations.

A grant allows its grantee the use of one key without any policy, until it is retired or revoked. The usage table keeps
both beside the condition values of `kms:CreateGrant`, under names that no condition key has.
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
https://docs.aws.amazon.com/kms/latest/developerguide/ct-creategrant.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.arns import split_arn

GRANTEE: Final = "grantee"
"""Of whom `grantee_from_text` says who it is."""

OPERATION: Final = "operation"
"""What the grantee may do, as actions of KMS without the service."""

RETIRING: Final = "retiring"
"""Who may retire the grant, in the same form: without any policy too."""

_SESSION: Final = "assumed-role/"
_OF_A_SERVICE: Final = "aws:"


def context_from_grant(grantee: str, operations: Iterable[str], retiring: str) -> tuple[tuple[str, str], ...]:
    """What a grant's parameters say, sorted; nothing of those who are nobody whose policies could be judged."""
    grantee, retiring = grantee_from_text(grantee), grantee_from_text(retiring)
    allowed = {(GRANTEE, grantee), *((OPERATION, one) for one in operations)} if grantee else set()
    return tuple(sorted(allowed | ({(RETIRING, retiring)} if retiring else set())))


def grantee_from_text(text: str) -> str:
    """The ARN of a role or user, or of a role's session without the name of the session, of which there is no end;
    "" for all others.

    Lambda's grants name the session of a function, `assumed-role/ROLE/FUNCTION`. Instances get grants for a session of
    `aws:ec2-infrastructure`, which no account owns.
    """
    fields = split_arn(text)
    kind, _, name = fields.name.partition("/")
    if fields.service == "iam" and kind in ("role", "user") and name:
        return text
    role, slash, _ = name.partition("/")
    if fields.service != "sts" or kind != "assumed-role" or not slash or role.startswith(_OF_A_SERVICE):
        return ""
    return f"arn:{fields.partition}:sts::{fields.account}:{_SESSION}{role}"


def is_grantee(grantee: str, principal: str) -> bool:
    """Whether a grantee of the usage table is a role or user. Of a role's session the record doesn't tell the path."""
    fields, own = split_arn(grantee), split_arn(principal)
    if fields.service == "iam":
        return grantee == principal
    of_session = ("role", fields.name.removeprefix(_SESSION))
    return of_session == (own.name.partition("/")[0], own.name.rpartition("/")[2]) and (
        (fields.partition, fields.account) == (own.partition, own.account)
    )
