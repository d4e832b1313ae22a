"""EC2 Auto Scaling: groups by name, launch templates and instance profiles.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html and
https://docs.aws.amazon.com/autoscaling/application/userguide/logging-using-cloudtrail.html and
https://docs.aws.amazon.com/autoscaling/plans/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call, RuleTable, texts_at
from lpgen.core.cloudtrail.rules.ec2 import pass_profiles
from lpgen.core.cloudtrail.rules.types import (
    NamedType,
    ReaderTable,
    ResourceType,
    mapped,
    read_resources,
    resource_from_arn,
)
from lpgen.core.model import MappedAction, Resource

SOURCE = "autoscaling.amazonaws.com"


@dataclass(frozen=True, slots=True)
class _GroupType:
    """A group by name, in the request or, where that names only an instance, in the response."""

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
    """The groups in the ARNs of scaling policies, which may be given in place of a policy's name: `policyName`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeletePolicy.html
    """
    for text in call.texts("policyName"):
        _, found, rest = text.partition(":autoScalingGroupName/")
        if found and text.startswith("arn:"):
            yield rest.partition(":policyName/")[0]


_TYPES: dict[str, ResourceType] = {
    "group": _GroupType(NamedType("autoscaling", "autoScalingGroup:*:autoScalingGroupName/{}", "autoScalingGroupName")),
    "configuration": NamedType(
        "autoscaling", "launchConfiguration:*:launchConfigurationName/{}", "launchConfigurationName"
    ),
}


def _map_launch_configuration(call: Call) -> tuple[MappedAction, ...]:
    """CreateLaunchConfiguration hands an instance profile's role to EC2.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/us-iam-role.html
    """
    created = read_resources(call, _TYPES, ("configuration",))
    return (mapped("autoscaling:CreateLaunchConfiguration", created), *pass_profiles(call, call.request))


RULES: RuleTable = {(SOURCE, "CreateLaunchConfiguration"): _map_launch_configuration}

READERS: ReaderTable = {SOURCE: _TYPES}
