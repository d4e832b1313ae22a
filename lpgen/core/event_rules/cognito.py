"""Cognito identity pools: the roles that a pool hands to its users, which are keyed by kind of user.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.event_rules.call import Call, RuleTable, texts_at, values_at
from lpgen.core.event_rules.declared import mapped
from lpgen.core.event_rules.passing import passed_roles
from lpgen.core.model import NO_RESOURCE, MappedAction

SOURCE = "cognito-identity.amazonaws.com"


def map_set_roles(call: Call) -> tuple[MappedAction, ...]:
    """SetIdentityPoolRoles, and iam:PassRole on every role that it names."""
    own = mapped("cognito-identity:SetIdentityPoolRoles", (NO_RESOURCE,))
    return (own, *passed_roles(call, _read_roles(call), SOURCE))


def _read_roles(call: Call) -> Iterator[str]:
    for roles in values_at(call.request, ("roles",)):
        if isinstance(roles, dict):
            yield from texts_at(list(roles.values()), ())
    for mappings in values_at(call.request, ("roleMappings",)):
        if isinstance(mappings, dict):
            yield from texts_at(list(mappings.values()), ("rulesConfiguration", "rules", "roleARN"))


RULES: RuleTable = {(SOURCE, "SetIdentityPoolRoles"): map_set_roles}
