"""VPC Lattice: access logs of the resource that a request names by ARN, or by an id that shows its kind.

https://docs.aws.amazon.com/vpc-lattice/latest/APIReference/API_CreateAccessLogSubscription.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, is_arn_of
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType
from lpgen.core.model import Resource

_SOURCE = "vpc-lattice.amazonaws.com"

_KIND_BY_PREFIX = {"rcfg-": "resourceconfiguration", "sn-": "servicenetwork", "svc-": "service"}


def _named(call: Call) -> Iterator[Resource]:
    """The service, service network or resource configuration that the request names."""
    for text in call.texts("resourceIdentifier"):
        kind = next((kind for prefix, kind in _KIND_BY_PREFIX.items() if text.startswith(prefix)), "")
        if is_arn_of(text, "vpc-lattice"):
            yield exact(text)
        elif kind:
            yield exact(call.arn("vpc-lattice", f"{kind}/{text}"))


_TYPES: dict[str, ResourceType] = {
    "named": ReaderType(_named),
    "subscription": NamedType("vpc-lattice", "accesslogsubscription/{}", "accessLogSubscriptionIdentifier"),
}

READERS: ReaderTable = {_SOURCE: _TYPES}
