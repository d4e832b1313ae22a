"""RDS, which also answers for Neptune and DocumentDB: snapshots on deletion, and tags that are copied.

A last snapshot on deletion needs the snapshot's own action.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html and
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_id-based-policy-examples.html
"""

from __future__ import annotations

from collections.abc import Iterable

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable, values_at
from lpgen.core.cloudtrail.rules.inferences import COPIED_TAGS, FINAL_SNAPSHOT, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType, mapped, read_resources
from lpgen.core.model import MappedAction, Resource

_SOURCE = "rds.amazonaws.com"


# According to the API reference, their identifiers are stored in lower case.
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
def _rds_type(kind: str, path: str) -> NamedType:
    return NamedType("rds", f"{kind}:{{}}", path, in_lower_case=True)


TYPES: dict[str, ResourceType] = {
    "cluster": _rds_type("cluster", "dBClusterIdentifier"),
    "cluster-endpoint": _rds_type("cluster-endpoint", "dBClusterEndpointIdentifier"),
    "cluster-snapshot": _rds_type("cluster-snapshot", "dBClusterSnapshotIdentifier"),
    "db": _rds_type("db", "dBInstanceIdentifier"),
    "deployment": NamedType("rds", "deployment:{}", "blueGreenDeploymentIdentifier"),
    "snapshot": _rds_type("snapshot", "dBSnapshotIdentifier"),
}


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


def _complete_snapshot(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """Manual snapshots, whose database may copy its tags to them, unless the call sets tags."""
    if call.has("tags") or call.is_unread:
        return actions
    kind = "cluster-snapshot" if call.operation == "CreateDBClusterSnapshot" else "snapshot"
    return (*actions, *_copied_tags(call, read_resources(call, TYPES, (kind,))))


def _complete_deployment(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """Blue/green deployments, whose green databases get the tags and names of RDS's choice.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html
    """
    deployment = read_resources(call, TYPES, ("+deployment",))
    tags = (mapped("rds:AddTagsToResource", deployment, how=TAG_ON_CREATE),) if call.has("tags") else ()
    green = read_resources(call, TYPES, ("+deployment", "+db", "+cluster", "+cluster-endpoint"))
    return (*actions, *tags, *_copied_tags(call, green))


_LAST_SNAPSHOTS = {
    "DeleteDBInstance": ("db", "snapshot", "finalDBSnapshotIdentifier"),
    "DeleteDBCluster": ("cluster", "cluster-snapshot", "finalDBSnapshotIdentifier"),
    "StopDBInstance": ("db", "snapshot", "dBSnapshotIdentifier"),
}

RULES: RuleTable = {
    **{(_SOURCE, operation): _map_final_snapshot for operation in _LAST_SNAPSHOTS},
}

COMPLETIONS: CompletionTable = {
    (_SOURCE, "CreateBlueGreenDeployment"): _complete_deployment,
    (_SOURCE, "CreateDBClusterSnapshot"): _complete_snapshot,
    (_SOURCE, "CreateDBSnapshot"): _complete_snapshot,
}
