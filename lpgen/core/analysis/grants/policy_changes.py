"""Policy changes that the logs hold: they explain use which today's policies no longer grant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lpgen.core.evidence import PrincipalUsage, Use
from lpgen.core.model import Outcome, Principal, ResourceKind
from lpgen.core.usage.principal_usage import name_arn

# The IAM calls after which a principal may hold fewer rights than before.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagement.html
POLICY_CHANGES: Final = frozenset(
    {
        "iam:AttachGroupPolicy",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreatePolicyVersion",
        "iam:DeleteGroupPolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DeleteUserPermissionsBoundary",
        "iam:DeleteUserPolicy",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:PutGroupPolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:PutUserPermissionsBoundary",
        "iam:PutUserPolicy",
        "iam:SetDefaultPolicyVersion",
        "iam:UpdateRole",
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class PolicyChanges:
    """The recorded changes of policies by what they changed."""

    _by_resource: dict[str, list[Use]]

    def explanation(self, principal: Principal, use: Use) -> str:
        """The recorded policy change that explains a use no policy grants now, or "".

        A change explains only use that was last seen before the last change. When a user is removed from a group, the
        usage names only the group, so the change explains nothing.
        """
        groups = (f"{principal.arn.partition(':user/')[0]}:group/{name}" for name in principal.groups)
        resources = [principal.arn, *groups, *(policy.arn for policy in principal.policies if policy.arn)]
        changes = [change for arn in resources for change in self._by_resource.get(name_arn(arn), ())]
        later = [change for change in changes if change.evidence.last_seen >= use.evidence.last_seen]
        if not later:
            return ""
        change = max(later, key=lambda one: (one.evidence.last_seen, one.action))
        when, event = change.evidence.last_seen, change.evidence.example_event_id
        return f"its policies were changed later, by {change.action} on {when[:10]} (example {event})"


def policy_changes_from_usages(usages: Iterable[PrincipalUsage]) -> PolicyChanges:
    """The changes of policies that principals made."""
    found: dict[str, list[Use]] = defaultdict(list)
    for usage in usages:
        for use in usage.uses:
            is_change = use.action in POLICY_CHANGES and use.outcome is Outcome.ALLOWED
            if is_change and use.resource.kind is ResourceKind.ARN:
                found[name_arn(use.resource.text)].append(use)
    return PolicyChanges(found)
