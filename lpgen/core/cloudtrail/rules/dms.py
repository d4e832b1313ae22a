"""Database Migration Service: subnet groups and event subscriptions, whose ARNs end in the names that calls give.

The service authorization reference leaves these names open; the user guide has them. Replication instances, tasks and
endpoints have ids that AWS assigns; a task and a replication without one have two endpoints.
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Introduction.AWS.ARN.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType

_SOURCE = "dms.amazonaws.com"

_TYPES: dict[str, ResourceType] = {
    "instance": NamedType("dms", "rep:*", "replicationInstanceArn"),
    "subnet-group": NamedType(
        "dms",
        "subgrp:{}",
        "replicationSubnetGroupIdentifier"
        "|response:replicationInstance.replicationSubnetGroup.replicationSubnetGroupIdentifier",
        in_lower_case=True,
    ),
    "subscription": NamedType("dms", "es:{}", "subscriptionName"),
}

READERS: ReaderTable = {_SOURCE: _TYPES}
