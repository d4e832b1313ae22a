"""Network Firewall: rule groups are named by name and type, and a policy or proxy is authorized on the groups it names.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_network-firewall.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable
from lpgen.core.cloudtrail.rules.inferences import FIREWALL_POLICY
from lpgen.core.cloudtrail.rules.listed import arn_type
from lpgen.core.cloudtrail.rules.types import ReaderTable, mapped, resource_from_arn
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource, ResourceKind

_SOURCE = "network-firewall.amazonaws.com"
_SERVICE = "network-firewall"


@dataclass(frozen=True, slots=True)
class _RuleGroupType:
    """A rule group by ARN, or by name and type. Each type has its own ARN, a stateful group's or a stateless one's.

    https://docs.aws.amazon.com/network-firewall/latest/APIReference/API_DescribeRuleGroup.html
    """

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The rule group that the request names; a name without a type may be either's."""
        arns = arn_type(_SERVICE, "ruleGroupArn").read(call, "")
        name = call.text("ruleGroupName")
        if arns or not name or {"*", "?"} & set(name):
            return arns
        kind = call.text("type").lower()
        kinds = (kind,) if kind in ("stateful", "stateless") else ("stateful", "stateless")
        return tuple(resource_from_arn(call.arn(_SERVICE, f"{found}-rulegroup/{name}")) for found in kinds)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all rule groups of the account and Region."""
        return Resource(ResourceKind.FOLD, call.arn(_SERVICE, "state*-rulegroup/*"))


def _complete_policy(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """A policy, and the lists in which the call looks up the rule groups and TLS inspection that it names."""
    policy = ("firewallPolicy",)
    groups = ("statefulRuleGroupReferences", "statelessRuleGroupReferences")
    looked_up = []
    if any(call.has(*policy, name) for name in groups):
        looked_up.append(mapped("network-firewall:ListRuleGroups", (NO_RESOURCE,), how=FIREWALL_POLICY))
    if call.has(*policy, "tLSInspectionConfigurationArn"):
        looked_up.append(mapped("network-firewall:ListTLSInspectionConfigurations", (), how=FIREWALL_POLICY))
    return (*actions, *looked_up)


COMPLETIONS: CompletionTable = {
    (_SOURCE, "CreateFirewallPolicy"): _complete_policy,
    (_SOURCE, "UpdateFirewallPolicy"): _complete_policy,
}

READERS: ReaderTable = {_SOURCE: {"rule-group": _RuleGroupType()}}
