"""RDS, which also answers for Neptune and DocumentDB, and the RDS Data API.

A creation is authorized on the groups it names or falls back on, so default groups are read off the response. Tags on
create need rds:AddTagsToResource; a last snapshot on deletion needs the snapshot's own action.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html and
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_id-based-policy-examples.html
"""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.events.rules.call import Call, Rule, RuleTable, values_at
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped, read_resources
from lpgen.core.events.rules.inferences import COPIED_TAGS, FINAL_SNAPSHOT, TRANSACTION_END
from lpgen.core.model import MappedAction, Resource

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


TYPES: dict[str, ResourceType] = {
    "auto-backup": _rds_type("auto-backup", "dBInstanceAutomatedBackupsArn"),
    "cev": NamedType("rds", "cev:{}/{}/*", "engine,engineVersion"),
    "cluster": _rds_type("cluster", "dBClusterIdentifier"),
    "cluster-auto-backup": _rds_type("cluster-auto-backup", "dBClusterAutomatedBackupsArn"),
    "cluster-endpoint": _rds_type("cluster-endpoint", "dBClusterEndpointIdentifier"),
    "cluster-pg": _rds_type("cluster-pg", "dBClusterParameterGroupName|response:dBClusterParameterGroup"),
    "cluster-snapshot": _rds_type("cluster-snapshot", "dBClusterSnapshotIdentifier"),
    "db": _rds_type("db", "dBInstanceIdentifier"),
    "deployment": _rds_type("deployment", "blueGreenDeploymentIdentifier"),
    "es": _rds_type("es", "subscriptionName"),
    "global-cluster": NamedType(
        "rds", "global-cluster:{}", "globalClusterIdentifier", region=False, in_lower_case=True
    ),
    "integration": _rds_type("integration", "integrationIdentifier"),
    "og": _rds_type(
        "og",
        "optionGroupName|response:optionGroupMemberships.optionGroupName"
        "|response:dBClusterOptionGroupMemberships.dBClusterOptionGroupName",
    ),
    "pg": _rds_type("pg", "dBParameterGroupName|response:dBParameterGroups.dBParameterGroupName"),
    "ri": _rds_type("ri", "reservedDBInstanceId"),
    "secgrp": _rds_type("secgrp", "dBSecurityGroupName|dBSecurityGroups"),
    "snapshot": _rds_type("snapshot", "dBSnapshotIdentifier"),
    "subgrp": _rds_type("subgrp", "dBSubnetGroupName|response:dBSubnetGroup.dBSubnetGroupName|response:dBSubnetGroup"),
    "target-group": NamedType("rds", "target-group:*", "targetGroupArn"),
    "tenant-database": NamedType("rds", "tenant-database:*", "tenantDatabaseArn"),
}

