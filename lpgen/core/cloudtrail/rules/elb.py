"""Elastic Load Balancing: Classic Load Balancers are named by name, the newer kinds by ARN, under one event source.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancing.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.types import ReaderTable, ResourceType, resource_from_arn
from lpgen.core.model import Resource, ResourceKind

_SOURCE = "elasticloadbalancing.amazonaws.com"
_KINDS = {"application": "app", "network": "net", "gateway": "gwy"}


@dataclass(frozen=True, slots=True)
class _NewBalancerType:
    """A load balancer that CreateLoadBalancer makes: by `loadBalancerName` a classic one, by `name` and `type` a newer
    kind.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The load balancer to be, with a pattern for the id that AWS gives the newer kinds."""
        classic, name = call.text("loadBalancerName"), call.text("name")
        if {"*", "?"} & set(classic + name) or not (classic or name):
            return ()
        kind = _KINDS.get(call.text("type") or "application", "*")
        text = f"loadbalancer/{classic}" if classic else f"loadbalancer/{kind}/{name}/*"
        return (resource_from_arn(call.arn("elasticloadbalancing", text)),)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all load balancers of the account and Region."""
        return resource_from_arn(call.arn("elasticloadbalancing", "loadbalancer/*"))


@dataclass(frozen=True, slots=True)
class _ChildType:
    """A listener or rule that a call makes: the parent's ARN gives the load balancer's name, and the new id is open."""

    parent: str
    kind: str
    path: str

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The pattern of the new child of the load balancer that the request names itself or by a listener."""
        start, found, name = call.text(self.path).partition(f":{self.parent}/")
        if not found or ":elasticloadbalancing:" not in start or {"*", "?"} & set(start + name):
            return ()
        names = name.split("/")
        parts = [*names[:2], *("*" for _ in names[2:]), "*"]
        return (Resource(ResourceKind.FOLD, f"{start}:{self.kind}/{'/'.join(parts)}"),)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all of the kind in the account and Region."""
        return Resource(ResourceKind.FOLD, call.arn("elasticloadbalancing", f"{self.kind}/*"))


_TYPES: dict[str, ResourceType] = {
    "new-balancer": _NewBalancerType(),
    "new-listener": _ChildType("loadbalancer", "listener", "loadBalancerArn"),
    "new-rule": _ChildType("listener", "listener-rule", "listenerArn"),
}


READERS: ReaderTable = {_SOURCE: _TYPES}
