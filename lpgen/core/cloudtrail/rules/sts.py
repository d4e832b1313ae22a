"""STS: a session's tags, source identity and context each need an action of their own on the same role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
The target's trust policy must allow the call too; that is the target's affair and not looked at here.
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import SESSION_CONTEXT
from lpgen.core.cloudtrail.rules.passing import is_role_arn
from lpgen.core.cloudtrail.rules.types import mapped, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource, ResourceKind

_SOURCE = "sts.amazonaws.com"


# The tags that the caller's own session hands on are in `incomingTransitiveTags`.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_ctlogs
_SESSION_TAGS = ("tags", "transitiveTagKeys", "incomingTransitiveTags")


def _map_assume_role(call: Call) -> tuple[MappedAction, ...]:
    listed = (entry.ARN or "" for entry in call.record.resources or ())
    arns = (*call.texts("roleArn"), *listed)
    roles = tuple(Resource(ResourceKind.ARN, arn) for arn in arns if is_role_arn(arn))
    beside = (
        ("sts:TagSession", any(call.has(name) for name in _SESSION_TAGS)),
        ("sts:SetSourceIdentity", call.has("sourceIdentity") or _carries_source_identity(call)),
        ("sts:SetContext", call.has("providedContexts")),
    )
    return (
        mapped("sts:AssumeRole", roles),
        *(mapped(action, roles, how=SESSION_CONTEXT) for action, asked in beside if asked),
    )


def _carries_source_identity(call: Call) -> bool:
    """Whether the caller's own session has a source identity, which a chained session keeps.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    identity = call.record.userIdentity
    context = identity.sessionContext if identity else None
    return bool(context and context.sourceIdentity)


def _map_federation_token(call: Call) -> tuple[MappedAction, ...]:
    """GetFederationToken on the federated user it makes; its tags need sts:TagSession, which names no such user."""
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
    """GetWebIdentityToken and the tags that the token gets.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
    """
    tags = (mapped("sts:TagGetWebIdentityToken", (NO_RESOURCE,), how=SESSION_CONTEXT),) if call.has("tags") else ()
    return (mapped("sts:GetWebIdentityToken", (NO_RESOURCE,)), *tags)


RULES: RuleTable = {
    (_SOURCE, "AssumeRole"): _map_assume_role,
    (_SOURCE, "GetFederationToken"): _map_federation_token,
    (_SOURCE, "AssumeRoot"): _map_assume_root,
    (_SOURCE, "GetWebIdentityToken"): _map_web_identity_token,
}
