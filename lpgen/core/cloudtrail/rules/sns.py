"""SNS calls: subscriptions by their topic, and the roles that attributes hold.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, texts_at
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, is_arn_of
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.types import ReaderTable
from lpgen.core.model import MappedAction, Resource

_SOURCE = "sns.amazonaws.com"


def _read_subscriptions(call: Call) -> Iterator[Resource]:
    """The topic of the subscription that a call names: a subscription's ARN is the topic's followed by an id."""
    arn = call.text("subscriptionArn")
    if is_arn_of(arn, "sns"):
        yield exact(":".join(arn.split(":")[:6]))


def _complete_roles(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """The roles with which SNS logs or makes deliveries, which attributes hold.

    Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html and
    https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html
    """
    return (*actions, *passed_roles(call, _read_feedback_roles(call), _SOURCE))


def _read_feedback_roles(call: Call) -> Iterator[str]:
    if call.text("attributeName").endswith("RoleArn"):
        yield from call.texts("attributeValue")
    attributes = call.request.get("attributes")
    for name, value in attributes.items() if isinstance(attributes, dict) else ():
        if name.endswith("RoleArn"):
            yield from texts_at(value, ())


_WITH_ATTRIBUTES = (
    "CreatePlatformApplication",
    "CreateTopic",
    "SetPlatformApplicationAttributes",
    "SetSubscriptionAttributes",
    "SetTopicAttributes",
    "Subscribe",
)

COMPLETIONS: CompletionTable = {(_SOURCE, operation): _complete_roles for operation in _WITH_ATTRIBUTES}

READERS: ReaderTable = {_SOURCE: {"subscription": ReaderType(_read_subscriptions)}}
