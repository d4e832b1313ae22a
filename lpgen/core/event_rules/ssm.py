"""Systems Manager calls on parameters, documents and sessions, and what runs documents on nodes.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html (a parameter's
ARN has no leading slash of its own) and, for documents of AWS, whose ARNs have no account,
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-identity-based-policies.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lpgen.core.event_rules.call import Call, Rule, RuleTable, texts_at, values_at
from lpgen.core.event_rules.declared import NamedType, ResourceType, declared_rules, mapped
from lpgen.core.event_rules.inferences import ASSOCIATION_BATCH, TAG_ON_CREATE
from lpgen.core.event_rules.listed import ListedType, ReaderType, arn_type, exact, exact_or_any, fold, is_arn_of
from lpgen.core.event_rules.passing import passed_role, passed_roles
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

SOURCE = "ssm.amazonaws.com"

_LINES = """
AddTagsToResource tagged
AssociateOpsItemRelatedItem opsitem
CancelCommand
CancelMaintenanceWindowExecution window
CreateDocument document #AddTagsToResource
CreateResourceDataSync sync
DeleteActivation
DeleteAssociation association? document? node?
DeleteDocument document
DeleteInventory
DeleteMaintenanceWindow window
DeleteOpsItem opsitem
DeleteOpsMetadata opsmetadata
DeleteParameter parameter
DeleteParameters parameter
DeletePatchBaseline baseline
DeleteResourceDataSync sync
DeleteResourcePolicy owner
DeregisterManagedInstance node
DeregisterPatchBaselineForPatchGroup baseline
DeregisterTargetFromMaintenanceWindow window target
DeregisterTaskFromMaintenanceWindow window task
DescribeActivations
DescribeAssociation association? document? node?
DescribeAssociationExecutionTargets association
DescribeAssociationExecutions association
DescribeAutomationExecutions
DescribeAutomationStepExecutions execution
DescribeAvailablePatches
DescribeDocument document
DescribeDocumentParameters document
DescribeDocumentPermission document
DescribeEffectiveInstanceAssociations node
DescribeEffectivePatchesForPatchBaseline baseline
DescribeInstanceAssociationsStatus node
DescribeInstanceInformation
DescribeInstancePatchStates node
DescribeInstancePatchStatesForPatchGroup
DescribeInstancePatches node
DescribeInstanceProperties
DescribeInventoryDeletions
DescribeMaintenanceWindowExecutionTaskInvocations
DescribeMaintenanceWindowExecutionTasks
DescribeMaintenanceWindowExecutions window
DescribeMaintenanceWindowSchedule
DescribeMaintenanceWindowTargets window
DescribeMaintenanceWindowTasks window
DescribeMaintenanceWindows
DescribeMaintenanceWindowsForTarget
DescribeOpsItems
DescribeParameters
DescribePatchBaselines
DescribePatchGroupState
DescribePatchGroups
DescribePatchProperties
DescribeSessions
DisassociateOpsItemRelatedItem opsitem
GetAutomationExecution execution
GetCalendar document=calendarName|name
GetCalendarState document=calendarNames
GetCommandInvocation
GetConnectionStatus node
GetDefaultPatchBaseline baseline
GetDeployablePatchSnapshotForInstance
GetDocument document
GetInventory
GetInventorySchema
GetMaintenanceWindow window
GetMaintenanceWindowExecution
GetMaintenanceWindowExecutionTask
GetMaintenanceWindowExecutionTaskInvocation
GetMaintenanceWindowTask window
GetOpsItem opsitem
GetOpsSummary sync
GetOpsMetadata opsmetadata
GetParameter parameter
GetParameterHistory parameter
GetParameters parameter
GetParametersByPath path
GetPatchBaseline baseline
GetPatchBaselineForPatchGroup
GetResourcePolicies owner
GetServiceSetting setting
LabelParameterVersion parameter
ListAssociationVersions association
ListAssociations
ListCommandInvocations
ListCommands
ListComplianceItems
ListComplianceSummaries
ListDocumentMetadataHistory document
ListDocumentVersions document
ListDocuments
ListInstanceAssociations node
ListInventoryEntries
ListNodes sync
ListNodesSummary sync
ListOpsItemEvents
ListOpsItemRelatedItems
ListOpsMetadata
ListResourceComplianceSummaries
ListResourceDataSync
ListTagsForResource tagged
ModifyDocumentPermission document
PutCalendar document
PutComplianceItems node
PutConfigurePackageResult
PutInventory
PutParameter parameter #AddTagsToResource
PutResourcePolicy owner
RegisterDefaultPatchBaseline baseline
RegisterPatchBaselineForPatchGroup baseline
RegisterTargetWithMaintenanceWindow window
RegisterTaskWithMaintenanceWindow window
RemoveTagsFromResource tagged
RequestManagedInstanceRoleToken node
ResetServiceSetting setting
ResumeSession session
SendAutomationSignal execution
StartAssociationsOnce association
StopAutomationExecution execution
TerminateSession session
UnlabelParameterVersion parameter
UpdateAssociationStatus document node?
UpdateDocument document
UpdateDocumentDefaultVersion document
UpdateDocumentMetadata document
UpdateInstanceAssociationStatus association node?
UpdateInstanceInformation node
UpdateMaintenanceWindow window
UpdateMaintenanceWindowTarget window target
UpdateMaintenanceWindowTask window task
UpdateOpsItem opsitem
UpdateOpsMetadata opsmetadata
UpdatePatchBaseline baseline
UpdateResourceDataSync sync
UpdateServiceSetting setting
"""


# ---------------------------------------------------------------- parameters


def read_parameters(call: Call) -> Iterator[Resource]:
    """The parameters that a call names, by name or ARN, without a version or label behind a colon."""
    return (_parameter(call, name) for name in (*call.texts("name"), *call.texts("names")))


def read_path(call: Call) -> Iterator[Resource]:
    """The path of GetParametersByPath as the request spells it, which is what IAM compares."""
    return (_parameter(call, path) for path in call.texts("path"))


def _parameter(call: Call, name: str) -> Resource:
    if is_arn_of(name, "ssm"):
        return exact(":".join(name.split(":")[:6]))
    return exact(call.arn("ssm", f"parameter/{name.partition(':')[0].removeprefix('/')}"))


# ---------------------------------------------------------------- documents and nodes

_DOCUMENTS_OF_AWS = ("AWS", "Amazon", "aws", "amazon", "amzn")
"""How the names of AWS's own documents begin; nobody else's may.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
"""


def document_arn(call: Call, name: str) -> str:
    """The ARN of the document with this name or ARN; "" for an ARN of another service."""
    if name.startswith("arn:"):
        return name if is_arn_of(name, "ssm") else ""
    return call.arn("ssm", f"document/{name}", account=not name.startswith(_DOCUMENTS_OF_AWS))


class _DocumentType:
    """Documents named at a path, by default `documentName` or `name`."""

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The documents that the request names."""
        names = (name for path in (paths or "documentName|name").split("|") for name in call.texts(path))
        return tuple(exact(arn) for arn in (document_arn(call, name) for name in names) if arn)

    def pattern(self, call: Call) -> Resource:
        """Any document of the account."""
        return fold(call.arn("ssm", "document/"), "*")


