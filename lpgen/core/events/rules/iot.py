"""IoT Core calls that name resources otherwise than ARNs do: templates, domain configurations, the index of things.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "iot.amazonaws.com"

_LINES = """
CreateDomainConfiguration +domain #TagResource
CreateFleetMetric metric index #TagResource
CreateProvisioningClaim template
CreateProvisioningTemplate template #TagResource
CreateProvisioningTemplateVersion template
DeleteDomainConfiguration domain
DeleteProvisioningTemplate template
DeleteProvisioningTemplateVersion template
DescribeDomainConfiguration domain
DescribeProvisioningTemplate template
DescribeProvisioningTemplateVersion template
GetBucketsAggregation index
GetCardinality index
GetPercentiles index
GetStatistics index
ListProvisioningTemplateVersions template
RegisterCACertificate #TagResource:+authority @registrationConfig.roleArn=iot.amazonaws.com
SearchIndex index
UpdateDomainConfiguration domain
UpdateProvisioningTemplate template
UpdateThingGroupsForThing thing group?
"""

_TYPES: dict[str, ResourceType] = {
    "template": NamedType("iot", "provisioningtemplate/{}", "templateName"),
    "authority": NamedType("iot", "cacert/{}", "certificateId"),
    "group": NamedType("iot", "thinggroup/{}", "thingGroupsToAdd|thingGroupsToRemove"),
    "thing": NamedType("iot", "thing/{}", "thingName"),
    "index": NamedType("iot", "index/{}", "indexName~AWS_Things"),
    "metric": NamedType("iot", "fleetmetric/{}", "metricName"),
    "domain": NamedType("iot", "domainconfiguration/{}/*", "domainConfigurationName"),
}

RULES: RuleTable = declared_rules(SOURCE, "iot", _TYPES, _LINES)
