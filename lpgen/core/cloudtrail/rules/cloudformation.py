"""CloudFormation: stacks by name, whose ARN also holds an id, the service role, and Cloud Control.

Without a service role CloudFormation acts with the caller's session, and each of those calls has its own record.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudformation.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import LIST_ALL
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType, mapped, read_resources
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE = "cloudformation.amazonaws.com"


def _formation_type(shape: str, paths: str) -> NamedType:
    return NamedType("cloudformation", shape, paths)


@dataclass(frozen=True, slots=True)
class _StackSetType:
    """Stack sets by name. Those that a delegated administrator works on belong to the management account.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html
    """

    named: NamedType

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The stack sets that the request names."""
        return self.named.read(_as_owner(call), paths)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all stack sets."""
        return self.named.pattern(_as_owner(call))


def _as_owner(call: Call) -> Call:
    """The call as if of the account that owns the stack sets, which the record doesn't show of a delegated one."""
    return call.of_any_account() if call.text("callAs") == "DELEGATED_ADMIN" else call


_TYPES: dict[str, ResourceType] = {
    "stack": _formation_type("stack/{}/*", "stackName"),
    "stackset": _StackSetType(_formation_type("stackset/{}:*", "stackSetName")),
}


def _map_stack_description(call: Call) -> tuple[MappedAction, ...]:
    """DescribeStacks: without a stack's name it describes all and needs the list action too.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
    """
    described = mapped("cloudformation:DescribeStacks", read_resources(call, _TYPES, ("stack",)))
    if call.has("stackName"):
        return (described,)
    return (described, mapped("cloudformation:ListStacks", (NO_RESOURCE,), how=LIST_ALL))


RULES: RuleTable = {
    (_SOURCE, "DescribeStacks"): _map_stack_description,
}

READERS: ReaderTable = {_SOURCE: _TYPES}
