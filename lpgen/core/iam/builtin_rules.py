"""Decisions that AWS makes regardless of policies: calls that need no permission, and resources that only AWS can
change."""

from __future__ import annotations

from lpgen.core.arns import split_arn
from lpgen.core.iam.decision import Request
from lpgen.core.iam.principals import PrincipalForm, RequestPrincipal

NEEDS_NO_PERMISSION = {
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: not even a Deny stops it.
    "sts:getcalleridentity",
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html: policies don't control it.
    "sts:getsessiontoken",
}

# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
_CHANGES_POLICIES = {
    "iam:createpolicy",
    "iam:createpolicyversion",
    "iam:deletepolicy",
    "iam:deletepolicyversion",
    "iam:setdefaultpolicyversion",
    "iam:tagpolicy",
    "iam:untagpolicy",
}

# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
_CHANGES_ROLES = {
    "iam:attachrolepolicy",
    "iam:createrole",
    "iam:deleterole",
    "iam:deleterolepermissionsboundary",
    "iam:deleterolepolicy",
    "iam:detachrolepolicy",
    "iam:putrolepermissionsboundary",
    "iam:putrolepolicy",
    "iam:updateassumerolepolicy",
}
_RESERVED_BY_SSO = {"iam:passrole", "iam:tagrole", "iam:untagrole", "iam:updaterole", "iam:updateroledescription"}

# https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
_CHANGES_ALIASES = {"kms:createalias", "kms:deletealias", "kms:updatealias"}

_REFUSABLE = {*_CHANGES_POLICIES, *_CHANGES_ROLES, *_RESERVED_BY_SSO, *_CHANGES_ALIASES, "sts:assumerole"}


def free_call(request: Request, principal: RequestPrincipal) -> str:
    """The sentence for a call that needs no permission, or ""."""
    if request.folded_action in NEEDS_NO_PERMISSION and principal.form is not PrincipalForm.ANONYMOUS:
        return "this call needs no permission, and policies can't deny it"
    return ""


def refusal(request: Request, principal: RequestPrincipal) -> str:
    """The sentence for a request that AWS denies regardless of policies, or ""."""
    action = request.folded_action
    if action not in _REFUSABLE:
        return ""
    resource = split_arn(request.resource.text)
    if action in _CHANGES_POLICIES and resource.account == "aws":
        return "AWS managed policies can't be changed"
    if action in _CHANGES_ROLES and resource.name.startswith("role/aws-service-role/"):
        return "only its service can change a service-linked role"
    if action in _CHANGES_ROLES | _RESERVED_BY_SSO and resource.name.startswith("role/aws-reserved/"):
        return "only IAM Identity Center can change a reserved role"
    if action in _CHANGES_ALIASES and resource.name.startswith("alias/aws/"):
        return "aliases of AWS managed keys can't be changed"
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    if action == "sts:assumerole" and principal.form is PrincipalForm.ROOT:
        return "the root user can't assume a role"
    return ""
