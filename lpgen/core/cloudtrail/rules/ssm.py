"""Systems Manager: parameters, documents, nodes, sessions, and calls that run documents on nodes.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html (a parameter's
ARN has no leading slash) and, for AWS's own documents, whose ARNs have no account,
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-identity-based-policies.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.inferences import ASSOCIATION_BATCH, REQUEST_OPTION
from lpgen.core.cloudtrail.rules.passing import passed, passed_roles
from lpgen.core.cloudtrail.rules.resources import exact, exact_or_any, fold, is_arn_of, mapped, tag_new
from lpgen.core.cloudtrail.rules.types import ListedType, NamedType, ReaderTable, ReaderType
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

# ---------------------------------------------------------------- parameters


def _parameters_at(*keys: str) -> ReaderType:
    """The parameters that a call names, by name or ARN, without a version or label after a colon."""
    return ReaderType(lambda call: (_name_parameter(call, name) for key in keys for name in call.texts(key)))


def _name_parameter(call: Call, name: str) -> Resource:
    """The parameter with this name or ARN, without version or label. AWS's public parameters have no account.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
    """
    if is_arn_of(name, "ssm"):
        return exact(":".join(name.split(":")[:6]))
    path = name.partition(":")[0].removeprefix("/")
    return exact(call.arn("ssm", f"parameter/{path}", account=not path.startswith("aws/service/")))


# ---------------------------------------------------------------- documents and nodes

_DOCUMENTS_OF_AWS = ("AWS", "Amazon", "aws", "amazon", "amzn")
"""The prefixes of AWS's own document names. No other document can have them.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
"""


def document_arn(call: Call, name: str) -> str:
    """The ARN of the document with this name or ARN, or "" for an ARN of another service."""
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


def _read_nodes(call: Call) -> Iterator[Resource]:
    """The nodes that a call names: instances, managed instances and ECS tasks. If tags select the nodes, any
    instance."""
    ids = (*call.texts("instanceId"), *call.texts("instanceIds"), *call.texts("target"), *call.texts("resourceId"))
    yield from _name_nodes(call, ids)
    for target in values_at(call.request, ("targets",)):
        if next(texts_at(target, ("key",)), "").lower() == "instanceids":
            yield from _name_nodes(call, texts_at(target, ("values",)))
        elif isinstance(target, dict):
            yield fold(call.arn("ec2", "instance/"), "*")


def _name_nodes(call: Call, ids: Iterable[str]) -> Iterator[Resource]:
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
"""By `resourceType` of a tagging call: the resource's name in its ARN."""


def read_tagged(call: Call) -> Iterator[Resource]:
    """The resource that a tagging call names by `resourceType` and `resourceId`."""
    kind, name = call.text("resourceType").lower(), call.text("resourceId")
    if is_arn_of(name, "ssm"):
        yield exact(name)
    elif kind == "parameter":
        yield _name_parameter(call, name)
    elif kind == "managedinstance":
        yield from _name_nodes(call, (name,))
    elif kind in _TAGGED and name:
        yield exact(call.arn("ssm", _TAGGED[kind].format(name)))


def _read_settings(call: Call) -> Iterator[Resource]:
    """The service settings that a call names by path or ARN."""
    for name in call.texts("settingId"):
        setting = call.arn("ssm", f"servicesetting/{name.removeprefix('/')}")
        yield exact(name if is_arn_of(name, "ssm") else setting)


_SOURCE = "ssm.amazonaws.com"

# ---------------------------------------------------------------- calls that run documents


def _map_command(call: Call) -> tuple[MappedAction, ...]:
    """SendCommand, on the document, on each node, and on the bucket for the output."""
    documents = _DocumentType().read(call, "documentName")
    bucket = call.text("outputS3BucketName")
    buckets = (exact(call.arn("s3", bucket, region=False, account=False)),) if bucket else ()
    return (mapped("ssm:SendCommand", (*documents, *_read_nodes(call), *buckets)),)


def _map_session(call: Call) -> tuple[MappedAction, ...]:
    """StartSession, on the node, and on the document that the request names."""
    return (mapped("ssm:StartSession", (*_read_nodes(call), *_DocumentType().read(call, "documentName"))),)


def _map_automation(call: Call) -> tuple[MappedAction, ...]:
    """StartAutomationExecution and StartChangeRequestExecution, on the runbook and on the new execution."""
    runbooks = (*call.texts("documentName"), *call.texts("runbooks", "documentName"))
    documents = (document_arn(call, name) for name in runbooks)
    execution = next(iter(call.shown("automationExecutionId")), "")
    made = exact_or_any(call.arn("ssm", "automation-execution/"), execution)
    resources = (*(exact(arn) for arn in documents if arn), made)
    tags = tag_new(call, "ssm:AddTagsToResource", (made,))
    return (mapped(f"ssm:{call.operation}", resources), *tags, *_map_assumed(call))


