"""IoT Core calls that name resources otherwise than ARNs do: templates, domain configurations, the index of things.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "iot.amazonaws.com"

_LINES = """
CreateDomainConfiguration +domain #TagResource
"""

_TYPES: dict[str, ResourceType] = {
    "index": NamedType("iot", "index/{}", "indexName~AWS_Things"),
    "domain": NamedType("iot", "domainconfiguration/{}/*", "domainConfigurationName"),
}

RULES: RuleTable = declared_rules(SOURCE, "iot", _TYPES, _LINES)
