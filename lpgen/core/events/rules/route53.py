"""Route 53: zones, checks and changes by id, and the VPC that a private zone is looked up with.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.events.rules.call import Call, Rule, RuleTable
from lpgen.core.events.rules.declared import (
    DeclaredRule,
    NamedType,
    ResourceType,
    declared_lines,
    declared_rules,
    mapped,
    read_resources,
    resource_from_arn,
)
from lpgen.core.events.rules.ec2 import TYPES as EC2_TYPES
from lpgen.core.events.rules.inferences import RESOLVER_ENDPOINT, VPC_LOOKUP
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

SOURCE = "route53.amazonaws.com"


@dataclass(frozen=True, slots=True)
class _IdType:
    """A type known by an id, which requests also give as a path such as `/hostedzone/Z0123`."""

    kind: str
    paths: str

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources whose ids stand at the paths."""
        return tuple(
            self._resource(call, text.rpartition("/")[2])
            for path in (paths or self.paths).split("|")
            for text in call.texts(*path.split("."))
            if "*" not in text and "?" not in text
        )

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type."""
        return self._resource(call, "*")

    def _resource(self, call: Call, name: str) -> Resource:
        return resource_from_arn(call.arn("route53", f"{self.kind}/{name}", region=False, account=False))


TYPES: dict[str, ResourceType] = {
    "change": _IdType("change", "id"),
    "cidrcollection": _IdType("cidrcollection", "id|collectionId"),
    "delegationset": _IdType("delegationset", "id|delegationSetId"),
    "healthcheck": _IdType("healthcheck", "healthCheckId"),
    "hostedzone": _IdType("hostedzone", "hostedZoneId|id"),
    "queryloggingconfig": _IdType("queryloggingconfig", "id"),
    "trafficpolicy": _IdType("trafficpolicy", "id|trafficPolicyId"),
    "trafficpolicyinstance": _IdType("trafficpolicyinstance", "id"),
}

_OPERATIONS = {
    "change": "GetChange",
    "cidrcollection": "ChangeCidrCollection DeleteCidrCollection ListCidrBlocks ListCidrLocations",
    "delegationset": "DeleteReusableDelegationSet GetReusableDelegationSet GetReusableDelegationSetLimit",
    "healthcheck": """
        DeleteHealthCheck GetHealthCheck GetHealthCheckLastFailureReason GetHealthCheckStatus UpdateHealthCheck
    """,
    "hostedzone": """
        ActivateKeySigningKey AssociateVPCWithHostedZone ChangeResourceRecordSets CreateKeySigningKey
        CreateQueryLoggingConfig CreateVPCAssociationAuthorization DeactivateKeySigningKey DeleteHostedZone
        DeleteKeySigningKey DeleteVPCAssociationAuthorization DisableHostedZoneDNSSEC DisassociateVPCFromHostedZone
        EnableHostedZoneDNSSEC GetDNSSEC GetHostedZone GetHostedZoneLimit ListQueryLoggingConfigs
        ListResourceRecordSets ListTrafficPolicyInstancesByHostedZone ListVPCAssociationAuthorizations
        UpdateHostedZoneComment UpdateHostedZoneFeatures
    """,
    "queryloggingconfig": "DeleteQueryLoggingConfig GetQueryLoggingConfig",
    "trafficpolicy": """
        CreateTrafficPolicyVersion DeleteTrafficPolicy GetTrafficPolicy ListTrafficPolicyInstancesByPolicy
        ListTrafficPolicyVersions UpdateTrafficPolicyComment
    """,
    "trafficpolicyinstance": """
        DeleteTrafficPolicyInstance GetTrafficPolicyInstance UpdateTrafficPolicyInstance
    """,
}


@dataclass(frozen=True, slots=True)
class _VpcRule:
    """An operation that looks a VPC up with the caller's permissions where one of its parameters names one."""

    rule: Rule

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        actions = self.rule(call) or ()
        if not any(call.has(name) for name in ("vPC", "VPC", "VPCId", "vPCId", "vpcId", "resourceId")):
            return actions
        return (*actions, mapped("ec2:DescribeVpcs", (NO_RESOURCE,), how=VPC_LOOKUP))


_LOOK_UP_VPC = (
    "AssociateVPCWithHostedZone",
    "CreateHostedZone",
    "DisassociateVPCFromHostedZone",
    "ListHostedZonesByVPC",
)


_RESOLVER_SOURCE = "route53resolver.amazonaws.com"

