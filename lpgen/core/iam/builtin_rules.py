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

_IS_FREE = "this call needs no permission, and policies can't deny it"
_POLICY_OF_AWS = "AWS managed policies can't be changed"
_NO_ROOT = "the root user can't assume a role"
_RESERVED = (
    (_CHANGES_ROLES, "role/aws-service-role/", "only its service can change a service-linked role"),
    (_CHANGES_ROLES | _RESERVED_BY_SSO, "role/aws-reserved/", "only IAM Identity Center can change a reserved role"),
    (_CHANGES_ALIASES, "alias/aws/", "aliases of AWS managed keys can't be changed"),
)
"""Actions, the start of the names of resources on which AWS denies them, and the sentence that says so."""


def free_call(request: Request, principal: RequestPrincipal) -> str:
    """The sentence for a call that needs no permission, or ""."""
    if request.folded_action in NEEDS_NO_PERMISSION and principal.form is not PrincipalForm.ANONYMOUS:
        return _IS_FREE
    return ""


def refusal(request: Request, principal: RequestPrincipal) -> str:
    """The sentence for a request that AWS denies regardless of policies, or ""."""
    action = request.folded_action
    if action not in _REFUSABLE:
        return ""
    resource = split_arn(request.resource.text)
    if action in _CHANGES_POLICIES and resource.account == "aws":
        return _POLICY_OF_AWS
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    if action == "sts:assumerole" and principal.form is PrincipalForm.ROOT:
        return _NO_ROOT
    return next(
        (says for actions, start, says in _RESERVED if action in actions and resource.name.startswith(start)), ""
    )
