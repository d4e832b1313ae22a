"""Roles and users that a record names only by an ARN, beyond its caller: grantees of keys, callers in summaries."""

from __future__ import annotations

from typing import Final

from lpgen.core.arns import split_arn

_SESSION: Final = "assumed-role/"
_OF_A_SERVICE: Final = "aws:"


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
    if fields.service != "sts" or kind != "assumed-role" or not slash or role.startswith(_OF_A_SERVICE):
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
