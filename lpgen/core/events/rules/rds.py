"""RDS, which also answers for Neptune and DocumentDB, and the RDS Data API.

A creation is authorized on the groups it names or falls back on, so default groups are read off the response. Tags on
create need rds:AddTagsToResource; a last snapshot on deletion needs the snapshot's own action.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html and
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_id-based-policy-examples.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.events.rules.call import Call, Rule, RuleTable, texts_at
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped, read_resources
from lpgen.core.events.rules.inferences import FINAL_SNAPSHOT, TRANSACTION_END
from lpgen.core.events.rules.passing import entity_arn, passed_roles
from lpgen.core.model import MappedAction, Resource, ResourceKind

SOURCE = "rds.amazonaws.com"


# What the API reference says of their identifiers: stored in lower case.
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
_LOWER_CASE = frozenset(
    {
        "cluster",
        "cluster-endpoint",
        "cluster-pg",
        "cluster-snapshot",
        "db",
        "pg",
        "secgrp",
        "snapshot",
        "subgrp",
    }
)


def _rds_type(kind: str, paths: str) -> NamedType:
    return NamedType("rds", f"{kind}:{{}}", paths, in_lower_case=kind in _LOWER_CASE)


@dataclass(frozen=True, slots=True)
class _DefaultedType:
    """A group that the call names or, where it names none, that the response shows it to have got."""

    named: NamedType
    shown: tuple[tuple[str, ...], ...]

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The groups in the request, else those in the response."""
        stem = self.pattern(call).text.removesuffix("*")
        return self.named.read(call, paths) or tuple(
            Resource(ResourceKind.ARN, stem + name) for path in self.shown for name in texts_at(call.response, path)
        )

    def pattern(self, call: Call) -> Resource:
        """The pattern of all groups of the type."""
        return self.named.pattern(call)


TYPES: dict[str, ResourceType] = {
    "auto-backup": _rds_type("auto-backup", "dBInstanceAutomatedBackupsArn"),
    "cev": NamedType("rds", "cev:{}/{}/*", "engine,engineVersion"),
    "cluster": _rds_type("cluster", "dBClusterIdentifier"),
    "cluster-auto-backup": _rds_type("cluster-auto-backup", "dBClusterAutomatedBackupsArn"),
    "cluster-endpoint": _rds_type("cluster-endpoint", "dBClusterEndpointIdentifier"),
    "cluster-pg": _DefaultedType(
        _rds_type("cluster-pg", "dBClusterParameterGroupName"), (("dBClusterParameterGroup",),)
    ),
    "cluster-snapshot": _rds_type("cluster-snapshot", "dBClusterSnapshotIdentifier"),
    "db": _rds_type("db", "dBInstanceIdentifier"),
    "deployment": _rds_type("deployment", "blueGreenDeploymentIdentifier"),
    "es": _rds_type("es", "subscriptionName"),
    "global-cluster": NamedType(
        "rds", "global-cluster:{}", "globalClusterIdentifier", region=False, in_lower_case=True
    ),
    "integration": _rds_type("integration", "integrationIdentifier"),
    "og": _DefaultedType(_rds_type("og", "optionGroupName"), (("optionGroupMemberships", "optionGroupName"),)),
    "pg": _DefaultedType(_rds_type("pg", "dBParameterGroupName"), (("dBParameterGroups", "dBParameterGroupName"),)),
    "proxy": NamedType("rds", "db-proxy:*", "dBProxyArn"),
    "proxy-endpoint": NamedType("rds", "db-proxy-endpoint:*", "dBProxyEndpointArn"),
    "ri": _rds_type("ri", "reservedDBInstanceId"),
    "secgrp": _rds_type("secgrp", "dBSecurityGroupName|dBSecurityGroups"),
    "shardgrp": NamedType("rds", "shard-group:*", "dBShardGroupArn"),
    "snapshot": _rds_type("snapshot", "dBSnapshotIdentifier"),
    "subgrp": _DefaultedType(
        _rds_type("subgrp", "dBSubnetGroupName"), (("dBSubnetGroup", "dBSubnetGroupName"), ("dBSubnetGroup",))
    ),
    "target-group": NamedType("rds", "target-group:*", "targetGroupArn"),
    "tenant-database": NamedType("rds", "tenant-database:*", "tenantDatabaseArn"),
}

