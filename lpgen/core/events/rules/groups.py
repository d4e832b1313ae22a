"""Resource Groups and Service Catalog AppRegistry, by the names and ids that their calls give.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsresourcegroups.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsservicecatalog.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

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

_REGISTRY_TYPES: dict[str, ResourceType] = {
    "application": NamedType("servicecatalog", "/applications/{}", "application"),
    "attribute-group": NamedType("servicecatalog", "/attribute-groups/{}", "attributeGroup"),
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