def _map_assumed(call: Call) -> tuple[MappedAction, ...]:
    """The passed roles: an automation's role, which is a parameter of its runbook, and an association's role.

    Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html
    """
    paths = (
        ("parameters", "AutomationAssumeRole"),
        ("runbooks", "parameters", "AutomationAssumeRole"),
        ("associationDispatchAssumeRole",),
    )
    return passed_roles(call, (text for path in paths for text in call.texts(*path)), _SOURCE)


_ASSUMED = re.compile(r"\bassumeRole[\"']?\s{0,4}:\s{0,4}[\"']?(arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+)", re.ASCII)


def _map_new_document(call: Call) -> tuple[MappedAction, ...]:
    """CreateDocument, with its tags, and with the roles that automations assume according to its text.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html
    """
    documents = _DocumentType().read(call, "name") or (_DocumentType().pattern(call),)
    own = mapped("ssm:CreateDocument", documents)
    tags = tag_new(call, "ssm:AddTagsToResource", documents)
    return (own, *tags, *passed_roles(call, _ASSUMED.findall(call.text("content")), _SOURCE))


def _map_node_role(call: Call) -> tuple[MappedAction, ...]:
    """CreateActivation and UpdateManagedInstanceRole pass a role, named with its path, to the nodes.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html
    """
    roles = NamedType("iam", "role/{}", "iamRole", region=False).read(call, "")
    creates = call.operation == "CreateActivation"
    own = mapped(f"ssm:{call.operation}", (NO_RESOURCE,) if creates else (*roles, *_read_nodes(call)))
    made = fold(call.arn("ssm", "managed-instance/"), "*")
    tags = tag_new(call, "ssm:AddTagsToResource", (made,))
    return (own, *tags, *passed(call, set(roles), _SOURCE))


def _map_setting(call: Call) -> tuple[MappedAction, ...]:
    """UpdateServiceSetting. One setting passes a role, named with its path, to the instances.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-default-host-management-configuration.html
    """
    own = mapped("ssm:UpdateServiceSetting", _read_settings(call))
    if not call.text("settingId").endswith("/ssm/managed-instance/default-ec2-instance-management-role"):
        return (own,)
    roles = NamedType("iam", "role/{}", "settingValue", region=False).read(call, "")
    return (own, *passed(call, set(roles), _SOURCE))


def _map_association(call: Call) -> tuple[MappedAction, ...]:
    """CreateAssociation and UpdateAssociation, on the association, its document and its nodes.

    An update also needs to describe the association.
    Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateAssociation.html
    """
    names = (*call.texts("associationId"), *call.shown("associationDescription", "associationId"))
    association = exact_or_any(call.arn("ssm", "association/"), next(iter(names), ""))
    documents = _DocumentType().read(call, "name")
    own = mapped(f"ssm:{call.operation}", (association, *documents, *_read_nodes(call)))
    tags = tag_new(call, "ssm:AddTagsToResource", (association,))
    is_update = call.operation == "UpdateAssociation"
    described = (mapped("ssm:DescribeAssociation", (association,), how=REQUEST_OPTION),) if is_update else ()
    return (own, *tags, *described, *_map_assumed(call))


def _map_association_batch(call: Call) -> tuple[MappedAction, ...]:
    """CreateAssociationBatch, on each entry's document and node, with ssm:CreateAssociation for the new associations.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html (operations)
    """
    entries = [*values_at(call.request, ("entries",))]
    documents = (document_arn(call, name) for entry in entries for name in texts_at(entry, ("name",)))
    nodes = _name_nodes(call, (node for entry in entries for node in texts_at(entry, ("instanceId",))))
    resources = (*(exact(arn) for arn in documents if arn), *nodes)
    made = fold(call.arn("ssm", "association/"), "*")
    return (
        mapped("ssm:CreateAssociationBatch", resources),
        mapped("ssm:CreateAssociation", (made, *resources), how=ASSOCIATION_BATCH),
        *_map_assumed(call),
    )


RULES: RuleTable = {
    (_SOURCE, "CreateActivation"): _map_node_role,
    (_SOURCE, "CreateDocument"): _map_new_document,
    (_SOURCE, "UpdateServiceSetting"): _map_setting,
    (_SOURCE, "UpdateManagedInstanceRole"): _map_node_role,
    (_SOURCE, "SendCommand"): _map_command,
    (_SOURCE, "StartSession"): _map_session,
    (_SOURCE, "StartAutomationExecution"): _map_automation,
    (_SOURCE, "StartChangeRequestExecution"): _map_automation,
    (_SOURCE, "CreateAssociation"): _map_association,
    (_SOURCE, "UpdateAssociation"): _map_association,
    (_SOURCE, "CreateAssociationBatch"): _map_association_batch,
}

READERS: ReaderTable = {
    _SOURCE: {
        "parameter": ListedType("ssm", ("AWS::SSM::Parameter",), _parameters_at("name", "names")),
        "path": _parameters_at("path"),  # of GetParametersByPath, as in the request: IAM compares this text
        "document": _DocumentType(),
        "node": ReaderType(_read_nodes),
        "tagged": ReaderType(read_tagged),
        "setting": ReaderType(_read_settings),
    }
}