_LINES = """
AddRoleToDBCluster                  cluster @roleArn=rds.amazonaws.com
AddRoleToDBInstance                 db @roleArn=rds.amazonaws.com
AddSourceIdentifierToSubscription   es
ApplyPendingMaintenanceAction       cluster?=resourceIdentifier db?=resourceIdentifier
AuthorizeDBSecurityGroupIngress     secgrp
BacktrackDBCluster                  cluster
CopyDBClusterParameterGroup         cluster-pg=targetDBClusterParameterGroupIdentifier cluster-pg?=sourceDBClusterParameterGroupIdentifier #AddTagsToResource
CopyDBClusterSnapshot               cluster-snapshot=targetDBClusterSnapshotIdentifier cluster-snapshot?=sourceDBClusterSnapshotIdentifier #AddTagsToResource
CopyDBParameterGroup                pg=targetDBParameterGroupIdentifier pg?=sourceDBParameterGroupIdentifier #AddTagsToResource
CopyDBSnapshot                      snapshot=targetDBSnapshotIdentifier snapshot?=sourceDBSnapshotIdentifier #AddTagsToResource
CopyOptionGroup                     og=targetOptionGroupIdentifier og?=sourceOptionGroupIdentifier #AddTagsToResource
CreateBlueGreenDeployment           +deployment db?=source cluster?=source cluster-pg?=targetDBClusterParameterGroupName pg?=targetDBParameterGroupName #AddTagsToResource
CreateCustomDBEngineVersion         cev #AddTagsToResource
CreateDBCluster                     cluster cluster-pg? og? subgrp? global-cluster? @monitoringRoleArn=monitoring.rds.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
CreateDBClusterEndpoint             cluster-endpoint cluster #AddTagsToResource
CreateDBClusterParameterGroup       cluster-pg #AddTagsToResource
CreateDBClusterSnapshot             cluster-snapshot cluster #AddTagsToResource
CreateDBInstance                    db cluster? og? pg? secgrp? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
CreateDBInstanceReadReplica         db db?=sourceDBInstanceIdentifier cluster?=sourceDBClusterIdentifier og? pg? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
CreateDBParameterGroup              pg #AddTagsToResource
CreateDBProxyEndpoint               +proxy-endpoint +proxy #AddTagsToResource
CreateDBSecurityGroup               secgrp #AddTagsToResource
CreateDBShardGroup                  +shardgrp cluster #AddTagsToResource
CreateDBSnapshot                    snapshot db #AddTagsToResource
CreateDBSubnetGroup                 subgrp #AddTagsToResource
CreateEventSubscription             es #AddTagsToResource
CreateGlobalCluster                 global-cluster cluster?=sourceDBClusterIdentifier #AddTagsToResource
CreateIntegration                   +integration cluster?=sourceArn db?=sourceArn #AddTagsToResource
CreateOptionGroup                   og #AddTagsToResource
CreateTenantDatabase                +tenant-database db #AddTagsToResource
DeleteBlueGreenDeployment           deployment
DeleteCustomDBEngineVersion         cev
DeleteDBClusterEndpoint             cluster-endpoint
DeleteDBClusterParameterGroup       cluster-pg
DeleteDBClusterSnapshot             cluster-snapshot
DeleteDBInstanceAutomatedBackup     auto-backup
DeleteDBParameterGroup              pg
DeleteDBProxy                       proxy
DeleteDBProxyEndpoint               proxy-endpoint
DeleteDBSecurityGroup               secgrp
DeleteDBShardGroup                  shardgrp
DeleteDBSnapshot                    snapshot
DeleteDBSubnetGroup                 subgrp
DeleteEventSubscription             es
DeleteGlobalCluster                 global-cluster
DeleteIntegration                   integration
DeleteOptionGroup                   og
DeleteTenantDatabase                db tenant-database
DeregisterDBProxyTargets            proxy target-group db?=dBInstanceIdentifiers cluster?=dBClusterIdentifiers
DescribeBlueGreenDeployments        deployment
DescribeDBClusterBacktracks         cluster
DescribeDBClusterEndpoints          cluster-endpoint cluster?
DescribeDBClusterParameterGroups    cluster-pg
DescribeDBClusterParameters         cluster-pg
DescribeDBClusterSnapshotAttributes cluster-snapshot
DescribeDBClusterSnapshots          cluster-snapshot cluster?
DescribeDBClusters                  cluster
DescribeDBInstances                 db
DescribeDBLogFiles                  db
DescribeDBParameterGroups           pg
DescribeDBParameters                pg
DescribeDBProxies                   proxy
DescribeDBProxyEndpoints            proxy-endpoint
DescribeDBProxyTargetGroups         proxy
DescribeDBProxyTargets              proxy target-group
DescribeDBSecurityGroups            secgrp
DescribeDBSnapshotAttributes        snapshot
DescribeDBSnapshots                 snapshot db?
DescribeDBSubnetGroups              subgrp
DescribeEventSubscriptions          es
DescribeExportTasks                 snapshot?=sourceArn cluster-snapshot?=sourceArn cluster?=sourceArn
DescribeGlobalClusters              global-cluster
DescribeIntegrations                integration
DescribeOptionGroups                og
DescribePendingMaintenanceActions   db?=resourceIdentifier cluster?=resourceIdentifier
DescribeReservedDBInstances         ri
DescribeValidDBInstanceModifications db
DisableHttpEndpoint                 cluster=resourceArn
DownloadCompleteDBLogFile           db
DownloadDBLogFilePortion            db
EnableHttpEndpoint                  cluster=resourceArn
FailoverDBCluster                   cluster db?=targetDBInstanceIdentifier
FailoverGlobalCluster               global-cluster cluster=targetDbClusterIdentifier
ModifyActivityStream                db=resourceArn
ModifyCurrentDBClusterCapacity      cluster
ModifyCustomDBEngineVersion         cev
ModifyDBCluster                     cluster cluster-pg?=dBClusterParameterGroupName og?=optionGroupName @monitoringRoleArn=monitoring.rds.amazonaws.com
ModifyDBClusterEndpoint             cluster-endpoint
ModifyDBClusterParameterGroup       cluster-pg
ModifyDBClusterSnapshotAttribute    cluster-snapshot
ModifyDBParameterGroup              pg
ModifyDBProxy                       proxy @roleArn=rds.amazonaws.com
ModifyDBProxyEndpoint               proxy-endpoint
ModifyDBProxyTargetGroup            target-group
ModifyDBShardGroup                  shardgrp
ModifyDBSnapshot                    snapshot og?=optionGroupName
ModifyDBSnapshotAttribute           snapshot
ModifyDBSubnetGroup                 subgrp
ModifyEventSubscription             es
ModifyGlobalCluster                 global-cluster
ModifyIntegration                   integration
ModifyOptionGroup                   og @optionsToInclude.optionSettings.value=rds.amazonaws.com
ModifyTenantDatabase                db tenant-database
PromoteReadReplica                  db
PromoteReadReplicaDBCluster         cluster
PurchaseReservedDBInstancesOffering ri #AddTagsToResource
RebootDBCluster                     cluster
RebootDBInstance                    db
RebootDBShardGroup                  shardgrp
RegisterDBProxyTargets              target-group db?=dBInstanceIdentifiers
RemoveFromGlobalCluster             global-cluster cluster=dbClusterIdentifier
RemoveRoleFromDBCluster             cluster @roleArn=rds.amazonaws.com
RemoveRoleFromDBInstance            db @roleArn=rds.amazonaws.com
RemoveSourceIdentifierFromSubscription es
ResetDBClusterParameterGroup        cluster-pg
ResetDBParameterGroup               pg
RestoreDBClusterFromS3              cluster cluster-pg? og? subgrp? @s3IngestionRoleArn=rds.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
RestoreDBClusterFromSnapshot        cluster cluster-snapshot?=snapshotIdentifier cluster-pg? og? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
RestoreDBClusterToPointInTime       cluster cluster?=sourceDBClusterIdentifier cluster-pg? og? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
RestoreDBInstanceFromDBSnapshot     db snapshot? cluster-snapshot? og? pg? subgrp? @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
RestoreDBInstanceFromS3             db og? pg? secgrp? subgrp? @s3IngestionRoleArn=rds.amazonaws.com @monitoringRoleArn=monitoring.rds.amazonaws.com #AddTagsToResource
RestoreDBInstanceToPointInTime      db=targetDBInstanceIdentifier db?=sourceDBInstanceIdentifier og? pg? subgrp? @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
RevokeDBSecurityGroupIngress        secgrp
StartActivityStream                 cluster?=resourceArn db?=resourceArn
StartDBCluster                      cluster
StartDBInstance                     db
StartDBInstanceAutomatedBackupsReplication db=sourceDBInstanceArn +auto-backup #AddTagsToResource:+auto-backup
StartExportTask                     snapshot?=sourceArn cluster-snapshot?=sourceArn cluster?=sourceArn @iamRoleArn=export.rds.amazonaws.com
StopActivityStream                  cluster?=resourceArn db?=resourceArn
StopDBCluster                       cluster
StopDBInstanceAutomatedBackupsReplication db=sourceDBInstanceArn
SwitchoverBlueGreenDeployment       deployment
SwitchoverGlobalCluster             global-cluster cluster=targetDbClusterIdentifier
SwitchoverReadReplica               db
"""  # noqa: E501


