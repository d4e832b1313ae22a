"""Redshift: clusters and their contents by name, database credentials, tags on create, and the Data API.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import DATABASE_CREDENTIALS
from lpgen.core.cloudtrail.rules.listed import ReaderType, is_arn_of
from lpgen.core.cloudtrail.rules.types import (
    NamedType,
    ReaderTable,
    ResourceType,
    mapped,
    read_resources,
    resource_from_arn,
)
from lpgen.core.model import MappedAction, Resource

_SOURCE = "redshift.amazonaws.com"


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


_TYPES: dict[str, ResourceType] = {
    "cluster": _redshift_type("cluster:{}", "clusterIdentifier"),
    "dbgroup": _redshift_type("dbgroup:{}/{}", "clusterIdentifier,dbGroups"),
    "dbname": _redshift_type("dbname:{}/{}", "clusterIdentifier,dbName"),
    "dbuser": _redshift_type("dbuser:{}/{}", "clusterIdentifier,dbUser"),
    "restored": _SnapshotType(("snapshotClusterIdentifier",)),
    "snapshot": _SnapshotType(("snapshotClusterIdentifier", "clusterIdentifier")),
    "copied": _redshift_type(
        "snapshot:{}/{}",
        "sourceSnapshotClusterIdentifier,sourceSnapshotIdentifier"
        "|sourceSnapshotClusterIdentifier,targetSnapshotIdentifier",
    ),
}


def _map_credentials(call: Call) -> tuple[MappedAction, ...]:
    """GetClusterCredentials, which may also create its user and join groups.

    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-role-permissions.html
    """
    user = read_resources(call, _TYPES, ("dbuser",))
    actions = [mapped("redshift:GetClusterCredentials", (*user, *read_resources(call, _TYPES, ("dbname?",))))]
    if call.has("autoCreate"):
        actions.append(mapped("redshift:CreateClusterUser", user, how=DATABASE_CREDENTIALS))
    if call.has("dbGroups"):
        groups = read_resources(call, _TYPES, ("dbgroup",))
        actions.append(mapped("redshift:JoinGroup", groups, how=DATABASE_CREDENTIALS))
    return tuple(actions)


_DATA_TYPES: dict[str, ResourceType] = {
    "cluster": _TYPES["cluster"],
    "workgroup": NamedType("redshift-serverless", "workgroup/*", "workgroupName"),
}


def _read_target(call: Call) -> tuple[Resource, ...]:
    """The cluster on which a statement of the Data API runs, or the workgroup, whose ARN holds an id in place of its
    name.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftdataapi.html
    """
    return read_resources(call, _DATA_TYPES, ("workgroup" if call.has("workgroupName") else "cluster?",))


RULES: RuleTable = {(_SOURCE, "GetClusterCredentials"): _map_credentials}

READERS: ReaderTable = {
    _SOURCE: _TYPES,
    "redshift-data.amazonaws.com": {"target": ReaderType(_read_target)},
    # The ARNs of Redshift Serverless end in ids, and requests give names: a name narrows nothing down.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftserverless.html
    "redshift-serverless.amazonaws.com": {
        "namespace": NamedType("redshift-serverless", "namespace/*", "namespaceName|namespaceArn")
    },
}
