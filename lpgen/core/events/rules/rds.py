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
    "ri": _rds_type("ri", "reservedDBInstanceId"),
    "secgrp": _rds_type("secgrp", "dBSecurityGroupName|dBSecurityGroups"),
    "snapshot": _rds_type("snapshot", "dBSnapshotIdentifier"),
    "subgrp": _DefaultedType(
        _rds_type("subgrp", "dBSubnetGroupName"), (("dBSubnetGroup", "dBSubnetGroupName"), ("dBSubnetGroup",))
    ),
    "target-group": NamedType("rds", "target-group:*", "targetGroupArn"),
    "tenant-database": NamedType("rds", "tenant-database:*", "tenantDatabaseArn"),
}

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
CreateDBInstance                    db cluster? og? pg? secgrp? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
CreateDBInstanceReadReplica         db db?=sourceDBInstanceIdentifier cluster?=sourceDBClusterIdentifier og? pg? subgrp? @monitoringRoleArn=monitoring.rds.amazonaws.com @profile:customIamInstanceProfile=ec2.amazonaws.com @name:domainIAMRoleName=rds.amazonaws.com #AddTagsToResource
CreateDBParameterGroup              pg #AddTagsToResource
CreateDBSecurityGroup               secgrp #AddTagsToResource
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
ModifyDBCluster                     cluster cluster-pg?=dBClusterParameterGroupName og?=optionGroupName @monitoringRoleArn=monitoring.rds.amazonaws.com
ModifyDBClusterParameterGroup       cluster-pg
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
    **declared_rules(SOURCE, "rds", TYPES, _LINES),
    **{(SOURCE, operation): rule for operation, rule in _SPECIAL.items()},
    (_DATA_SOURCE, "CommitTransaction"): _map_transaction_end,
    (_DATA_SOURCE, "RollbackTransaction"): _map_transaction_end,
}
