"""ElastiCache: caches and their groups by name, and elasticache:AddTagsToResource where a creation sets tags.

What the service does in the caller's VPC leaves records of its own and isn't inferred here.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

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

_LINES = """
AuthorizeCacheSecurityGroupIngress  securitygroup
BatchApplyUpdateAction              replicationgroup?=replicationGroupIds cluster?=cacheClusterIds
BatchStopUpdateAction               replicationgroup?=replicationGroupIds cluster?=cacheClusterIds
CompleteMigration                   replicationgroup
CopyServerlessCacheSnapshot         serverlesscachesnapshot=targetServerlessCacheSnapshotName serverlesscachesnapshot=sourceServerlessCacheSnapshotName #AddTagsToResource
CopySnapshot                        snapshot=targetSnapshotName snapshot=sourceSnapshotName #AddTagsToResource
CreateCacheCluster                  cluster replicationgroup? parametergroup? securitygroup? snapshot? subnetgroup? #AddTagsToResource
CreateCacheParameterGroup           parametergroup #AddTagsToResource
CreateCacheSecurityGroup            securitygroup #AddTagsToResource
CreateCacheSubnetGroup              subnetgroup #AddTagsToResource
CreateGlobalReplicationGroup        +globalreplicationgroup replicationgroup=primaryReplicationGroupId
CreateReplicationGroup              replicationgroup cluster?=primaryClusterId globalreplicationgroup? parametergroup? securitygroup? snapshot? subnetgroup? usergroup? #AddTagsToResource
CreateServerlessCache               serverlesscache usergroup? #AddTagsToResource
CreateServerlessCacheSnapshot       serverlesscachesnapshot serverlesscache #AddTagsToResource
CreateSnapshot                      snapshot cluster? replicationgroup? #AddTagsToResource
CreateUser                          user #AddTagsToResource
CreateUserGroup                     usergroup user=userIds #AddTagsToResource
DecreaseNodeGroupsInGlobalReplicationGroup globalreplicationgroup
DecreaseReplicaCount                replicationgroup
DeleteCacheCluster                  cluster snapshot?=finalSnapshotIdentifier
DeleteCacheParameterGroup           parametergroup
DeleteCacheSecurityGroup            securitygroup
DeleteCacheSubnetGroup              subnetgroup
DeleteGlobalReplicationGroup        globalreplicationgroup
DeleteReplicationGroup              replicationgroup snapshot?=finalSnapshotIdentifier
DeleteServerlessCache               serverlesscache serverlesscachesnapshot?=finalSnapshotName
DeleteServerlessCacheSnapshot       serverlesscachesnapshot
DeleteSnapshot                      snapshot
DeleteUser                          user
DeleteUserGroup                     usergroup
DescribeCacheClusters               cluster
DescribeCacheParameterGroups        parametergroup
DescribeCacheParameters             parametergroup
DescribeCacheSecurityGroups         securitygroup
DescribeCacheSubnetGroups           subnetgroup
DescribeGlobalReplicationGroups     globalreplicationgroup
DescribeReplicationGroups           replicationgroup
DescribeReservedCacheNodes          reserved-instance
DescribeServerlessCacheSnapshots    serverlesscachesnapshot serverlesscache?
DescribeServerlessCaches            serverlesscache
DescribeSnapshots                   snapshot
DescribeUserGroups                  usergroup
DescribeUsers                       user
DisassociateGlobalReplicationGroup  globalreplicationgroup
ExportServerlessCacheSnapshot       serverlesscachesnapshot
FailoverGlobalReplicationGroup      globalreplicationgroup
IncreaseNodeGroupsInGlobalReplicationGroup globalreplicationgroup
IncreaseReplicaCount                replicationgroup
ListAllowedNodeTypeModifications    cluster? replicationgroup?
ModifyCacheCluster                  cluster parametergroup? securitygroup?
ModifyCacheParameterGroup           parametergroup
ModifyCacheSubnetGroup              subnetgroup
ModifyGlobalReplicationGroup        globalreplicationgroup
ModifyReplicationGroup              replicationgroup parametergroup? securitygroup? usergroup?
ModifyReplicationGroupShardConfiguration replicationgroup
ModifyServerlessCache               serverlesscache usergroup?
ModifyUser                          user
ModifyUserGroup                     usergroup user?=userIdsToAdd user?=userIdsToRemove
PurchaseReservedCacheNodesOffering  reserved-instance #AddTagsToResource
RebalanceSlotsInGlobalReplicationGroup globalreplicationgroup
RebootCacheCluster                  cluster
ResetCacheParameterGroup            parametergroup
RevokeCacheSecurityGroupIngress     securitygroup
StartMigration                      replicationgroup
TestFailover                        replicationgroup
TestMigration                       replicationgroup
"""  # noqa: E501

RULES: RuleTable = declared_rules(SOURCE, "elasticache", TYPES, _LINES)
