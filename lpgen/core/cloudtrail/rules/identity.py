"""STS, Cognito and IAM Identity Center."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.inferences import SESSION_CONTEXT
from lpgen.core.cloudtrail.rules.passing import is_role_arn, passed_roles
from lpgen.core.cloudtrail.rules.resources import mapped, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource, ResourceKind

# ---------------------------------------------------------------- STS

# A session's tags, source identity and context each need another action on the same role.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
# The trust policy of the role must also allow the call. These rules don't check it.

_STS = "sts.amazonaws.com"

# `incomingTransitiveTags` has the tags that the caller's session passes on.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_ctlogs
_SESSION_TAGS = ("tags", "transitiveTagKeys", "incomingTransitiveTags")


def _map_assume_role(call: Call) -> tuple[MappedAction, ...]:
    listed = (entry.ARN or "" for entry in call.record.resources or ())
    arns = (*call.texts("roleArn"), *listed)
    roles = tuple(Resource(ResourceKind.ARN, arn) for arn in arns if is_role_arn(arn))
    further = (
        ("sts:TagSession", any(call.has(name) for name in _SESSION_TAGS)),
        ("sts:SetSourceIdentity", call.has("sourceIdentity") or _carries_source_identity(call)),
        ("sts:SetContext", call.has("providedContexts")),
    )
    return (
        mapped("sts:AssumeRole", roles),
        *(mapped(action, roles, how=SESSION_CONTEXT) for action, asked in further if asked),
    )


def _carries_source_identity(call: Call) -> bool:
    """Whether the caller's own session has a source identity, which a chained session keeps.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    identity = call.record.userIdentity
    context = identity.sessionContext if identity else None
    return bool(context and context.sourceIdentity)


def _map_federation_token(call: Call) -> tuple[MappedAction, ...]:
    """GetFederationToken on the new federated user. Its tags need sts:TagSession, which doesn't name the user."""
    name = call.text("name")
    user = call.arn("sts", f"federated-user/{name if name and '*' not in name else '*'}", region=False)
    tags = (mapped("sts:TagSession", (), how=SESSION_CONTEXT),) if call.has("tags") else ()
    return (mapped("sts:GetFederationToken", (resource_from_arn(user),)), *tags)


def _map_assume_root(call: Call) -> tuple[MappedAction, ...]:
    """AssumeRoot on a member account's root user, given as an ARN or an account id.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
    """
    target = call.text("targetPrincipal")
    if target.isdigit():
        target = f"arn:{call.partition}:iam::{target}:root"
    fits = target.startswith("arn:") and target.endswith(":root") and not has_wildcard(target)
    return (mapped("sts:AssumeRoot", (Resource(ResourceKind.ARN, target),) if fits else ()),)


def _map_web_identity_token(call: Call) -> tuple[MappedAction, ...]:
    """GetWebIdentityToken and the tags of the token.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
    """
    tags = (mapped("sts:TagGetWebIdentityToken", (NO_RESOURCE,), how=SESSION_CONTEXT),) if call.has("tags") else ()
    return (mapped("sts:GetWebIdentityToken", (NO_RESOURCE,)), *tags)


# ---------------------------------------------------------------- Cognito

# The roles that an identity pool gives to its users, and the role that a user pool sends text messages with.
# https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html and
# https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-email-phone-verification.html

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
    """CreateUserPool, UpdateUserPool and SetUserPoolMfaConfig, with the role that sends text messages."""
    senders = (
        *call.texts("smsConfiguration", "snsCallerArn"),
        *call.texts("smsMfaConfiguration", "smsConfiguration", "snsCallerArn"),
    )
    return (*actions, *passed_roles(call, senders, _USER_POOLS))


# ---------------------------------------------------------------- IAM Identity Center

# The access portal uses the same event source and needs no IAM permission.


def _map_application_listing(call: Call) -> tuple[MappedAction, ...] | None:
    """ListApplications. The access portal's call with this name has no instance and needs no permission.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-info-in-cloudtrail.html
    """
    return None if call.has("instanceArn") else ()


RULES: RuleTable = {
    (_STS, "AssumeRole"): _map_assume_role,
    (_STS, "GetFederationToken"): _map_federation_token,
    (_STS, "AssumeRoot"): _map_assume_root,
    (_STS, "GetWebIdentityToken"): _map_web_identity_token,
    ("sso.amazonaws.com", "ListApplications"): _map_application_listing,
}

COMPLETIONS: CompletionTable = {
    (_IDENTITY_POOLS, "SetIdentityPoolRoles"): _complete_pool_roles,
    (_USER_POOLS, "CreateUserPool"): _complete_user_pool,
    (_USER_POOLS, "UpdateUserPool"): _complete_user_pool,
    (_USER_POOLS, "SetUserPoolMfaConfig"): _complete_user_pool,
}
