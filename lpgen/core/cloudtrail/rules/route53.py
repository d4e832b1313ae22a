"""Route 53: zones, checks and changes by id, and the VPC that a private zone is looked up with.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable
from lpgen.core.cloudtrail.rules.ec2 import TYPES as EC2_TYPES
from lpgen.core.cloudtrail.rules.inferences import RESOLVER_ENDPOINT
from lpgen.core.cloudtrail.rules.types import NamedType, mapped, read_resources
from lpgen.core.model import NO_RESOURCE, MappedAction

SOURCE = "route53.amazonaws.com"


def _complete_endpoint(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateResolverEndpoint makes network interfaces in the caller's subnets with the caller's permissions."""
    interface = read_resources(call, EC2_TYPES, ("+network-interface", "subnet", "security-group?"))
    looked_up = ("DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
    return (
        *actions,
        mapped("ec2:CreateNetworkInterface", interface, how=RESOLVER_ENDPOINT),
        *(mapped(f"ec2:{name}", (NO_RESOURCE,), how=RESOLVER_ENDPOINT) for name in looked_up),
    )


_TAGGED = frozenset({"healthcheck", "hostedzone"})


def _map_tags(call: Call) -> tuple[MappedAction, ...]:
    """The tagging operations name a resource by type and id.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
    """
    kind = call.text("resourceType")
    named = NamedType("route53", f"{kind}/{{}}", "resourceId|resourceIds", region=False, account=False)
    return (mapped(f"route53:{call.operation}", named.read(call, "") if kind in _TAGGED else ()),)


RULES: RuleTable = {
    (SOURCE, "ChangeTagsForResource"): _map_tags,
    (SOURCE, "ListTagsForResource"): _map_tags,
    (SOURCE, "ListTagsForResources"): _map_tags,
}

_RESOLVER_SOURCE = "route53resolver.amazonaws.com"

COMPLETIONS: CompletionTable = {(_RESOLVER_SOURCE, "CreateResolverEndpoint"): _complete_endpoint}
