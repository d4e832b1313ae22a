"""Elastic Load Balancing: what calls create, under an id that AWS assigns and with the name of the load balancer.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancing.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.types import ReaderTable, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Resource

_SERVICE = "elasticloadbalancing"
_KINDS = {"application": "app", "network": "net", "gateway": "gwy"}


def _read_new_balancer(call: Call) -> Iterator[Resource]:
    """A load balancer that CreateLoadBalancer makes: by `loadBalancerName` a classic one, by `name` and `type` a newer
    kind, with a pattern for the id that AWS gives it.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """
    classic, name = call.text("loadBalancerName"), call.text("name")
    if (classic or name) and not has_wildcard(classic + name):
        kind = _KINDS.get(call.text("type") or "application", "*")
        text = f"loadbalancer/{classic}" if classic else f"loadbalancer/{kind}/{name}/*"
        yield resource_from_arn(call.arn(_SERVICE, text))


def _child_type(parent: str, kind: str, path: str) -> ReaderType:
    """A listener or rule that a call makes: the parent's ARN gives the load balancer's name, and the new id is open."""

    def read(call: Call) -> Iterator[Resource]:
        start, found, name = call.text(path).partition(f":{parent}/")
        if found and f":{_SERVICE}:" in start and not has_wildcard(start + name):
            names = name.split("/")
            parts = [*names[:2], *("*" for _ in names[2:]), "*"]
            yield resource_from_arn(f"{start}:{kind}/{'/'.join(parts)}")

    return ReaderType(read, _SERVICE, f"{kind}/*")


READERS: ReaderTable = {
    f"{_SERVICE}.amazonaws.com": {
        "new-balancer": ReaderType(_read_new_balancer, _SERVICE, "loadbalancer/*"),
        "new-listener": _child_type("loadbalancer", "listener", "loadBalancerArn"),
        "new-rule": _child_type("listener", "listener-rule", "listenerArn"),
    }
}
