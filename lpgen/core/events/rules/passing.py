"""iam:PassRole in the forms that a service gives it of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lpgen.core.events.rules.call import Call
from lpgen.core.events.rules.inferences import PASS_ROLE, UNREAD_REQUEST
from lpgen.core.model import UNKNOWN_RESOURCE, Action, MappedAction, Resource, ResourceKind

PASSED_TO_SERVICE = "iam:PassedToService"
PASS_ROLE_ACTION = Action("iam:PassRole")

ROLE_UNREAD = MappedAction(PASS_ROLE_ACTION, (UNKNOWN_RESOURCE,), UNREAD_REQUEST)
"""What a call needs that may have passed a role by parameters that can't be read."""

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
_ENTITY_ARN = re.compile(r"arn:[a-z-]+:iam::\d{12}:(?:role|instance-profile)/[\w+=,.@/-]+", re.ASCII)
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)


def passed_role(call: Call, roles: Iterable[Resource], service: str) -> MappedAction:
    """iam:PassRole on roles (or the instance profiles that stand for them) that the call hands to a service.

    In China EC2's service principal ends in `.cn`, which is where the context then differs.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    if call.partition == "aws-cn" and service == "ec2.amazonaws.com":
        service = "ec2.amazonaws.com.cn"
    context = ((PASSED_TO_SERVICE, service),)
    return MappedAction(PASS_ROLE_ACTION, tuple(sorted(set(roles))), PASS_ROLE, context)


def passed_roles(call: Call, texts: Iterable[str], service: str) -> tuple[MappedAction, ...]:
    """iam:PassRole on the texts that are ARNs of roles or instance profiles, or nothing where none is one."""
    roles = {Resource(ResourceKind.ARN, text) for text in texts if _ENTITY_ARN.fullmatch(text)}
    return (passed_role(call, roles, service),) if roles else ()


def entity_arn(call: Call, names: str, text: str) -> str:
    """The ARN of the role or instance profile that a text names, or the text where it is no bare name.

    `names` is "role", "instance-profile", or "" where the parameter takes ARNs alone.
    """
    is_name = names and _NAME.fullmatch(text)
    return call.arn("iam", f"{names}/{text}", region=False) if is_name else text


def is_role_arn(text: str) -> bool:
    """Whether a text is the ARN of one IAM role."""
    return bool(_ENTITY_ARN.fullmatch(text)) and ":role/" in text
