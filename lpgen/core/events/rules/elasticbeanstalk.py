"""Elastic Beanstalk: changing tags is authorized by two actions that no operation is named after, and one operation
names two environments.

https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_UpdateTagsForResource.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped, resource_from_arn
from lpgen.core.model import MappedAction

SOURCE = "elasticbeanstalk.amazonaws.com"


def _map_update_tags(call: Call) -> tuple[MappedAction, ...] | None:
    """AddTags and RemoveTags as far as the request asks for them, instead of an action of the operation's name."""
    arn = call.text("resourceArn")
    resources = (resource_from_arn(arn),) if arn.startswith("arn:") and "*" not in arn else ()
    asked = (
        ("elasticbeanstalk:AddTags", call.has("tagsToAdd")),
        ("elasticbeanstalk:RemoveTags", call.has("tagsToRemove")),
    )
    return tuple(mapped(action, resources) for action, wanted in asked if wanted) or None


TYPES: dict[str, ResourceType] = {
    "source": NamedType("elasticbeanstalk", "environment/*/{}", "sourceEnvironmentName"),
    "destination": NamedType("elasticbeanstalk", "environment/*/{}", "destinationEnvironmentName"),
}

# Either environment may go by its id instead, which its ARN doesn't hold.
# https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_SwapEnvironmentCNAMEs.html
_LINES = "SwapEnvironmentCNAMEs source destination"

RULES: RuleTable = {
    **declared_rules(SOURCE, "elasticbeanstalk", TYPES, _LINES),
    (SOURCE, "UpdateTagsForResource"): _map_update_tags,
}
