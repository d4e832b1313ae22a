"""Elastic Beanstalk: changing tags is authorized by two actions that no operation is named after, one operation names
two environments, and environments are given roles among their options.

https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_UpdateTagsForResource.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.passing import ROLE_UNREAD, entity_arn, passed_roles
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType, mapped, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction

_SOURCE = "elasticbeanstalk.amazonaws.com"


def _map_update_tags(call: Call) -> tuple[MappedAction, ...] | None:
    """AddTags and RemoveTags as far as the request asks for them, instead of an action of the operation's name."""
    arn = call.text("resourceArn")
    resources = (resource_from_arn(arn),) if arn.startswith("arn:") and not has_wildcard(arn) else ()
    asked = (
        ("elasticbeanstalk:AddTags", call.has("tagsToAdd")),
        ("elasticbeanstalk:RemoveTags", call.has("tagsToRemove")),
    )
    return tuple(mapped(action, resources) for action, wanted in asked if wanted) or None


# https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/command-options-general.html
_PROFILE: Final = ("aws:autoscaling:launchconfiguration", "IamInstanceProfile")
_SERVICE_ROLE: Final = ("aws:elasticbeanstalk:environment", "ServiceRole")
_PASSED: Final = {
    _PROFILE: ("instance-profile", "ec2.amazonaws.com"),
    _SERVICE_ROLE: ("role", "elasticbeanstalk.amazonaws.com"),
}


def _complete_options(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """The call, and iam:PassRole for the roles among the options that it sets.

    A saved configuration holds options that the record doesn't show. So does the source bundle of a new environment,
    which needs an instance profile from somewhere.
    https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/command-options.html
    """
    named = {option: tuple(_passed_by_option(call, option)) for option in _PASSED}
    is_bare = call.operation == "CreateEnvironment" and not named[_PROFILE]
    is_hidden = is_bare or (call.operation.endswith("Environment") and call.has("templateName"))
    return (
        *actions,
        *(one for passed in named.values() for one in passed),
        *((ROLE_UNREAD,) if is_hidden else ()),
    )


def _passed_by_option(call: Call, option: tuple[str, str]) -> Iterator[MappedAction]:
    names, service = _PASSED[option]
    for setting in values_at(call.request, ("optionSettings",)):
        if (*texts_at(setting, ("namespace",)), *texts_at(setting, ("optionName",))) == option:
            yield from passed_roles(
                call, (entity_arn(call, names, one) for one in texts_at(setting, ("value",))), service
            )


_TYPES: dict[str, ResourceType] = {
    "source": NamedType("elasticbeanstalk", "environment/*/{}", "sourceEnvironmentName"),
    "destination": NamedType("elasticbeanstalk", "environment/*/{}", "destinationEnvironmentName"),
}

# A call may name either environment by its id instead, which isn't part of its ARN.
# https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_SwapEnvironmentCNAMEs.html

_WITH_OPTIONS: Final = (
    "CreateConfigurationTemplate",
    "CreateEnvironment",
    "UpdateConfigurationTemplate",
    "UpdateEnvironment",
)

RULES: RuleTable = {(_SOURCE, "UpdateTagsForResource"): _map_update_tags}

COMPLETIONS: CompletionTable = {(_SOURCE, operation): _complete_options for operation in _WITH_OPTIONS}

READERS: ReaderTable = {_SOURCE: _TYPES}