def _map_final_snapshot(call: Call) -> tuple[MappedAction, ...]:
    """DeleteDBInstance, DeleteDBCluster and StopDBInstance, and the snapshot that they take on the way.

    The dependent actions in the service authorization reference of each of the three.
    """
    kind, snapshot, path = _LAST_SNAPSHOTS[call.operation]
    last = read_resources(call, TYPES, (f"{snapshot}={path}",)) if call.has(path) else ()
    subjects = read_resources(call, TYPES, (kind,))
    taken = last if call.operation != "DeleteDBInstance" else ()
    actions = [mapped(f"rds:{call.operation}", (*subjects, *taken))]
    if last:
        creating = "rds:CreateDBClusterSnapshot" if kind == "cluster" else "rds:CreateDBSnapshot"
        actions.append(mapped(creating, (*subjects, *last), how=FINAL_SNAPSHOT))
    return tuple(actions)


_LAST_SNAPSHOTS = {
    "DeleteDBInstance": ("db", "snapshot", "finalDBSnapshotIdentifier"),
    "DeleteDBCluster": ("cluster", "cluster-snapshot", "finalDBSnapshotIdentifier"),
    "StopDBInstance": ("db", "snapshot", "dBSnapshotIdentifier"),
}

# A change is authorized on the groups it names; the response shows those in force, which it doesn't touch.
_MODIFIED_GROUPS = ("og", "pg", "subgrp")


