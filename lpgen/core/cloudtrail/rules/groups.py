"""Resource Groups and Service Catalog AppRegistry, by the names and ids that their calls give.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsresourcegroups.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsservicecatalog.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import REQUEST_OPTION
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, is_arn_of
from lpgen.core.cloudtrail.rules.types import ReaderTable, mapped, resource_from_arn
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, MappedAction, Resource


def _read_task_groups(call: Call) -> Iterator[Resource]:
    """The group whose tag-sync task a call names: its ARN begins the task's."""
    for arn in call.texts("taskArn"):
        if is_arn_of(arn, "resource-groups"):
            yield exact(arn.partition("/tag-sync-task/")[0])


# https://docs.aws.amazon.com/servicecatalog/latest/dg/API_app-registry_GetApplication.html
_REGISTRY_ID = re.compile(r"0[a-z0-9]{3,25}")


def _registry_type(path: str, parameter: str) -> ReaderType:
    """A resource that a call names by ARN, by id or by name: the ARN holds the id, which a name doesn't show."""

    def read(call: Call) -> Iterator[Resource]:
        text = call.text(parameter)
        if is_arn_of(text, "servicecatalog"):
            yield resource_from_arn(text)
        elif _REGISTRY_ID.fullmatch(text):
            yield resource_from_arn(call.arn("servicecatalog", f"/{path}/{text}"))

    return ReaderType(read, "servicecatalog", f"/{path}/*")


def _map_cancelled_sync(call: Call) -> tuple[MappedAction, ...]:
    """CancelTagSyncTask needs to delete the group too.

    https://docs.aws.amazon.com/ARG/latest/APIReference/API_CancelTagSyncTask.html
    """
    groups = tuple(_read_task_groups(call))
    return (
        mapped("resource-groups:CancelTagSyncTask", groups),
        mapped("resource-groups:DeleteGroup", groups, how=REQUEST_OPTION),
    )


def _map_search(call: Call) -> tuple[MappedAction, ...]:
    """SearchResources looks tags or stacks up with the caller's permissions, as the query's type says.

    https://docs.aws.amazon.com/ARG/latest/APIReference/API_SearchResources.html
    """
    own = mapped("resource-groups:SearchResources", (NO_RESOURCE,))
    kind = call.text("resourceQuery", "type")
    if kind.startswith("TAG_FILTERS"):
        return (own, mapped("tag:GetResources", (NO_RESOURCE,), how=REQUEST_OPTION))
    if kind.startswith("CLOUDFORMATION_STACK"):
        looked_up = ("cloudformation:DescribeStacks", "cloudformation:ListStackResources")
        return (own, *(mapped(action, (UNKNOWN_RESOURCE,), how=REQUEST_OPTION) for action in looked_up))
    return (own,)


RULES: RuleTable = {
    ("resource-groups.amazonaws.com", "CancelTagSyncTask"): _map_cancelled_sync,
    ("resource-groups.amazonaws.com", "SearchResources"): _map_search,
}

READERS: ReaderTable = {
    "resource-groups.amazonaws.com": {"task-group": ReaderType(_read_task_groups)},
    "servicecatalog-appregistry.amazonaws.com": {
        "application": _registry_type("applications", "application"),
        "attribute-group": _registry_type("attribute-groups", "attributeGroup"),
    },
}
