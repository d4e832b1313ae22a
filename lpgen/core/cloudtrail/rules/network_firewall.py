"""Network Firewall: rule groups are named by name and type, and a policy or proxy is authorized on the groups it names.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_network-firewall.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable
from lpgen.core.cloudtrail.rules.inferences import FIREWALL_POLICY
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, is_arn_of
from lpgen.core.cloudtrail.rules.types import ReaderTable, mapped, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE = "network-firewall.amazonaws.com"
_SERVICE = "network-firewall"


def _read_rule_group(call: Call) -> Iterator[Resource]:
    """A rule group by ARN, or by name and type. Each type has its own ARN; a name without a type may be either's.

    https://docs.aws.amazon.com/network-firewall/latest/APIReference/API_DescribeRuleGroup.html
    """
    arns = [arn for arn in call.texts("ruleGroupArn") if is_arn_of(arn, _SERVICE)]
    yield from map(exact, arns)
    name = call.text("ruleGroupName")
    if name and not arns and not has_wildcard(name):
        kind = call.text("type").lower()
        for found in (kind,) if kind in ("stateful", "stateless") else ("stateful", "stateless"):
            yield resource_from_arn(call.arn(_SERVICE, f"{found}-rulegroup/{name}"))


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

READERS: ReaderTable = {_SOURCE: {"rule-group": ReaderType(_read_rule_group, _SERVICE, "state*-rulegroup/*")}}
