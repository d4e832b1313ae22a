"""Resource Groups and Service Catalog AppRegistry, by the names and ids that their calls give.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsresourcegroups.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsservicecatalog.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, resource_from_arn
from lpgen.core.events.rules.listed import is_arn_of
from lpgen.core.model import Resource

_GROUP_TYPES: dict[str, ResourceType] = {
    "group": NamedType("resource-groups", "group/{}", "group|groupName|arn"),
    "new-group": NamedType("resource-groups", "group/{}", "name"),
}

_GROUP_LINES = """
CreateGroup            #Tag:new-group
DeleteGroup            group
GetGroup               group
GetGroupConfiguration  group
GetGroupQuery          group
GetTags                group
GroupResources         group
ListGroupResources     group
ListTagSyncTasks       group?=filters.groupArn|filters.groupName
PutGroupConfiguration  group
Tag                    group
UngroupResources       group
Untag                  group
UpdateGroup            group
UpdateGroupQuery       group
"""

# https://docs.aws.amazon.com/servicecatalog/latest/dg/API_app-registry_GetApplication.html
_REGISTRY_ID = re.compile(r"0[a-z0-9]{3,25}")


@dataclass(frozen=True, slots=True)
class _RegistryType:
    """What a call names by ARN, by id or by name: the ARN holds the id, and a name says nothing of it."""

    path: str
    parameter: str

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The resource that the call names by ARN or id; nothing where it gives a name."""
        text = call.text(self.parameter)
        if is_arn_of(text, "servicecatalog"):
            return (resource_from_arn(text),)
        is_id = _REGISTRY_ID.fullmatch(text)
        return (resource_from_arn(call.arn("servicecatalog", f"/{self.path}/{text}")),) if is_id else ()

    def pattern(self, call: Call) -> Resource:
        """The pattern of all resources of the type."""
        return resource_from_arn(call.arn("servicecatalog", f"/{self.path}/*"))


_REGISTRY_TYPES: dict[str, ResourceType] = {
    "application": _RegistryType("applications", "application"),
    "attribute-group": _RegistryType("attribute-groups", "attributeGroup"),
}

_REGISTRY_LINES = """
AssociateAttributeGroup      application attribute-group
AssociateResource            application
CreateApplication            +application #TagResource
CreateAttributeGroup         +attribute-group #TagResource
DeleteApplication            application
DeleteAttributeGroup         attribute-group
DisassociateAttributeGroup   application attribute-group
DisassociateResource         application
GetApplication               application
GetAssociatedResource        application
GetAttributeGroup            attribute-group
ListAssociatedAttributeGroups application
ListAssociatedResources      application
UpdateApplication            application
UpdateAttributeGroup         attribute-group
"""

RULES: RuleTable = {
    **declared_rules("resource-groups.amazonaws.com", "resource-groups", _GROUP_TYPES, _GROUP_LINES),
    **declared_rules("servicecatalog-appregistry.amazonaws.com", "servicecatalog", _REGISTRY_TYPES, _REGISTRY_LINES),
}
