"""FSx: deleting may make a last backup, which has tags of its own, and may bypass a volume's retention.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_fsx.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import Call, RuleTable, values_at
from lpgen.core.events.rules.declared import NamedType, ResourceType, mapped, read_resources
from lpgen.core.events.rules.inferences import FINAL_SNAPSHOT, REQUEST_OPTION, TAG_ON_CREATE
from lpgen.core.model import MappedAction

SOURCE = "fsx.amazonaws.com"

TYPES: dict[str, ResourceType] = {
    "backup": NamedType("fsx", "backup/{}", "backupId"),
    "file-system": NamedType("fsx", "file-system/{}", "fileSystemId"),
    "volume": NamedType("fsx", "volume/*/{}", "volumeId"),
}

_CONFIGURATIONS = ("lustreConfiguration", "openZFSConfiguration", "ontapConfiguration", "windowsConfiguration")


def _map_delete_file_system(call: Call) -> tuple[MappedAction, ...]:
    """DeleteFileSystem, and the last backup where the request asks for one: by its tags, or by not skipping it.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_DeleteFileSystem.html
    """
    own = mapped("fsx:DeleteFileSystem", read_resources(call, TYPES, ("file-system",)))
    skipped = [value for name in _CONFIGURATIONS for value in values_at(call.request, (name, "skipFinalBackup"))]
    tags = _tag_last_backup(call)
    if not tags and False not in skipped:
        return (own,)
    backup = read_resources(call, TYPES, ("+backup", "file-system"))
    return (own, mapped("fsx:CreateBackup", backup, how=FINAL_SNAPSHOT), *tags)


def _map_delete_volume(call: Call) -> tuple[MappedAction, ...]:
    """DeleteVolume, with the tags of its last backup and the permission to bypass its retention where asked for.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_DeleteVolumeOntapConfiguration.html
    """
    volume = read_resources(call, TYPES, ("volume",))
    bypass = call.has("ontapConfiguration", "bypassSnaplockEnterpriseRetention")
    bypassing = (mapped("fsx:BypassSnaplockEnterpriseRetention", volume, how=REQUEST_OPTION),) if bypass else ()
    return (mapped("fsx:DeleteVolume", volume), *bypassing, *_tag_last_backup(call))


def _tag_last_backup(call: Call) -> tuple[MappedAction, ...]:
    if not any(call.has(name, "finalBackupTags") for name in _CONFIGURATIONS):
        return ()
    return (mapped("fsx:TagResource", (TYPES["backup"].pattern(call),), how=TAG_ON_CREATE),)


RULES: RuleTable = {
    (SOURCE, "DeleteFileSystem"): _map_delete_file_system,
    (SOURCE, "DeleteVolume"): _map_delete_volume,
}
