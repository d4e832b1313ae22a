"""Batch: jobs, queues and environments by name, and batch:TagResource where a creation sets tags.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "batch.amazonaws.com"

TYPES: dict[str, ResourceType] = {
    "environment": NamedType("batch", "compute-environment/{}", "computeEnvironment|computeEnvironmentName"),
    "consumable": NamedType("batch", "consumable-resource/{}", "consumableResource|consumableResourceName"),
    "job": NamedType("batch", "job/{}", "jobId"),
    "definition": NamedType("batch", "job-definition/{}", "jobDefinition|jobDefinitionName"),
    "new-revision": NamedType("batch", "job-definition/{}:*", "jobDefinitionName"),
    "consumed": NamedType(
        "batch",
        "consumable-resource/{}",
        "consumableResourcePropertiesOverride.consumableResourceList.consumableResource"
        "|consumableResourceProperties.consumableResourceList.consumableResource",
    ),
    "quota-share": NamedType("batch", "job-queue/{}/quota-share/{}", "jobQueue,quotaShareName"),
    "queue": NamedType("batch", "job-queue/{}", "jobQueue|jobQueueName"),
    "policy": NamedType("batch", "scheduling-policy/{}", "arn|schedulingPolicyArn|name"),
    "service-environment": NamedType("batch", "service-environment/{}", "serviceEnvironment|serviceEnvironmentName"),
    "service-job": NamedType("batch", "service-job/{}", "jobId"),
}

# https://docs.aws.amazon.com/batch/latest/userguide/supported-iam-actions-tagging.html
_LINES = """
CancelJob                    job
CreateComputeEnvironment     environment #TagResource
CreateConsumableResource     consumable #TagResource
CreateJobQueue queue environment?=computeEnvironmentOrder.computeEnvironment policy?=schedulingPolicyArn service-environment?=serviceEnvironmentOrder.serviceEnvironment #TagResource
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
RegisterJobDefinition        definition consumed? #TagResource:new-revision
SubmitJob                    +job definition queue consumed? #TagResource
SubmitServiceJob             +service-job queue quota-share? #TagResource
TerminateJob                 job
TerminateServiceJob          service-job
UpdateComputeEnvironment     environment
UpdateConsumableResource     consumable
UpdateJobQueue               queue environment?=computeEnvironmentOrder.computeEnvironment policy?=schedulingPolicyArn
UpdateSchedulingPolicy       policy
UpdateServiceEnvironment     service-environment
"""  # noqa: E501

RULES: RuleTable = declared_rules(SOURCE, "batch", TYPES, _LINES)
