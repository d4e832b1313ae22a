"""ElastiCache: caches and their groups by name, and elasticache:AddTagsToResource where a creation sets tags.

What the service does in the caller's VPC leaves records of its own and isn't inferred here.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html
"""

from __future__ import annotations

from lpgen.core.events.rules.types import NamedType, ReaderTable, ResourceType

SOURCE = "elasticache.amazonaws.com"


def _cache_type(kind: str, paths: str) -> NamedType:
    """A type whose names are stored in lower case, as all but those of reserved nodes are.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheCluster.html
    """
    return NamedType("elasticache", f"{kind}:{{}}", paths, in_lower_case=kind != "reserved-instance")


TYPES: dict[str, ResourceType] = {
    "cluster": _cache_type("cluster", "cacheClusterId"),
    "globalreplicationgroup": NamedType(
        "elasticache", "globalreplicationgroup:{}", "globalReplicationGroupId", region=False
    ),
    "parametergroup": _cache_type("parametergroup", "cacheParameterGroupName"),
    "replicationgroup": _cache_type("replicationgroup", "replicationGroupId"),
    "reserved-instance": _cache_type("reserved-instance", "reservedCacheNodeId"),
    "securitygroup": _cache_type("securitygroup", "cacheSecurityGroupName|cacheSecurityGroupNames"),
    "serverlesscache": _cache_type("serverlesscache", "serverlessCacheName"),
    "serverlesscachesnapshot": _cache_type("serverlesscachesnapshot", "serverlessCacheSnapshotName"),
    "snapshot": _cache_type("snapshot", "snapshotName"),
    "subnetgroup": _cache_type("subnetgroup", "cacheSubnetGroupName"),
    "user": _cache_type("user", "userId"),
    "usergroup": _cache_type("usergroup", "userGroupId|userGroupIds|userGroupIdsToAdd"),
}

READERS: ReaderTable = {SOURCE: TYPES}
