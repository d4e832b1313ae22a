"""Network Firewall: rule groups go by name and type, and a policy or proxy is authorized on the groups that it names.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_network-firewall.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.events.rules.call import Call, Rule, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped, resource_from_arn
from lpgen.core.events.rules.inferences import FIREWALL_POLICY
from lpgen.core.events.rules.listed import arn_type
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource, ResourceKind

_SOURCE = "network-firewall.amazonaws.com"
_SERVICE = "network-firewall"


@dataclass(frozen=True, slots=True)
class _RuleGroupType:
    """A rule group by ARN, or by name and type; one type alone has a stateful group's ARN or a stateless one's.

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


def _named(kind: str, paths: str) -> NamedType:
    return NamedType(_SERVICE, f"{kind}/{{}}", paths)


_TYPES: dict[str, ResourceType] = {
    "firewall": _named("firewall", "firewallArn|firewallName"),
    "policy": _named("firewall-policy", "firewallPolicyArn|firewallPolicyName"),
    "stateful": _named("stateful-rulegroup", "firewallPolicy.statefulRuleGroupReferences.resourceArn"),
    "stateless": _named("stateless-rulegroup", "firewallPolicy.statelessRuleGroupReferences.resourceArn"),
    "tls": _named("tls-configuration", "firewallPolicy.tLSInspectionConfigurationArn"),
    "rule-group": _RuleGroupType(),
}

# What an operation needs beside its own action stands in the mapping rows.
_LINES = """
CreateFirewall            firewall policy #TagResource
CreateRuleGroup           rule-group #TagResource
DeleteRuleGroup           rule-group
DescribeRuleGroup         rule-group
DescribeRuleGroupMetadata rule-group
DescribeRuleGroupSummary  rule-group
UpdateRuleGroup           rule-group
"""

_POLICY_LINES = """
CreateFirewallPolicy      policy stateful? stateless? tls? #TagResource
UpdateFirewallPolicy      policy stateful? stateless? tls?
"""


@dataclass(frozen=True, slots=True)
class _PolicyRule:
    """A declared rule, and the lists in which the call looks up the rule groups and TLS inspection that it names."""

    declared: Rule

    def __call__(self, call: Call) -> tuple[MappedAction, ...] | None:
        """The declared actions and the lists that the request makes the call read."""
        policy = ("firewallPolicy",)
        groups = ("statefulRuleGroupReferences", "statelessRuleGroupReferences")
        looked_up = []
        if any(call.has(*policy, name) for name in groups):
            looked_up.append(mapped("network-firewall:ListRuleGroups", (NO_RESOURCE,), how=FIREWALL_POLICY))
        if call.has(*policy, "tLSInspectionConfigurationArn"):
            looked_up.append(mapped("network-firewall:ListTLSInspectionConfigurations", (), how=FIREWALL_POLICY))
        return (*(self.declared(call) or ()), *looked_up)


RULES: RuleTable = {
    **declared_rules(_SOURCE, _SERVICE, _TYPES, _LINES),
    **{key: _PolicyRule(rule) for key, rule in declared_rules(_SOURCE, _SERVICE, _TYPES, _POLICY_LINES).items()},
}
