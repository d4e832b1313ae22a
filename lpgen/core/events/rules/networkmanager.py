"""Network Manager: an attachment over another attachment names the one and makes the other, which is what is tagged.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_networkmanager.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "networkmanager.amazonaws.com"

TYPES: dict[str, ResourceType] = {
    "attachment": NamedType("networkmanager", "attachment/{}", "transportAttachmentId", region=False),
    "core-network": NamedType("networkmanager", "core-network/{}", "coreNetworkId", region=False),
}

# https://docs.aws.amazon.com/networkmanager/latest/APIReference/API_CreateConnectAttachment.html
_LINES = "CreateConnectAttachment attachment core-network #TagResource:+attachment"

RULES: RuleTable = declared_rules(SOURCE, "networkmanager", TYPES, _LINES)
