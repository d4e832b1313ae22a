"""EMR: clusters by id, the roles that a cluster is given by name, and elasticmapreduce:AddTags on create.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticmapreduce.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "elasticmapreduce.amazonaws.com"

TYPES: dict[str, ResourceType] = {
    "cluster": NamedType("elasticmapreduce", "cluster/{}", "clusterId|jobFlowId|jobFlowIds"),
    "studio": NamedType("elasticmapreduce", "studio/{}", "studioId"),
    "editor": NamedType("elasticmapreduce", "editor/{}", "editorId"),
    "notebook-execution": NamedType("elasticmapreduce", "notebook-execution/{}", "notebookExecutionId"),
}

_CLUSTER_OPERATIONS = """
AddInstanceFleet AddInstanceGroups AddJobFlowSteps CancelSteps DescribeCluster DescribeJobFlows DescribeStep
GetAutoTerminationPolicy GetClusterSessionCredentials GetManagedScalingPolicy GetOnClusterAppUIPresignedURL
ListBootstrapActions ListInstanceFleets ListInstanceGroups ListInstances ListSteps ModifyCluster
ModifyInstanceFleet ModifyInstanceGroups PutAutoScalingPolicy PutAutoTerminationPolicy PutManagedScalingPolicy
RemoveAutoScalingPolicy RemoveAutoTerminationPolicy RemoveManagedScalingPolicy SetKeepJobFlowAliveWhenNoSteps
SetTerminationProtection SetUnhealthyNodeReplacement SetVisibleToAllUsers TerminateJobFlows
"""

# The roles: https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-iam-roles.html
_LINES = """
RunJobFlow #AddTags:+cluster @name:serviceRole=elasticmapreduce.amazonaws.com @profile:jobFlowRole=ec2.amazonaws.com @name:autoScalingRole=application-autoscaling.amazonaws.com
CreateStudio                 #AddTags:+studio
CreateStudioSessionMapping   studio
DeleteStudio                 studio
DeleteStudioSessionMapping   studio
DescribeStudio               studio
GetStudioSessionMapping      studio
UpdateStudio                 studio
UpdateStudioSessionMapping   studio
DescribeNotebookExecution    notebook-execution
StopNotebookExecution        notebook-execution
StartNotebookExecution       cluster=executionEngine.id editor #AddTags:+notebook-execution
"""  # noqa: E501


def _all_lines() -> str:
    return _LINES + "\n".join(f"{operation} cluster" for operation in _CLUSTER_OPERATIONS.split())


RULES: RuleTable = declared_rules(SOURCE, "elasticmapreduce", TYPES, _all_lines())
