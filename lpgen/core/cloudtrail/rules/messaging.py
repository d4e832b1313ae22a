"""SNS, SQS, EventBridge, Step Functions, SES and End User Messaging SMS."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

import msgspec

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable, texts_at
from lpgen.core.cloudtrail.rules.inferences import QUEUE_REDRIVE
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.resources import exact, is_arn_of, listed_arns, mapped, read_arns, resource_from_arn
from lpgen.core.cloudtrail.rules.types import (
    ListedType,
    NamedType,
    ReaderTable,
    ReaderType,
    ResourceType,
    read_resources,
)
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource

# ---------------------------------------------------------------- SNS

# Subscriptions by topic, and the roles in attributes.
# https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html

_SNS = "sns.amazonaws.com"


def _read_subscriptions(call: Call) -> Iterator[Resource]:
    """The topic of the subscription that a call names. A subscription's ARN is the topic's ARN and an id."""
    arn = call.text("subscriptionArn")
    if is_arn_of(arn, "sns"):
        yield exact(":".join(arn.split(":")[:6]))


def _complete_roles(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """The call, and the roles in attributes that SNS uses to log or make deliveries.

    Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html and
    https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html
    """
    return (*actions, *passed_roles(call, _read_feedback_roles(call), _SNS))


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

# ---------------------------------------------------------------- SQS

# Queues by URL, and redrives with both queues.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
# and, for URLs, https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html

_SQS = "sqs.amazonaws.com"


def _read_queues(call: Call) -> Iterator[Resource]:
    """The queue that a call names by URL, or by name and owner."""
    url, name = call.text("queueUrl"), call.text("queueName")
    owner, _, queue = url.rstrip("/").rpartition("/")
    if url and queue:
        account = owner.rpartition("/")[2]
        yield exact(_queue_arn(call, queue, account if account.isdigit() else call.account))
    elif name:
        yield exact(_queue_arn(call, name, call.text("queueOwnerAWSAccountId") or call.account))


def _queue_arn(call: Call, name: str, account: str) -> str:
    return f"arn:{call.partition}:sqs:{call.region}:{account}:{name}"


# ---------------------------------------------------------------- redrive

_REDRIVE_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


class _TaskHandle(msgspec.Struct, rename="camel"):
    """The content of a task handle, which is JSON in base64."""

    source_arn: str = ""


def _map_redrive(call: Call) -> tuple[MappedAction, ...]:
    """StartMessageMoveTask receives messages from the source and sends them to the destination in the request.

    Without a destination they return to their original queues, which the record doesn't name. Source:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
    """
    source = read_arns(call, "sqs", "sourceArn")
    return (
        mapped("sqs:StartMessageMoveTask", source),
        *(mapped(action, source, how=QUEUE_REDRIVE) for action in _REDRIVE_ACTIONS),
        mapped("sqs:SendMessage", read_arns(call, "sqs", "destinationArn"), how=QUEUE_REDRIVE),
    )


_TASK_ACTIONS = {
    "CancelMessageMoveTask": _REDRIVE_ACTIONS,
    "ListMessageMoveTasks": ("sqs:GetQueueAttributes",),
}
"""The actions on the source queue that listing or canceling a move needs, in addition to the action with the
operation's name.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html (API operations)
"""


def _map_move_tasks(call: Call) -> tuple[MappedAction, ...]:
    """ListMessageMoveTasks names the source queue. CancelMessageMoveTask names a handle that has it."""
    source = read_arns(call, "sqs", "sourceArn") or _read_handle(call.text("taskHandle"))
    return (
        mapped(f"sqs:{call.operation}", source),
        *(mapped(action, source, how=QUEUE_REDRIVE) for action in _TASK_ACTIONS[call.operation]),
    )


def _read_handle(handle: str) -> tuple[Resource, ...]:
    try:
        arn = msgspec.json.decode(b64decode(handle), type=_TaskHandle).source_arn
    except ValueError:
        return ()
    return (exact(arn),) if is_arn_of(arn, "sqs") else ()


# ---------------------------------------------------------------- EventBridge

# Rules by bus, and the buses that receive entries. The ARN of a rule on the default bus has no bus.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html

_DEFAULT_BUS = "default"


def _read_rules(call: Call) -> Iterator[Resource]:
    """The rule that a call names, on its bus."""
    bus = call.text("eventBusName").rpartition("/")[2] or _DEFAULT_BUS
    name = call.text("name") or call.text("rule")
    if name:
        yield exact(call.arn("events", f"rule/{name}" if bus == _DEFAULT_BUS else f"rule/{bus}/{name}"))


def _read_entry_buses(call: Call) -> Iterator[Resource]:
    """The buses that receive the entries of PutEvents. An entry without a bus uses the default bus."""
    entries = call.request.get("entries")
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("eventBusName") if isinstance(entry, dict) else None
        yield from _bus(call, name if isinstance(name, str) and name else _DEFAULT_BUS)


def _bus(call: Call, name: str) -> Iterator[Resource]:
    if is_arn_of(name, "events"):
        yield exact(name)
    elif not name.startswith("arn:"):
        yield exact(call.arn("events", f"event-bus/{name}"))


# ---------------------------------------------------------------- Step Functions

# A call on a version or an alias is authorized on the state machine. The qualifier is a condition key.
# https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html

_MACHINE_PATHS = (
    ("stateMachineArn",),
    ("stateMachineVersionArn",),
    ("stateMachineAliasArn",),
    ("routingConfiguration", "stateMachineVersionArn"),
)


def _read_machines(call: Call) -> Iterator[Resource]:
    """The state machines that a call names by ARN, without the version or alias."""
    for arn in (arn for path in _MACHINE_PATHS for arn in call.texts(*path)):
        if is_arn_of(arn, "states"):
            yield exact(":".join(arn.split(":")[:7]))


# ---------------------------------------------------------------- SES

# Identities and configuration sets by name. A raw message through the second API version needs SendRawEmail.
# https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html and
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html

_SES = "ses.amazonaws.com"

_SES_TYPES: dict[str, ResourceType] = {
    "set": NamedType("ses", "configuration-set/{}", "configurationSetName"),
    # The sender is an address. Its identity can be the address or its domain: only an ARN shows which.
    "sender": NamedType("ses", "identity/{}", "sourceArn|fromEmailAddressIdentityArn|fromArn"),
    "template": NamedType("ses", "template/{}", "content.template.templateName"),
}


def _map_send(call: Call) -> tuple[MappedAction, ...]:
    """SendEmail of both API versions. Raw messages of the second version have their own action.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
    """
    raw = call.has("content", "raw")
    tokens = ("sender", "set?") if raw else ("sender", "set?", "template?")
    action = "ses:SendRawEmail" if raw else "ses:SendEmail"
    return (mapped(action, read_resources(call, _SES_TYPES, tokens)),)


# ---------------------------------------------------------------- End User Messaging SMS

# Messages are authorized on their origin: a number, pool or sender. The request names it by number, id, name or ARN.
# https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html

_ORIGINS = ("phone-number/", "pool/", "sender-id/")

_ORIGIN_BY_ID = {"phone-": "phone-number/", "pool-": "pool/"}


def _read_origins(call: Call) -> Iterator[Resource]:
    """The message's origin, as listed in the record of a data event or named in the request."""
    listed = [arn for arn in listed_arns(call, "sms-voice") if arn.split(":", 5)[-1].startswith(_ORIGINS)]
    if listed:
        yield from map(exact, listed)
    else:
        yield from (_origin(call, text) for text in call.texts("originationIdentity") if not has_wildcard(text))