def read_nodes(call: Call) -> Iterator[Resource]:
    """The nodes that a call names: instances, managed instances and ECS tasks; any instance where tags choose them."""
    ids = (*call.texts("instanceId"), *call.texts("instanceIds"), *call.texts("target"), *call.texts("resourceId"))
    yield from _nodes(call, ids)
    for target in values_at(call.request, ("targets",)):
        if next(texts_at(target, ("key",)), "").lower() == "instanceids":
            yield from _nodes(call, texts_at(target, ("values",)))
        elif isinstance(target, dict):
            yield fold(call.arn("ec2", "instance/"), "*")


def _nodes(call: Call, ids: Iterable[str]) -> Iterator[Resource]:
    for node in ids:
        if node.startswith("i-"):
            yield exact(call.arn("ec2", f"instance/{node}"))
        elif node.startswith("mi-"):
            yield exact(call.arn("ssm", f"managed-instance/{node}"))
        elif node.startswith("ecs:"):
            yield from _task(call, node)


def _task(call: Call, target: str) -> Iterator[Resource]:
    """The ECS task of a session target, `ecs:cluster_task_container`."""
    cluster, _, rest = target.removeprefix("ecs:").partition("_")
    task = rest.partition("_")[0]
    if task:
        yield exact(call.arn("ecs", f"task/{cluster}/{task}"))


