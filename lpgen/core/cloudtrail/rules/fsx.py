"""FSx: deleting may make a last backup with tags of its own or bypass a volume's retention, and access points to
volumes are made and deleted in S3 with the caller's permissions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_fsx.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable, values_at
from lpgen.core.cloudtrail.rules.inferences import ACCESS_POINT, FINAL_SNAPSHOT, REQUEST_OPTION, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType, mapped, read_resources
from lpgen.core.model import MappedAction

_SOURCE = "fsx.amazonaws.com"

_TYPES: dict[str, ResourceType] = {
    "access-point": NamedType("s3", "accesspoint/{}", "name"),
    "backup": NamedType("fsx", "backup/{}", "backupId"),
    "file-system": NamedType("fsx", "file-system/{}", "fileSystemId"),
    "volume": NamedType("fsx", "volume/*/{}", "volumeId"),
}

_CONFIGURATIONS = ("lustreConfiguration", "openZFSConfiguration", "ontapConfiguration", "windowsConfiguration")


def _map_delete_file_system(call: Call) -> tuple[MappedAction, ...]:
    """DeleteFileSystem, and the last backup where the request asks for one: by its tags, or by not skipping it.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_DeleteFileSystem.html
    """
    own = mapped("fsx:DeleteFileSystem", read_resources(call, _TYPES, ("file-system",)))
    skipped = [value for name in _CONFIGURATIONS for value in values_at(call.request, (name, "skipFinalBackup"))]
    tags = _tag_last_backup(call)
    if not tags and False not in skipped:
        return (own,)
    backup = read_resources(call, _TYPES, ("+backup", "file-system"))
    return (own, mapped("fsx:CreateBackup", backup, how=FINAL_SNAPSHOT), *tags)


def _map_delete_volume(call: Call) -> tuple[MappedAction, ...]:
    """DeleteVolume, with the tags of its last backup and the permission to bypass its retention where asked for.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_DeleteVolumeOntapConfiguration.html
    """
    volume = read_resources(call, _TYPES, ("volume",))
    bypass = call.has("ontapConfiguration", "bypassSnaplockEnterpriseRetention")
    bypassing = (mapped("fsx:BypassSnaplockEnterpriseRetention", volume, how=REQUEST_OPTION),) if bypass else ()
    return (mapped("fsx:DeleteVolume", volume), *bypassing, *_tag_last_backup(call))


def _tag_last_backup(call: Call) -> tuple[MappedAction, ...]:
    if not any(call.has(name, "finalBackupTags") for name in _CONFIGURATIONS):
        return ()
    return (mapped("fsx:TagResource", (_TYPES["backup"].pattern(call),), how=TAG_ON_CREATE),)


def _map_attach_access_point(call: Call) -> tuple[MappedAction, ...]:
    """CreateAndAttachS3AccessPoint, which makes an access point of S3, with a policy where the request has one.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateAndAttachS3AccessPoint.html
    """
    paths = "openZFSConfiguration.volumeId|ontapConfiguration.volumeId"
    own = mapped("fsx:CreateAndAttachS3AccessPoint", read_resources(call, _TYPES, (f"volume={paths}",)))
    actions = ["s3:CreateAccessPoint", "s3:GetAccessPoint"]
    if call.has("s3AccessPoint", "policy"):
        actions.append("s3:PutAccessPointPolicy")
    return (own, *_on_access_point(call, actions))


def _map_detach_access_point(call: Call) -> tuple[MappedAction, ...]:
    """DetachAndDeleteS3AccessPoint, which deletes the access point of S3 too; the volume isn't named.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_DetachAndDeleteS3AccessPoint.html
    """
    return (mapped("fsx:DetachAndDeleteS3AccessPoint", ()), *_on_access_point(call, ["s3:DeleteAccessPoint"]))


def _on_access_point(call: Call, actions: list[str]) -> Iterator[MappedAction]:
    point = read_resources(call, _TYPES, ("access-point",))
    for action in actions:
        yield mapped(action, point, how=ACCESS_POINT)


RULES: RuleTable = {
    (_SOURCE, "CreateAndAttachS3AccessPoint"): _map_attach_access_point,
    (_SOURCE, "DetachAndDeleteS3AccessPoint"): _map_detach_access_point,
    (_SOURCE, "DeleteFileSystem"): _map_delete_file_system,
    (_SOURCE, "DeleteVolume"): _map_delete_volume,
}
