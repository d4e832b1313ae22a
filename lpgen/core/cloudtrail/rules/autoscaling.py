"""EC2 Auto Scaling: groups in the ARNs of scaling policies, and the instance profiles of launch configurations.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable
from lpgen.core.cloudtrail.rules.ec2 import pass_profiles
from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.types import ReaderTable, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource

SOURCE = "autoscaling.amazonaws.com"


def _groups_of_policies(call: Call) -> Iterator[Resource]:
    """The groups in the ARNs of scaling policies, which may be given in place of a policy's name: `policyName`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeletePolicy.html
    """
    for text in call.texts("policyName"):
        _, found, rest = text.partition(":autoScalingGroupName/")
        name = rest.partition(":policyName/")[0]
        if found and text.startswith("arn:") and not has_wildcard(name):
            yield resource_from_arn(call.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{name}"))


def _complete_launch_configuration(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateLaunchConfiguration hands an instance profile's role to EC2.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/us-iam-role.html
    """
    return (*actions, *pass_profiles(call, call.request))


COMPLETIONS: CompletionTable = {(SOURCE, "CreateLaunchConfiguration"): _complete_launch_configuration}

READERS: ReaderTable = {SOURCE: {"policy-group": ReaderType(_groups_of_policies)}}