def _origin(call: Call, text: str) -> Resource:
    """The number, pool or sender that a text names. A number doesn't show its id, and a sender doesn't show its
    country."""
    if is_arn_of(text, "sms-voice"):
        return exact(text)
    kind = next((kind for prefix, kind in _ORIGIN_BY_ID.items() if text.startswith(prefix)), "")
    if kind:
        return exact(call.arn("sms-voice", kind + text))
    is_number = text.lstrip("+").isdecimal()
    return resource_from_arn(call.arn("sms-voice", "phone-number/*" if is_number else f"sender-id/{text}/*"))


RULES: RuleTable = {
    (_SQS, "StartMessageMoveTask"): _map_redrive,
    (_SQS, "ListMessageMoveTasks"): _map_move_tasks,
    (_SQS, "CancelMessageMoveTask"): _map_move_tasks,
    (_SES, "SendEmail"): _map_send,
}

COMPLETIONS: CompletionTable = {(_SNS, operation): _complete_roles for operation in _WITH_ATTRIBUTES}

READERS: ReaderTable = {
    _SNS: {"subscription": ReaderType(_read_subscriptions)},
    _SQS: {"queue": ListedType("sqs", ("AWS::SQS::Queue",), ReaderType(_read_queues))},
    "events.amazonaws.com": {"rule": ReaderType(_read_rules), "entries": ReaderType(_read_entry_buses)},
    "states.amazonaws.com": {"machine": ReaderType(_read_machines)},
    "sms-voice.amazonaws.com": {"origin": ReaderType(_read_origins)},
}
