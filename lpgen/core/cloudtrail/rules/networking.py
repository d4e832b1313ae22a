"""Elastic Load Balancing, Route 53, Network Firewall and WAF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.cloudtrail.records import Json
from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, Rule, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.ec2_types import EC2_TYPES
from lpgen.core.cloudtrail.rules.inferences import FIREWALL_POLICY, RESOLVER_ENDPOINT
from lpgen.core.cloudtrail.rules.resources import exact, fold, is_arn_of, mapped, read_arns, resource_from_arn, tag_new
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ReaderType, read_resources
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

# ---------------------------------------------------------------- Elastic Load Balancing

# New resources, whose ARNs have the name of the load balancer and an id that AWS assigns.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancing.html and
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html

_BALANCING = "elasticloadbalancing"

_BALANCER_KINDS = {"application": "app", "network": "net", "gateway": "gwy"}


def _read_new_balancer(call: Call) -> Iterator[Resource]:
    """The load balancer that CreateLoadBalancer creates: a classic one for `loadBalancerName`, or a newer kind for
    `name` and `type`, with a pattern for its id.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """
    classic, name = call.text("loadBalancerName"), call.text("name")
    if (classic or name) and not has_wildcard(classic + name):
        kind = _BALANCER_KINDS.get(call.text("type") or "application", "*")
        text = f"loadbalancer/{classic}" if classic else f"loadbalancer/{kind}/{name}/*"
        yield resource_from_arn(call.arn(_BALANCING, text))


def _child_type(parent: str, kind: str, path: str) -> ReaderType:
    """The listener or rule that a call creates. The parent's ARN has the load balancer's name; the new id is a
    wildcard."""

    def read(call: Call) -> Iterator[Resource]:
        start, found, name = call.text(path).partition(f":{parent}/")
        if found and f":{_BALANCING}:" in start and not has_wildcard(start + name):
            names = name.split("/")
            parts = [*names[:2], *("*" for _ in names[2:]), "*"]
            yield resource_from_arn(f"{start}:{kind}/{'/'.join(parts)}")

    return ReaderType(read, _BALANCING, f"{kind}/*")


# ---------------------------------------------------------------- Route 53

# Tags of health checks and zones, and the network interfaces of Resolver endpoints.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html

_ROUTE53 = "route53.amazonaws.com"


def _complete_endpoint(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateResolverEndpoint creates network interfaces in the caller's subnets with the caller's permissions."""
    interface = read_resources(call, EC2_TYPES, ("+network-interface", "subnet", "security-group?"))
    looked_up = ("DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
    return (
        *actions,
        mapped("ec2:CreateNetworkInterface", interface, how=RESOLVER_ENDPOINT),
        *(mapped(f"ec2:{name}", (NO_RESOURCE,), how=RESOLVER_ENDPOINT) for name in looked_up),
    )


_TAGGED = frozenset({"healthcheck", "hostedzone"})


def _map_zone_tags(call: Call) -> tuple[MappedAction, ...]:
    """The tagging operations, which name a resource by type and id.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
    """
    kind = call.text("resourceType")
    named = NamedType("route53", f"{kind}/{{}}", "resourceId|resourceIds", region=False, account=False)
    return (mapped(f"route53:{call.operation}", named.read(call, "") if kind in _TAGGED else ()),)


# ---------------------------------------------------------------- Network Firewall

# Requests name rule groups by name and type. A policy or proxy is authorized on the groups that it names.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_network-firewall.html

_FIREWALL_SOURCE = "network-firewall.amazonaws.com"

_FIREWALL = "network-firewall"


def _read_rule_group(call: Call) -> Iterator[Resource]:
    """A rule group by ARN, or by name and type. Each type has its own ARN, so a name without a type gives both.

    https://docs.aws.amazon.com/network-firewall/latest/APIReference/API_DescribeRuleGroup.html
    """
    named = read_arns(call, _FIREWALL, "ruleGroupArn")
    yield from named
    name = call.text("ruleGroupName")
    if name and not named and not has_wildcard(name):
        kind = call.text("type").lower()
        for found in (kind,) if kind in ("stateful", "stateless") else ("stateful", "stateless"):
            yield resource_from_arn(call.arn(_FIREWALL, f"{found}-rulegroup/{name}"))


def _complete_policy(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """A policy, with the list actions that look up the rule groups and TLS inspection that it names."""
    groups = ("statefulRuleGroupReferences", "statelessRuleGroupReferences")
    looked_up = []
    if any(call.has("firewallPolicy", name) for name in groups):
        looked_up.append(mapped("network-firewall:ListRuleGroups", (NO_RESOURCE,), how=FIREWALL_POLICY))
    if call.has("firewallPolicy", "tLSInspectionConfigurationArn"):
        looked_up.append(mapped("network-firewall:ListTLSInspectionConfigurations", (), how=FIREWALL_POLICY))
    return (*actions, *looked_up)


# ---------------------------------------------------------------- WAF

# Web ACLs and their parts. Their ARN has the scope, the name and the id that AWS assigns.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html and
# https://docs.aws.amazon.com/waf/latest/developerguide/waf-chapter-cloudtrail-integration.html; a call that makes a
# resource refer to others also needs access to those:
# https://docs.aws.amazon.com/waf/latest/developerguide/waf-api-permissions-ref.html

_WAF: Final = "wafv2.amazonaws.com"

_SCOPES: Final = {"REGIONAL": "regional", "CLOUDFRONT": "global"}

_WAF_TYPES: Final = {
    "IPSet": "ipset",
    "ManagedRuleSet": "managedruleset",
    "RegexPatternSet": "regexpatternset",
    "RuleGroup": "rulegroup",
    "WebACL": "webacl",
}

_ARN_KEYS: Final = ("aRN", "arn", "ARN")


def _read_named(call: Call, kind: str) -> Iterator[Resource]:
    """The resource that the call names by ARN, or by scope, name and id. A new resource has no id yet."""
    arn = call.text("aRN") or call.text("arn") or call.text("ARN")
    if arn.startswith("arn:") and f"/{kind}/" in arn and not has_wildcard(arn):
        yield resource_from_arn(arn)
        return
    scope, name, identifier = _SCOPES.get(call.text("scope"), ""), call.text("name"), call.text("id")
    if scope and name and not has_wildcard(name + identifier):
        yield resource_from_arn(call.arn("wafv2", f"{scope}/{kind}/{name}/{identifier or '*'}"))


def _read_referenced(call: Call) -> Iterator[Resource]:
    """The resources that the rules in the request refer to: sets and rule groups by ARN, and any managed rule set."""
    open_values: list[object] = list(values_at(call.request, ("rules",)))
    while open_values:
        value = open_values.pop()
        if isinstance(value, list):
            open_values.extend(value)
        elif isinstance(value, dict):
            open_values.extend(value.values())
            yield from _read_reference(call, value)


def _read_reference(call: Call, statement: Json) -> Iterator[Resource]:
    for key in _ARN_KEYS:
        arn = statement.get(key)
        if isinstance(arn, str) and is_arn_of(arn, "wafv2"):
            yield exact(arn)
    scope = _SCOPES.get(call.text("scope"), "")
    if scope and "vendorName" in statement:
        yield fold(call.arn("wafv2", f"{scope}/managedruleset/"), "*")


def _map_named(kind: str) -> Rule:
    def map_call(call: Call) -> tuple[MappedAction, ...]:
        found = tuple(_read_named(call, kind))
        main = mapped(f"wafv2:{call.operation}", (*found, *_read_referenced(call)) if found else ())
        is_new = call.operation.startswith("Create")
        return (main, *(tag_new(call, "wafv2:TagResource", found) if is_new else ()))

    return map_call


def _map_rate_based_keys(call: Call) -> tuple[MappedAction, ...]:
    """GetRateBasedStatementManagedKeys, which uses other parameters to name its web ACL."""
    scope, name, identifier = _SCOPES.get(call.text("scope"), ""), call.text("webACLName"), call.text("webACLId")
    named = scope and name and identifier and not has_wildcard(name + identifier)
    web_acl = (exact(call.arn("wafv2", f"{scope}/webacl/{name}/{identifier}")),) if named else ()
    return (mapped("wafv2:GetRateBasedStatementManagedKeys", web_acl),)


def _map_put_versions(call: Call) -> tuple[MappedAction, ...]:
    """PutManagedRuleSetVersions, on the managed rule set and the rule groups that become its versions."""
    by_name = (versions for versions in values_at(call.request, ("versionsToPublish",)) if isinstance(versions, dict))
    arns = texts_at([version for versions in by_name for version in versions.values()], ("associatedRuleGroupArn",))
    groups = (exact(arn) for arn in arns if is_arn_of(arn, "wafv2"))
    found = tuple(_read_named(call, "managedruleset"))
    return (mapped("wafv2:PutManagedRuleSetVersions", (*found, *groups) if found else ()),)


RULES: RuleTable = {
    (_ROUTE53, "ChangeTagsForResource"): _map_zone_tags,
    (_ROUTE53, "ListTagsForResource"): _map_zone_tags,
    (_ROUTE53, "ListTagsForResources"): _map_zone_tags,
    **{
        (_WAF, f"{verb}{name}"): _map_named(kind)
        for name, kind in _WAF_TYPES.items()
        for verb in ("Create", "Get", "Update", "Delete")
        if name != "ManagedRuleSet" or verb == "Get"
    },
    (_WAF, "GetRateBasedStatementManagedKeys"): _map_rate_based_keys,
    (_WAF, "UpdateManagedRuleSetVersionExpiryDate"): _map_named("managedruleset"),
    (_WAF, "PutManagedRuleSetVersions"): _map_put_versions,
}

COMPLETIONS: CompletionTable = {
    ("route53resolver.amazonaws.com", "CreateResolverEndpoint"): _complete_endpoint,
    (_FIREWALL_SOURCE, "CreateFirewallPolicy"): _complete_policy,
    (_FIREWALL_SOURCE, "UpdateFirewallPolicy"): _complete_policy,
}

READERS: ReaderTable = {
    f"{_BALANCING}.amazonaws.com": {
        "new-balancer": ReaderType(_read_new_balancer, _BALANCING, "loadbalancer/*"),
        "new-listener": _child_type("loadbalancer", "listener", "loadBalancerArn"),
        "new-rule": _child_type("listener", "listener-rule", "listenerArn"),
    },
    _FIREWALL_SOURCE: {"rule-group": ReaderType(_read_rule_group, _FIREWALL, "state*-rulegroup/*")},
}
