"""IoT Core calls that name resources in other ways than ARNs do: templates, domain configurations, the index of things.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType

_SOURCE = "iot.amazonaws.com"


_TYPES: dict[str, ResourceType] = {
    "domain": NamedType("iot", "domainconfiguration/{}/*", "domainConfigurationName"),
}

READERS: ReaderTable = {_SOURCE: _TYPES}
