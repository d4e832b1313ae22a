"""iam:PassRole in the forms that a service gives it of its own."""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.event_rules.call import Call
from lpgen.core.event_rules.inferences import PASS_ROLE
from lpgen.core.model import Action, MappedAction, Resource, ResourceKind

PASSED_TO_SERVICE = "iam:PassedToService"


def passed_role(call: Call, roles: Iterable[Resource], service: str) -> MappedAction:
    """iam:PassRole on roles (or the instance profiles that stand for them) that the call hands to a service.

    In China EC2's service principal ends in `.cn`, which is where the context then differs.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    if call.partition == "aws-cn" and service == "ec2.amazonaws.com":
        service = "ec2.amazonaws.com.cn"
    context = ((PASSED_TO_SERVICE, service),)
    return MappedAction(Action("iam:PassRole"), tuple(sorted(set(roles))), PASS_ROLE, context)


def passed_roles(call: Call, texts: Iterable[str], service: str) -> tuple[MappedAction, ...]:
    """iam:PassRole on the texts that are role ARNs, or nothing where none is one."""
    roles = {Resource(ResourceKind.ARN, text) for text in texts if is_role_arn(text)}
    return (passed_role(call, roles, service),) if roles else ()


def is_role_arn(text: str) -> bool:
    """Whether a text is the ARN of one IAM role."""
    fields = text.split(":", 5)
    return len(fields) == 6 and fields[2] == "iam" and fields[5].startswith("role/") and not set("*?") & set(text)
