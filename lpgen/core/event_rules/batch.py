"""Batch and EMR: jobs and clusters, tags on create, and the roles that clusters are given by name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticmapreduce.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lpgen.core.event_rules.call import Call, RuleTable
from lpgen.core.event_rules.declared import (
    DeclaredRule,
    NamedType,
    ResourceType,
    declared_rules,
    parse_declarations,
    resource_from_arn,
)
from lpgen.core.event_rules.passing import is_role_arn, passed_role, passed_roles
from lpgen.core.model import MappedAction

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

_EMR_LINES = """
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
"""

# The roles that a cluster is given, by ARN or name, and who gets them.
# https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-iam-roles.html
_CLUSTER_ROLES = (
    ("serviceRole", "elasticmapreduce.amazonaws.com"),
    ("autoScalingRole", "application-autoscaling.amazonaws.com"),
)
_RUN_JOB_FLOW = parse_declarations("elasticmapreduce", "RunJobFlow #AddTags:+cluster")[0]


@dataclass(frozen=True, slots=True)
class _JobFlowRule:
    """RunJobFlow takes no resource; its tags go onto the new cluster, and it hands over roles and an instance profile.

    https://docs.aws.amazon.com/emr/latest/APIReference/API_RunJobFlow.html
    """

    rule: DeclaredRule

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        return (*self.rule(call), *_passed_by_cluster(call))


def _passed_by_cluster(call: Call) -> Iterator[MappedAction]:
    for parameter, service in _CLUSTER_ROLES:
        arns = [_entity_arn(call, "role", text) for text in call.texts(parameter)]
        yield from passed_roles(call, (arn for arn in arns if is_role_arn(arn)), service)
    profiles = [
        _entity_arn(call, "instance-profile", text)
        for path in (("jobFlowRole",), ("instances", "jobFlowRole"))
        for text in call.texts(*path)
        if "*" not in text
    ]
    if profiles:
        yield passed_role(call, map(resource_from_arn, profiles), "ec2.amazonaws.com")


def _entity_arn(call: Call, kind: str, text: str) -> str:
    return text if text.startswith("arn:") else call.arn("iam", f"{kind}/{text}", region=False)


def _emr_lines() -> str:
    return _EMR_LINES + "\n".join(f"{operation} cluster" for operation in _EMR_CLUSTER_OPERATIONS.split())


_EMR_SOURCE = "elasticmapreduce.amazonaws.com"

RULES: RuleTable = {
    **declared_rules("batch.amazonaws.com", "batch", _BATCH_TYPES, _BATCH_LINES),
    **declared_rules(_EMR_SOURCE, "elasticmapreduce", _EMR_TYPES, _emr_lines()),
    (_EMR_SOURCE, "RunJobFlow"): _JobFlowRule(DeclaredRule(_RUN_JOB_FLOW, _EMR_TYPES)),
}
