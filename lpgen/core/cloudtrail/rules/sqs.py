"""SQS calls: queues by URL, batches under the single action, redrive on both queues.

Sources: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
and, for URLs,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

import msgspec

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import QUEUE_REDRIVE
from lpgen.core.cloudtrail.rules.listed import ListedType, ReaderType, exact, is_arn_of
from lpgen.core.cloudtrail.rules.types import ReaderTable, mapped
from lpgen.core.model import MappedAction, Resource

_SOURCE = "sqs.amazonaws.com"


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
    """The content of a task handle, which is base64 of JSON."""

    source_arn: str = ""


def _map_redrive(call: Call) -> tuple[MappedAction, ...]:
    """StartMessageMoveTask: messages are taken from the source and sent to the destination in the request.

    Without a destination they return to the queues that they came from, which the record doesn't name.
    Source:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
    """
    source = tuple(map(exact, _queue_arns(call, "sourceArn")))
    target = tuple(map(exact, _queue_arns(call, "destinationArn")))
    return (
        mapped("sqs:StartMessageMoveTask", source),
        *(mapped(action, source, how=QUEUE_REDRIVE) for action in _REDRIVE_ACTIONS),
        mapped("sqs:SendMessage", target, how=QUEUE_REDRIVE),
    )


_TASK_ACTIONS = {
    "CancelMessageMoveTask": _REDRIVE_ACTIONS,
    "ListMessageMoveTasks": ("sqs:GetQueueAttributes",),
}
"""The actions on the source queue that looking at or stopping a move needs in addition to the one of its own name.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html (API operations)
"""


def _map_move_tasks(call: Call) -> tuple[MappedAction, ...]:
    """ListMessageMoveTasks names the source queue, CancelMessageMoveTask a handle that holds it."""
    source = tuple(map(exact, _queue_arns(call, "sourceArn") or _handle_arns(call.text("taskHandle"))))
    return (
        mapped(f"sqs:{call.operation}", source),
        *(mapped(action, source, how=QUEUE_REDRIVE) for action in _TASK_ACTIONS[call.operation]),
    )


def _queue_arns(call: Call, key: str) -> tuple[str, ...]:
    return tuple(arn for arn in call.texts(key) if is_arn_of(arn, "sqs"))


def _handle_arns(handle: str) -> tuple[str, ...]:
    try:
        arn = msgspec.json.decode(b64decode(handle), type=_TaskHandle).source_arn
    except ValueError:
        return ()
    return (arn,) if is_arn_of(arn, "sqs") else ()


RULES: RuleTable = {
    (_SOURCE, "StartMessageMoveTask"): _map_redrive,
    (_SOURCE, "ListMessageMoveTasks"): _map_move_tasks,
    (_SOURCE, "CancelMessageMoveTask"): _map_move_tasks,
}

READERS: ReaderTable = {_SOURCE: {"queue": ListedType("sqs", ("AWS::SQS::Queue",), ReaderType(_read_queues))}}
