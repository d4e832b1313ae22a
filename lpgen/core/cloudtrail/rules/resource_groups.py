"""Resource Groups, Service Catalog AppRegistry, and the Resource Groups Tagging API."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import REQUEST_OPTION, TAGGING_API
from lpgen.core.cloudtrail.rules.resources import exact, is_arn_of, mapped, resource_from_arn
from lpgen.core.cloudtrail.rules.types import ReaderTable, ReaderType
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, MappedAction, Resource

# ---------------------------------------------------------------- Resource Groups and AppRegistry

# Resources by name or id.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsresourcegroups.html and
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsservicecatalog.html


def _read_task_groups(call: Call) -> Iterator[Resource]:
    """The group of the tag-sync task that a call names. The task's ARN starts with the group's."""
    for arn in call.texts("taskArn"):
        if is_arn_of(arn, "resource-groups"):
            yield exact(arn.partition("/tag-sync-task/")[0])


# https://docs.aws.amazon.com/servicecatalog/latest/dg/API_app-registry_GetApplication.html
_REGISTRY_ID = re.compile(r"0[a-z0-9]{3,25}")


def _registry_type(path: str, parameter: str) -> ReaderType:
    """A resource that a call names by ARN, id or name. The ARN has the id, which a name doesn't show."""

    def read(call: Call) -> Iterator[Resource]:
        text = call.text(parameter)
        if is_arn_of(text, "servicecatalog"):
            yield resource_from_arn(text)
        elif _REGISTRY_ID.fullmatch(text):
            yield resource_from_arn(call.arn("servicecatalog", f"/{path}/{text}"))

    return ReaderType(read, "servicecatalog", f"/{path}/*")


def _map_cancelled_sync(call: Call) -> tuple[MappedAction, ...]:
    """CancelTagSyncTask also needs to delete the group.

    https://docs.aws.amazon.com/ARG/latest/APIReference/API_CancelTagSyncTask.html
    """
    groups = tuple(_read_task_groups(call))
    return (
        mapped("resource-groups:CancelTagSyncTask", groups),
        mapped("resource-groups:DeleteGroup", groups, how=REQUEST_OPTION),
    )


def _map_search(call: Call) -> tuple[MappedAction, ...]:
    """SearchResources looks up tags or stacks with the caller's permissions, depending on the query's type.

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


# ---------------------------------------------------------------- Tagging API

# Tagging through this API also needs the service's own tagging action for each resource.
# https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html


class _TaggingRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The actions that tag and untag resources of some services, or of a type: `iam:role`."""

    resources: tuple[str, ...]
    tag: str
    untag: str
    source: tuple[str, ...]


def _read_actions(source: CatalogSource) -> dict[str, tuple[str, str]]:
    rows = read_catalog_table(source, "tagging_api", list[_TaggingRow])
    return {name: (row.tag, row.untag) for row in rows for name in row.resources}


# By call, the read that the API does first: the service, the start of the resource's name in the ARN, and the action.
_READ_FIRST = {
    "TagResources": ("s3", "", "s3:GetBucketTagging"),
    "UntagResources": ("glue", "connection/", "glue:GetConnection"),
}


def _tagging_actions(call: Call, arn: str) -> Iterator[str]:
    """The service's action that changes the resource's tags, and the action that reads the resource first. None if the
    service isn't in the table."""
    fields = split_arn(arn)
    known = call.catalog.facts(_read_actions)
    actions = known.get(fields.service) or known.get(f"{fields.service}:{fields.name.partition('/')[0]}")
    if actions and "*" not in arn:
        tag, untag = actions
        yield f"{fields.service}:{tag if call.operation == 'TagResources' else untag}"
        service, start, read = _READ_FIRST[call.operation]
        if fields.service == service and fields.name.startswith(start):
            yield read


def _map_tagging(call: Call) -> tuple[MappedAction, ...]:
    """TagResources or UntagResources. For a service that isn't in the table, only the call's own action."""
    found: dict[str, set[Resource]] = {}
    for arn in call.texts("resourceARNList"):
        for action in _tagging_actions(call, arn):
            found.setdefault(action, set()).add(resource_from_arn(arn))
    return (
        mapped(f"tag:{call.operation}", (NO_RESOURCE,)),
        *(mapped(action, resources, how=TAGGING_API) for action, resources in sorted(found.items())),
    )


RULES: RuleTable = {
    ("resource-groups.amazonaws.com", "CancelTagSyncTask"): _map_cancelled_sync,
    ("resource-groups.amazonaws.com", "SearchResources"): _map_search,
    ("tagging.amazonaws.com", "TagResources"): _map_tagging,
    ("tagging.amazonaws.com", "UntagResources"): _map_tagging,
}

READERS: ReaderTable = {
    "resource-groups.amazonaws.com": {"task-group": ReaderType(_read_task_groups)},
    "servicecatalog-appregistry.amazonaws.com": {
        "application": _registry_type("applications", "application"),
        "attribute-group": _registry_type("attribute-groups", "attributeGroup"),
    },
}
