"""IoT Core calls on provisioning templates and domain configurations, which requests name otherwise than ARNs do.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "iot.amazonaws.com"

_LINES = """
CreateDomainConfiguration +domain #TagResource
CreateProvisioningClaim template
CreateProvisioningTemplate template #TagResource
CreateProvisioningTemplateVersion template
DeleteDomainConfiguration domain
DeleteProvisioningTemplate template
DeleteProvisioningTemplateVersion template
DescribeDomainConfiguration domain
DescribeProvisioningTemplate template
DescribeProvisioningTemplateVersion template
ListProvisioningTemplateVersions template
UpdateDomainConfiguration domain
UpdateProvisioningTemplate template
"""

_TYPES: dict[str, ResourceType] = {
    "template": NamedType("iot", "provisioningtemplate/{}", "templateName"),
    "domain": NamedType("iot", "domainconfiguration/{}/*", "domainConfigurationName"),
}

RULES: RuleTable = declared_rules(SOURCE, "iot", _TYPES, _LINES)