def map_command(call: Call) -> tuple[MappedAction, ...]:
    """SendCommand: on the document, on each node, and on the bucket that takes the output."""
    documents = _DocumentType().read(call, "documentName")
    bucket = call.text("outputS3BucketName")
    buckets = (exact(call.arn("s3", bucket, region=False, account=False)),) if bucket else ()
    return (mapped("ssm:SendCommand", (*documents, *read_nodes(call), *buckets)),)


def map_session(call: Call) -> tuple[MappedAction, ...]:
    """StartSession: on the node, and on the document that the request names."""
    return (mapped("ssm:StartSession", (*read_nodes(call), *_DocumentType().read(call, "documentName"))),)


def map_automation(call: Call) -> tuple[MappedAction, ...]:
    """StartAutomationExecution and StartChangeRequestExecution: on the runbook, and on the execution they make."""
    runbooks = (*call.texts("documentName"), *call.texts("runbooks", "documentName"))
    documents = (document_arn(call, name) for name in runbooks)
    execution = next(texts_at(call.response, ("automationExecutionId",)), "")
    made = exact_or_any(call.arn("ssm", "automation-execution/"), execution)
    resources = (*(exact(arn) for arn in documents if arn), made)
    tags = (mapped("ssm:AddTagsToResource", (made,), how=TAG_ON_CREATE),) if call.has("tags") else ()
    return (mapped(f"ssm:{call.operation}", resources), *tags, *_map_assumed(call))


def _map_assumed(call: Call) -> tuple[MappedAction, ...]:
    """The role that an automation is to assume, which is a parameter of its runbook."""
    return passed_roles(call, call.texts("parameters", "AutomationAssumeRole"), SOURCE)


def map_node_role(call: Call) -> tuple[MappedAction, ...]:
    """CreateActivation and UpdateManagedInstanceRole hand a role, named with its path, to the nodes.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html
    """
    roles = NamedType("iam", "role/{}", "iamRole", region=False).read(call, "")
    creates = call.operation == "CreateActivation"
    own = mapped(f"ssm:{call.operation}", (NO_RESOURCE,) if creates else (*roles, *read_nodes(call)))
    made = fold(call.arn("ssm", "managed-instance/"), "*")
    tags = (mapped("ssm:AddTagsToResource", (made,), how=TAG_ON_CREATE),) if call.has("tags") else ()
    return (own, *tags, passed_role(call, roles, SOURCE)) if roles else (own, *tags)


def map_association(call: Call) -> tuple[MappedAction, ...]:
    """CreateAssociation and UpdateAssociation: on the association, its document and its nodes."""
    names = (*call.texts("associationId"), *texts_at(call.response, ("associationDescription", "associationId")))
    association = exact_or_any(call.arn("ssm", "association/"), next(iter(names), ""))
    documents = _DocumentType().read(call, "name")
    own = mapped(f"ssm:{call.operation}", (association, *documents, *read_nodes(call)))
    tags = (mapped("ssm:AddTagsToResource", (association,), how=TAG_ON_CREATE),) if call.has("tags") else ()
    return (own, *tags, *_map_assumed(call))


def map_association_batch(call: Call) -> tuple[MappedAction, ...]:
    """CreateAssociationBatch: on each entry's document and node, and ssm:CreateAssociation for what it makes.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html (operations)
    """
    entries = [*values_at(call.request, ("entries",))]
    documents = (document_arn(call, name) for entry in entries for name in texts_at(entry, ("name",)))
    nodes = _nodes(call, (node for entry in entries for node in texts_at(entry, ("instanceId",))))
    resources = (*(exact(arn) for arn in documents if arn), *nodes)
    made = fold(call.arn("ssm", "association/"), "*")
    return (
        mapped("ssm:CreateAssociationBatch", resources),
        mapped("ssm:CreateAssociation", (made, *resources), how=ASSOCIATION_BATCH),
    )


