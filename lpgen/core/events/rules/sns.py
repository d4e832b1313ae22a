"""SNS calls: topics by ARN, subscriptions by their topic, batches under the single action.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.events.rules.call import Call, Rule, RuleTable, texts_at
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules
from lpgen.core.events.rules.listed import ReaderType, arn_type, exact, first_text, is_arn_of
from lpgen.core.events.rules.passing import passed_roles
from lpgen.core.model import MappedAction, Resource

SOURCE = "sns.amazonaws.com"

_LINES = """
AddPermission topic
ConfirmSubscription topic
DeleteTopic topic
GetDataProtectionPolicy owner
GetSubscriptionAttributes subscription
GetTopicAttributes topic
ListSubscriptionsByTopic topic
ListTagsForResource owner
Publish target
PublishBatch=Publish target
PutDataProtectionPolicy owner
RemovePermission topic
TagResource owner
Unsubscribe subscription
UntagResource owner
"""


def _read_subscriptions(call: Call) -> Iterator[Resource]:
    """The topic of the subscription that a call names: its ARN is the topic's with an id behind."""
    arn = call.text("subscriptionArn")
    if is_arn_of(arn, "sns"):
        yield exact(":".join(arn.split(":")[:6]))


def _read_targets(call: Call) -> Iterator[Resource]:
    """The topic or endpoint that a message goes to; a phone number is no resource."""
    arn = first_text(call, "topicArn", "targetArn")
    if is_arn_of(arn, "sns"):
        yield exact(arn)


_TYPES: dict[str, ResourceType] = {
    "topic": arn_type("sns", "topicArn"),
    "named": NamedType("sns", "{}", "name"),
    "owner": arn_type("sns", "resourceArn"),
    "subscription": ReaderType(_read_subscriptions),
    "target": ReaderType(_read_targets),
}

_ROLE_LINES = """
CreatePlatformApplication
CreateTopic named #TagResource
SetPlatformApplicationAttributes
SetSubscriptionAttributes subscription
SetTopicAttributes topic
Subscribe topic
"""


def _with_feedback_roles(rule: Rule) -> Rule:
    """A rule that adds iam:PassRole on the roles with which SNS logs or makes deliveries, which attributes hold.

    Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html and
    https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html
    """

    def map_call(call: Call) -> tuple[MappedAction, ...]:
        return (*(rule(call) or ()), *passed_roles(call, _read_feedback_roles(call), SOURCE))

    return map_call


def _read_feedback_roles(call: Call) -> Iterator[str]:
    if call.text("attributeName").endswith("RoleArn"):
        yield from call.texts("attributeValue")
    attributes = call.request.get("attributes")
    for name, value in attributes.items() if isinstance(attributes, dict) else ():
        if name.endswith("RoleArn"):
            yield from texts_at(value, ())


RULES: RuleTable = {
    **declared_rules(SOURCE, "sns", _TYPES, _LINES),
    **{key: _with_feedback_roles(rule) for key, rule in declared_rules(SOURCE, "sns", _TYPES, _ROLE_LINES).items()},
}
