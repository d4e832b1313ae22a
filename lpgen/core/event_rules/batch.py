"""Batch and EMR: jobs and clusters, tags on create, and the roles that clusters are given by name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticmapreduce.html
"""

from __future__ import annotations

from lpgen.core.event_rules.call import RuleTable
from lpgen.core.event_rules.declared import NamedType, ResourceType, declared_rules

_BATCH_TYPES: dict[str, ResourceType] = {
    "environment": NamedType("batch", "compute-environment/{}", "computeEnvironment|computeEnvironmentName"),
    "consumable": NamedType("batch", "consumable-resource/{}", "consumableResource|consumableResourceName"),
    "job": NamedType("batch", "job/{}", "jobId"),
    "definition": NamedType("batch", "job-definition/{}", "jobDefinition|jobDefinitionName"),
    "queue": NamedType("batch", "job-queue/{}", "jobQueue|jobQueueName"),
    "policy": NamedType("batch", "scheduling-policy/{}", "arn|schedulingPolicyArn|name"),
    "service-environment": NamedType("batch", "service-environment/{}", "serviceEnvironment|serviceEnvironmentName"),
    "service-job": NamedType("batch", "service-job/{}", "jobId"),
}

# https://docs.aws.amazon.com/batch/latest/userguide/supported-iam-actions-tagging.html
_BATCH_LINES = """
CancelJob                    job
CreateComputeEnvironment     environment #TagResource
CreateConsumableResource     consumable #TagResource
CreateJobQueue queue environment?=computeEnvironmentOrder.computeEnvironment policy?=schedulingPolicyArn #TagResource
CreateSchedulingPolicy       policy=name #TagResource
CreateServiceEnvironment     service-environment #TagResource
DeleteComputeEnvironment     environment
DeleteConsumableResource     consumable
DeleteJobQueue               queue
DeleteSchedulingPolicy       policy
DeleteServiceEnvironment     service-environment
DeregisterJobDefinition      definition
DescribeConsumableResource   consumable
GetJobQueueSnapshot          queue
ListJobsByConsumableResource consumable
RegisterJobDefinition        definition #TagResource
SubmitJob                    +job definition queue #TagResource
SubmitServiceJob             +service-job queue #TagResource
TerminateJob                 job
TerminateServiceJob          service-job
UpdateComputeEnvironment     environment
UpdateConsumableResource     consumable
UpdateJobQueue               queue environment?=computeEnvironmentOrder.computeEnvironment policy?=schedulingPolicyArn
UpdateSchedulingPolicy       policy
UpdateServiceEnvironment     service-environment
"""

_EMR_TYPES: dict[str, ResourceType] = {
    "cluster": NamedType("elasticmapreduce", "cluster/{}", "clusterId|jobFlowId|jobFlowIds"),
    "studio": NamedType("elasticmapreduce", "studio/{}", "studioId"),
    "editor": NamedType("elasticmapreduce", "editor/{}", "editorId"),
    "notebook-execution": NamedType("elasticmapreduce", "notebook-execution/{}", "notebookExecutionId"),
}

_EMR_CLUSTER_OPERATIONS = """
AddInstanceFleet AddInstanceGroups AddJobFlowSteps CancelSteps DescribeCluster DescribeJobFlows DescribeStep
GetAutoTerminationPolicy GetClusterSessionCredentials GetManagedScalingPolicy GetOnClusterAppUIPresignedURL
ListBootstrapActions ListInstanceFleets ListInstanceGroups ListInstances ListSteps ModifyCluster
ModifyInstanceFleet ModifyInstanceGroups PutAutoScalingPolicy PutAutoTerminationPolicy PutManagedScalingPolicy
RemoveAutoScalingPolicy RemoveAutoTerminationPolicy RemoveManagedScalingPolicy SetKeepJobFlowAliveWhenNoSteps
SetTerminationProtection SetUnhealthyNodeReplacement SetVisibleToAllUsers TerminateJobFlows
"""

# The roles: https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-iam-roles.html
_EMR_LINES = """
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


def _emr_lines() -> str:
    return _EMR_LINES + "\n".join(f"{operation} cluster" for operation in _EMR_CLUSTER_OPERATIONS.split())


RULES: RuleTable = {
    **declared_rules("batch.amazonaws.com", "batch", _BATCH_TYPES, _BATCH_LINES),
    **declared_rules("elasticmapreduce.amazonaws.com", "elasticmapreduce", _EMR_TYPES, _emr_lines()),
}
