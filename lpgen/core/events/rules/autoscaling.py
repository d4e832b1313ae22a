"""EC2 Auto Scaling, and Application Auto Scaling and scaling plans, which are recorded under the same event source.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html and
https://docs.aws.amazon.com/autoscaling/application/userguide/logging-using-cloudtrail.html and
https://docs.aws.amazon.com/autoscaling/plans/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lpgen.core.events.rules.call import Call, Rule, RuleTable, texts_at
from lpgen.core.events.rules.declared import (
    NamedType,
    ResourceType,
    declared_rules,
    mapped,
    read_resources,
    resource_from_arn,
)
from lpgen.core.events.rules.ec2 import pass_profiles
from lpgen.core.events.rules.inferences import LAUNCH_TEMPLATE
from lpgen.core.model import UNKNOWN_RESOURCE, MappedAction, Resource

SOURCE = "autoscaling.amazonaws.com"


@dataclass(frozen=True, slots=True)
class _GroupType:
    """A group by name, in the request or, where that names an instance alone, in the response."""

    named: NamedType

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The groups in the request, else the group that the response's activity is of."""
        shown = texts_at(call.response, ("activity", "autoScalingGroupName"))
        return self.named.read(call, paths) or tuple(
            resource_from_arn(call.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{name}"))
            for name in (*shown, *_groups_of_policies(call))
            if not {"*", "?"} & set(name)
        )

    def pattern(self, call: Call) -> Resource:
        """The pattern of all groups of the account and Region."""
        return self.named.pattern(call)


def _groups_of_policies(call: Call) -> Iterator[str]:
    """The groups in the ARNs of scaling policies, which stand where a policy's name may: `policyName`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeletePolicy.html
    """
    for text in call.texts("policyName"):
        _, found, rest = text.partition(":autoScalingGroupName/")
        if found and text.startswith("arn:"):
            yield rest.partition(":policyName/")[0]


TYPES: dict[str, ResourceType] = {
    "group": _GroupType(NamedType("autoscaling", "autoScalingGroup:*:autoScalingGroupName/{}", "autoScalingGroupName")),
    "configuration": NamedType(
        "autoscaling", "launchConfiguration:*:launchConfigurationName/{}", "launchConfigurationName"
    ),
}

_GROUP_OPERATIONS = """
AttachTrafficSources DeletePolicy DetachTrafficSources ExecutePolicy LaunchInstances RollbackInstanceRefresh
SetInstanceHealth TerminateInstanceInAutoScalingGroup
"""

_LINES = """
CreateAutoScalingGroup    group @serviceLinkedRoleARN=autoscaling.amazonaws.com @lifecycleHookSpecificationList.roleARN=autoscaling.amazonaws.com
UpdateAutoScalingGroup    group @serviceLinkedRoleARN=autoscaling.amazonaws.com
CreateOrUpdateTags        group=tags.resourceId
DeleteTags                group=tags.resourceId
"""  # noqa: E501


def _map_launch_configuration(call: Call) -> tuple[MappedAction, ...]:
    """CreateLaunchConfiguration hands an instance profile's role to EC2.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/us-iam-role.html
    """
    created = read_resources(call, TYPES, ("configuration",))
    return (mapped("autoscaling:CreateLaunchConfiguration", created), *pass_profiles(call, call.request))


_GROUP_RULES = declared_rules(SOURCE, "autoscaling", TYPES, _LINES)


def _map_group(call: Call) -> tuple[MappedAction, ...] | None:
    """A group with a launch template is refused to who may not run instances from it.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    """
    needed = _GROUP_RULES[SOURCE, call.operation](call)
    template = call.has("launchTemplate") or call.has("mixedInstancesPolicy", "launchTemplate")
    if needed is None or not template:
        return needed
    return (*needed, mapped("ec2:RunInstances", (UNKNOWN_RESOURCE,), how=LAUNCH_TEMPLATE))


_APPLICATION_TYPES: dict[str, ResourceType] = {
    # A target's ARN ends in an id that no request holds.
    "target": NamedType("application-autoscaling", "scalable-target/*", "resourceARN"),
}

_APPLICATION_LINES = """
DeleteScheduledAction +target
DescribeScalingActivities
DescribeScheduledActions
GetPredictiveScalingForecast
PutScalingPolicy      +target
"""


@dataclass(frozen=True, slots=True)
class _SharedRule:
    """An operation of both services: a request with a service namespace is Application Auto Scaling's."""

    application: Rule
    group: Rule | None = None

    def __call__(self, call: Call) -> tuple[MappedAction, ...] | None:
        if call.has("serviceNamespace"):
            return self.application(call)
        return self.group(call) if self.group else None


_SHARED_WITH_GROUP = ("DeleteScheduledAction", "PutScalingPolicy")


def _shared_rules() -> dict[tuple[str, str], Rule]:
    """The operations that Application Auto Scaling has under the names of those of EC2 Auto Scaling."""
    group = declared_rules(SOURCE, "autoscaling", TYPES, "\n".join(f"{name} group" for name in _SHARED_WITH_GROUP))
    application = declared_rules(SOURCE, "application-autoscaling", _APPLICATION_TYPES, _APPLICATION_LINES)
    return {key: _SharedRule(rule, group.get(key)) for key, rule in application.items()}


def _group_lines() -> str:
    return _LINES + "\n".join(f"{operation} group" for operation in _GROUP_OPERATIONS.split())


RULES: RuleTable = {
    **_shared_rules(),
    **declared_rules(SOURCE, "autoscaling", TYPES, _group_lines()),
    (SOURCE, "CreateAutoScalingGroup"): _map_group,
    (SOURCE, "UpdateAutoScalingGroup"): _map_group,
    (SOURCE, "CreateLaunchConfiguration"): _map_launch_configuration,
}
