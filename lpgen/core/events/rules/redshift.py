"""Redshift: clusters and what lies in them by name, database credentials, tags on create, and the Data API.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.declared import (
    NamedType,
    ResourceType,
    declared_rules,
    mapped,
    read_resources,
    resource_from_arn,
)
from lpgen.core.events.rules.inferences import DATABASE_CREDENTIALS
from lpgen.core.events.rules.listed import is_arn_of
from lpgen.core.model import MappedAction, Resource

SOURCE = "redshift.amazonaws.com"


def _redshift_type(shape: str, paths: str, *, in_lower_case: bool = False) -> NamedType:
    return NamedType("redshift", shape, paths, in_lower_case=in_lower_case)


@dataclass(frozen=True, slots=True)
class _SnapshotType:
    """A snapshot by its id, of the cluster that the first of these parameters names, else of any cluster."""

    clusters: tuple[str, ...]

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The snapshot that the call names by ARN or id."""
        arn, name = call.text("snapshotArn"), call.text("snapshotIdentifier")
        if arn:
            return (resource_from_arn(arn),) if is_arn_of(arn, "redshift") else ()
        cluster = next((text for path in self.clusters if (text := call.text(path))), "*")
        return (resource_from_arn(call.arn("redshift", f"snapshot:{cluster}/{name}")),) if name else ()

    def pattern(self, call: Call) -> Resource:
        """The pattern of all snapshots."""
        return resource_from_arn(call.arn("redshift", "snapshot:*"))


# Parameter and subnet groups are stored in lower case.
# https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateClusterParameterGroup.html
TYPES: dict[str, ResourceType] = {
    "cluster": _redshift_type("cluster:{}", "clusterIdentifier"),
    "datashare": _redshift_type("datashare:{}", "dataShareArn"),
    "dbgroup": _redshift_type("dbgroup:{}/{}", "clusterIdentifier,dbGroups"),
    "dbname": _redshift_type("dbname:{}/{}", "clusterIdentifier,dbName"),
    "dbuser": _redshift_type("dbuser:{}/{}", "clusterIdentifier,dbUser"),
    "eventsubscription": _redshift_type("eventsubscription:{}", "subscriptionName"),
    "hsmclientcertificate": _redshift_type("hsmclientcertificate:{}", "hsmClientCertificateIdentifier"),
    "hsmconfiguration": _redshift_type("hsmconfiguration:{}", "hsmConfigurationIdentifier"),
    "integration": _redshift_type("integration:{}", "integrationArn"),
    "namespace": _redshift_type("namespace:{}", "resourceArn|targetArn"),
    "parametergroup": _redshift_type("parametergroup:{}", "parameterGroupName", in_lower_case=True),
    "restored": _SnapshotType(("snapshotClusterIdentifier",)),
    "snapshot": _SnapshotType(("snapshotClusterIdentifier", "clusterIdentifier")),
    "copied": _redshift_type(
        "snapshot:{}/{}",
        "sourceSnapshotClusterIdentifier,sourceSnapshotIdentifier"
        "|sourceSnapshotClusterIdentifier,targetSnapshotIdentifier",
    ),
    "snapshotcopygrant": _redshift_type("snapshotcopygrant:{}", "snapshotCopyGrantName"),
    "snapshotschedule": _redshift_type("snapshotschedule:{}", "scheduleIdentifier"),
    "subnetgroup": _redshift_type("subnetgroup:{}", "clusterSubnetGroupName", in_lower_case=True),
    "usagelimit": _redshift_type("usagelimit:{}", "usageLimitId"),
}

_LINES = """
AuthorizeSnapshotAccess         snapshot cluster?
CopyClusterSnapshot             copied cluster?=sourceSnapshotClusterIdentifier
CreateClusterSnapshot           snapshot cluster #CreateTags
DeleteClusterSnapshot           snapshot cluster?
ModifyClusterSnapshot           snapshot
RestoreFromClusterSnapshot      cluster restored @iamRoles=redshift.amazonaws.com @defaultIamRoleArn=redshift.amazonaws.com
RestoreTableFromClusterSnapshot cluster snapshot
RevokeSnapshotAccess            snapshot cluster?
"""  # noqa: E501


def _map_credentials(call: Call) -> tuple[MappedAction, ...]:
    """GetClusterCredentials, which may also create its user and join groups.

    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-role-permissions.html
    """
    user = read_resources(call, TYPES, ("dbuser",))
    actions = [mapped("redshift:GetClusterCredentials", (*user, *read_resources(call, TYPES, ("dbname?",))))]
    if call.has("autoCreate"):
        actions.append(mapped("redshift:CreateClusterUser", user, how=DATABASE_CREDENTIALS))
    if call.has("dbGroups"):
        groups = read_resources(call, TYPES, ("dbgroup",))
        actions.append(mapped("redshift:JoinGroup", groups, how=DATABASE_CREDENTIALS))
    return tuple(actions)


_DATA_TYPES: dict[str, ResourceType] = {
    "cluster": TYPES["cluster"],
    "workgroup": NamedType("redshift-serverless", "workgroup/*", "workgroupName"),
}


def _map_data_call(call: Call) -> tuple[MappedAction, ...]:
    """A statement of the Data API runs on a cluster or on a workgroup, whose ARN holds an id in place of its name.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftdataapi.html
    """
    token = "workgroup" if call.has("workgroupName") else "cluster?"
    return (mapped(f"redshift-data:{call.operation}", read_resources(call, _DATA_TYPES, (token,))),)


_DATA_OPERATIONS = (
    "BatchExecuteStatement",
    "DescribeTable",
    "ExecuteStatement",
    "ListDatabases",
    "ListSchemas",
    "ListTables",
)


# The ARNs of Redshift Serverless end in ids, and requests give names: a name narrows nothing down.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftserverless.html
_SERVERLESS_TYPES: dict[str, ResourceType] = {
    "namespace": NamedType("redshift-serverless", "namespace/*", "namespaceName|namespaceArn"),
    "snapshot": NamedType("redshift-serverless", "snapshot/*", "snapshotName|snapshotArn"),
    "workgroup": NamedType("redshift-serverless", "workgroup/*", "workgroupName"),
}

_SERVERLESS_LINES = """
CreateScheduledAction           namespace @roleArn=scheduler.redshift.amazonaws.com
"""


RULES: RuleTable = {
    **declared_rules(SOURCE, "redshift", TYPES, _LINES),
    (SOURCE, "GetClusterCredentials"): _map_credentials,
    **declared_rules("redshift-serverless.amazonaws.com", "redshift-serverless", _SERVERLESS_TYPES, _SERVERLESS_LINES),
    **{("redshift-data.amazonaws.com", operation): _map_data_call for operation in _DATA_OPERATIONS},
}
