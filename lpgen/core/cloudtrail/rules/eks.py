"""EKS: clusters by name. The ARN of a resource in a cluster has an id that only AWS knows, so it becomes a pattern.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
Roles that the calls hand over are found by the general rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import Call, CompletionTable
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.types import ReaderTable
from lpgen.core.model import MappedAction, Resource, ResourceKind

_SOURCE = "eks.amazonaws.com"


@dataclass(frozen=True, slots=True)
class _AccessEntryType:
    """The access entry of an IAM principal: its ARN holds the principal's kind, account and bare name."""

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The access entry of the principal in the cluster that the request names."""
        cluster = call.text("clusterName") or call.text("name")
        principal = split_arn(call.text("principalArn"))
        if not cluster or principal.service != "iam" or "*" in "".join((cluster, *principal)):
            return ()
        kind, _, name = principal.name.partition("/")
        entry = f"access-entry/{cluster}/{kind}/{principal.account}/{name.rpartition('/')[2]}/*"
        return (Resource(ResourceKind.FOLD, call.arn("eks", entry)),)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all access entries of the account and Region."""
        return Resource(ResourceKind.FOLD, call.arn("eks", "access-entry/*"))


def _complete_access_entry(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateAccessEntry, which for an entry of EC2 nodes also hands their role to EC2."""
    is_of_nodes = call.text("type").upper().startswith("EC2")
    roles = passed_roles(call, call.texts("principalArn"), "ec2.amazonaws.com") if is_of_nodes else ()
    return (*actions, *roles)


COMPLETIONS: CompletionTable = {(_SOURCE, "CreateAccessEntry"): _complete_access_entry}

READERS: ReaderTable = {_SOURCE: {"access-entry": _AccessEntryType()}}
