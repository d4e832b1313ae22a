"""Direct Connect: `connectionId` may name a connection or a link aggregation group; its prefix shows which.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_directconnect.html and
https://docs.aws.amazon.com/directconnect/latest/APIReference/API_CreatePrivateVirtualInterface.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType, resource_from_arn
from lpgen.core.model import Resource, ResourceKind

_SOURCE = "directconnect.amazonaws.com"
_SERVICE = "directconnect"


@dataclass(frozen=True, slots=True)
class _ConnectionType:
    """A connection (`dxcon-`) or link aggregation group (`dxlag-`) by its id."""

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The resources named at the paths ("" for `connectionId`) whose prefix shows their type."""
        return tuple(
            resource_from_arn(call.arn(_SERVICE, f"{name[:5]}/{name}"))
            for path in (paths or "connectionId").split("|")
            for name in call.texts(path)
            if name.startswith(("dxcon-", "dxlag-")) and not {"*", "?"} & set(name)
        )

    def pattern(self, call: Call) -> Resource:
        """The pattern of all connections and link aggregation groups of the account and Region."""
        return Resource(ResourceKind.FOLD, call.arn(_SERVICE, "dx*"))


_TYPES: dict[str, ResourceType] = {
    "connection": _ConnectionType(),
    "interface": NamedType(_SERVICE, "dxvif/{}", "virtualInterfaceId"),
}

# The mapping rows give the tags of resources that these create.

READERS: ReaderTable = {_SOURCE: _TYPES}
