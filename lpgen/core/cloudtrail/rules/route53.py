"""Route 53: zones, checks and changes by id, and the VPC that a private zone is looked up with.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable
from lpgen.core.cloudtrail.rules.ec2 import TYPES as EC2_TYPES
from lpgen.core.cloudtrail.rules.inferences import RESOLVER_ENDPOINT
from lpgen.core.cloudtrail.rules.types import (
    NamedType,
    ReaderTable,
    ResourceType,
    mapped,
    read_resources,
    resource_from_arn,
)
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

SOURCE = "route53.amazonaws.com"


@dataclass(frozen=True, slots=True)
class _IdType:
    """A type known by an id, which requests also give as a path such as `/hostedzone/Z0123`."""

    kind: str
    paths: str

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources whose ids are at the paths."""
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


def _complete_endpoint(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateResolverEndpoint makes network interfaces in the caller's subnets with the caller's permissions."""
    interface = read_resources(call, EC2_TYPES, ("+network-interface", "subnet", "security-group?"))
    looked_up = ("DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
    return (
        *actions,
        mapped("ec2:CreateNetworkInterface", interface, how=RESOLVER_ENDPOINT),
        *(mapped(f"ec2:{name}", (NO_RESOURCE,), how=RESOLVER_ENDPOINT) for name in looked_up),
    )


def _map_tags(call: Call) -> tuple[MappedAction, ...]:
    """The tagging operations name a resource by type and id.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
    """
    kind = TYPES.get(call.text("resourceType"))
    found = (*kind.read(call, "resourceId"), *kind.read(call, "resourceIds")) if kind else ()
    return (mapped(f"route53:{call.operation}", found),)


RULES: RuleTable = {
    (SOURCE, "ChangeTagsForResource"): _map_tags,
    (SOURCE, "ListTagsForResource"): _map_tags,
    (SOURCE, "ListTagsForResources"): _map_tags,
}

_RESOLVER_SOURCE = "route53resolver.amazonaws.com"

COMPLETIONS: CompletionTable = {(_RESOLVER_SOURCE, "CreateResolverEndpoint"): _complete_endpoint}


def _resolver_type(kind: str, path: str, *, shared: bool = False) -> NamedType:
    """Rules and logging configurations that another account shares keep its account in their ARN.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-rules-managing.html
    """
    return NamedType("route53resolver", f"{kind}/{{}}", path, any_account=shared)


READERS: ReaderTable = {
    SOURCE: TYPES,
    _RESOLVER_SOURCE: {
        "log-config": _resolver_type("resolver-query-log-config", "resolverQueryLogConfigId"),
        "rule": _resolver_type("resolver-rule", "resolverRuleId"),
        "shared-log-config": _resolver_type("resolver-query-log-config", "resolverQueryLogConfigId", shared=True),
        "shared-rule": _resolver_type("resolver-rule", "resolverRuleId", shared=True),
    },
}
