"""OpenSearch Service, under the event source and prefix it inherited from Elasticsearch: tags on create.

Operations on what exists already are left to the tables.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonopensearchservice.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "es.amazonaws.com"

TYPES: dict[str, ResourceType] = {
    "domain": NamedType("es", "domain/{}", "domainName"),
}

# A domain that signs users in through Cognito is given a role.
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cognito-auth.html
_LINES = """
CreateDomain                    domain #AddTags @cognitoOptions.roleArn=es.amazonaws.com
CreateElasticsearchDomain       domain #AddTags @cognitoOptions.roleArn=es.amazonaws.com
UpdateDomainConfig              domain @cognitoOptions.roleArn=es.amazonaws.com
UpdateElasticsearchDomainConfig domain @cognitoOptions.roleArn=es.amazonaws.com
"""


def _has_tags(call: Call) -> bool:
    return call.has("tagList")


RULES: RuleTable = declared_rules(SOURCE, "es", TYPES, _LINES, has_tags=_has_tags)
