"""RDS, which also serves Neptune and DocumentDB, and Performance Insights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable, values_at
from lpgen.core.cloudtrail.rules.inferences import COPIED_TAGS, FINAL_SNAPSHOT
from lpgen.core.cloudtrail.rules.resources import mapped, resource_from_arn, tag_new
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ReaderType, ResourceType, read_resources
from lpgen.core.model import MappedAction, Resource

# ---------------------------------------------------------------- RDS

# Final snapshots on deletion, which need the snapshot's own action, and copied tags.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html and
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_id-based-policy-examples.html

_RDS = "rds.amazonaws.com"


# According to the API reference, identifiers are stored in lower case.
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
def _rds_type(kind: str, path: str) -> NamedType:
    return NamedType("rds", f"{kind}:{{}}", path, in_lower_case=True)


_TYPES: dict[str, ResourceType] = {
    "cluster": _rds_type("cluster", "dBClusterIdentifier"),
    "cluster-endpoint": _rds_type("cluster-endpoint", "dBClusterEndpointIdentifier"),
    "cluster-snapshot": _rds_type("cluster-snapshot", "dBClusterSnapshotIdentifier"),
    "db": _rds_type("db", "dBInstanceIdentifier"),
    "deployment": NamedType("rds", "deployment:{}", "blueGreenDeploymentIdentifier"),
    "snapshot": _rds_type("snapshot", "dBSnapshotIdentifier"),
}


def _map_final_snapshot(call: Call) -> tuple[MappedAction, ...]:
    """DeleteDBInstance, DeleteDBCluster and StopDBInstance, and the snapshot that they take.

    See the dependent actions of these in the service authorization reference.
    """
    kind, snapshot, path = _LAST_SNAPSHOTS[call.operation]
    last = read_resources(call, _TYPES, (f"{snapshot}={path}",)) if call.has(path) else ()
    subjects = read_resources(call, _TYPES, (kind,))
    taken = last if call.operation != "DeleteDBInstance" else ()
    actions = [mapped(f"rds:{call.operation}", (*subjects, *taken))]
    if last:
        actions.extend(_copied_tags(call, last))
        creating = "rds:CreateDBClusterSnapshot" if kind == "cluster" else "rds:CreateDBSnapshot"
        actions.append(mapped(creating, (*subjects, *last), how=FINAL_SNAPSHOT))
    return tuple(actions)


def _copied_tags(call: Call, made: Iterable[Resource]) -> tuple[MappedAction, ...]:
    """The tagging of resources that get the tags of their database, unless the response says that tags aren't
    copied."""
    if False in values_at(call.response, ("copyTagsToSnapshot",)):
        return ()
    return (mapped("rds:AddTagsToResource", made, how=COPIED_TAGS),)


def _complete_snapshot(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """Manual snapshots, which may get the tags of their database unless the call sets tags."""
    if call.has("tags") or call.is_unread:
        return actions
    kind = "cluster-snapshot" if call.operation == "CreateDBClusterSnapshot" else "snapshot"
    return (*actions, *_copied_tags(call, read_resources(call, _TYPES, (kind,))))


def _complete_deployment(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """Blue/green deployments. RDS chooses the names of the green databases and copies tags to them.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html
    """
    deployment = read_resources(call, _TYPES, ("+deployment",))
    tags = tag_new(call, "rds:AddTagsToResource", deployment)
    green = read_resources(call, _TYPES, ("+deployment", "+db", "+cluster", "+cluster-endpoint"))
    return (*actions, *tags, *_copied_tags(call, green))


_LAST_SNAPSHOTS = {
    "DeleteDBInstance": ("db", "snapshot", "finalDBSnapshotIdentifier"),
    "DeleteDBCluster": ("cluster", "cluster-snapshot", "finalDBSnapshotIdentifier"),
    "StopDBInstance": ("db", "snapshot", "dBSnapshotIdentifier"),
}

# ---------------------------------------------------------------- Performance Insights

# The metrics and reports of a database instance, named by its resource id. The service is in lower case in the ARN and
# in upper case in the request. AWS documents the ARN only for RDS.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.access-control.html and
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsperformanceinsights.html


def _database_type(kind: str, *, has_report: bool = False) -> ReaderType:
    """The metrics of a database, or its reports (`perf-reports/rds/db-ABC/report-1`), with wildcards for what a call
    doesn't name."""

    def read(call: Call) -> Iterator[Resource]:
        service, database = "rds" if call.text("serviceType") == "RDS" else "*", call.text("identifier")
        report = f"/{call.text('analysisReportId') or '*'}" if has_report else ""
        if database:
            yield resource_from_arn(call.arn("pi", f"{kind}/{service}/{database}{report}"))

    return ReaderType(read, "pi", f"{kind}/*")


RULES: RuleTable = {(_RDS, operation): _map_final_snapshot for operation in _LAST_SNAPSHOTS}

COMPLETIONS: CompletionTable = {
    (_RDS, "CreateBlueGreenDeployment"): _complete_deployment,
    (_RDS, "CreateDBClusterSnapshot"): _complete_snapshot,
    (_RDS, "CreateDBSnapshot"): _complete_snapshot,
}

READERS: ReaderTable = {
    "pi.amazonaws.com": {
        "metrics": _database_type("metrics"),
        "report": _database_type("perf-reports", has_report=True),
    },
}
