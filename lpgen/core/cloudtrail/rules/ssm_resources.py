"""The resources of Systems Manager: parameters, documents, nodes, and what tagging calls name.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html (a parameter's
ARN has no leading slash of its own) and, for documents of AWS, whose ARNs have no account,
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-identity-based-policies.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lpgen.core.cloudtrail.rules.call import Call, texts_at, values_at
from lpgen.core.cloudtrail.rules.listed import exact, fold, is_arn_of
from lpgen.core.model import Resource

# ---------------------------------------------------------------- parameters

_PUBLIC = "aws/service/"


def read_parameters(call: Call) -> Iterator[Resource]:
    """The parameters that a call names, by name or ARN, without a version or label after a colon."""
    return (_name_parameter(call, name) for name in (*call.texts("name"), *call.texts("names")))


def read_path(call: Call) -> Iterator[Resource]:
    """The path of GetParametersByPath as the request spells it, which is what IAM compares."""
    return (_name_parameter(call, path) for path in call.texts("path"))


def _name_parameter(call: Call, name: str) -> Resource:
    """The parameter with this name or ARN, less a version or label; the public ones of AWS have no account.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
    """
    if is_arn_of(name, "ssm"):
        return exact(":".join(name.split(":")[:6]))
    path = name.partition(":")[0].removeprefix("/")
    return exact(call.arn("ssm", f"parameter/{path}", account=not path.startswith(_PUBLIC)))


# ---------------------------------------------------------------- documents and nodes

_DOCUMENTS_OF_AWS = ("AWS", "Amazon", "aws", "amazon", "amzn")
"""The prefixes of AWS's own document names; no other document may have one.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
"""


def document_arn(call: Call, name: str) -> str:
    """The ARN of the document with this name or ARN; "" for an ARN of another service."""
    if name.startswith("arn:"):
        return name if is_arn_of(name, "ssm") else ""
    return call.arn("ssm", f"document/{name}", account=not name.startswith(_DOCUMENTS_OF_AWS))


class DocumentType:
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
    yield from name_nodes(call, ids)
    for target in values_at(call.request, ("targets",)):
        if next(texts_at(target, ("key",)), "").lower() == "instanceids":
            yield from name_nodes(call, texts_at(target, ("values",)))
        elif isinstance(target, dict):
            yield fold(call.arn("ec2", "instance/"), "*")


def name_nodes(call: Call, ids: Iterable[str]) -> Iterator[Resource]:
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
"""By the `resourceType` of a tagging call: the resource's name in its ARN."""


def read_tagged(call: Call) -> Iterator[Resource]:
    """The resource that a tagging call names by `resourceType` and `resourceId`."""
    kind, name = call.text("resourceType").lower(), call.text("resourceId")
    if is_arn_of(name, "ssm"):
        yield exact(name)
    elif kind == "parameter":
        yield _name_parameter(call, name)
    elif kind == "managedinstance":
        yield from name_nodes(call, (name,))
    elif kind in _TAGGED and name:
        yield exact(call.arn("ssm", _TAGGED[kind].format(name)))


def read_settings(call: Call) -> Iterator[Resource]:
    """The service settings that a call names by path or ARN."""
    for name in call.texts("settingId"):
        setting = call.arn("ssm", f"servicesetting/{name.removeprefix('/')}")
        yield exact(name if is_arn_of(name, "ssm") else setting)
