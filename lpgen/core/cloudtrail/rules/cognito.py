"""Cognito: the roles that an identity pool hands to its users, and with which a user pool sends texts.

Sources: https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html and
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-email-phone-verification.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.types import NamedType, mapped
from lpgen.core.model import NO_RESOURCE, MappedAction

_IDENTITY_POOLS = "cognito-identity.amazonaws.com"
_USER_POOLS = "cognito-idp.amazonaws.com"


def _map_set_roles(call: Call) -> tuple[MappedAction, ...]:
    """SetIdentityPoolRoles, and iam:PassRole on every role that it names."""
    own = mapped("cognito-identity:SetIdentityPoolRoles", (NO_RESOURCE,))
    return (own, *passed_roles(call, _read_roles(call), _IDENTITY_POOLS))


def _read_roles(call: Call) -> Iterator[str]:
    for roles in values_at(call.request, ("roles",)):
        if isinstance(roles, dict):
            yield from texts_at(list(roles.values()), ())
    for mappings in values_at(call.request, ("roleMappings",)):
        if isinstance(mappings, dict):
            yield from texts_at(list(mappings.values()), ("rulesConfiguration", "rules", "roleARN"))


_USER_POOL = NamedType("cognito-idp", "userpool/{}", "userPoolId")


def _map_user_pool(call: Call) -> tuple[MappedAction, ...]:
    """CreateUserPool, UpdateUserPool and SetUserPoolMfaConfig, with the role that sends texts."""
    pool = (NO_RESOURCE,) if call.operation == "CreateUserPool" else _USER_POOL.read(call, "")
    senders = (
        *call.texts("smsConfiguration", "snsCallerArn"),
        *call.texts("smsMfaConfiguration", "smsConfiguration", "snsCallerArn"),
    )
    return (mapped(f"cognito-idp:{call.operation}", pool), *passed_roles(call, senders, _USER_POOLS))


RULES: RuleTable = {
    (_IDENTITY_POOLS, "SetIdentityPoolRoles"): _map_set_roles,
    (_USER_POOLS, "CreateUserPool"): _map_user_pool,
    (_USER_POOLS, "UpdateUserPool"): _map_user_pool,
    (_USER_POOLS, "SetUserPoolMfaConfig"): _map_user_pool,
}
