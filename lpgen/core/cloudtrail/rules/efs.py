"""EFS: the network interface of a mount target.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticfilesystem.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.ec2 import TYPES as EC2_TYPES
from lpgen.core.cloudtrail.rules.ec2_ids import LAUNCHED_INTO, with_shared
from lpgen.core.cloudtrail.rules.inferences import MOUNT_TARGET
from lpgen.core.cloudtrail.rules.types import NamedType, mapped, read_resources
from lpgen.core.model import NO_RESOURCE, MappedAction

_SOURCE = "elasticfilesystem.amazonaws.com"


_TYPES = {"file-system": NamedType("elasticfilesystem", "file-system/{}", "fileSystemId")}


def _map_mount_target(call: Call) -> tuple[MappedAction, ...]:
    """CreateMountTarget makes a network interface in the subnet with the caller's permissions.

    https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html
    """
    interface = read_resources(call, EC2_TYPES, ("+network-interface", "subnet", "security-group?"))
    return (
        mapped("elasticfilesystem:CreateMountTarget", read_resources(call, _TYPES, ("file-system",))),
        mapped("ec2:DescribeSubnets", (NO_RESOURCE,), how=MOUNT_TARGET),
        mapped("ec2:DescribeNetworkInterfaces", (NO_RESOURCE,), how=MOUNT_TARGET),
        mapped("ec2:CreateNetworkInterface", with_shared(call, interface, LAUNCHED_INTO), how=MOUNT_TARGET),
    )


def _map_interface(call: Call) -> tuple[MappedAction, ...]:
    """The calls on a mount target that also reach its network interface, whose id no request holds.

    https://docs.aws.amazon.com/efs/latest/ug/API_DeleteMountTarget.html,
    https://docs.aws.amazon.com/efs/latest/ug/API_DescribeMountTargetSecurityGroups.html and
    https://docs.aws.amazon.com/efs/latest/ug/API_ModifyMountTargetSecurityGroups.html
    """
    action, tokens = _INTERFACE_ACTIONS[call.operation]
    own = mapped(f"elasticfilesystem:{call.operation}", read_resources(call, _TYPES, ("file-system",)))
    return (own, mapped(action, read_resources(call, EC2_TYPES, tokens), how=MOUNT_TARGET))


_INTERFACE_ACTIONS = {
    "DeleteMountTarget": ("ec2:DeleteNetworkInterface", ("+network-interface",)),
    "DescribeMountTargetSecurityGroups": ("ec2:DescribeNetworkInterfaceAttribute", ()),
    "ModifyMountTargetSecurityGroups": (
        "ec2:ModifyNetworkInterfaceAttribute",
        ("+network-interface", "security-group?"),
    ),
}


RULES: RuleTable = {
    (_SOURCE, "CreateMountTarget"): _map_mount_target,
    **dict.fromkeys(((_SOURCE, operation) for operation in _INTERFACE_ACTIONS), _map_interface),
}
