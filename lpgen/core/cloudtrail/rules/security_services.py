"""GuardDuty and Security Hub: the role of a scan, and what calls on security controls need of the one hub of a Region.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonguardduty.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, Rule, RuleTable
from lpgen.core.cloudtrail.rules.inferences import SECURITY_CONTROLS
from lpgen.core.cloudtrail.rules.types import NamedType, mapped
from lpgen.core.model import NO_RESOURCE, MappedAction

# A Region has one hub, and no request names it.
_HUB = NamedType("securityhub", "hub/default", "hubArn")

# Calls that read or change controls need the action of their first version too: the reference lists both as dependent
# actions.
_CONTROL_ACTIONS = {
    "BatchGetSecurityControls": "DescribeStandardsControls",
    "BatchGetStandardsControlAssociations": "DescribeStandardsControls",
    "BatchUpdateStandardsControlAssociations": "UpdateStandardsControl",
    "GetSecurityControlDefinition": "DescribeStandardsControls",
    "ListStandardsControlAssociations": "DescribeStandardsControls",
    "UpdateSecurityControl": "UpdateStandardsControl",
}


def _map_controls(needed: str) -> Rule:
    def map_call(call: Call) -> tuple[MappedAction, ...]:
        hub = (_HUB.pattern(call),)
        return (
            mapped(f"securityhub:{call.operation}", (NO_RESOURCE,)),
            mapped(f"securityhub:{needed}", hub, how=SECURITY_CONTROLS),
        )

    return map_call


RULES: RuleTable = {
    **{("securityhub.amazonaws.com", name): _map_controls(needed) for name, needed in _CONTROL_ACTIONS.items()},
}
