"""Systems Manager calls: the resources that each takes, and what runs documents on nodes.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
"""

from __future__ import annotations

import re

from lpgen.core.cloudtrail.rules.call import Call, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.inferences import ASSOCIATION_BATCH, REQUEST_OPTION, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.listed import ListedType, ReaderType, exact, exact_or_any, fold
from lpgen.core.cloudtrail.rules.passing import passed, passed_roles
from lpgen.core.cloudtrail.rules.ssm_resources import (
    DocumentType,
    document_arn,
    name_nodes,
    read_nodes,
    read_parameters,
    read_path,
    read_settings,
    read_tagged,
)
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType, mapped
from lpgen.core.model import NO_RESOURCE, MappedAction

SOURCE = "ssm.amazonaws.com"


# ---------------------------------------------------------------- what runs documents


def _map_command(call: Call) -> tuple[MappedAction, ...]:
    """SendCommand: on the document, on each node, and on the bucket that takes the output."""
    documents = DocumentType().read(call, "documentName")
    bucket = call.text("outputS3BucketName")
    buckets = (exact(call.arn("s3", bucket, region=False, account=False)),) if bucket else ()
    return (mapped("ssm:SendCommand", (*documents, *read_nodes(call), *buckets)),)


def _map_session(call: Call) -> tuple[MappedAction, ...]:
    """StartSession: on the node, and on the document that the request names."""
    return (mapped("ssm:StartSession", (*read_nodes(call), *DocumentType().read(call, "documentName"))),)


def _map_automation(call: Call) -> tuple[MappedAction, ...]:
    """StartAutomationExecution and StartChangeRequestExecution: on the runbook, and on the execution they make."""
    runbooks = (*call.texts("documentName"), *call.texts("runbooks", "documentName"))
    documents = (document_arn(call, name) for name in runbooks)
    execution = next(texts_at(call.response, ("automationExecutionId",)), "")
    made = exact_or_any(call.arn("ssm", "automation-execution/"), execution)
    resources = (*(exact(arn) for arn in documents if arn), made)
    tags = (mapped("ssm:AddTagsToResource", (made,), how=TAG_ON_CREATE),) if call.has("tags") else ()
    return (mapped(f"ssm:{call.operation}", resources), *tags, *_map_assumed(call))


def _map_assumed(call: Call) -> tuple[MappedAction, ...]:
    """The roles to assume: an automation's, which is a parameter of its runbook, and an association's.

    Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html
    """
    paths = (
        ("parameters", "AutomationAssumeRole"),
        ("runbooks", "parameters", "AutomationAssumeRole"),
        ("associationDispatchAssumeRole",),
    )
    return passed_roles(call, (text for path in paths for text in call.texts(*path)), SOURCE)


_ASSUMED = re.compile(r"\bassumeRole[\"']?\s{0,4}:\s{0,4}[\"']?(arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+)", re.ASCII)


def _map_new_document(call: Call) -> tuple[MappedAction, ...]:
    """CreateDocument: on the document, its tags, and the roles that its text has automations assume.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html
    """
    documents = DocumentType().read(call, "name") or (DocumentType().pattern(call),)
    own = mapped("ssm:CreateDocument", documents)
    tags = (mapped("ssm:AddTagsToResource", documents, how=TAG_ON_CREATE),) if call.has("tags") else ()
    return (own, *tags, *passed_roles(call, _ASSUMED.findall(call.text("content")), SOURCE))


def _map_node_role(call: Call) -> tuple[MappedAction, ...]:
    """CreateActivation and UpdateManagedInstanceRole hand a role, named with its path, to the nodes.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html
    """
    roles = NamedType("iam", "role/{}", "iamRole", region=False).read(call, "")
    creates = call.operation == "CreateActivation"
    own = mapped(f"ssm:{call.operation}", (NO_RESOURCE,) if creates else (*roles, *read_nodes(call)))
    made = fold(call.arn("ssm", "managed-instance/"), "*")
    tags = (mapped("ssm:AddTagsToResource", (made,), how=TAG_ON_CREATE),) if call.has("tags") else ()
    return (own, *tags, *passed(call, set(roles), SOURCE))


_INSTANCE_ROLE_SETTING = "/ssm/managed-instance/default-ec2-instance-management-role"


def _map_setting(call: Call) -> tuple[MappedAction, ...]:
    """UpdateServiceSetting: one setting is the role, named with its path, that is handed to the instances.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-default-host-management-configuration.html
    """
    own = mapped("ssm:UpdateServiceSetting", read_settings(call))
    if not call.text("settingId").endswith(_INSTANCE_ROLE_SETTING):
        return (own,)
    roles = NamedType("iam", "role/{}", "settingValue", region=False).read(call, "")
    return (own, *passed(call, set(roles), SOURCE))


def _map_association(call: Call) -> tuple[MappedAction, ...]:
    """CreateAssociation and UpdateAssociation: on the association, its document and its nodes.

    An update needs to describe the association too.
    Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateAssociation.html
    """
    names = (*call.texts("associationId"), *texts_at(call.response, ("associationDescription", "associationId")))
    association = exact_or_any(call.arn("ssm", "association/"), next(iter(names), ""))
    documents = DocumentType().read(call, "name")
    own = mapped(f"ssm:{call.operation}", (association, *documents, *read_nodes(call)))
    tags = (mapped("ssm:AddTagsToResource", (association,), how=TAG_ON_CREATE),) if call.has("tags") else ()
    is_update = call.operation == "UpdateAssociation"
    described = (mapped("ssm:DescribeAssociation", (association,), how=REQUEST_OPTION),) if is_update else ()
    return (own, *tags, *described, *_map_assumed(call))


def _map_association_batch(call: Call) -> tuple[MappedAction, ...]:
    """CreateAssociationBatch: on each entry's document and node, with ssm:CreateAssociation for the new associations.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html (operations)
    """
    entries = [*values_at(call.request, ("entries",))]
    documents = (document_arn(call, name) for entry in entries for name in texts_at(entry, ("name",)))
    nodes = name_nodes(call, (node for entry in entries for node in texts_at(entry, ("instanceId",))))
    resources = (*(exact(arn) for arn in documents if arn), *nodes)
    made = fold(call.arn("ssm", "association/"), "*")
    return (
        mapped("ssm:CreateAssociationBatch", resources),
        mapped("ssm:CreateAssociation", (made, *resources), how=ASSOCIATION_BATCH),
        *_map_assumed(call),
    )


_TYPES: dict[str, ResourceType] = {
    "parameter": ListedType("ssm", ("AWS::SSM::Parameter",), ReaderType(read_parameters)),
    "path": ReaderType(read_path),
    "document": DocumentType(),
    "node": ReaderType(read_nodes),
    "tagged": ReaderType(read_tagged),
    "setting": ReaderType(read_settings),
}

RULES: RuleTable = {
    (SOURCE, "CreateActivation"): _map_node_role,
    (SOURCE, "CreateDocument"): _map_new_document,
    (SOURCE, "UpdateServiceSetting"): _map_setting,
    (SOURCE, "UpdateManagedInstanceRole"): _map_node_role,
    (SOURCE, "SendCommand"): _map_command,
    (SOURCE, "StartSession"): _map_session,
    (SOURCE, "StartAutomationExecution"): _map_automation,
    (SOURCE, "StartChangeRequestExecution"): _map_automation,
    (SOURCE, "CreateAssociation"): _map_association,
    (SOURCE, "UpdateAssociation"): _map_association,
    (SOURCE, "CreateAssociationBatch"): _map_association_batch,
}

READERS: ReaderTable = {SOURCE: _TYPES}