def _map_instance_change(call: Call) -> tuple[MappedAction, ...]:
    groups = [
        resource
        for kind in _MODIFIED_GROUPS
        if isinstance(defaulted := TYPES[kind], _DefaultedType)
        for resource in defaulted.named.read(call, "")
    ]
    named = read_resources(call, TYPES, ("db", "secgrp?"))
    return (
        mapped("rds:ModifyDBInstance", (*named, *groups)),
        *passed_roles(call, call.texts("monitoringRoleArn"), "monitoring.rds.amazonaws.com"),
        *passed_roles(
            call,
            (entity_arn(call, "role", text) for text in call.texts("domainIAMRoleName")),
            "rds.amazonaws.com",
        ),
    )


_SPECIAL: dict[str, Rule] = dict.fromkeys(_LAST_SNAPSHOTS, _map_final_snapshot)
_SPECIAL["ModifyDBInstance"] = _map_instance_change

DATA_SOURCE = "rdsdata.amazonaws.com"

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrdsdataapi.html
_DATA_LINES = """
BatchExecuteStatement cluster
BeginTransaction cluster
ExecuteSql cluster=dbClusterOrInstanceArn
ExecuteStatement cluster
"""
_DATA_TYPES: dict[str, ResourceType] = {"cluster": NamedType("rds", "cluster:{}", "resourceArn")}


def _map_transaction_end(call: Call) -> tuple[MappedAction, ...]:
    """CommitTransaction and RollbackTransaction depend on rds-data:BeginTransaction."""
    clusters = read_resources(call, _DATA_TYPES, ("cluster",))
    return (
        mapped(f"rds-data:{call.operation}", clusters),
        mapped("rds-data:BeginTransaction", clusters, how=TRANSACTION_END),
    )


RULES: RuleTable = {
    **declared_rules(SOURCE, "rds", TYPES, _LINES),
    **{(SOURCE, operation): rule for operation, rule in _SPECIAL.items()},
    **declared_rules(DATA_SOURCE, "rds-data", _DATA_TYPES, _DATA_LINES),
    (DATA_SOURCE, "CommitTransaction"): _map_transaction_end,
    (DATA_SOURCE, "RollbackTransaction"): _map_transaction_end,
}