_RESOLVER_TYPES: dict[str, ResourceType] = {
    "association": NamedType("route53resolver", "firewall-rule-group-association/*", "firewallRuleGroupAssociationId"),
    "firewall-config": NamedType("route53resolver", "firewall-config/*", "firewallConfigId"),
    "resolver-config": NamedType("route53resolver", "resolver-config/*", "resolverConfigId"),
    "log-config": NamedType("route53resolver", "resolver-query-log-config/{}", "resolverQueryLogConfigId"),
    "rule": NamedType("route53resolver", "resolver-rule/{}", "resolverRuleId"),
    "shared-log-config": NamedType(
        "route53resolver", "resolver-query-log-config/{}", "resolverQueryLogConfigId", any_account=True
    ),
    "shared-rule": NamedType("route53resolver", "resolver-rule/{}", "resolverRuleId", any_account=True),
    "endpoint": NamedType("route53resolver", "resolver-endpoint/{}", "resolverEndpointId"),
}

# The dependent actions in https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53resolver.html
# Rules and logging configurations that another account shares keep its account in their ARN:
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-rules-managing.html
_RESOLVER_VPC_LINES = """
AssociateFirewallRuleGroup      +association #TagResource
AssociateResolverQueryLogConfig log-config shared-log-config
AssociateResolverRule           rule shared-rule
GetFirewallConfig               +firewall-config
GetResolverConfig               +resolver-config
UpdateFirewallConfig            +firewall-config
UpdateResolverConfig            +resolver-config
"""

_RESOLVER_LINES = """
DisassociateResolverQueryLogConfig log-config shared-log-config
DisassociateResolverRule        rule shared-rule
GetResolverRule                 rule shared-rule
"""


def _map_endpoint_creation(call: Call) -> tuple[MappedAction, ...]:
    """CreateResolverEndpoint makes network interfaces in the caller's subnets with the caller's permissions."""
    actions = DeclaredRule(_RESOLVER_ENDPOINT, _RESOLVER_TYPES)(call)
    interface = read_resources(call, EC2_TYPES, ("+network-interface", "subnet", "security-group?"))
    looked_up = ("DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
    return (
        *actions,
        mapped("ec2:CreateNetworkInterface", interface, how=RESOLVER_ENDPOINT),
        *(mapped(f"ec2:{name}", (NO_RESOURCE,), how=RESOLVER_ENDPOINT) for name in looked_up),
    )


_RESOLVER_ENDPOINT = declared_lines("route53resolver", "CreateResolverEndpoint +endpoint #TagResource")[0]


_PROFILES_SOURCE = "route53profiles.amazonaws.com"

# The dependent action in https://docs.aws.amazon.com/service-authorization/latest/reference/list_route53profiles.html
_ASSOCIATE_PROFILE = _VpcRule(DeclaredRule(declared_lines("route53profiles", "AssociateProfile")[0], {}))


def _resolver_rules() -> dict[tuple[str, str], Rule]:
    return {
        **declared_rules(_RESOLVER_SOURCE, "route53resolver", _RESOLVER_TYPES, _RESOLVER_LINES),
        (_RESOLVER_SOURCE, "CreateResolverEndpoint"): _map_endpoint_creation,
        **{
            (_RESOLVER_SOURCE, line.operation): _VpcRule(DeclaredRule(line, _RESOLVER_TYPES))
            for line in declared_lines("route53resolver", _RESOLVER_VPC_LINES)
        },
    }


def _map_tags(call: Call) -> tuple[MappedAction, ...]:
    """The tagging operations name a resource by type and id.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
    """
    kind = TYPES.get(call.text("resourceType"))
    found = (*kind.read(call, "resourceId"), *kind.read(call, "resourceIds")) if kind else ()
    return (mapped(f"route53:{call.operation}", found),)


def _route53_rules() -> dict[tuple[str, str], Rule]:
    lines = [f"{operation} {kind}" for kind, names in _OPERATIONS.items() for operation in names.split()]
    lines += ["CreateHostedZone", "ListHostedZonesByVPC", "CreateTrafficPolicyInstance hostedzone trafficpolicy"]
    rules: dict[tuple[str, str], Rule] = {}
    for line in declared_lines("route53", "\n".join(lines)):
        rule = DeclaredRule(line, TYPES)
        rules[SOURCE, line.operation] = _VpcRule(rule) if line.operation in _LOOK_UP_VPC else rule
    return rules


RULES: RuleTable = {
    **_route53_rules(),
    **_resolver_rules(),
    (_PROFILES_SOURCE, "AssociateProfile"): _ASSOCIATE_PROFILE,
    (SOURCE, "ChangeTagsForResource"): _map_tags,
    (SOURCE, "ListTagsForResource"): _map_tags,
    (SOURCE, "ListTagsForResources"): _map_tags,
}
