"""Network Manager: an attachment over another one names the old attachment and makes a new one, which gets the tags.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_networkmanager.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType

_SOURCE = "networkmanager.amazonaws.com"

_TYPES: dict[str, ResourceType] = {
    "attachment": NamedType("networkmanager", "attachment/{}", "transportAttachmentId", region=False),
    "core-network": NamedType("networkmanager", "core-network/{}", "coreNetworkId", region=False),
    "shared": NamedType("networkmanager", "core-network/{}", "coreNetworkId", region=False, any_account=True),
}

# Whoever attaches to a core network may be of another account than it:
# https://docs.aws.amazon.com/network-manager/latest/cloudwan/cloudwan-share-network.html
# https://docs.aws.amazon.com/networkmanager/latest/APIReference/API_CreateConnectAttachment.html

READERS: ReaderTable = {_SOURCE: _TYPES}
