"""EFS and FSx."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable, values_at
from lpgen.core.cloudtrail.rules.ec2_types import EC2_TYPES, LAUNCHED_INTO, with_shared
from lpgen.core.cloudtrail.rules.inferences import (
    ACCESS_POINT,
    FINAL_SNAPSHOT,
    MOUNT_TARGET,
    REQUEST_OPTION,
    TAG_ON_CREATE,
)
from lpgen.core.cloudtrail.rules.resources import mapped
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType, read_resources
from lpgen.core.model import NO_RESOURCE, MappedAction

# ---------------------------------------------------------------- EFS

# The network interface of a mount target.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticfilesystem.html

_EFS = "elasticfilesystem.amazonaws.com"

_EFS_TYPES = {"file-system": NamedType("elasticfilesystem", "file-system/{}", "fileSystemId")}


def _map_mount_target(call: Call) -> tuple[MappedAction, ...]:
    """CreateMountTarget creates a network interface in the subnet with the caller's permissions.

    https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html
    """
    interface = read_resources(call, EC2_TYPES, ("+network-interface", "subnet", "security-group?"))
    return (
        mapped("elasticfilesystem:CreateMountTarget", read_resources(call, _EFS_TYPES, ("file-system",))),
        mapped("ec2:DescribeSubnets", (NO_RESOURCE,), how=MOUNT_TARGET),
        mapped("ec2:DescribeNetworkInterfaces", (NO_RESOURCE,), how=MOUNT_TARGET),
        mapped("ec2:CreateNetworkInterface", with_shared(call, interface, LAUNCHED_INTO), how=MOUNT_TARGET),
    )


def _map_interface(call: Call) -> tuple[MappedAction, ...]:
    """Calls on a mount target that also act on its network interface. Requests don't have the interface's id.

    https://docs.aws.amazon.com/efs/latest/ug/API_DeleteMountTarget.html,
    https://docs.aws.amazon.com/efs/latest/ug/API_DescribeMountTargetSecurityGroups.html and
    https://docs.aws.amazon.com/efs/latest/ug/API_ModifyMountTargetSecurityGroups.html
    """
    action, tokens = _INTERFACE_ACTIONS[call.operation]
    own = mapped(f"elasticfilesystem:{call.operation}", read_resources(call, _EFS_TYPES, ("file-system",)))
    return (own, mapped(action, read_resources(call, EC2_TYPES, tokens), how=MOUNT_TARGET))


_INTERFACE_ACTIONS = {
    "DeleteMountTarget": ("ec2:DeleteNetworkInterface", ("+network-interface",)),
    "DescribeMountTargetSecurityGroups": ("ec2:DescribeNetworkInterfaceAttribute", ()),
    "ModifyMountTargetSecurityGroups": (
        "ec2:ModifyNetworkInterfaceAttribute",
        ("+network-interface", "security-group?"),
    ),
}

# ---------------------------------------------------------------- FSx

# A deletion can create a final backup with tags, or bypass a volume's retention. Access points to volumes are created
# and deleted in S3 with the caller's permissions.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_fsx.html

_FSX = "fsx.amazonaws.com"

_FSX_TYPES: dict[str, ResourceType] = {
    "access-point": NamedType("s3", "accesspoint/{}", "name"),
    "backup": NamedType("fsx", "backup/{}", "backupId"),
    "file-system": NamedType("fsx", "file-system/{}", "fileSystemId"),
    "volume": NamedType("fsx", "volume/*/{}", "volumeId"),
}

_CONFIGURATIONS = ("lustreConfiguration", "openZFSConfiguration", "ontapConfiguration", "windowsConfiguration")


def _map_delete_file_system(call: Call) -> tuple[MappedAction, ...]:
    """DeleteFileSystem, and the final backup if the request asks for it, by its tags or by not skipping it.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_DeleteFileSystem.html
    """
    own = mapped("fsx:DeleteFileSystem", read_resources(call, _FSX_TYPES, ("file-system",)))
    skipped = [value for name in _CONFIGURATIONS for value in values_at(call.request, (name, "skipFinalBackup"))]
    tags = _tag_last_backup(call)
    if not tags and False not in skipped:
        return (own,)
    backup = read_resources(call, _FSX_TYPES, ("+backup", "file-system"))
    return (own, mapped("fsx:CreateBackup", backup, how=FINAL_SNAPSHOT), *tags)


def _map_delete_volume(call: Call) -> tuple[MappedAction, ...]:
    """DeleteVolume, with the tags of the final backup and the bypass of retention if the request asks for them.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_DeleteVolumeOntapConfiguration.html
    """
    volume = read_resources(call, _FSX_TYPES, ("volume",))
    bypass = call.has("ontapConfiguration", "bypassSnaplockEnterpriseRetention")
    bypassing = (mapped("fsx:BypassSnaplockEnterpriseRetention", volume, how=REQUEST_OPTION),) if bypass else ()
    return (mapped("fsx:DeleteVolume", volume), *bypassing, *_tag_last_backup(call))


def _tag_last_backup(call: Call) -> tuple[MappedAction, ...]:
    if not any(call.has(name, "finalBackupTags") for name in _CONFIGURATIONS):
        return ()
    return (mapped("fsx:TagResource", (_FSX_TYPES["backup"].pattern(call),), how=TAG_ON_CREATE),)


def _map_attach_access_point(call: Call) -> tuple[MappedAction, ...]:
    """CreateAndAttachS3AccessPoint creates an S3 access point, with a policy if the request has one.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateAndAttachS3AccessPoint.html
    """
    paths = "openZFSConfiguration.volumeId|ontapConfiguration.volumeId"
    own = mapped("fsx:CreateAndAttachS3AccessPoint", read_resources(call, _FSX_TYPES, (f"volume={paths}",)))
    actions = ["s3:CreateAccessPoint", "s3:GetAccessPoint"]
    if call.has("s3AccessPoint", "policy"):
        actions.append("s3:PutAccessPointPolicy")
    return (own, *_on_access_point(call, actions))


def _map_detach_access_point(call: Call) -> tuple[MappedAction, ...]:
    """DetachAndDeleteS3AccessPoint also deletes the S3 access point. It doesn't name the volume.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_DetachAndDeleteS3AccessPoint.html
    """
    return (mapped("fsx:DetachAndDeleteS3AccessPoint", ()), *_on_access_point(call, ["s3:DeleteAccessPoint"]))


def _on_access_point(call: Call, actions: list[str]) -> Iterator[MappedAction]:
    point = read_resources(call, _FSX_TYPES, ("access-point",))
    for action in actions:
        yield mapped(action, point, how=ACCESS_POINT)


RULES: RuleTable = {
    (_EFS, "CreateMountTarget"): _map_mount_target,
    **dict.fromkeys(((_EFS, operation) for operation in _INTERFACE_ACTIONS), _map_interface),
    (_FSX, "CreateAndAttachS3AccessPoint"): _map_attach_access_point,
    (_FSX, "DetachAndDeleteS3AccessPoint"): _map_detach_access_point,
    (_FSX, "DeleteFileSystem"): _map_delete_file_system,
    (_FSX, "DeleteVolume"): _map_delete_volume,
}