# ModifyDBInstance is authorized on the groups it names; the response shows those in force, which it doesn't touch.
_LINES = """
CopyDBClusterParameterGroup         cluster-pg=targetDBClusterParameterGroupIdentifier cluster-pg?=sourceDBClusterParameterGroupIdentifier #AddTagsToResource
CopyDBClusterSnapshot               cluster-snapshot=targetDBClusterSnapshotIdentifier cluster-snapshot?=sourceDBClusterSnapshotIdentifier #AddTagsToResource
CopyDBParameterGroup                pg=targetDBParameterGroupIdentifier pg?=sourceDBParameterGroupIdentifier #AddTagsToResource
CopyDBSnapshot                      snapshot=targetDBSnapshotIdentifier snapshot?=sourceDBSnapshotIdentifier #AddTagsToResource
CopyOptionGroup                     og=targetOptionGroupIdentifier og?=sourceOptionGroupIdentifier #AddTagsToResource
CreateBlueGreenDeployment           +deployment db?=source cluster?=source cluster-pg?=targetDBClusterParameterGroupName pg?=targetDBParameterGroupName #AddTagsToResource
CreateCustomDBEngineVersion         cev #AddTagsToResource
CreateDBCluster                     cluster cluster-pg? og? subgrp? global-cluster? @monitoringRoleArn=monitoring.rds.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
CreateDBClusterParameterGroup       cluster-pg #AddTagsToResource
CreateDBClusterSnapshot             cluster cluster-snapshot #AddTagsToResource:cluster-snapshot
CreateDBInstance                    db cluster? og? pg? secgrp? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
CreateDBInstanceReadReplica         db db?=sourceDBInstanceIdentifier cluster?=sourceDBClusterIdentifier og? pg? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
CreateDBParameterGroup              pg #AddTagsToResource
CreateDBSecurityGroup               secgrp #AddTagsToResource
CreateDBSnapshot                    db snapshot #AddTagsToResource:snapshot
CreateDBSubnetGroup                 subgrp #AddTagsToResource
CreateEventSubscription             es #AddTagsToResource
CreateOptionGroup                   og #AddTagsToResource
DeleteDBClusterParameterGroup       cluster-pg
DeleteDBParameterGroup              pg
DeleteDBSubnetGroup                 subgrp
DescribeDBClusterParameterGroups    cluster-pg
DescribeDBClusterParameters         cluster-pg
DescribeDBParameterGroups           pg
DescribeDBParameters                pg
DescribeDBSubnetGroups              subgrp
DescribeOptionGroups                og
ModifyDBCluster                     cluster cluster-pg? og?=optionGroupName @monitoringRoleArn=monitoring.rds.amazonaws.com
ModifyDBClusterParameterGroup       cluster-pg
ModifyDBInstance                    db secgrp? og?=optionGroupName pg?=dBParameterGroupName subgrp?=dBSubnetGroupName @monitoringRoleArn=monitoring.rds.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com
ModifyDBParameterGroup              pg
ModifyDBSnapshot                    snapshot og?=optionGroupName
ModifyDBSubnetGroup                 subgrp
ModifyOptionGroup                   og @optionsToInclude.optionSettings.value=rds.amazonaws.com
PurchaseReservedDBInstancesOffering ri #AddTagsToResource
ResetDBClusterParameterGroup        cluster-pg
ResetDBParameterGroup               pg
RestoreDBClusterFromS3              cluster cluster-pg? og? subgrp? @s3IngestionRoleArn=rds.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
RestoreDBClusterFromSnapshot        cluster cluster-snapshot?=snapshotIdentifier cluster-pg? og? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
RestoreDBClusterToPointInTime       cluster cluster?=sourceDBClusterIdentifier cluster-pg? og? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
RestoreDBInstanceFromDBSnapshot     db snapshot? cluster-snapshot? og? pg? subgrp? @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
RestoreDBInstanceFromS3             db og? pg? secgrp? subgrp? @s3IngestionRoleArn=rds.amazonaws.com @monitoringRoleArn=monitoring.rds.amazonaws.com #AddTagsToResource
RestoreDBInstanceToPointInTime      db=targetDBInstanceIdentifier db?=sourceDBInstanceIdentifier og? pg? subgrp? @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
StartExportTask                     snapshot?=sourceArn cluster-snapshot?=sourceArn cluster?=sourceArn @iamRoleArn=export.rds.amazonaws.com
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
        actions.extend(_copied_tags(call, last))
        creating = "rds:CreateDBClusterSnapshot" if kind == "cluster" else "rds:CreateDBSnapshot"
        actions.append(mapped(creating, (*subjects, *last), how=FINAL_SNAPSHOT))
    return tuple(actions)


def _copied_tags(call: Call, made: Iterable[Resource]) -> tuple[MappedAction, ...]:
    """The tagging of what gets the tags of its database, where the response doesn't say that these aren't copied."""
    if False in values_at(call.response, ("copyTagsToSnapshot",)):
        return ()
    return (mapped("rds:AddTagsToResource", made, how=COPIED_TAGS),)


def _map_copied_tags(call: Call) -> tuple[MappedAction, ...]:
    """Manual snapshots, whose database may copy its tags to them, unless the call sets tags; and blue/green
    deployments, whose green databases get the tags and names of RDS's choice.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html
    """
    actions = _DECLARED[SOURCE, call.operation](call) or ()
    made = _TAGGED_COPIES[call.operation]
    if call.operation.endswith("Snapshot") and len(actions) > 1:
        return actions
    return (*actions, *_copied_tags(call, read_resources(call, TYPES, made)))


_DECLARED = declared_rules(SOURCE, "rds", TYPES, _LINES)
_TAGGED_COPIES = {
    "CreateBlueGreenDeployment": ("+deployment", "+db", "+cluster", "+cluster-endpoint"),
    "CreateDBClusterSnapshot": ("cluster-snapshot",),
    "CreateDBSnapshot": ("snapshot",),
}
_LAST_SNAPSHOTS = {
    "DeleteDBInstance": ("db", "snapshot", "finalDBSnapshotIdentifier"),
    "DeleteDBCluster": ("cluster", "cluster-snapshot", "finalDBSnapshotIdentifier"),
    "StopDBInstance": ("db", "snapshot", "dBSnapshotIdentifier"),
}

_SPECIAL: dict[str, Rule] = {
    **dict.fromkeys(_LAST_SNAPSHOTS, _map_final_snapshot),
    **dict.fromkeys(_TAGGED_COPIES, _map_copied_tags),
}

_DATA_SOURCE = "rdsdata.amazonaws.com"

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrdsdataapi.html
_DATA_TYPES: dict[str, ResourceType] = {"cluster": NamedType("rds", "cluster:{}", "resourceArn")}


def _map_transaction_end(call: Call) -> tuple[MappedAction, ...]:
    """CommitTransaction and RollbackTransaction depend on rds-data:BeginTransaction."""
    clusters = read_resources(call, _DATA_TYPES, ("cluster",))
    return (
        mapped(f"rds-data:{call.operation}", clusters),
        mapped("rds-data:BeginTransaction", clusters, how=TRANSACTION_END),
    )


RULES: RuleTable = {
    **_DECLARED,
    **{(SOURCE, operation): rule for operation, rule in _SPECIAL.items()},
    (_DATA_SOURCE, "CommitTransaction"): _map_transaction_end,
    (_DATA_SOURCE, "RollbackTransaction"): _map_transaction_end,
}