# ---------------------------------------------------------------- tags

_TAGGED = {
    "association": "association/{}",
    "automation": "automation-execution/{}",
    "document": "document/{}",
    "maintenancewindow": "maintenancewindow/{}",
    "opsitem": "opsitem/{}",
    "opsmetadata": "opsmetadata/{}",
    "patchbaseline": "patchbaseline/{}",
}
"""By the `resourceType` of a tagging call: the resource's name in its ARN."""


def read_tagged(call: Call) -> Iterator[Resource]:
    """What a tagging call names by `resourceType` and `resourceId`."""
    kind, name = call.text("resourceType").lower(), call.text("resourceId")
    if is_arn_of(name, "ssm"):
        yield exact(name)
    elif kind == "parameter":
        yield _parameter(call, name)
    elif kind == "managedinstance":
        yield from _nodes(call, (name,))
    elif kind in _TAGGED and name:
        yield exact(call.arn("ssm", _TAGGED[kind].format(name)))


def _map_created(kind: str, key: str) -> Rule:
    """A rule for a creation that takes no resource, but tags what it makes under the id that AWS answers with."""

    def map_call(call: Call) -> tuple[MappedAction, ...]:
        own = mapped(f"ssm:{call.operation}", (NO_RESOURCE,))
        if not call.has("tags"):
            return (own,)
        made = exact_or_any(call.arn("ssm", f"{kind}/"), next(texts_at(call.response, (key,)), ""))
        return (own, mapped("ssm:AddTagsToResource", (made,), how=TAG_ON_CREATE))

    return map_call


_TYPES: dict[str, ResourceType] = {
    "parameter": ListedType("ssm", ("AWS::SSM::Parameter",), ReaderType(read_parameters)),
    "path": ReaderType(read_path),
    "document": _DocumentType(),
    "node": ReaderType(read_nodes),
    "tagged": ReaderType(read_tagged),
    "owner": arn_type("ssm", "resourceArn"),
    "opsmetadata": arn_type("ssm", "opsMetadataArn"),
    "association": NamedType("ssm", "association/{}", "associationId|associationIds"),
    "execution": NamedType("ssm", "automation-execution/{}", "automationExecutionId"),
    "window": NamedType("ssm", "maintenancewindow/{}", "windowId"),
    "target": NamedType("ssm", "windowtarget/{}", "windowTargetId"),
    "task": NamedType("ssm", "windowtask/{}", "windowTaskId"),
    "baseline": NamedType("ssm", "patchbaseline/{}", "baselineId"),
    "opsitem": NamedType("ssm", "opsitem/{}", "opsItemId"),
    "session": NamedType("ssm", "session/{}", "sessionId"),
    "sync": NamedType("ssm", "resource-data-sync/{}", "syncName"),
    "setting": ReaderType(lambda call: (_setting(call, name) for name in call.texts("settingId"))),
}


def _setting(call: Call, name: str) -> Resource:
    if is_arn_of(name, "ssm"):
        return exact(name)
    return exact(call.arn("ssm", f"servicesetting/{name.removeprefix('/')}"))


RULES: RuleTable = {
    **declared_rules(SOURCE, "ssm", _TYPES, _LINES),
    (SOURCE, "CreateActivation"): map_node_role,
    (SOURCE, "UpdateManagedInstanceRole"): map_node_role,
    (SOURCE, "SendCommand"): map_command,
    (SOURCE, "StartSession"): map_session,
    (SOURCE, "StartAutomationExecution"): map_automation,
    (SOURCE, "StartChangeRequestExecution"): map_automation,
    (SOURCE, "CreateAssociation"): map_association,
    (SOURCE, "UpdateAssociation"): map_association,
    (SOURCE, "CreateAssociationBatch"): map_association_batch,
    (SOURCE, "CreateOpsMetadata"): _map_created("opsmetadata", "opsMetadataId"),
    (SOURCE, "CreateMaintenanceWindow"): _map_created("maintenancewindow", "windowId"),
    (SOURCE, "CreateOpsItem"): _map_created("opsitem", "opsItemId"),
    (SOURCE, "CreatePatchBaseline"): _map_created("patchbaseline", "baselineId"),
}
