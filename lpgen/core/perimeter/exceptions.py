"""Principals that a Deny excepts by name, who can create or change one of that name, and a Deny that prevents it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Any, Final

from lpgen.core.arns import account_in_arn, split_arn
from lpgen.core.documents import RowPart, means
from lpgen.core.perimeter.world import PerimeterWorld

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
_WRITES: Final = {
    "role": ("iam:CreateRole", "iam:UpdateAssumeRolePolicy"),
    "user": ("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateUser", "iam:UpdateLoginProfile"),
}
"""The actions that create a principal or let somebody else use it, by its kind."""

BREAK_GLASS: Final = "break-glass"
CALLER: Final = "caller"
SERVICE_ROLE: Final = "service-role"
PARTNER: Final = "partner"
_NOBODY_KNOWN: Final = "the account's principals aren't known"


class Exempt(RowPart, kw_only=True):
    """A principal that a Deny excepts by its ARN or account."""

    principal: Annotated[str, means("Its ARN, a pattern of ARNs, or an account ID.")]
    why: Annotated[str, means("Why: `break-glass`, `caller`, `partner` or `service-role`.")]
    writers: Annotated[tuple[str, ...], means("Who can create or change a principal of that name.")]


def exempt(principal: str, why: str, world: PerimeterWorld) -> Exempt:
    """The exception with its writers. Only AWS writes reserved roles."""
    account = account_in_arn(principal)
    if not world.able("", account):
        return Exempt(principal=principal, why=why, writers=(_NOBODY_KNOWN,))
    pairs = ((writer, action) for action in _writes(principal) for writer in world.able(action, account))
    found = {writer.arn for writer, action in pairs if world.may(writer, action, principal)}
    return Exempt(principal=principal, why=why, writers=tuple(sorted(found - {principal})))


def _writes(arn: str) -> tuple[str, ...]:
    return _WRITES.get(split_arn(arn).name.partition("/")[0], ())


def protection(excepted: Iterable[Exempt], editors: Collection[str]) -> tuple[dict[str, Any], ...]:
    """A statement for an SCP that lets only the editors of the policy create or change the excepted principals.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
    """
    arns = sorted({one.principal for one in excepted if set(one.writers) - {*editors, _NOBODY_KNOWN}})
    statement = {
        "Sid": "LpgenExceptedNames",
        "Effect": "Deny",
        "Action": sorted({action for arn in arns for action in _writes(arn)}),
        "Resource": arns,
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": sorted(editors)}},
    }
    return (statement,) if arns else ()
