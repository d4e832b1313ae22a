"""Cognito: the roles that an identity pool hands to its users, and with which a user pool sends texts.

Sources: https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html and
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-email-phone-verification.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.model import MappedAction

_IDENTITY_POOLS = "cognito-identity.amazonaws.com"
_USER_POOLS = "cognito-idp.amazonaws.com"


def _complete_pool_roles(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """SetIdentityPoolRoles, and iam:PassRole on every role that it names."""
    return (*actions, *passed_roles(call, _read_roles(call), _IDENTITY_POOLS))


def _read_roles(call: Call) -> Iterator[str]:
    for roles in values_at(call.request, ("roles",)):
        if isinstance(roles, dict):
            yield from texts_at(list(roles.values()), ())
    for mappings in values_at(call.request, ("roleMappings",)):
        if isinstance(mappings, dict):
            yield from texts_at(list(mappings.values()), ("rulesConfiguration", "rules", "roleARN"))


def _complete_user_pool(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateUserPool, UpdateUserPool and SetUserPoolMfaConfig, with the role that sends texts."""
    senders = (
        *call.texts("smsConfiguration", "snsCallerArn"),
        *call.texts("smsMfaConfiguration", "smsConfiguration", "snsCallerArn"),
    )
    return (*actions, *passed_roles(call, senders, _USER_POOLS))


COMPLETIONS: CompletionTable = {
    (_IDENTITY_POOLS, "SetIdentityPoolRoles"): _complete_pool_roles,
    (_USER_POOLS, "CreateUserPool"): _complete_user_pool,
    (_USER_POOLS, "UpdateUserPool"): _complete_user_pool,
    (_USER_POOLS, "SetUserPoolMfaConfig"): _complete_user_pool,
}
